"""A process that ends another once its own input ends: `python waiting_for_the_end.py PID`."""

import os
import signal
import sys
from contextlib import suppress


def main() -> None:
    """Wait; Ctrl-C is meant for whoever holds the other end."""
    for name in ("SIGINT", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    sys.stdin.buffer.read()
    with suppress(OSError):
        os.kill(int(sys.argv[1]), signal.SIGTERM)


if __name__ == "__main__":
    main()
