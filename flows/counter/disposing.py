"""Disposal (policy §5): what is past its time is removed, unless somebody needs it; a certificate tells.

A published folder is first locked away under a key of its own. When its time is over the key is destroyed,
then the copy is removed.
"""

import re
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from drops.keeping import Kept, remove
from drops.sealing import parcels_beside
from flows.counter.desk import Desk
from flows.running.opening import refuse_clock_behind
from flows.running.reconciling import refuse_doubt
from flows.running.waiting_room import sweep_killed
from ledger.answer_book import AnswerBook
from ledger.audit import note
from ledger.chain import sha256_of_text
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop
from ledger.hold_book import HoldBook
from ledger.locks import series_lock
from ledger.private_files import sweep_half_written, write_private
from schemas.drop import DropKind
from schemas.errors import ConfigurationError, JointUseError
from schemas.notice import IDENTIFIER
from schemas.state_folder import WRITTEN_WHOLE, Part
from schemas.strict import Strict
from transforms.period import SHOP_TIME

ERASURE = "erasure"
"""The rule by which something goes because a person asked for it (policy §6)."""


@dataclass(frozen=True)
class Disposal:
    """One thing past its time.

    Args:
        kind: of the retention rule.
        name: of the thing; no person's data.
        rule: by which it goes.
        persons: it holds, where that is known.
        act: removes it.
    """

    kind: str
    name: str
    rule: str
    persons: int | None
    act: Callable[[], None] = field(repr=False)

    @property
    def told(self) -> dict[str, str | int | None]:
        """Give it as the certificate does."""
        return {
            "kind": self.kind,
            "name": self.name,
            "persons": self.persons,
            "rule": self.rule,
        }


class Certificate(Strict):
    """What was removed, by whom, when and why: JSON; beside it the same in Markdown."""

    format: str = "joint-use-disposal/1"
    shop: str
    disposed_at: str
    operator: str
    reason: str
    removed: tuple[dict[str, str | int | None], ...]


def past_their_time(desk: Desk) -> list[Disposal]:
    """List what is past its time and needed by nobody, in the order it is removed."""
    return [*_of_drops(desk), *_of_files(desk)]


def dispose(desk: Desk) -> Path | None:
    """Remove what is past its time; give the certificate, None if there was nothing.

    Raises:
        BusyError: a run or another disposal is at work.
        LedgerDoubtfulError: an older backup was restored: what a hold keeps may not be known.
    """
    refuse_clock_behind(desk.ledger, desk.actor.at)
    refuse_doubt(desk.ledger, desk.folder)
    with desk.ledger.held(every_series(desk)):
        sweep_leftovers(desk)
        found = past_their_time(desk)
        return carry_out(desk, found) if found else None


def hold(desk: Desk, drop: str, *, is_held: bool) -> str:
    """Keep a drop from disposal, or end that; give its full id.

    Raises:
        ConfigurationError: there is no such drop, nothing of it is left, it is held already, or was not.
    """
    with desk.ledger.held(every_series(desk)), desk.ledger.writing() as connection:
        name = DropBook(connection).named(drop).drop.drop_id
        if is_held and not is_kept(desk, name):
            raise ConfigurationError(
                f"{name}: すでに廃棄されていて、保全できません / was disposed of; nothing is left to hold"
            )
        if not is_held and name not in HoldBook(connection).held():
            raise ConfigurationError(f"{name}: 保全されていません / is not held")
        if is_held and name in HoldBook(connection).held():
            raise ConfigurationError(f"{name}: すでに保全されています / is held already")
        HoldBook(connection).enter(desk.actor, name, is_held=is_held)
    return name


def every_series(desk: Desk) -> list[str]:
    """Name the locks of all partners and kinds of drops."""
    return [series_lock(partner, kind) for partner in _partners(desk) for kind in DropKind]


def _partners(desk: Desk) -> list[str]:
    """Name the partners, also those without an agreement any more of whom anything is there."""
    places = (desk.folder.drops, desk.folder.state / Part.WAITING)
    there = {path.name for place in places if place.is_dir() for path in place.iterdir()}
    named = {name for name in there if re.fullmatch(IDENTIFIER, name)}
    return sorted(named | desk.folder.policy.agreements.keys())


def sweep_leftovers(desk: Desk) -> None:
    """Remove what killed runs and disposals left: of drops of all partners and kinds, and of files."""
    sweep_killed(desk.folder, desk.ledger, _partners(desk), DropKind)
    for part in WRITTEN_WHOLE:
        sweep_half_written(desk.folder.state / part)


def carry_out(desk: Desk, found: list[Disposal]) -> Path:
    """Remove things, and certify what was removed even if some of them cannot be; give the certificate.

    Raises:
        JointUseError, OSError: of the first that could not be removed, after all others were.
    """
    with desk.ledger.writing() as connection:
        names = " ".join(f"{each.kind}:{each.name}" for each in found)
        note(
            connection,
            desk.actor,
            "dispose",
            detail=f"about to remove {len(found)}: {names}"[:2000],
        )
    done: list[Disposal] = []
    failures: list[JointUseError | OSError] = []
    try:
        for each in found:
            try:
                each.act()
            except (JointUseError, OSError) as error:
                failures.append(error)
            else:
                done.append(each)
    finally:
        certificate = certify(desk, done) if done or not found else None
    if failures or certificate is None:
        raise failures[0]
    return certificate


def certify(desk: Desk, removed: list[Disposal]) -> Path:
    """Write the certificate of what was removed, and enter it in the audit chain; give the Markdown."""
    at = desk.actor.at
    certificate = Certificate(
        shop=desk.folder.shop.name,
        disposed_at=at.isoformat(),
        operator=desk.actor.person,
        reason=desk.actor.reason,
        removed=tuple(each.told for each in removed),
    )
    text = certificate.model_dump_json(indent=2)
    folder = desk.folder.state / Part.DISPOSALS
    name = f"{at:%Y-%m-%dT%H%M%S%f}"
    write_private(folder / f"{name}.json", text.encode())
    write_private(folder / f"{name}.md", _markdown(certificate).encode())
    with desk.ledger.writing() as connection:
        told = f"{len(removed)} removed; certificate {sha256_of_text(text)}"
        note(connection, desk.actor, "dispose", name, told)
    return folder / f"{name}.md"


def _of_drops(desk: Desk) -> Iterator[Disposal]:
    rules, at = desk.folder.shop.retention, desk.actor.at
    with desk.ledger.reading() as connection:
        condemned = HoldBook(connection).condemned()
    for drop_id, entered in closed_drops(desk).items():
        with desk.ledger.reading() as connection:
            persons = len(DropBook(connection).holdings.persons(entered.sequence))
        if drop_id in condemned:
            yield from copies(desk, drop_id, persons)
            continue
        age = at - (entered.published_at or at)
        folder = desk.folder.drops / drop_id
        if age > timedelta(days=rules.sealed_days):
            yield from _parcels(folder, f"retention.sealed_days = {rules.sealed_days}", persons)
        if age > timedelta(days=rules.drop_days):
            yield from _copies(desk, drop_id, f"retention.drop_days = {rules.drop_days}", persons)
        elif age > timedelta(days=rules.plain_drop_days) and folder.exists():
            rule = f"retention.plain_drop_days = {rules.plain_drop_days}"
            act = _locker(folder, Kept(desk.folder.state, drop_id), entered.bag_sha256)
            yield Disposal("plain_drop", drop_id, rule, persons, act)


def closed_drops(desk: Desk) -> dict[str, EnteredDrop]:
    """Give the drops nobody waits for anything of (`AnswerBook.settled`), and no legal hold keeps."""
    with desk.ledger.reading() as connection:
        holds, settled = HoldBook(connection).held(), AnswerBook(connection).settled()
    return {each.drop.drop_id: each for each in settled if each.drop.drop_id not in holds}


def copies(desk: Desk, drop_id: str, persons: int) -> Iterator[Disposal]:
    """Give every copy of a drop the shop has, to go for an erasure: sealed, plain, kept."""
    yield from _parcels(desk.folder.drops / drop_id, ERASURE, persons)
    yield from _copies(desk, drop_id, ERASURE, persons)


def is_kept(desk: Desk, drop_id: str) -> bool:
    """Tell whether the shop still has a copy of a drop."""
    return any(copies(desk, drop_id, 0))


def _copies(desk: Desk, drop_id: str, rule: str, persons: int) -> Iterator[Disposal]:
    folder, kept = desk.folder.drops / drop_id, Kept(desk.folder.state, drop_id)
    if folder.exists() or kept.copy.exists() or kept.key.exists():
        yield Disposal("drop", drop_id, rule, persons, _destroyer(folder, kept))


def _parcels(folder: Path, rule: str, persons: int) -> Iterator[Disposal]:
    for parcel in parcels_beside(folder):
        name = f"{folder.parent.name}/{parcel.tar.name}"
        yield Disposal("sealed", name, rule, persons, unlinker(*parcel.files))


def _of_files(desk: Desk) -> Iterator[Disposal]:
    rules, state = desk.folder.shop.retention, desk.folder.state
    for kind, days, part, pattern in (
        ("quarantine", rules.quarantine_days, Part.QUARANTINE, "*"),
        ("review", rules.review_days, Part.REVIEW, "*.json"),
        ("call_list", rules.call_list_days, Part.RECALL, "*"),
        ("failures", rules.failures_days, Part.FAILURES, "*.txt"),
    ):
        for path in sorted((state / part).glob(pattern)):
            age = desk.actor.at - datetime.fromtimestamp(path.stat().st_mtime, SHOP_TIME)
            if age > timedelta(days=days):
                rule = f"retention.{kind}_days = {days}"
                yield Disposal(kind, path.name, rule, None, unlinker(path))


def _locker(folder: Path, kept: Kept, bag_sha256: str) -> Callable[[], None]:
    def act() -> None:
        kept.lock_away(folder, bag_sha256)

    return act


def _destroyer(folder: Path, kept: Kept) -> Callable[[], None]:
    def act() -> None:
        kept.destroy()
        if folder.exists():
            remove(folder)

    return act


def unlinker(*paths: Path) -> Callable[[], None]:
    """Give what removes files or folders."""

    def act() -> None:
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    return act


def _markdown(certificate: Certificate) -> str:
    rows = [
        f"| {each['kind']} | {each['name']} | {_count(each['persons'])} | {each['rule']} |"
        for each in certificate.removed
    ]
    return "\n".join(
        [
            f"# 廃棄証明書 / certificate of disposal: {certificate.shop}",
            "",
            f"廃棄日時 / at: {certificate.disposed_at}  ",
            f"実施者 / by: {certificate.operator}  ",
            f"理由 / why: {certificate.reason}",
            "",
            "| 種類 kind | 名称 name | 人数 persons | 根拠 rule |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _count(persons: str | int | None) -> str:
    return "" if persons is None else str(persons)
