"""The second look: that nothing which belongs only to objectors stands in any cell of a drop.

It shares nothing with the gate but how addresses and texts are folded and contacts found in cells that
could not be read. The gate works by row
numbers on the staged tables; this reads the objections anew, event by event, gathers what the objectors
can be recognised by, takes away what people who are in the drop share with them (a household's
phone, a namesake's name), and searches the files on disk: cells of a known form as a whole, running
text for any part.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import ahocorasick_rs
import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from schemas.catalog import CATALOG
from schemas.columns import Kind
from schemas.errors import VerificationError
from schemas.staging import UNREAD
from transforms.arrays import distinct, plain, whole
from transforms.reading.contacts import contacts_in
from transforms.reading.folded_columns import fold_addresses, squeezed, squeezed_addresses_text
from transforms.reading.joined_text import JoinedText

Row = Mapping[str, Any]

Read = Callable[[list[str]], pyarrow.Table]
"""Reads columns of a table, all its rows in their order; only a few columns are asked for at a time."""

_CAR_COLUMNS = ("chassis_number", "plate")
_PHONES = ("phone", "mobile_phone", "fax")
_SHORTEST_CONTACT = 6
_FEWEST_PHONE_DIGITS = 9
_SHORTEST_ADDRESS = 8
_NOBODYS = frozenset({Kind.CODE, Kind.MONTH, Kind.MODEL_CODE, Kind.DIGITS, Kind.POSTAL_CODE})
"""Kinds that many share and nobody is known by."""

_ADDRESSES = frozenset({"address", "owner_address", "user_address", "base_location"})
_PAIRS = (("name", "address"), ("owner_name", "owner_address"), ("user_name", "user_address"))


@dataclass(frozen=True)
class Register:
    """The objections, what happened to them, and whom a drop is for.

    Args:
        objections: rows with `objection_id`, `person`, `scope`, `partner`, `purpose`.
        events: rows with `objection_id`, `kind`, `effective_on`, `sequence`, `person`.
        partner: the drop's.
        purposes: the drop's.
        partners: all the notice names.
        all_purposes: all the notice names.
        day: of the drop.
    """

    objections: Iterable[Row]
    events: Iterable[Row]
    partner: str
    purposes: tuple[str, ...]
    partners: frozenset[str]
    all_purposes: frozenset[str]
    day: date

    def refusers(self) -> set[str]:
        """Give the references of the people who refuse this drop."""
        histories: dict[str, list[Row]] = {}
        for event in self.events:
            histories.setdefault(event["objection_id"], []).append(event)
        found = set()
        for row in self.objections:
            history = histories.get(row["objection_id"], [])
            if self._holds(history) and self._concerns(row):
                decisions = [e for e in history if e["kind"] == "settled"]
                whom = max(decisions, key=lambda e: e["sequence"]) if decisions else row
                if whom["person"]:
                    found.add(whom["person"])
        return found

    def _holds(self, history: list[Row]) -> bool:
        standing = False
        for event in sorted(history, key=lambda e: (e["effective_on"], e["sequence"])):
            if event["kind"] != "settled" and event["effective_on"] <= self.day:
                standing = event["kind"] == "raised"
        return standing

    def _concerns(self, row: Row) -> bool:
        if row["scope"] not in {"provision", "purpose"}:
            return True
        if row["partner"] in self.partners and row["partner"] != self.partner:
            return False
        if row["scope"] == "provision" or row["purpose"] not in self.all_purposes:
            return True
        return row["purpose"] in self.purposes


@dataclass(frozen=True)
class Known:
    """What the shop knows, to tell objectors from others.

    Args:
        customers: all customers.
        vehicles: all vehicles.
        certificates: all certificates, each with the number of its car as `vehicle_id`.
        keys: the partner's.
        references_of: gives the shop's references of customer numbers.
    """

    customers: Read
    vehicles: Read
    certificates: Read
    keys: PartnerKeys
    references_of: Callable[[list[str]], list[str]]

    def numbers_of(self, references: set[str]) -> set[str]:
        """Give the customer numbers in the records that are meant by references."""
        found = set[str]()
        for piece in self.customers(["customer_id"]).to_batches() if references else ():
            numbers = piece.column(0).drop_null().to_pylist()
            pairs = zip(numbers, self.references_of(numbers), strict=True)
            found.update(number for number, reference in pairs if reference in references)
        return found


@dataclass
class Traces:
    """What objectors, and only they, can be recognised by, in plain form."""

    keys: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Marks:
    """Values of refusers, in plain form, and the rows of others that have one of them too, by column."""

    values: set[str]
    of_others: tuple[tuple[str, pyarrow.Table], ...]

    def only_theirs(self, there: "_Delivered") -> set[str]:
        """Give the values that nobody in the drop has too."""
        shared = (
            _form(column, there.among(rows)[column]).to_pylist() for column, rows in self.of_others
        )
        return self.values.difference(*shared)


@dataclass(frozen=True)
class Suspects:
    """What everyone who refuses can be recognised by, and who else has it: all but what a drop decides.

    Args:
        keys: of the refusers and of the cars only they have.
        contacts: of the refusers.
        addresses: likewise.
        pairs: names with addresses, likewise.
        numbers: chassis numbers and plates of their cars.
        namesakes: the others who bear one of their names.
        partner_keys: the partner's.
    """

    keys: set[str]
    contacts: tuple[Marks, ...]
    addresses: Marks
    pairs: set[tuple[str, str]]
    numbers: tuple[Marks, ...]
    namesakes: pyarrow.Table
    partner_keys: PartnerKeys

    def traces(self, delivered: Mapping[str, pyarrow.Array]) -> Traces:
        """Take away what people in the drop have too.

        Args:
            delivered: partner keys (16 bytes) of the customers and vehicles that stand in the drop.
        """
        people, cars = (
            _Delivered(self.partner_keys, kind, number, delivered[kind])
            for kind, number in (("customers", "customer_id"), ("vehicles", "vehicle_id"))
        )
        contacts = [marks.only_theirs(people) for marks in self.contacts]
        numbers = [marks.only_theirs(cars) for marks in self.numbers]
        return Traces(
            keys=self.keys,
            contacts=set[str]().union(*contacts, *numbers),
            addresses=self.addresses.only_theirs(people),
            pairs=self.pairs - _pairs(people.among(self.namesakes)),
        )


def suspects_of(register: Register, known: Known) -> Suspects:
    """Gather what everyone who refuses can be recognised by.

    Args:
        register: the objections.
        known: customers, cars and certificates.
    """
    merges = known.customers(["customer_id", "merged_into_customer_id"])
    refusers = _with_merged(known.numbers_of(register.refusers()), merges)
    people = _Split(known.customers, "customer_id", "customer_id", refusers)
    cars = _Split(known.vehicles, "vehicle_id", "customer_id", refusers)
    numbers = set(cars.theirs(["vehicle_id"])["vehicle_id"].to_pylist())
    papers = _Split(known.certificates, "vehicle_id", "vehicle_id", numbers)
    unread = people.theirs([UNREAD])[UNREAD].drop_null().to_pylist()
    spare = {contact for text in unread for contact in contacts_in(text)}
    emails = {contact for contact in spare if "@" in contact}
    return Suspects(
        keys=_known_keys(known.keys, refusers, numbers - cars.numbers_of_others(numbers)),
        contacts=(
            _marks(_PHONES, people, more=spare - emails),
            _marks(("email",), people, more=emails),
        ),
        addresses=_marks(("address",), people),
        pairs=_pairs(people.theirs(["name", "address"])),
        numbers=tuple(_marks((column,), cars, papers) for column in _CAR_COLUMNS),
        namesakes=people.namesakes(),
        partner_keys=known.keys,
    )


def _marks(columns: tuple[str, ...], *tables: "_Split", more: Collection[str] = ()) -> Marks:
    """Give what refusers have in any of the columns, or more, and who else has it in any of them."""
    values = {value for table in tables for c in columns for value in table.their_values(c)}
    values.update(_plain(_strings(more)).to_pylist())
    others = tuple((c, table.others_with(c, values)) for table in tables for c in columns)
    return Marks(values, others)


def _known_keys(keys: PartnerKeys, customers: set[str], vehicles: set[str]) -> set[str]:
    """Give the partner's keys of these customers and cars."""
    of_customers = keys.of("customers", _strings(customers)).to_pylist()
    return {*of_customers, *keys.of("vehicles", _strings(vehicles)).to_pylist()}


class ObjectorScan:
    """Searches every file of a drop, rows by rows."""

    def __init__(self, traces: Traces) -> None:
        """Search for these traces."""
        self._search = _Search(traces)
        self._found = set[str]()

    def look(self, resource: Mapping[str, Any], rows: pyarrow.RecordBatch) -> None:
        """Search rows of a file."""
        name = resource["name"]
        if name in CATALOG:
            self._found.update(f"{name}.{hit}" for hit in self._search.hits(name, rows, resource))

    def refuse(self) -> None:
        """Tell what was found.

        Raises:
            VerificationError: naming tables and columns, never what was found.
        """
        if self._found:
            raise VerificationError(
                "something that belongs only to people who objected was found in "
                f"{', '.join(sorted(self._found))}; nothing is published. Keep the records as they are "
                "and report this"
            )


class _Delivered:
    """Tells which rows of a table stand in the drop, by their partner key."""

    def __init__(self, keys: PartnerKeys, kind: str, number: str, there: pyarrow.Array) -> None:
        self._keys, self._kind, self._number, self._there = keys, kind, number, there

    def among(self, rows: pyarrow.Table) -> pyarrow.Table:
        if not len(rows):
            return rows
        keys = self._keys.binary(self._kind, whole(rows[self._number]))
        # They are few beside those in the drop: the few are hashed, not the many.
        there = self._there.filter(pc.is_in(self._there, value_set=keys))
        return rows.filter(pc.is_in(keys, value_set=there))


class _Split:
    """A table, split into what is the objectors' and what is other people's."""

    def __init__(self, read: Read, number: str, owner: str, who: set[str]) -> None:
        """Split the rows of a table by whose they are.

        Args:
            read: reads the table.
            number: its column of numbers.
            owner: its column that tells whose a row is.
            who: what stands there in the objectors' rows.
        """
        self._read, self._number = read, number
        self._is_theirs = whole(pc.is_in(read([owner])[owner], value_set=_strings(who)))

    def theirs(self, columns: list[str]) -> pyarrow.Table:
        """Give columns of the objectors' rows."""
        return self._read(columns).filter(self._is_theirs)

    def their_values(self, column: str) -> set[str]:
        """Give the objectors' values in plain form."""
        return {v for v in _form(column, self.theirs([column])[column]).to_pylist() if v}

    def others_with(self, column: str, values: set[str]) -> pyarrow.Table:
        """Give number and column of the others who have one of the values in it."""
        return self._others([self._number, column], column, _strings(values))

    def numbers_of_others(self, among: set[str]) -> set[str]:
        """Give those of the numbers that rows of others have too."""
        rows = self._read([self._number])
        is_meant = pc.is_in(rows[self._number], value_set=_strings(among))
        is_shared = pc.and_(is_meant, pc.invert(self._is_theirs))
        return set(rows.filter(is_shared)[self._number].to_pylist())

    def namesakes(self) -> pyarrow.Table:
        """Give number, name and address of the others who bear an objector's name."""
        names = whole(pc.unique(_plain(self.theirs(["name"])["name"])))
        return self._others([self._number, "name", "address"], "name", names)

    def _others(self, columns: list[str], column: str, forms: pyarrow.Array) -> pyarrow.Table:
        """Give columns of the others of whom one cell has one of the forms, batch by batch."""
        rows, found, start = self._read(columns), [], 0
        for batch in rows.to_batches():
            is_theirs = self._is_theirs[start : start + batch.num_rows]
            start += batch.num_rows
            has_one = pc.is_in(_form(column, batch[column]), value_set=forms)
            found.append(batch.filter(pc.and_(has_one, pc.invert(is_theirs))))
        return pyarrow.Table.from_batches(found, rows.schema)


class _Wanted:
    """Texts that are looked for in many columns."""

    def __init__(self, texts: set[str]) -> None:
        self._texts, self._column = texts, _strings(texts)

    def stand_in(self, cells: pyarrow.Array) -> bool:
        """Tell whether one of the texts is a cell; Arrow hashes all of them anew each time it is asked."""
        if len(cells) < len(self._texts):
            return not self._texts.isdisjoint(cells.to_pylist())
        return bool(pc.any(pc.is_in(cells, value_set=self._column)).as_py())


class _Search:
    def __init__(self, traces: Traces) -> None:
        self._whole, self._addresses = _Wanted(traces.contacts), _Wanted(traces.addresses)
        self._pairs, self._keys = traces.pairs, _Wanted(traces.keys)
        words = {w for contact in traces.contacts for w in _as_written(contact)}
        self._words = ahocorasick_rs.AhoCorasick(sorted(words)) if words else None
        homes = squeezed(_strings(traces.addresses)).to_pylist()
        long_enough = [home for home in homes if len(home) >= _SHORTEST_ADDRESS]
        self._homes = ahocorasick_rs.AhoCorasick(long_enough) if long_enough else None

    def hits(
        self, table: str, batch: pyarrow.RecordBatch, resource: Mapping[str, Any]
    ) -> Iterator[str]:
        fields = resource["schema"]["fields"]
        columns = {f["joint-use:column"]: batch.column(f["name"]) for f in fields}
        for name, cells in columns.items():
            is_encoded = isinstance(cells, pyarrow.DictionaryArray)
            texts = distinct(cells) if is_encoded else cells
            if pyarrow.types.is_string(texts.type) and self._holds(texts, table, name):
                yield name
        for name, address in _PAIRS:
            if {name, address} <= columns.keys() and self._holds_pair(
                plain(columns[name]), plain(columns[address])
            ):
                yield f"{name}+{address}"

    def _holds(self, cells: pyarrow.Array, table: str, name: str) -> bool:
        if name.endswith("_key"):
            return self._keys.stand_in(cells)
        kind = CATALOG[table].columns[name].kind
        if kind in _NOBODYS:
            return False
        texts = pc.unique(cells).drop_null()
        if name in _ADDRESSES:
            return self._addresses.stand_in(fold_addresses(texts))
        forms = _plain(texts)
        if self._whole.stand_in(forms):
            return True
        return kind is Kind.FREE_TEXT and self._is_told_in(texts, forms)

    def _is_told_in(self, texts: pyarrow.Array, plain: pyarrow.Array) -> bool:
        if _stands_alone(self._words, JoinedText(plain).text):
            return True
        if self._homes is None:
            return False
        return bool(self._homes.find_matches_as_indexes(squeezed_addresses_text(texts).text))

    def _holds_pair(self, names: pyarrow.Array, addresses: pyarrow.Array) -> bool:
        if not self._pairs:
            return False
        wanted = _strings({name for name, _ in self._pairs})
        forms = _plain(names)
        is_namesake = pc.fill_null(pc.is_in(forms, value_set=wanted), fill_value=False)
        found = forms.filter(is_namesake).to_pylist()
        homes = fold_addresses(addresses.filter(is_namesake)).to_pylist()
        return not self._pairs.isdisjoint(zip(found, homes, strict=True))


def _as_written(contact: str) -> Iterator[str]:
    """Give the forms of a contact to look for in running text; a piece of a number is none."""
    digits = re.sub(r"\D", "", contact)
    if re.fullmatch(r"[\d-]+", contact):
        if len(digits) >= _FEWEST_PHONE_DIGITS:
            yield contact
            yield digits
    elif len(re.sub(r"\W", "", contact)) >= _SHORTEST_CONTACT and re.search(r"\d|@", contact):
        yield contact


def _stands_alone(automaton: "ahocorasick_rs.AhoCorasick | None", text: str) -> bool:
    """Tell whether a word stands in the text that is not just a piece of a longer one."""
    if automaton is None:
        return False
    for _, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        before, after = text[max(0, start - 1) : start], text[end : end + 1]
        if not (_continues(before) or _continues(after)):
            return True
    return False


def _continues(character: str) -> bool:
    return (
        character.isascii()
        and (character.isalnum() or character in {"-", "_", ".", "@"})
        and character != ""
    )


def _with_merged(refusers: set[str], customers: pyarrow.Table) -> set[str]:
    """Add every number merged, directly or not, with one that refuses."""
    merges = [
        (row["customer_id"], row["merged_into_customer_id"])
        for row in customers.filter(customers["merged_into_customer_id"].is_valid()).to_pylist()
    ]
    grown = set(refusers)
    while True:
        more = {b for a, b in merges if a in grown} | {a for a, b in merges if b in grown}
        if more <= grown:
            return grown
        grown |= more


def _strings(values: Iterable[str]) -> pyarrow.Array:
    return pyarrow.array(sorted(values), pyarrow.string())


def _pairs(rows: pyarrow.Table) -> set[tuple[str, str]]:
    names, addresses = (_form(column, rows[column]).to_pylist() for column in ("name", "address"))
    return {(n, a) for n, a in zip(names, addresses, strict=True) if n and a}


def _form(
    column: str, cells: pyarrow.Array | pyarrow.ChunkedArray
) -> pyarrow.Array | pyarrow.ChunkedArray:
    """Give a column in the form it is compared in: addresses as codes, all else plain."""
    return fold_addresses(whole(cells)) if column == "address" else _plain(cells)


def _plain(cells: pyarrow.Array | pyarrow.ChunkedArray) -> pyarrow.Array | pyarrow.ChunkedArray:
    if pc.all(pc.string_is_ascii(cells), min_count=0).as_py():
        return pc.replace_substring(pc.utf8_lower(cells), " ", "")
    folded = pc.utf8_lower(pc.utf8_normalize(cells, form="NFKC"))
    without_spaces = pc.replace_substring_regex(folded, r"[\s\x{3000}]", "")
    return pc.replace_substring_regex(without_spaces, "[-‐‑‒–—―−ー]", "-")
