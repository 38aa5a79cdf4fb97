"""Credentials of places: private files of the state folder, or Prefect Secret blocks. Never parameters."""

import os
from pathlib import Path

from flows.running.orchestration import set_up
from ledger.private_files import refuse_wider
from schemas.carrying import FolderPlace, Place
from schemas.errors import ConfigurationError
from schemas.state_folder import Part


def credential_of(place: Place, state: Path) -> str:
    """Read the credential of a place; a folder needs none.

    Raises:
        ConfigurationError: it is not there, or others can read it.
    """
    if isinstance(place, FolderPlace):
        return ""
    secret = place.secret
    if (secret.file is None) == (secret.block is None):
        raise ConfigurationError(
            "place.secret: file（state/keys の中）と block のどちらかを書いてください / "
            "place.secret: give either file (in state/keys) or block"
        )
    if secret.file is not None:
        return _from_file(state / Part.KEYS / secret.file)
    return _from_block(secret.block or "", state)


def _from_file(path: Path) -> str:
    if not path.is_file():
        raise ConfigurationError(
            f"state フォルダに keys/{path.name} がありません。入れてください / "
            f"keys/{path.name} is missing from the state folder; put it there"
        )
    refuse_wider(path, 0o600)
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        pass
    raise ConfigurationError(
        f"keys/{path.name} は UTF-8 の文字ではありません。UTF-8 で保存し直してください / "
        f"keys/{path.name} is no UTF-8 text; save it as UTF-8"
    )


def _from_block(name: str, state: Path) -> str:
    set_up(state, os.environ)
    from prefect.blocks.system import Secret as SecretBlock  # noqa: PLC0415 (only where one is named)

    try:
        block = SecretBlock.load(name)
        value = block.get() if isinstance(block, SecretBlock) else None
    except ValueError:
        value = None
    if not isinstance(value, str):
        raise ConfigurationError(
            f"place.secret.block: Prefect に「{name}」という Secret ブロックがありません。"
            "画面で作ってください / "
            f"place.secret.block: Prefect has no Secret block '{name}' with a text; make it in the user "
            "interface"
        )
    return value
