"""What a partner holds follows publications, deletions and refusals, whatever pieces it is kept in."""

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import tables
from ledger.audit import Actor, note
from ledger.holdings import PERSONS, RECORDS, packed
from ledger.holdings_book import HoldingsBook
from ledger.opening import open_ledger
from transforms.key_forms import KEY

KEYS = [bytes([n]) * 16 for n in range(4)]
MAKER = Actor("前田", "試験", datetime.fromisoformat("2026-11-01T09:00:00+09:00"))
OF_CARS = {"certificates": "vehicles"}

NAMES = st.tuples(st.sampled_from(["customers", "vehicles"]), st.sampled_from(KEYS))
SHOWN = st.tuples(st.sampled_from(["customers", "vehicles", "certificates"]), st.sampled_from(KEYS))
KINDS = st.sampled_from(["monthly", "recall"])
SOME = st.lists(NAMES, max_size=3, unique=True)
STEPS = st.one_of(
    st.tuples(st.just("publish"), KINDS, st.lists(SHOWN, max_size=6, unique=True)),
    st.tuples(st.just("make"), KINDS, st.lists(SHOWN, max_size=6, unique=True)),
    st.tuples(st.just("release"), KINDS, st.integers(0, 9)),
    st.tuples(st.just("answer"), KINDS, st.tuples(SOME, SOME, st.integers(0, 9))),
)


class Model:
    """The same, as a dictionary."""

    def __init__(self):
        self.held = {"monthly": {}, "recall": {}}
        self.published = []

    def publish(self, sequence, kind, names):
        self.published.append(sequence)
        self.held[kind] |= {name: ([sequence], sequence) for name in names}

    def answer(self, sequence, kind, done, refused):
        # No drop brings what it tells to delete: what is held by its own number was refused before.
        before = self.published[: self.published.index(sequence) + 1]
        for (record, key), (_, drop) in list(self.held[kind].items()):
            if (OF_CARS.get(record, record), key) in done and drop in before:
                del self.held[kind][record, key]
        for name in refused:
            self.held[kind].setdefault(name, ([], sequence))


@settings(max_examples=30)
@given(st.lists(STEPS, min_size=1, max_size=8))
def test_the_book_holds_what_a_dictionary_would(steps):
    model = Model()
    with TemporaryDirectory() as folder:
        ledger = open_ledger(Path(folder) / "state", None)
        with ledger.writing() as connection:
            note(connection, MAKER, "read")
            book, count, waiting = HoldingsBook(connection), 0, []
            for what, kind, given_ in steps:
                if what in {"publish", "make"}:
                    count += 1
                    make(connection, book, count, kind, given_)
                    waiting.append((count, kind, given_))
                if what == "publish" or (what == "release" and waiting):
                    last = -1 if what == "publish" else given_ % len(waiting)
                    sequence, of_kind, names = waiting.pop(last)
                    publish(connection, book, sequence)
                    model.publish(sequence, of_kind, names)
                elif what == "answer" and model.published:
                    done, refused, which = given_
                    # A drop of either kind may tell keys of this one.
                    sequence = model.published[which % len(model.published)]
                    book.delete("lotas", kind, sequence, in_hex(done), in_hex(refused))
                    model.answer(sequence, kind, done, refused)
                assert {k: held(book, k) for k in model.held} == model.held


def make(connection, book, number, kind, names):
    """Enter a drop whose records come in pieces of two, and one that is empty."""
    drop = {"drop_id": f"lotas/{number}", "partner": "lotas", "kind": kind, "period": str(number)}
    rest = {"revision": 1, "contents": "{}", "bag_sha256": "", "audit_sequence": 1}
    persons = packed(PERSONS.empty_table())
    connection.execute(tables.drops.insert().values(**drop, **rest, persons=persons))
    rows = [{"record": record, "key": key, "digests": [number]} for record, key in names]
    pieces = pyarrow.Table.from_pylist(rows, RECORDS).to_batches(max_chunksize=2)
    book.enter(number, kind, [pyarrow.RecordBatch.from_pylist([], RECORDS), *pieces])


def publish(connection, book, number):
    own = {"audit_sequence": note(connection, MAKER, "publish").sequence}
    shown = {"drop_sequence": number, "published_at": "2026-11-01", **own}
    connection.execute(tables.publications.insert().values(shown))
    book.publish(number)


def in_hex(names):
    return [(record, key.hex()) for record, key in names]


def held(book, kind):
    rows = book.held_of("lotas", kind, pyarrow.array(KEYS, KEY)).to_pylist()
    found = {(row["record"], row["key"]): (row["digests"], row["drop"]) for row in rows}
    assert len(found) == len(rows)
    keys = book.held_keys("lotas", kind, ("customers", "vehicles", "certificates"))
    for record, own in keys.items():
        assert sorted(own.to_pylist()) == sorted(key for each, key in found if each == record)
    return found
