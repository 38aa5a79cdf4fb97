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
from pathlib import Path
from typing import BinaryIO

from drops.bag import sha256_of
from drops.places import OpenPlace
from drops.sealing import DIGEST, SIGNATURE, Parcel
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


def may_have_been_taken(marker: Marker, opening: AbstractContextManager[OpenPlace]) -> bool:
    """Tell whether a parcel that was whole at its place can have been taken: its marker was put there.

    Partners move away what they took: where a file is gone, the marker had been there.

    Raises:
        DeliveryError: the place cannot be reached.
    """
    with _failing_as_delivery(marker.drop_id), opening as place:
        files = (marker.file, f"{marker.file}{DIGEST}", f"{marker.file}{SIGNATURE}")
        is_marked = place.files.exists(place.path(marker.name))
        return is_marked or not all(place.files.exists(place.path(name)) for name in files)


def take_away(marker: Marker, opening: AbstractContextManager[OpenPlace]) -> None:
    """Take away what was sent of a parcel that is not handed over; files of others under its names stay.

    Raises:
        DeliveryError: the place cannot be reached.
    """
    with _failing_as_delivery(marker.drop_id), opening as place:
        files = (marker.file, f"{marker.file}{DIGEST}", f"{marker.file}{SIGNATURE}")
        tar = place.path(marker.file)
        is_ours = place.files.exists(tar) and _digest_there(place, tar) == marker.sha256
        own = [*(f".{name}{_PART}" for name in files), *(files if is_ours else ())]
        for path in map(place.path, own):
            if place.files.exists(path):
                place.files.rm_file(path)


@contextmanager
def _failing_as_delivery(drop_id: str) -> Iterator[None]:
    try:
        yield
    except JointUseError:
        raise
    except Exception as error:  # noqa: BLE001 (clients quote addresses and credentials in their errors)
        kind = type(error).__name__
    else:
        return
    raise DeliveryError(
        f"{drop_id} を渡せませんでした（{kind}）。送れた分は残っています。ネットワーク、納品先、"
        "鍵を確かめて `joint-use deliver` を実行してください / "
        f"{drop_id} could not be handed over ({kind}); what was sent so far is kept. Check network, place "
        "and secret, then `joint-use deliver`"
    )


def _put(path: Path, digest: str, place: OpenPlace) -> None:
    target = place.path(path.name)
    if place.files.exists(target):
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
    if place.files.exists(target):
        raise DeliveryError(
            f"{path.name} がその間に納品先に現れました。納品先に確かめてください / "
            f"{path.name} appeared at the partner's place meanwhile; ask the partner"
        )
    place.files.mv(hidden, target)


def _send(path: Path, place: OpenPlace, hidden: str) -> None:
    """Send a file, or what is missing of it if its beginning is there already."""
    done = _already_there(path, place, hidden)
    mode = "ab" if done else "wb"
    with path.open("rb") as file, place.files.open(hidden, mode) as far:
        file.seek(done)
        for chunk in _chunks(file):
            far.write(chunk)


def _already_there(path: Path, place: OpenPlace, hidden: str) -> int:
    if not place.files.exists(hidden):
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
    target = place.path(marker.name)
    if not place.files.exists(target):
        hidden = place.path(f".{marker.name}{_PART}")
        place.files.pipe_file(hidden, marker.content)
        place.files.mv(hidden, target)
    elif place.files.cat_file(target) != marker.content:
        raise DeliveryError(
            f"納品先の {marker.name} は別のものです。納品先に確かめてください / "
            f"{marker.name} at the partner's place is another one; ask the partner"
        )


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
