"""How stages are run: plainly or as tasks, and so that a failure quotes no data."""

import errno
import os
import traceback
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from flows.running.run import Run
from ledger.private_files import write_private
from schemas.errors import JointUseError, UnexpectedError, no_access
from schemas.state_folder import Part

Inputs = ParamSpec("Inputs")
Result = TypeVar("Result")


class Step(Protocol):
    """How a stage is run: plainly, or as a task."""

    def __call__(self, stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
        """Wrap a stage."""
        ...


def plainly(stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
    """Run a stage as it is."""
    return stage


def guarding(step: Step, run: Run) -> Step:
    """Run stages so that a program's failure quotes no data, whatever else the step does."""

    def do(stage: Callable[Inputs, Result]) -> Callable[Inputs, Result]:
        return step(_guarded(stage, run))

    return do


def _guarded(stage: Callable[Inputs, Result], run: Run) -> Callable[Inputs, Result]:
    """Keep a program's failure from quoting data: the details go to the state folder.

    Libraries quote values in their errors, and whatever is raised here is logged and stored.
    """

    @wraps(stage)
    def wrapped(*args: Inputs.args, **kwargs: Inputs.kwargs) -> Result:
        try:
            return stage(*args, **kwargs)
        except JointUseError:
            raise
        except Exception as error:  # noqa: BLE001 (translated below, outside the handler)
            kind, details = type(error).__name__, traceback.format_exc()
            failure = error.errno if isinstance(error, OSError) else None
            name = _own_name(error, run) if isinstance(error, PermissionError) else ""
        if name:
            raise JointUseError(f"{no_access(name)}; nothing further was published")
        if disk := full_disk(failure):
            raise JointUseError(disk)
        raise UnexpectedError(
            f"「{stage.__name__}」の段階でプログラムが失敗し（{kind}）、その先は何も納品していません。"
            "もう一度実行し、直らなければこの行をお知らせください / "
            f"the stage '{stage.__name__}' failed ({kind}); nothing further was published. "
            f"{_kept(run, details)}"
        )

    return wrapped


def _kept(run: Run, details: str) -> str:
    """Keep what a failure says where only the shop can read it; a full disk must not hide it."""
    path = run.folder.state / Part.FAILURES / f"{run.workspace.name}.txt"
    try:
        write_private(path, details.encode())
    except OSError as error:
        return f"Details could not be kept ({error.strerror}): is the disk full or read-only?"
    return f"Details for whoever maintains the program: failures/{path.name} in the state folder"


def _own_name(error: OSError, run: Run) -> str:
    """Name the file or folder an error is about, if its name is the configuration's or ours."""
    paths = [Path(os.fsdecode(each)) for each in (error.filename2, error.filename) if each]
    configured = {mapping.table for group in run.folder.shop.tables.values() for mapping in group}
    folders = (run.folder.state.resolve(), run.folder.drops.resolve())
    for path in paths:
        is_ours = any(path.resolve().is_relative_to(folder) for folder in folders)
        if path.name in configured or is_ours:
            return path.name
    return "ファイル (a file)" if paths else ""


def full_disk(number: int | None) -> str:
    """Say that the disk takes nothing more, if that is what the system's error number means."""
    if number not in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG}:
        return ""
    return (
        "ディスクがいっぱいか、書き込めないか、これほど大きいファイルを置けません（FAT32 は4GBまで）。"
        "その先は何も納品していません。空きを作るか、別のディスクにして、もう一度実行してください / "
        "the disk is full, read-only, or takes no file as large as this (FAT32: 4 GB); nothing further was "
        "published. Make room, or take another disk, and run again"
    )
