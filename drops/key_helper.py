"""A process that does nothing but digest numbers: `python -m drops.key_helper`, spoken to over its pipes.

A job is secret, kind and numbers, each with its length before it, the numbers one to a line; the
answer is their digests, 16 bytes each, one behind the other. The process ends when its input does.
"""

import signal
import sys
from typing import IO

from transforms.keyed_digests import KeyedDigests

_LENGTH_BYTES = 8


def send(pipe: IO[bytes], *parts: bytes) -> None:
    """Write parts, each with its length before it."""
    for part in parts:
        pipe.write(len(part).to_bytes(_LENGTH_BYTES, "big"))
        pipe.write(part)
    pipe.flush()


def receive(pipe: IO[bytes]) -> bytes:
    """Read one part.

    Raises:
        EOFError: the other side is gone.
    """
    length = int.from_bytes(_exactly(pipe, _LENGTH_BYTES), "big")
    return _exactly(pipe, length)


def _exactly(pipe: IO[bytes], length: int) -> bytes:
    content = pipe.read(length)
    if len(content) < length:
        raise EOFError
    return content


def main() -> None:
    """Work off jobs until the input ends; Ctrl-C is meant for whoever gives the jobs."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        try:
            secret, kind, numbers = (receive(sys.stdin.buffer) for _ in range(3))
        except EOFError:
            return
        digests = KeyedDigests(secret, kind.decode()).joined(numbers.split(b"\n"))
        send(sys.stdout.buffer, digests)


if __name__ == "__main__":
    main()
