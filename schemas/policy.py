"""The policy: the notice with the agreements it allows. An agreement wider than it does not load."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from schemas.agreement import AgreedTable, Agreement, Share, fingerprint_of
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.columns import Role
from schemas.drop import DropKind, Version
from schemas.errors import RefusedError
from schemas.notice import Notice


@dataclass(frozen=True)
class DatedNotice:
    """A version of the notice with its fingerprint."""

    notice: Notice
    fingerprint: Version


@dataclass(frozen=True)
class Policy:
    """A notice and its agreements, known to fit each other."""

    notice: Notice
    agreements: Mapping[str, Agreement]
    fingerprints: Mapping[str, Version]
    """Of each agreement, under its partner's id."""
    own_fingerprint: Version
    """Of the notice."""
    earlier: tuple[DatedNotice, ...] = ()
    """Versions of the notice before this one."""

    def __post_init__(self) -> None:
        """Refuse agreements that the notice does not cover."""
        for agreement in self.agreements.values():
            for breach in breaches(agreement, self.notice):
                raise RefusedError(breach)
        for breach in confusions(self.agreements.values()):
            raise RefusedError(breach)

    def has_place(self, partner: str) -> bool:
        """Tell whether a partner's drops are to be put somewhere by the program."""
        agreement = self.agreements.get(partner)
        return agreement is not None and agreement.place is not None

    def is_in_force(self, partner: str, agreement_sha256: str) -> bool:
        """Tell whether an agreement a drop was made under is today's."""
        return agreement_sha256 == self.fingerprints[partner].sha256

    def is_carried_by_hand(self, partner: str) -> bool:
        """Tell whether a partner's drops are sealed and have no place a program could put them."""
        agreement = self.agreements.get(partner)
        return agreement is not None and agreement.place is None and agreement.is_carried

    @property
    def versions(self) -> tuple[DatedNotice, ...]:
        """All versions of the notice, in the order in which they take effect."""
        current = DatedNotice(self.notice, self.own_fingerprint)
        return tuple(sorted((*self.earlier, current), key=lambda v: v.notice.effective_on))

    @property
    def announced_on(self) -> date:
        """The day the first notice took effect; no month that began before it is ever delivered."""
        return self.versions[0].notice.effective_on

    def in_force(self, day: date) -> Notice | None:
        """Give the notice in force on a day; None before the first."""
        begun = self._begun(day)
        return begun[-1].notice if begun else None

    def _begun(self, day: date) -> list[DatedNotice]:
        """Give the versions that have taken effect by a day, the one in force last."""
        return [v for v in self.versions if v.notice.effective_on <= day]

    def notices_for(self, begins_on: date, today: date) -> tuple[DatedNotice, ...]:
        """Give the notices a period is judged by: the one in force when it begins, and every later one.

        So one that takes effect within the period gives nothing of the days before it.

        Raises:
            RefusedError: no notice was in force when it began.
        """
        before = self._begun(begins_on)
        if not before:
            raise RefusedError(
                f"{begins_on} は公表事項の発効（{self.announced_on}）より前で、"
                "その時の記録は共同利用として公表されていません。後の月を指定してください / "
                f"{begins_on} is before the notice took effect ({self.announced_on}); "
                "records of that time were not announced for joint use. Choose a later month"
            )
        return (before[-1], *self._begun(today)[len(before) :])


@dataclass(frozen=True)
class Permission:
    """One column a partner may get, with the items and clauses it rests on."""

    partner: str
    kind: DropKind
    table: str
    column: str
    items: tuple[str, ...]
    clauses: tuple[str, ...]


def breaches(agreement: Agreement, notice: Notice) -> Iterator[str]:
    """Say, a line each, where the agreement goes beyond the notice."""
    where = f"partners/{agreement.partner}.toml"
    if agreement.partner not in {partner.id for partner in notice.partners}:
        yield (
            f"{where}: 「{agreement.partner}」は公表事項の7(1)にありません。ほかへの提供には、"
            "お一人ずつの同意が必要です（2(3)、9） / "
            f"{where}: partner '{agreement.partner}' is not named in the notice §7(1); "
            "a recipient outside it needs each person's consent (§2(3), §9)"
        )
    known_purposes = {purpose.id for purpose in notice.purposes}
    for section, share in agreement.shares.items():
        for purpose in share.purposes:
            if purpose not in known_purposes:
                yield (
                    f"{where}: {section}.purposes: 「{purpose}」は公表事項の7(3)の目的ではありません / "
                    f"{where}: {section}.purposes: '{purpose}' is not a purpose of the notice §7(3); "
                    f"choose from {', '.join(sorted(known_purposes))}"
                )
        for table, agreed in share.tables.items():
            for column in agreed.columns:
                place = f"{where}: {section}.tables.{table}.columns: '{column}'"
                yield from _column_breaches(place, table, column, notice)
    yield from _orphan_breaches(where, agreement)


def confusions(agreements: Iterable[Agreement]) -> Iterator[str]:
    """Say where two partners share a key or a place: one could take what is the other's."""
    seen: dict[object, str] = {}
    for agreement in agreements:
        where = f"partners/{agreement.partner}.toml"
        key = agreement.sealing.recipient if agreement.sealing else None
        place = agreement.place.resolved if agreement.place else None
        for word, value in (("sealing.recipient", key), ("place", place)):
            if value and value in seen:
                yield (
                    f"{where}: {word} が {seen[value]} と同じです。利用者ごとに別のものにしてください / "
                    f"{where}: {word} is that of {seen[value]} too; each partner has its own"
                )
            if value:
                seen[value] = where


def _orphan_breaches(where: str, agreement: Agreement) -> Iterator[str]:
    """Say which rows would hang on nothing the partner knows: it could never be told to delete them."""
    for table in agreement.monthly.tables:
        parents = _parents_of(table)
        if parents and not parents & set(agreement.monthly.tables):
            yield (
                f"{where}: monthly.tables.{table}: {' か '.join(sorted(parents))} がないと、相手に削除を通知"
                "できません（方針第6条）。それも書いてください / "
                f"{where}: monthly.tables.{table}: without {' or '.join(sorted(parents))} the partner could "
                "never be told to delete these rows (§6); list it too"
            )


def _column_breaches(place: str, table: str, name: str, notice: Notice) -> Iterator[str]:
    column = CATALOG[table].columns[name]
    if column.role is not Role.ITEM:
        yield (
            f"{place} は公表事項の7(2)のどの項目でもなく、渡せません。消してください / "
            f"{place} cites no item of the notice §7(2) and never leaves; take it out"
        )
    for item in column.items:
        if notice.clause_of(item) is None:
            yield (
                f"{place} の項目「{item}」は公表事項の7(2)にありません。消してください / "
                f"{place} is item '{item}', which the notice §7(2) does not announce; take it out"
            )


def narrowed(share: Share, partner: str, notices: Iterable[DatedNotice]) -> Share:
    """Take out of a share what any of the notices does not announce: the narrower wins.

    Raises:
        RefusedError: a notice does not name the partner, or nothing is left.
    """
    for version in notices:
        notice = version.notice
        when = f"{notice.effective_on} ({notice.version})"
        where = f"the notice of {when}"
        if partner not in {named.id for named in notice.partners}:
            raise RefusedError(
                f"公表事項 {when} に「{partner}」の公表がない（方針第7条(1)）ので渡せません / "
                f"{where} does not name '{partner}' (§7(1)); nothing of that time may leave"
            )
        announced = {purpose.id for purpose in notice.purposes}
        purposes = tuple(purpose for purpose in share.purposes if purpose in announced)
        tables = {
            name: agreed.without(
                [
                    c
                    for c in agreed.columns
                    if None in map(notice.clause_of, CATALOG[name].columns[c].items)
                ]
            )
            for name, agreed in share.tables.items()
        }
        left = _without_orphans(
            {name: agreed for name, agreed in tables.items() if agreed.columns}, set(share.tables)
        )
        if not purposes or not left:
            raise RefusedError(
                f"{where} により「{partner}」に渡せる項目が残りません（方針第7条） / "
                f"{where} leaves nothing of what '{partner}' gets (§7); nothing may leave"
            )
        share = share.model_copy(update={"purposes": purposes, "tables": left})
    return share


def _without_orphans(
    tables: Mapping[str, AgreedTable], before: Collection[str]
) -> Mapping[str, AgreedTable]:
    """Leave out tables whose rows hung on another's that is not among them any more (§6), and so on."""
    left = {
        name: agreed
        for name, agreed in tables.items()
        if not (parents := _parents_of(name).intersection(before)) or parents & set(tables)
    }
    return left if len(left) == len(tables) else _without_orphans(left, before)


def _parents_of(table: str) -> set[str]:
    return set(CATALOG[table].links.values()) & set(DELIVERABLE_TABLES)


def permissions(policy: Policy, notices: tuple[DatedNotice, ...] = ()) -> Iterator[Permission]:
    """List every column every partner may get, in the order of the agreements.

    Args:
        policy: notice and agreements.
        notices: what records are judged by (`Policy.notices_for`); of what they leave nothing of, nothing is
            listed.
    """
    for partner, agreement in policy.agreements.items():
        for section, agreed_share in agreement.shares.items():
            try:
                share = narrowed(agreed_share, partner, notices)
            except RefusedError:
                continue
            for table, agreed in share.tables.items():
                for name in agreed.columns:
                    items = CATALOG[table].columns[name].items
                    clauses = tuple(policy.notice.clause_of(item) or "" for item in items)
                    yield Permission(partner, DropKind(section), table, name, items, clauses)


@dataclass(frozen=True)
class Change:
    """One difference between two policies; `is_widening` ones need each person's consent."""

    text: str
    is_widening: bool


def changes(old: Policy, new: Policy) -> list[Change]:
    """Compare two policies.

    Items and the range of partners may not grow without consent (個人情報保護法ガイドライン
    通則編 3-4-3(3)); purposes may change within what is reasonably related, after notice.
    """
    found: list[Change] = []
    days = {version.notice.effective_on for policy in (old, new) for version in policy.versions}
    for day in sorted(days):
        before, after = _announced(old.in_force(day)), _announced(new.in_force(day))
        japanese, english = f"{day} の公表事項: ", f"notice in force on {day}: "
        found += [
            Change(
                f"{japanese}{_TITLES[word]} {i} が増えた / {english}{word} {i} added",
                word != "purpose",
            )
            for word, i in sorted(after - before)
        ]
        found += [
            Change(
                f"{japanese}{_TITLES[word]} {i} がなくなった / {english}{word} {i} removed",
                is_widening=False,
            )
            for word, i in sorted(before - after)
        ]
    before_all, after_all = _granted(old), _granted(new)
    found += [
        Change(f"覚書に加わった: {japanese} / agreement: {english} added", is_widening=False)
        for japanese, english in after_all
        if (japanese, english) not in before_all
    ]
    found += [
        Change(f"覚書からなくなった: {japanese} / agreement: {english} removed", is_widening=False)
        for japanese, english in before_all
        if (japanese, english) not in after_all
    ]
    return found


_TITLES = {"item": "項目", "partner": "共同利用者", "purpose": "利用目的"}


def _announced(notice: Notice | None) -> set[tuple[str, str]]:
    """Give the items, partners and purposes a notice announces."""
    if notice is None:
        return set()
    return {
        *(("item", item.id) for item in notice.items),
        *(("partner", partner.id) for partner in notice.partners),
        *(("purpose", purpose.id) for purpose in notice.purposes),
    }


def _granted(policy: Policy) -> list[tuple[str, str]]:
    """Give what agreements say, in both languages."""
    columns = [
        (
            f"{p.partner} に渡す列 {p.table}.{p.column}（{p.kind}）",
            f"{p.partner} gets {p.table}.{p.column} ({p.kind})",
        )
        for p in permissions(policy)
    ]
    purposes = [
        (
            f"{agreement.partner} の利用目的 {purpose}（{section}）",
            f"{agreement.partner} may use for {purpose} ({section})",
        )
        for agreement in policy.agreements.values()
        for section, share in agreement.shares.items()
        for purpose in share.purposes
    ]
    ways = [
        (f"{agreement.partner}: {japanese}", f"{agreement.partner}: {english}")
        for agreement in policy.agreements.values()
        for japanese, english in _ways(agreement)
    ]
    return columns + purposes + ways


def _ways(agreement: Agreement) -> Iterator[tuple[str, str]]:
    """Say how and since when a partner gets its drops."""
    seal, place = fingerprint_of(agreement), agreement.place.name if agreement.place else ""
    yield f"封緘 {seal or 'なし'}", f"sealed to {seal or 'nobody'}"
    yield f"渡す場所 {place or 'なし'}", f"handed over at {place or 'no place'}"
    yield f"発効 {agreement.effective_on}", f"in force from {agreement.effective_on}"
