"""The BagIt envelope of a drop (RFC 8493): payload manifest, tag files, tag manifest."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date
from pathlib import Path

from schemas.errors import VerificationError

TAG_MANIFEST = "tagmanifest-sha256.txt"
"""The file whose digest stands for the whole bag."""

_CHUNK_BYTES = 1 << 20
_DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"


def sha256_of(path: Path) -> str:
    """Digest a file."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def seal_bag(
    folder: Path, *, identifier: str, shop: str, bagged_on: date, payload: Mapping[str, str]
) -> None:
    """Write the tag files around a payload whose digests are known (path → SHA-256)."""
    octets = sum((folder / path).stat().st_size for path in payload)
    info = (
        f"Bagging-Date: {bagged_on:%Y-%m-%d}\n"
        f"External-Identifier: {identifier}\n"
        f"Payload-Oxum: {octets}.{len(payload)}\n"
        f"Source-Organization: {shop}\n"
    )
    _write(folder / "bagit.txt", _DECLARATION)
    _write(folder / "bag-info.txt", info)
    _write(folder / "manifest-sha256.txt", _manifest(payload))
    tags = sorted(path.name for path in folder.iterdir() if path.is_file())
    _write(folder / TAG_MANIFEST, _manifest({t: sha256_of(folder / t) for t in tags}))


def read_manifest(folder: Path, name: str = "manifest-sha256.txt") -> dict[str, str]:
    """Read a manifest: path → SHA-256.

    Raises:
        VerificationError: the manifest is missing or a line is not of its form.
    """
    path = folder / name
    if not path.is_file():
        raise VerificationError(
            f"{folder.name}: {name} がありません。納品の全体ではありません / "
            f"{folder.name}: {name} is missing; this is no whole drop"
        )
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        entries = {file: digest for digest, _, file in (line.partition("  ") for line in lines)}
        root = folder.resolve()
        is_sound = all(file and root in (folder / file).resolve().parents for file in entries)
    except (OSError, ValueError, RuntimeError):  # no UTF-8, a path no system has, links in a circle
        is_sound = False
    if not is_sound:
        raise VerificationError(
            f"{folder.name}: {name} に「ダイジェスト  パス」でない行があります / "
            f"{folder.name}: {name} has a line that is not 'digest  path'"
        )
    return entries


def check_bag(folder: Path) -> list[str]:
    """List what is wrong with a bag: files missing, changed, or there without being listed."""
    payload = read_manifest(folder)
    tags = read_manifest(folder, TAG_MANIFEST)
    faults = []
    for file, digest in {**payload, **tags}.items():
        if not _is_file(folder / file):
            faults.append(f"{file[:200]} is missing")
        elif sha256_of(folder / file) != digest:
            faults.append(f"{file} was changed: its SHA-256 is not the one in the manifest")
    known = {*payload, *tags, TAG_MANIFEST}
    faults += [f"{file} is in no manifest" for file in _files_in(folder) if file not in known]
    needed = {"bagit.txt", "bag-info.txt", "manifest-sha256.txt", "drop.json", "datapackage.json"}
    return faults + [
        f"{file} is missing from the tag manifest" for file in sorted(needed - tags.keys())
    ]


def is_bag(folder: Path, bag_sha256: str) -> bool:
    """Tell whether a folder is sound, and the bag that is known by this digest of its tag manifest.

    Raises:
        VerificationError: a manifest is missing or cannot be read.
    """
    return not check_bag(folder) and sha256_of(folder / TAG_MANIFEST) == bag_sha256


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # its name is too long
        return False


def _files_in(folder: Path) -> Iterable[str]:
    """List whatever is no folder: files, links to anywhere, pipes."""
    paths = (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())
    return sorted(path.relative_to(folder).as_posix() for path in paths)


def _manifest(entries: Mapping[str, str]) -> str:
    return "".join(f"{digest}  {path}\n" for path, digest in sorted(entries.items()))


def _write(path: Path, text: str) -> None:
    path.write_bytes(text.encode())
