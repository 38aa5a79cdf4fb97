"""The errors of the system and the exit code each one means.

    JointUseError                 1  something failed
    ├── ConfigurationError        2  wrong usage or configuration
    ├── RefusedError              3  the policy or a missing permission says no
    ├── HeldError                 4  a quality gate stopped it; from there on nothing was published
    │   ├── ObjectionsUnreliableError
    │   ├── ObjectionsMovedError
    │   ├── LedgerDoubtfulError
    │   ├── RecordsVanishedError
    │   └── QuarantineLimitError
    ├── BusyError                 5  another run holds this partner and kind
    ├── SourceUnreadableError     1  a file or database cannot be read as a whole
    │   └── SourceUnavailableError   it may be there again in a moment
    ├── DeliveryError             1  a drop could not be handed over at its place
    ├── LedgerUnavailableError    1  the ledger's database cannot be reached or written
    ├── VerificationError         1  a drop is not what it says
    ├── WorkerLostError           1  a worker died, and so did the one that did its work again
    │   └── SchedulerLostError       the scheduler of the workers is gone
    ├── UnbalancedAccountError    1  a row is counted twice or not at all
    └── UnexpectedError           1  a fault in the program; details stay in the state folder

Messages say what is wrong, where, and what to do, in Japanese, ` / ` and English. They never hold a person's
data.
"""

import os
from pathlib import Path
from typing import ClassVar


class JointUseError(Exception):
    """Base of all errors shown to people without a traceback."""

    exit_code: ClassVar[int] = 1


class WorkerLostError(JointUseError):
    """A worker died, and so did the one that did its work again; or the scheduler is not within reach."""


class SchedulerLostError(WorkerLostError):
    """The scheduler is gone in the middle; nobody knows how far its workers are."""


class ConfigurationError(JointUseError):
    """A command or a configuration file is wrong."""

    exit_code = 2


class RefusedError(JointUseError):
    """The notice, an agreement or a missing permission forbids what was asked."""

    exit_code = 3


class HeldError(JointUseError):
    """A quality gate stopped the run; nothing is published from there on."""

    exit_code = 4


class ObjectionsUnreliableError(HeldError):
    """The objection records are missing, unreadable, stale or suddenly fewer."""


class ObjectionsMovedError(HeldError):
    """An objection arrived between the gate and the moment of publishing."""


class LedgerDoubtfulError(HeldError):
    """The ledger does not agree with the drops that were published."""


class RecordsVanishedError(HeldError):
    """More of what a partner holds is gone from the records than the shop allows."""


class QuarantineLimitError(HeldError):
    """More rows are broken than the shop allows in one run."""


class BusyError(JointUseError):
    """Another run holds this partner and kind."""

    exit_code = 5


class SourceUnreadableError(JointUseError):
    """A source cannot be read as a whole, so no part of it is used."""


class SourceUnavailableError(SourceUnreadableError):
    """A source cannot be reached at this moment; trying again may help."""


class DeliveryError(JointUseError):
    """A drop could not be handed over; what is published stays, and is handed over later."""


class LedgerUnavailableError(JointUseError):
    """The ledger's database cannot be reached, read or written."""


class VerificationError(JointUseError):
    """A written drop does not hold what it promises."""


class UnbalancedAccountError(JointUseError):
    """The account of a table does not add up to the rows read."""


class UnexpectedError(JointUseError):
    """The program failed; the details are in the shop's state folder, not in this text."""


def file_of(error: OSError) -> str:
    """Name the file or folder an error of the system is about: of two, where it was to go."""
    named = error.filename2 or error.filename
    return Path(os.fsdecode(named)).name if named else "ファイル (a file)"


def unusable(error: OSError) -> str:
    """Say which file cannot be read or written."""
    place = file_of(error)
    if isinstance(error, PermissionError):
        return no_access(place)
    return (
        f"{place} を読み書きできません。フォルダがあるか、ディスクがいっぱいでないか確かめてください / "
        f"{place}: {error.strerror}; is the disk full or read-only, is the folder there?"
    )


def no_access(name: str) -> str:
    """Say that a file or folder cannot be opened or written, and what to do."""
    return (
        f"{name} を開けないか、書けません。Excel などで開いていれば閉じ、このPCの利用者が読み書きできるか"
        "確かめて、もう一度実行してください / "
        f"{name} cannot be opened or written: close it where it is open, see that this user may read and "
        "write it, and run again"
    )
