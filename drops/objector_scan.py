"""The second look: that nothing which belongs only to objectors stands in any cell of a drop.

It shares nothing with the gate. The gate works by row numbers on the staged tables; this reads the
objections anew, row by row, gathers what the objectors can be recognised by, takes away what other
people share with them (a household's phone, a namesake's name), and searches the files on disk.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import ahocorasick_rs
import pyarrow
import pyarrow.compute as pc

from drops.keys import PartnerKeys
from drops.verify import read_table
from schemas.catalog import CATALOG
from schemas.columns import Kind
from schemas.errors import VerificationError

Row = Mapping[str, Any]

CUSTOMER_COLUMNS = [
    *("customer_id", "merged_into_customer_id", "name", "address"),
    *("phone", "mobile_phone", "fax", "email"),
]
VEHICLE_COLUMNS = ["vehicle_id", "customer_id", "chassis_number", "plate"]
CERTIFICATE_COLUMNS = ["chassis_number", "plate"]

_PHONES = ("phone", "mobile_phone", "fax")
_FEWEST_DIGITS = 6
_PAIRS = (("name", "address"), ("owner_name", "owner_address"), ("user_name", "user_address"))


@dataclass(frozen=True)
class Register:
    """The objections and whom a drop is for."""

    objections: Iterable[Row]
    partner: str
    purposes: tuple[str, ...]
    partners: frozenset[str]
    all_purposes: frozenset[str]
    day: date

    def refusers(self) -> set[str]:
        """Give the customer numbers under which somebody refuses this drop."""
        return {row["customer_id"] for row in self.objections if self._refuses(row)}

    def _refuses(self, row: Row) -> bool:
        if row["scope"] == "none" or (row["effective_on"] and row["effective_on"] > self.day):
            return False
        start = row["effective_on"] or row["received_on"] or date.min
        if row["lifted_on"] and start <= row["lifted_on"] <= self.day:
            return False
        if row["scope"] not in {"provision", "purpose"}:
            return True
        if row["partner"] in self.partners and row["partner"] != self.partner:
            return False
        if row["scope"] == "provision" or row["purpose"] not in self.all_purposes:
            return True
        return row["purpose"] in self.purposes


@dataclass
class Traces:
    """What objectors, and only they, can be recognised by."""

    keys: set[str] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)


def gather_traces(
    register: Register,
    customers: pyarrow.Table,
    vehicles: pyarrow.Table,
    certificates: pyarrow.Table,
    keys: PartnerKeys,
) -> Traces:
    """Gather the traces of everyone who refuses.

    Args:
        register: the objections.
        customers: `CUSTOMER_COLUMNS` of all customers.
        vehicles: `VEHICLE_COLUMNS` of all vehicles.
        certificates: `CERTIFICATE_COLUMNS` and the vehicle's number as `vehicle_id`.
        keys: the partner's.
    """
    refusers = _with_merged(register.refusers(), customers)
    is_theirs = _is_in(customers["customer_id"], refusers)
    mine, others = customers.filter(is_theirs), customers.filter(pc.invert(is_theirs))
    car_is_theirs = _is_in(vehicles["customer_id"], refusers)
    their_cars, other_cars = (
        vehicles.filter(car_is_theirs),
        vehicles.filter(pc.invert(car_is_theirs)),
    )
    numbers = set(their_cars["vehicle_id"].to_pylist())
    paper_is_theirs = _is_in(certificates["vehicle_id"], numbers)
    papers = certificates.filter(paper_is_theirs)
    other_papers = certificates.filter(pc.invert(paper_is_theirs))
    traces = Traces()
    traces.keys |= set(
        keys.of("customers", pyarrow.array(sorted(refusers), pyarrow.string())).to_pylist()
    )
    kept_cars = pyarrow.array(
        sorted(numbers - set(other_cars["vehicle_id"].to_pylist())), pyarrow.string()
    )
    traces.keys |= set(keys.of("vehicles", kept_cars).to_pylist())
    for column in (*_PHONES, "email"):
        names = _PHONES if column in _PHONES else ("email",)
        traces.contacts |= _only(mine, others, column, names)
    for column in CERTIFICATE_COLUMNS:
        theirs = _only(papers, other_papers, column, (column,)) | _only(
            their_cars, other_cars, column, (column,)
        )
        shared = set(other_cars[column].to_pylist()) | set(other_papers[column].to_pylist())
        traces.contacts |= theirs - shared
    traces.contacts = {c for c in traces.contacts if len(c) >= _FEWEST_DIGITS}
    traces.addresses = {_plain(a) for a in _only(mine, others, "address", ("address",))}
    traces.addresses -= {_plain(a) for a in pc.unique(others["address"]).drop_null().to_pylist()}
    traces.pairs = _pairs(mine.to_pylist()) - _pairs_of_namesakes(mine, others)
    return traces


def scan(folder: Path, resources: Mapping[str, Mapping[str, Any]], traces: Traces) -> None:
    """Search every file of a drop.

    Raises:
        VerificationError: naming tables and columns, never what was found.
    """
    search = _Search(traces)
    found = {
        f"{name}.{column}"
        for name, resource in resources.items()
        for batch in read_table(folder, resource)
        for column in search.hits(name, batch, resource)
    }
    if found:
        raise VerificationError(
            "something that belongs only to people who objected was found in "
            f"{', '.join(sorted(found))}; nothing is published. Keep the records as they are and report this"
        )


class _Search:
    def __init__(self, traces: Traces) -> None:
        self._traces = traces
        words = {_plain(contact) for contact in traces.contacts}
        words |= {re.sub(r"\D", "", c) for c in traces.contacts if re.fullmatch(r"[\d-]+", c)}
        self._contacts = ahocorasick_rs.AhoCorasick(sorted(words)) if words else None
        addresses = sorted(traces.addresses)
        self._addresses = ahocorasick_rs.AhoCorasick(addresses) if addresses else None
        self._keys = pyarrow.array(sorted(traces.keys), pyarrow.string())

    def hits(
        self, table: str, batch: pyarrow.RecordBatch, resource: Mapping[str, Any]
    ) -> Iterator[str]:
        names = _canonical_names(resource)
        for header, cells in zip(batch.schema.names, batch.columns, strict=True):
            if pyarrow.types.is_string(cells.type) and self._holds(cells, table, names[header]):
                yield names[header]
        columns = {
            names[header]: cells
            for header, cells in zip(batch.schema.names, batch.columns, strict=True)
        }
        for name, address in _PAIRS:
            if (
                name in columns
                and address in columns
                and self._holds_pair(columns[name], columns[address])
            ):
                yield f"{name}+{address}"

    def _holds(self, cells: pyarrow.Array, table: str, name: str) -> bool:
        if name.endswith("_key"):
            return bool(pc.any(pc.is_in(cells, value_set=self._keys)).as_py())
        distinct = [_plain(text) for text in pc.unique(cells).drop_null().to_pylist()]
        text = "\n".join(distinct)
        if _stands_alone(self._contacts, text):
            return True
        if CATALOG[table].columns[name].kind is Kind.FREE_TEXT:
            return _stands_alone(self._addresses, text)
        return not self._traces.addresses.isdisjoint(distinct)

    def _holds_pair(self, names: pyarrow.Array, addresses: pyarrow.Array) -> bool:
        if not self._traces.pairs:
            return False
        rows = zip(names.to_pylist(), addresses.to_pylist(), strict=True)
        return any((_plain(n), _plain(a)) in self._traces.pairs for n, a in rows if n and a)


def _stands_alone(automaton: "ahocorasick_rs.AhoCorasick | None", text: str) -> bool:
    """Tell whether a word stands in the text that is not just a piece of a longer number."""
    if automaton is None:
        return False
    for _, start, end in automaton.find_matches_as_indexes(text, overlapping=True):
        before, after = text[start - 1 : start], text[end : end + 1]
        if not (_continues(before) or _continues(after)):
            return True
    return False


def _continues(character: str) -> bool:
    return character.isascii() and character.isalnum()


def _canonical_names(resource: Mapping[str, Any]) -> dict[str, str]:
    return {f["name"]: f["joint-use:column"] for f in resource["schema"]["fields"]}


def _with_merged(refusers: set[str], customers: pyarrow.Table) -> set[str]:
    """Add every number merged, directly or not, with one that refuses."""
    merges = [
        (row["customer_id"], row["merged_into_customer_id"])
        for row in customers.filter(customers["merged_into_customer_id"].is_valid())
        .select(["customer_id", "merged_into_customer_id"])
        .to_pylist()
    ]
    grown = set(refusers)
    while True:
        more = {b for a, b in merges if a in grown} | {a for a, b in merges if b in grown}
        if more <= grown:
            return grown
        grown |= more


def _is_in(column: pyarrow.ChunkedArray, values: set[str]) -> pyarrow.ChunkedArray:
    return pc.is_in(column, value_set=pyarrow.array(sorted(values), pyarrow.string()))


def _only(
    mine: pyarrow.Table, others: pyarrow.Table, column: str, shared_in: Iterable[str]
) -> set[str]:
    """Give the values of a column that no other row has in any of `shared_in`."""
    values = pc.unique(mine[column]).drop_null()
    for other in shared_in:
        values = values.filter(pc.invert(pc.is_in(values, value_set=pc.unique(others[other]))))
    return set(values.to_pylist())


def _pairs(rows: Iterable[Row]) -> set[tuple[str, str]]:
    return {
        (_plain(row["name"]), _plain(row["address"]))
        for row in rows
        if row["name"] and row["address"]
    }


def _pairs_of_namesakes(mine: pyarrow.Table, others: pyarrow.Table) -> set[tuple[str, str]]:
    namesakes = others.filter(pc.is_in(others["name"], value_set=pc.unique(mine["name"])))
    return _pairs(namesakes.to_pylist())


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return re.sub(r"[-‐‑‒–—―−ー]", "-", re.sub(r"\s", "", folded))
