"""A group: a folder of shops, each exported on its own, and the report that says how each ended."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from pydantic import BaseModel, Field
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from flows.running.reasons import StandingReason
from flows.running.report import ExportReport
from flows.running.request import (
    MONTH_FIELD,
    OPERATOR_FIELD,
    ExportRequest,
    Mode,
    Workers,
    dry_run_field,
    partners_field,
    reason_field,
)
from schemas.carrying import FolderPlace, Place
from schemas.errors import ConfigurationError, JointUseError
from schemas.shop import LedgerPlace
from schemas.state_folder import Part
from schemas.strict import Strict
from sources.shop_folder import load_shop

STATE = "state"
"""The group's own folder among those of its shops."""

_KEEPS = "keeps "
"""Begins the names of folders a shop keeps its own things in."""

_PORTS = {"postgresql": 5432}

GROUP_FIELD: str = Field(
    title="グループのフォルダ / folder of shops",
    description="店舗フォルダを集めたフォルダ",
    json_schema_extra={"position": 0},
)


class GroupRequest(Strict):
    """A monthly export of all shops of a group. Prefect stores and shows it: nothing personal in it."""

    group: str = GROUP_FIELD
    month: str = MONTH_FIELD
    partners: tuple[str, ...] = partners_field("lotas, broadleaf など。空欄なら各店の全社")
    operator: str = OPERATOR_FIELD
    reason: str = reason_field(StandingReason.SCHEDULED)
    dry_run: bool = dry_run_field("作って検査するだけで、納品しない")
    workers: Workers = Field(
        default=Workers(), title="実行環境 / workers", json_schema_extra={"position": 6}
    )

    def of_shop(self, shop: Path, month: str) -> ExportRequest:
        """Give what is asked of one shop."""
        return ExportRequest(
            shop=str(shop),
            month=month,
            partners=self.partners,
            operator=self.operator,
            reason=self.reason,
            dry_run=self.dry_run,
            mode=Mode.ISSUE,
        )


class ShopEnding(BaseModel):
    """How the run of one shop ended."""

    shop: str
    """Name of the shop's folder."""
    exit_code: int
    told: str = ""
    """Why nothing, or nothing further, was published; empty if all went well."""
    report: ExportReport | None = None


class GroupReport(BaseModel):
    """How the shops of a group ended, in the order of their folders' names."""

    group: str
    shops: tuple[ShopEnding, ...]

    @property
    def exit_code(self) -> int:
        """The code of the shops that did not end well; 1 if they differ."""
        codes = {shop.exit_code for shop in self.shops} - {0}
        return codes.pop() if len(codes) == 1 else int(bool(codes))


def shops_of(group: Path) -> list[Path]:
    """List the shops of a group by name: the folders in it that have a `shop.toml`, and are not hidden.

    Raises:
        ConfigurationError: there is none, or the folder is itself a shop.
    """
    if not group.is_dir():
        raise ConfigurationError(
            f"--group: {group.name} というフォルダがありません。全店のフォルダを集めたものです / "
            f"--group: there is no folder {group.name}; name the folder of the shops' folders"
        )
    if _is_shop(group):
        raise ConfigurationError(
            f"{group.name}: 一つの店です。--shop で指定してください / "
            f"{group.name}: this is one shop; name it with --shop"
        )
    shops = [folder for folder in _folders_of(group) if _is_shop(folder)]
    if not shops:
        raise ConfigurationError(
            f"{group.name}: このフォルダに店がありません。shop.toml "
            "のある店舗フォルダを集めたフォルダを指定してください / "
            f"{group.name}: no shop in this folder; a group is a folder of folders with shop.toml"
        )
    return shops


def sorted_out(group: Path, environment: Mapping[str, str]) -> tuple[list[Path], dict[Path, str]]:
    """Give the shops of a group to be run, and the folders that must not be, with why.

    Raises:
        ConfigurationError: as `shops_of`.
    """
    shops = shops_of(group)
    unfit = _unfit(group, shops, environment)
    return [shop for shop in shops if shop not in unfit], unfit


def _unfit(group: Path, shops: list[Path], environment: Mapping[str, str]) -> dict[Path, str]:
    """Give the folders that must not be run, and why: no shop, or one with what is another's.

    A copy of a shop has its keys and would deliver in its place; shops with one ledger would replace each
    other's drops; what is carried is named alike by all shops, so that each needs places of its own.
    """
    why = {
        folder: (
            f"{folder.name}: shop.toml がないか、開けません。店なら場所と権限を確かめ、"
            "店でなければ外へ移してください / "
            f"{folder.name}: no shop.toml here, or it is not open to this user; if this is a shop, look "
            "where it is and whose, if not, move it out"
        )
        for folder in _folders_of(group)
        if not _is_shop(folder) and _may_be_shops(folder)
    }
    for shop in _misplaced(group, shops):
        why[shop] = (
            f"{shop.relative_to(group)}: 店の中の店か、グループ自身のフォルダ（state）です。店ごとに、"
            "グループのすぐ下の別のフォルダに移してください / "
            f"{shop.relative_to(group)}: a shop within a shop, or in the group's own folder (state); move it "
            "to a folder of its own right below the group's"
        )
    owners: dict[str, list[Path]] = {}
    for shop in shops:
        for own in _owned_by(shop, environment):
            owners.setdefault(own, []).append(shop)
    for own, shop in list(_within(owners)):
        owners[own].append(shop)
    for sharing in owners.values():
        names = " ・ ".join(shop.name for shop in sharing)
        for shop in sharing if len(sharing) > 1 else ():
            why[shop] = (
                f"{names}: 同じ店の写しか、state・drops・台帳・納品先の場所（[place]）を共にしています。何も"
                "納品していません。写しは一つを残してグループの外へ移し、場所は店ごとに分けてください / "
                f"{names}: copies of one shop, or with one state, drops folder, ledger or [place] at a "
                "partner; nothing was published. Of copies leave one and move the others out of the group; "
                "give each shop places of its own"
            )
    return why


def _within(owners: Mapping[str, list[Path]]) -> Iterator[tuple[str, Path]]:
    """Give the state and drops folders that hold one of another shop, and that shop."""
    kept = {Path(own.removeprefix(_KEEPS)): own for own in owners if own.startswith(_KEEPS)}
    for folder, own in kept.items():
        for holding in filter(None, map(kept.get, folder.parents)):
            yield from ((holding, shop) for shop in owners[own] if shop not in owners[holding])


def _misplaced(group: Path, shops: list[Path]) -> Iterator[Path]:
    """Give the shops nobody looks for: within another, or where the group keeps its own things."""
    if _is_shop(group / STATE):
        yield group / STATE
    for shop in shops:
        with suppress(OSError):
            within = (file.parent for file in shop.glob("*/shop.toml"))
            yield from (folder for folder in within if not folder.name.startswith("."))


def _folders_of(group: Path) -> list[Path]:
    """List the folders in a group, links that lead nowhere too, without hidden ones and the group's own."""
    return sorted(
        path
        for path in group.iterdir()
        if not path.name.startswith(".")
        and path.name != STATE
        and (path.is_dir() or path.is_symlink())
    )


def _may_be_shops(folder: Path) -> bool:
    """Tell whether a folder without `shop.toml` may be a shop's: its disk is away, or it lost the file.

    Or it holds shops itself, which nobody looks for there.
    """
    try:
        if not folder.is_dir() or not any(folder.iterdir()):
            return True
        is_shops = any((folder / name).exists() for name in ("notice.toml", "partners", "state"))
        return is_shops or any(folder.glob("*/shop.toml"))
    except OSError:  # not open to this user
        return True


def _is_shop(folder: Path) -> bool:
    try:
        return (folder / "shop.toml").exists()
    except OSError:  # not open to this user
        return False


def _named(shop: Path, place: Place) -> str:
    """Name a place at a partner, so that two shops that have it name it alike."""
    if isinstance(place, FolderPlace):
        return f"folder {(shop / place.path).resolve()}"
    return f"place {place.resolved}"


def _owned_by(shop: Path, environment: Mapping[str, str]) -> set[str]:
    """Name what no two shops may share; of a shop that cannot be loaded, its folder alone."""
    owned = {f"folder {shop.resolve()}"}
    # Links in circles and names no file can have are no errors of the system.
    with suppress(JointUseError, OSError, ValueError, RuntimeError, ArgumentError):
        folder = load_shop(shop)
        own = [each.resolve() for each in (folder.state, folder.drops)]
        owned |= {f"{kind}{each}" for kind in ("folder ", _KEEPS) for each in own}
        owned |= {_named(shop, a.place) for a in folder.policy.agreements.values() if a.place}
        key = folder.state / Part.KEYS / "ledger.key"
        if key.is_file():
            owned.add(f"key {hashlib.sha256(key.read_bytes()).hexdigest()}")
        owned |= _ledger_of(folder.shop.ledger, environment)
    return owned


def _ledger_of(ledger: LedgerPlace, environment: Mapping[str, str]) -> set[str]:
    """Name the database of a ledger the same however its URL is written; none beside the shop's state."""
    variable = ledger.url_variable
    if variable and not environment.get(variable):  # which the workers may know
        return {f"ledger ${variable}"}
    url = ledger.url_in(environment)
    if not url:
        return set()
    parts = make_url(url)
    told = parts.query
    host = parts.host or told.get("host", "")
    port = parts.port or told.get("port", _PORTS.get(parts.get_backend_name(), ""))
    return {f"ledger {str(host).lower()}:{port}/{parts.database} {told.get('options', '')}"}
