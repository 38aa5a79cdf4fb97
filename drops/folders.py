"""The drops folder: revisions that are there, staging beside them, and the rename that publishes."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from drops.durable import path_to_disk
from schemas.drop import Drop
from schemas.errors import VerificationError
from schemas.strict import validated


@dataclass(frozen=True)
class DropSeries:
    """All revisions of one partner × kind × period."""

    drops: Path
    partner: str
    kind: str
    period: str

    @property
    def folder(self) -> Path:
        """Folder of the partner."""
        return self.drops / self.partner

    def path(self, revision: int) -> Path:
        """Give the folder of a published revision."""
        return self.folder / f"{self.kind}-{self.period}-r{revision}"

    def free_revision(self, at_least: int) -> int:
        """Give the first number from `at_least` on that no folder has, not even a stray one."""
        revision = at_least
        while self.path(revision).exists():
            revision += 1
        return revision

    def staging(self) -> Path:
        """Make an empty hidden folder to build the next revision in."""
        staging = self.folder / f".{self.kind}-{self.period}.staging"
        (staging / "data").mkdir(parents=True, mode=0o700)
        return staging


def sweep(folder: Path, kind: str) -> None:
    """Remove the unfinished drops and parcels of a partner and kind; only for whoever holds their lock."""
    for staging in folder.glob(f".{kind}-*.staging"):
        shutil.rmtree(staging)
    for part in folder.glob(f".{kind}-*.part"):
        part.unlink()
    for disposed in folder.glob(f".{kind}-*.disposed"):
        shutil.rmtree(disposed)


def published_folders(drops: Path) -> list[Path]:
    """List the folders of all published drops, by partner and name."""
    return sorted(path.parent for path in drops.glob("[!.]*/[!.]*/drop.json"))


def to_disk(staging: Path) -> None:
    """Have the disk keep all of a finished drop, which takes it a while; to be done before `show`."""
    for path in staging.rglob("*"):
        path_to_disk(path)
    path_to_disk(staging)


def show(staging: Path, target: Path) -> None:
    """Make a finished drop visible, by one rename."""
    staging.rename(target)
    path_to_disk(target.parent)


def discard(staging: Path) -> None:
    """Remove a drop that is not to be published."""
    shutil.rmtree(staging, ignore_errors=True)


def read_drop(folder: Path) -> Drop:
    """Read a drop's `drop.json`.

    Raises:
        VerificationError: it is missing or not of the format.
    """
    try:
        content = json.loads((folder / "drop.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise VerificationError(
            f"{folder.name}: drop.json がないか、JSON ではありません。納品のフォルダではありません / "
            f"{folder.name}: drop.json is missing or not JSON; this is no drop"
        )
    return validated(Drop, content, where=f"{folder.name}/drop.json")
