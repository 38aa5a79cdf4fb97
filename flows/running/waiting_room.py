"""Where finished drops wait for the data manager: in the state folder, out of every reader's sight."""

import shutil
from collections.abc import Iterable
from itertools import product
from pathlib import Path

from drops.bag import is_bag
from drops.folders import DropSeries, sweep
from ledger.carry_book import CarryBook
from ledger.opening import Ledger
from ledger.private_files import private_folder
from schemas.drop import DropKind
from schemas.errors import JointUseError, VerificationError
from schemas.state_folder import Part
from sources.shop_folder import ShopFolder


def put_aside(staging: Path, state: Path, drop_id: str) -> None:
    """Move a finished drop out of the drops folder."""
    place = waiting_place(state, drop_id)
    private_folder(place.parent)
    shutil.rmtree(place, ignore_errors=True)
    shutil.move(staging, place)


def sweep_killed(
    folder: ShopFolder, ledger: Ledger, partners: Iterable[str], kinds: Iterable[DropKind]
) -> None:
    """Remove what killed runs left of drops; only for whoever holds the locks of partners and kinds.

    Among it drops that were put aside and that the ledger does not wait for.
    """
    with ledger.reading() as connection:
        known = {each.entered.drop.drop_id for each in CarryBook(connection).waiting()}
    for partner, kind in product(partners, kinds):
        sweep(folder.drops / partner, kind.value)
        for place in (folder.state / Part.WAITING / partner).glob(f"{kind}-*"):
            if f"{partner}/{place.name}" not in known:
                shutil.rmtree(place)


def waiting_place(state: Path, drop_id: str) -> Path:
    """Give the folder of a waiting drop."""
    return state / Part.WAITING / drop_id


def taken_back(state: Path, drop_id: str, bag_sha256: str, series: DropSeries) -> Path:
    """Copy a waiting drop back beside its place, if it is what it was; give the hidden folder.

    Raises:
        VerificationError: a byte of it was changed, or it is gone.
    """
    place = waiting_place(state, drop_id)
    try:
        is_sound = is_bag(place, bag_sha256)
    except JointUseError:
        is_sound = False
    if not is_sound:
        raise VerificationError(
            f"{drop_id}: 待っているものが作った時と違います。何も渡しません。`joint-use release --refuse` "
            "で破棄し、"
            "もう一度 export してください / "
            f"{drop_id}: what waits is not what was made; nothing leaves. Refuse it with `joint-use release "
            "--refuse` and run the export again"
        )
    staging = series.staging()
    shutil.copytree(place, staging, dirs_exist_ok=True)
    return staging


def discard_waiting(state: Path, drop_id: str) -> None:
    """Remove a drop that was decided about; done twice it is as done once.

    Raises:
        OSError: something of it is left.
    """
    place = waiting_place(state, drop_id)
    if place.exists():
        shutil.rmtree(place)
