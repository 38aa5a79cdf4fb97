"""Whether a worker runs the code of whoever gave it work: of two versions' rows one drop would be mixed."""

import hashlib
from functools import cache
from pathlib import Path

import pyarrow

from schemas.errors import ConfigurationError

_PACKAGES = ("drops", "flows", "ledger", "schemas", "sources", "transforms")
_KINDS = frozenset({".py", ".toml", ".txt", ".html"})


@cache
def code_print() -> str:
    """Give a digest of what the bytes of a drop depend on: the program's files, and Arrow's version."""
    digest = hashlib.sha256(pyarrow.__version__.encode())
    here = Path(__file__).parents[2]
    for package in _PACKAGES:
        for path in sorted(path for path in (here / package).rglob("*") if path.suffix in _KINDS):
            digest.update(path.relative_to(here).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def refuse_other_code(code: str) -> None:
    """Refuse work of a program whose `code_print` is another one.

    Raises:
        ConfigurationError: it is.
    """
    if code != code_print():
        raise ConfigurationError(
            "この処理を受け持つ機械のプログラムが、実行した機械のものと違います。すべての機械で同じ版にして、"
            "worker を起動し直し、もう一度実行してください / "
            "a worker runs another version of this program than the machine that asked it; install the same "
            "on all of them, start the workers again, and run this again"
        )
