"""Handing a parcel over: under a temporary name first, checked at the far end, the marker last.

A reader at the partner's takes a parcel when `<drop>.ready.json` is there; before that nothing of it has
its name, or not all of it. A file that is there is never written over: the same content counts as handed
over, another one stops the delivery.
"""

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, dataclass
from enum import Enum
from pathlib import Path
from typing import BinaryIO

from drops.bag import sha256_of
from drops.places import OpenPlace
from drops.sealing import SIGNATURE_BYTES, Parcel, digest_line
from schemas.errors import DeliveryError, JointUseError

READY = ".ready.json"
_PART = ".part"
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Marker:
    """What tells a partner that a parcel is whole, and lets it be taken.

    Args:
        drop_id: of the drop.
        file: name of the tar at the place.
        sha256: its digest, hexadecimal.
    """

    drop_id: str
    file: str
    sha256: str

    @property
    def name(self) -> str:
        """Its own name at the place."""
        return f"{self.file.removesuffix('.age').removesuffix('.tar')}{READY}"

    @property
    def content(self) -> bytes:
        """What stands in it."""
        return (json.dumps(asdict(self), ensure_ascii=False) + "\n").encode()


def hand_over(
    parcel: Parcel,
    marker: Marker,
    opening: AbstractContextManager[OpenPlace],
    confirm: Callable[[], None],
) -> None:
    """Put a parcel at its place.

    Done again after a break it goes on where it stopped.

    Args:
        parcel: its files.
        marker: to be put beside them.
        opening: opens the place.
        confirm: asked right before the marker, which lets the partner take it; raises if it may not any more.

    Raises:
        DeliveryError: the place cannot be reached, or something else is there under a name.
    """
    with _failing_as_delivery(marker.drop_id), opening as place:
        _put(parcel.tar, marker.sha256, place)
        for path in (parcel.digest, parcel.signature):
            _put(path, sha256_of(path), place)
        confirm()
        _put_marker(marker, place)


class Sight(Enum):
    """What is seen of a parcel all of which was at its place."""

    TAKEN = "taken"
    """Its marker is there, or some of its files are not: partners move away what they take."""
    UNMARKED = "unmarked"
    """All files are there, and no marker."""
    NOTHING = "nothing"
    """None of it: its partner took it and the marker too, or this is not the place it was put."""


def sight_of(marker: Marker, opening: AbstractContextManager[OpenPlace]) -> Sight:
    """Look at a place for a parcel that was whole there when its marker was to be put.

    Raises:
        DeliveryError: the place cannot be reached, or a marker of others is there under its name.
    """
    with _failing_as_delivery(marker.drop_id, _NOT_SEEN), opening as place:
        if _is_marked(place, marker):
            return Sight.TAKEN
        there = [_is_there(place, place.path(name)) for name in _files_of(marker)]
    if all(there):
        return Sight.UNMARKED
    return Sight.TAKEN if any(there) else Sight.NOTHING


def take_away(marker: Marker, opening: AbstractContextManager[OpenPlace]) -> None:
    """Take away what was sent of a parcel that is not handed over; files of others under its names stay.

    The tar goes last: what is broken off is gone on with. A signature may be of a key that was replaced
    since, and is known by its length.

    Raises:
        DeliveryError: the place cannot be reached.
    """
    with _failing_as_delivery(marker.drop_id, _NOT_TAKEN_AWAY), opening as place:
        files = _files_of(marker)
        tar, digest, signature = map(place.path, files)
        parts = [place.path(f".{name}{_PART}") for name in (*files, marker.name)]
        for path in parts:
            if _is_there(place, path):
                place.files.rm_file(path)
        written = digest_line(marker.sha256, marker.file)
        if _is_there(place, signature) and len(_read(place, signature)) == SIGNATURE_BYTES:
            place.files.rm_file(signature)
        if _is_there(place, digest) and _read(place, digest) == written:
            place.files.rm_file(digest)
        if _is_there(place, tar) and _digest_there(place, tar) == marker.sha256:
            place.files.rm_file(tar)


def _read(place: OpenPlace, path: str) -> bytes:
    """Read the beginning of a file: one of others may be of any size."""
    with place.files.open(path, "rb") as far:
        return bytes(far.read(_CHUNK_BYTES))


def _files_of(marker: Marker) -> tuple[str, ...]:
    return tuple(path.name for path in Parcel(Path(marker.file)).files)


def _is_there(place: OpenPlace, path: str) -> bool:
    """Tell whether a file is there; a place that does not answer is no place without it."""
    try:
        place.files.info(path)
    except FileNotFoundError:
        return False
    return True


_NOT_SENT = (
    "{drop_id} を渡せませんでした（{kind}）。送れた分は残っています。ネットワーク、納品先、"
    "鍵を確かめて `joint-use deliver` を実行してください / "
    "{drop_id} could not be handed over ({kind}); what was sent so far is kept. Check network, place "
    "and secret, then `joint-use deliver`"
)
_NOT_SEEN = (
    "{drop_id} が前回渡ったかどうか、納品先を確かめられませんでした（{kind}）。ネットワーク、納品先、鍵を"
    "確かめて `joint-use deliver {drop_id}` を実行してください / "
    "whether {drop_id} had been handed over could not be seen at its place ({kind}). Check network, place "
    "and secret, then `joint-use deliver {drop_id}`"
)
_NOT_TAKEN_AWAY = (
    "渡さないことになった {drop_id} の送れた分を、納品先から取り除けませんでした（{kind}）。ネットワーク、"
    "納品先、鍵を確かめて `joint-use deliver {drop_id}` を実行してください / "
    "what was sent of {drop_id}, which is not to be handed over, could not be taken away ({kind}). Check "
    "network, place and secret, then `joint-use deliver {drop_id}`"
)


@contextmanager
def _failing_as_delivery(drop_id: str, told: str = _NOT_SENT) -> Iterator[None]:
    try:
        yield
    except JointUseError:
        raise
    except Exception as error:  # noqa: BLE001 (clients quote addresses and credentials in their errors)
        kind = type(error).__name__
    else:
        return
    raise DeliveryError(told.format(drop_id=drop_id, kind=kind))


def _put(path: Path, digest: str, place: OpenPlace) -> None:
    target = place.path(path.name)
    if _is_there(place, target):
        if _digest_there(place, target) != digest:
            raise DeliveryError(
                f"納品先に {path.name} という別のファイルがあります。上書きはしません。納品先に確かめ、"
                "移してもらってください / "
                f"another file named {path.name} is at the partner's place; it is not written over. Ask the "
                "partner, and move it away"
            )
        return
    hidden = place.path(f".{path.name}{_PART}")
    _send(path, place, hidden)
    size = int(place.files.info(hidden)["size"])
    if size != path.stat().st_size or _digest_there(place, hidden) != digest:
        place.files.rm_file(hidden)
        raise DeliveryError(
            f"{path.name} が途中で壊れたので取り消しました。"
            "もう一度 `joint-use deliver` を実行してください / "
            f"{path.name} arrived damaged and was taken away again; try `joint-use deliver` once more"
        )
    if _is_there(place, target):
        raise DeliveryError(
            f"{path.name} がその間に納品先に現れました。納品先に確かめてください / "
            f"{path.name} appeared at the partner's place meanwhile; ask the partner"
        )
    _show(place, hidden, target)


def _show(place: OpenPlace, hidden: str, target: str) -> None:
    """Give a file at a place its name."""
    place.files.mv(hidden, target)
    place.keep(place.folder)


def _send(path: Path, place: OpenPlace, hidden: str) -> None:
    """Send a file, or what is missing of it if its beginning is there already."""
    done = _already_there(path, place, hidden)
    mode = "ab" if done else "wb"
    with path.open("rb") as file, place.files.open(hidden, mode) as far:
        file.seek(done)
        for chunk in _chunks(file):
            far.write(chunk)
    place.keep(hidden)


def _already_there(path: Path, place: OpenPlace, hidden: str) -> int:
    if not _is_there(place, hidden):
        return 0
    size = int(place.files.info(hidden)["size"])
    if place.can_append and 0 < size <= path.stat().st_size:
        with path.open("rb") as file:
            beginning = hashlib.sha256()
            for chunk in _chunks(file, size):
                beginning.update(chunk)
        if beginning.hexdigest() == _digest_there(place, hidden):
            return size
    place.files.rm_file(hidden)
    return 0


def _put_marker(marker: Marker, place: OpenPlace) -> None:
    if not _is_marked(place, marker):
        hidden = place.path(f".{marker.name}{_PART}")
        place.files.pipe_file(hidden, marker.content)
        place.keep(hidden)
        _show(place, hidden, place.path(marker.name))


def _is_marked(place: OpenPlace, marker: Marker) -> bool:
    """Tell whether a parcel's marker is there; one of others says nothing of it."""
    target = place.path(marker.name)
    if not _is_there(place, target):
        return False
    if _read(place, target) != marker.content:
        raise DeliveryError(
            f"納品先の {marker.name} は別のものです。納品先に確かめてください / "
            f"{marker.name} at the partner's place is another one; ask the partner"
        )
    return True


def _digest_there(place: OpenPlace, target: str) -> str:
    digest = hashlib.sha256()
    with place.files.open(target, "rb") as far:
        for chunk in _chunks(far):
            digest.update(chunk)
    return digest.hexdigest()


def _chunks(file: BinaryIO, most: int | None = None) -> Iterator[bytes]:
    left = most
    while chunk := file.read(_CHUNK_BYTES if left is None else min(_CHUNK_BYTES, left)):
        left = None if left is None else left - len(chunk)
        yield chunk
