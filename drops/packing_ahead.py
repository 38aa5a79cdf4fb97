"""Parcels that are packed beside the checking of their drops, each by a process of its own.

The processes end with us, however we end: their input is our pipe.
"""

import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from drops import packing


@dataclass(frozen=True)
class _Begun:
    target: Path
    process: "subprocess.Popen[str]"


class PackingAhead:
    """What one run has begun to pack, by partner; a failure only means that nothing was packed ahead."""

    def __init__(self) -> None:
        """Begin nothing yet."""
        self._begun: dict[str, _Begun] = {}

    def begin(self, partner: str, folder: Path, name: str, recipient: str, target: Path) -> None:
        """Begin to pack a partner's drop as `packing.pack` does."""
        self.stop(partner)
        command = [sys.executable, "-m", packing.__name__]
        with suppress(OSError):
            process = subprocess.Popen(  # noqa: S603 (ourselves)
                [*command, str(folder), name, recipient, str(target)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
            self._begun[partner] = _Begun(target, process)

    def wait(self, partner: str) -> None:
        """Wait until nothing reads the partner's drop any more."""
        if partner in self._begun:
            self._begun[partner].process.wait()

    def take(self, partner: str) -> str | None:
        """Give the SHA-256 of what was packed whole for a partner, which is the caller's from now on."""
        self.wait(partner)
        begun = self._begun.pop(partner, None)
        if begun is None:
            return None
        told, _ = begun.process.communicate()
        return None if begun.process.returncode else told.strip()

    def stop(self, partner: str) -> None:
        """Stop packing for a partner, and remove what was packed."""
        begun = self._begun.pop(partner, None)
        if begun is not None:
            begun.process.kill()
            begun.process.communicate()
            begun.target.unlink(missing_ok=True)

    def close(self) -> None:
        """Stop all that nobody took."""
        for partner in list(self._begun):
            self.stop(partner)
