"""Objectors named in other people's cells: such a cell is withheld."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

import ahocorasick_rs
import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.people import PHONE_COLUMNS
from schemas.staging import UNREAD
from transforms.arrays import mask_of, where, whole
from transforms.reading.contacts import LOCAL_DIGITS, personal_numbers
from transforms.reading.folded_columns import (
    SHORTEST_PLOT,
    fold_homes,
    fold_names,
    local_numbers_text,
    plain_text,
    plots_of,
    squeezed,
    squeezed_addresses,
    squeezed_addresses_text,
    squeezed_text,
)
from transforms.reading.folding import fold_phone
from transforms.reading.joined_text import JoinedText
from transforms.reading.mixed_names import mixed_names
from transforms.reading.own_names import own_names
from transforms.reading.passing_names import (
    ANYWHERE_BEHIND,
    COMPANY,
    SHORTEST_NAME,
    SHORTEST_READING,
    firms_turned,
    names_in_passing,
    parts_of_texts,
    whole_names,
)
from transforms.reading.patterns import compact
from transforms.remembered import NOBODY, Gone
from transforms.spare_contacts import hold_one, spare_contacts

PERSON_COLUMNS = ["name", "name_kana", *PHONE_COLUMNS, "email", "address", UNREAD]
CAR_COLUMNS = ["plate", "chassis_number"]

SHORTEST_CONTACT = 6
SHORTEST_ADDRESS = 8
"""Shorter runs stand in anybody's text by chance."""

_SHORTEST_WHOLE_NAME, _KANJI = 4, "[一-龥々]"
"""A name of so many characters, with a kanji, stands in nobody else's by chance."""

_FIRM = (
    "^.{5,}[社店院館堂局庁署課屋組園会所寺校場部]$|役所$|役場$|郵便局$|警察署$|消防署$|医院$|商店$|会館$|公民館$|幼稚園$|保育園$"
    "|支店$|本店$|営業所$|事務所$|電力|学校|学院|大学|運輸|運送|交通|観光|自動車|建設|建材|工務|工業|産業|商事|電機|電気|電設|設備|塗装|板金"
    "|整備|組合|病院|薬局|銀行|農園|農場|酒造|製作|製材|石油|水道|土木|造園|不動産|保険|セ.?ンタ|サ.?ビス"
)
"""What tells a firm, folded (RE2), unless a blank parts the name as a person's: others are called after the
same town, and houses stand beside it."""

_MORE_THAN_A_NAME = 3
"""秘一 and 秘一郎 are two names; so much more around one is something else."""

_GOES_ON = re.compile("[0-9A-Z円-]")
"""Behind a number: it is a part of a longer one, of a code, or a price."""

_LONGEST_MARK = 8
_MARK_BEFORE = re.compile("(?:[(]|TEL|PHONE|FAX|電話|携帯|自宅)[:. ]?$")
_MAY_STAND_BEFORE = re.compile(
    "(?:^|[^0-9A-Z/-]|(?:^|[^A-Z])(?:(?:TEL|PHONE|FAX|NO)[:. ]?|[TH][:.]))$"
)
"""Before a number without its area code."""

_NUMBER_BEFORE_AT = "^([0-9-]{10,13})@"


_FOUR_FIGURES = r"(?P<first>[0-9]{2})[\s・.-]*(?P<second>[0-9]{2})"
_END_OF_PLATE = rf"(?P<kana>[\p{{Hiragana}}])[\s・.-]*{_FOUR_FIGURES}$"
_NO_PRICE = "(?:[^0-9円年km]|$)"
_SPOKEN_PLATE = (
    rf"(?:^|[\s\p{{P}}\p{{S}}])(?P<kana>[\p{{Hiragana}}])の?[\s・.-]*{_FOUR_FIGURES}{_NO_PRICE}"
)
_CALLED_A_NUMBER = rf"(?:ナンバー?|車番)[\s:]*{_FOUR_FIGURES}(?:[^0-9]|$)"
"""A plate as people say it; は3300円 is a price, and 5000km no plate (RE2)."""


@dataclass(frozen=True)
class Identities:
    """What people can be recognised by in a text, folded."""

    names: frozenset[str]
    whole_names: frozenset[str]
    """Names of persons that stand in nobody else's by chance."""
    contacts: frozenset[str]
    """Phone numbers, e-mail addresses, plates and chassis numbers."""
    addresses: frozenset[str]
    """Addresses long enough to be looked for in a running text."""
    homes: frozenset[str]
    """All addresses, to be compared as a whole."""
    spoken_plates: frozenset[str]
    """Kana and number of plates, さ9003."""
    plots: frozenset[str]
    """Addresses up to a number with a branch, with and without their municipality."""
    local_numbers: frozenset[str]
    """Telephone numbers without their area code, with the dash."""
    own_phones: frozenset[str]
    """Numbers that are one person's, as they are written in the records."""
    emails: frozenset[str]


def identities(
    people: pyarrow.Table,
    *cars: pyarrow.Table,
    is_local: bool = False,
    is_of_refusers: bool = True,
) -> Identities:
    """Fold what is known of these people (`PERSON_COLUMNS`) and cars (`CAR_COLUMNS`).

    Args:
        people: they.
        cars: theirs.
        is_local: whether short telephone numbers count as well, as neighbours write them: of many
            people, every figure holds one of somebody's.
        is_of_refusers: whether all names count that a cell gives, whatever else stands in it.
    """
    spare = set(spare_contacts(people)[0].to_pylist())
    emails = {
        *pc.utf8_lower(people["email"]).drop_null().to_pylist(),
        *(c for c in spare if "@" in c),
    }
    numbers = [spare - emails, *(people[name].drop_null().to_pylist() for name in PHONE_COLUMNS)]
    written = pyarrow.array(sorted(set[str]().union(*numbers)), pyarrow.string())
    phones = {fold_phone(phone) for phone in written.to_pylist()}
    plain = [
        pyarrow.array(sorted(emails), pyarrow.string()),
        *(pc.unique(table[column]) for table in cars for column in CAR_COLUMNS),
    ]
    contacts = {c for column in plain for c in squeezed(column).to_pylist() if c} | phones
    contacts |= {phone[-LOCAL_DIGITS:] for phone in phones if len(phone) > LOCAL_DIGITS}
    local = (p.partition("-")[2] for p in written.to_pylist() if is_local)
    contacts |= {
        plate
        for table in cars
        for plate in without_region(squeezed(pc.unique(table["plate"]))).to_pylist()
        if plate
    }
    folded = squeezed(fold_names(whole(people["name"])))
    others = further = folded[:0]
    if is_of_refusers:
        others = own_names(whole(people["name"]))[0]
        further = mixed_names(whole(people["name"]), whole(people["name_kana"]))[0]
    names = frozenset[str]().union(
        *(_long_enough(each, SHORTEST_NAME) for each in (folded, firms_turned(folded), others)),
        _long_enough(further, _SHORTEST_WHOLE_NAME),
    )
    homes = squeezed_addresses(whole(people["address"]))
    kana = _long_enough(squeezed(fold_names(whole(people["name_kana"]))), SHORTEST_READING)
    return Identities(
        names=names | kana,
        whole_names=_whole_names(whole(people["name"]), folded) | _whole_names(others, others),
        contacts=frozenset(c for c in contacts if len(c) >= SHORTEST_CONTACT),
        spoken_plates=frozenset(
            plate for table in cars if is_of_refusers for plate in _spoken(table["plate"])
        ),
        addresses=_long_enough(homes, SHORTEST_ADDRESS),
        homes=_long_enough(homes, 1),
        plots=frozenset().union(
            *(
                _long_enough(plots, SHORTEST_PLOT)
                for plots in plots_of(fold_homes(whole(people["address"])))
            )
        ),
        local_numbers=frozenset(number for number in local if "-" in number),
        own_phones=frozenset(personal_numbers(written).drop_null().to_pylist()),
        emails=frozenset(emails),
    )


def _whole_names(written: pyarrow.Array, folded: pyarrow.Array) -> frozenset[str]:
    is_long = pc.greater_equal(pc.utf8_length(folded), _SHORTEST_WHOLE_NAME)
    is_parted = pc.match_substring_regex(written, r"^\S{1,4}[\s\x{3000}]+\S{1,4}$")
    may_be_firm = pc.and_(pc.match_substring_regex(folded, _FIRM), pc.invert(is_parted))
    is_firm = pc.or_(pc.match_substring_regex(folded, COMPANY), may_be_firm)
    has_kanji = pc.match_substring_regex(folded, _KANJI)
    is_telling = pc.and_(pc.and_(is_long, has_kanji), pc.invert(is_firm))
    return frozenset(folded.filter(is_telling).drop_null().to_pylist())


def without_region(plates: pyarrow.Array) -> pyarrow.Array:
    """Give squeezed plates as people say them: class, kana and number."""
    return pc.replace_substring_regex(plates, r"^\D+", "")


def _spoken(plates: pyarrow.Array) -> Iterator[str]:
    """Give what people say of plates for short, kana and number, of those with a number of four figures."""
    said = _joined(_END_OF_PLATE, pc.utf8_normalize(pc.unique(plates), form="NFKC"))
    yield from said.drop_null().to_pylist()


def _joined(pattern: str, texts: pyarrow.Array) -> pyarrow.Array:
    """Give what the groups of a pattern hold in each text, joined; null where it finds nothing."""
    found = pc.extract_regex(texts, compact(pattern, texts))
    parts = [found.field(place) for place in range(found.type.num_fields)]
    return where(found.is_valid(), pc.binary_join_element_wise(*parts, ""))


class Mentions:
    """Finds people in the cells of a column, looking at each distinct text once."""

    def __init__(self, people: Identities, gone: Gone = NOBODY) -> None:
        """Build the automata (Aho-Corasick).

        Args:
            people: who is in the records.
            gone: who is remembered only.
        """
        self._gone = gone
        self._contact_count = len(people.contacts)
        words = [*sorted(people.contacts), *sorted(people.names - people.contacts)]
        self._contacts_and_names = _automaton(words)
        self._whole_names = _automaton(sorted(people.whole_names))
        self._local_numbers = _automaton(sorted(people.local_numbers))
        self._addresses = _automaton(sorted(people.addresses))
        self._homes_within = _automaton(sorted(people.addresses | people.plots))
        self._contacts, self._names, self._homes, self._phones, self._emails = (
            pyarrow.array(sorted(texts), pyarrow.string())
            for texts in (
                *(people.contacts, people.names, people.homes),
                *(people.own_phones, people.emails),
            )
        )
        self._own = people.own_phones | people.emails
        self._plates = pyarrow.array(sorted(people.spoken_plates), pyarrow.string())
        digits = (fold_phone(phone) for phone in people.own_phones)
        self._digits = pyarrow.array(sorted(digits), pyarrow.string())

    def in_free_text(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a name, a contact or an address."""
        column = _Column(cells)
        mask = self._hold_what_is_known(column) | self._hold_local_numbers(column)
        if len(self._plates) and not column.is_empty:
            mask |= column.are(self._say_plates)
        return mask | self._gone.in_free_text(cells)

    def _say_plates(self, texts: pyarrow.Array) -> np.ndarray:
        """Mask of the texts that name a car as people do: さの9003, ナンバー9003."""
        normal = pc.utf8_normalize(texts, form="NFKC")
        said, numbers = (_joined(p, normal) for p in (_SPOKEN_PLATE, _CALLED_A_NUMBER))
        is_said = pc.is_in(said, value_set=self._plates)
        is_number = pc.is_in(numbers, value_set=pc.utf8_slice_codeunits(self._plates, 1))
        return mask_of(pc.or_(is_said, is_number))

    def in_codes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a code that hold a name, a contact or a number of a car."""
        return self._hold_what_is_known(_Column(cells)) | self._gone.are_contacts(cells)

    def _hold_what_is_known(self, column: "_Column") -> np.ndarray:
        if self._contacts_and_names is None or column.is_empty:
            return np.zeros(column.count, bool)
        mask = column.folded(squeezed_text).hold(self._contacts_and_names)
        if self._addresses is not None:
            mask |= column.folded(squeezed_addresses_text).hold(self._addresses)
        return mask

    def in_names(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a name or address column that hold a contact, or a name in passing."""
        mask, column = self._gone.in_names(cells), _Column(cells)
        if self._contacts_and_names is None or column.is_empty:
            return mask
        distinct = column.folded(squeezed_text)
        words, starts, ends = distinct.matches(self._contacts_and_names)
        is_sure = words < self._contact_count
        is_sure |= np.array(
            [distinct.text.startswith(ANYWHERE_BEHIND, end) for end in ends.tolist()], bool
        )
        mask |= distinct.spread(starts[is_sure])
        mask |= self._hold_local_numbers(column, is_marked=True)
        is_named = distinct.spread(starts)
        doubtful = np.flatnonzero(is_named & ~mask)
        if len(doubtful):
            some = cells.take(pyarrow.array(doubtful))
            mask[doubtful] = self._are_in_passing(some) | self._stand_within(some)
        return mask

    def _stand_within(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold a whole name with more around it than makes another name of it.

        Behind a mark, as in brackets, anything around it is more.
        """
        parts, places = parts_of_texts(cells)
        is_any = pc.not_equal(parts, "")
        parts, places = parts.filter(is_any), places[mask_of(is_any)]
        is_first = np.append(True, places[1:] != places[:-1]) if len(places) else places == 0
        distinct = _Column(parts).folded(squeezed_text)
        _, starts, ends = distinct.matches(self._whole_names)
        around = np.array(
            [distinct.around(*each) for each in zip(starts.tolist(), ends.tolist(), strict=True)],
            np.int64,
        )
        is_behind_a_figure = [distinct.text[start - 1].isdigit() for start in starts.tolist()]
        is_more = (around >= _MORE_THAN_A_NAME) | np.array(is_behind_a_figure, bool)
        found = distinct.spread(starts[is_more]) | (distinct.spread(starts[around > 0]) & ~is_first)
        mask = np.zeros(len(cells), bool)
        mask[places[found]] = True
        return mask

    def _hold_local_numbers(self, column: "_Column", *, is_marked: bool = False) -> np.ndarray:
        """Mask of the cells that hold a number without its area code, as neighbours write it.

        Args:
            column: to look at.
            is_marked: whether only one in brackets or behind TEL counts: houses have numbers, too.
        """
        if self._local_numbers is None or column.is_empty:
            return np.zeros(column.count, bool)
        distinct = column.folded(local_numbers_text)
        _, starts, ends = distinct.matches(self._local_numbers)
        text, before = distinct.text, _MARK_BEFORE if is_marked else _MAY_STAND_BEFORE
        is_one = [
            before.search(text[max(0, start - _LONGEST_MARK) : start]) is not None
            and not _GOES_ON.match(text[end])
            for start, end in zip(starts.tolist(), ends.tolist(), strict=True)
        ]
        return distinct.spread(starts[np.array(is_one, bool)])

    def _are_in_passing(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that name one of several, or somebody with something around the name."""
        is_whole = mask_of(pc.is_in(whole_names(cells), value_set=self._names))
        names, places = names_in_passing(cells)
        mask = np.zeros(len(cells), bool)
        mask[places[mask_of(pc.is_in(names, value_set=self._names))]] = True
        return mask & ~is_whole

    def are_plates(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are the plate of one of their cars, with or without its region."""
        return mask_of(pc.is_in(squeezed(cells), value_set=self._contacts))

    def are_phones(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a column of phone numbers that are one of theirs, and no household's."""
        mask = mask_of(pc.is_in(cells, value_set=self._phones)) | hold_one(cells, self._own)
        return mask | self._gone.are_contacts(cells)

    def are_emails(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells of a column of e-mail addresses that are theirs, or made of their number."""
        mask = mask_of(pc.is_in(pc.utf8_lower(cells), value_set=self._emails))
        mask |= hold_one(cells, self._own) | self._gone.are_contacts(cells)
        if len(self._digits) and pc.any(pc.match_substring_regex(cells, _NUMBER_BEFORE_AT)).as_py():
            numbers = pc.replace_substring_regex(cells, _NUMBER_BEFORE_AT + ".*", r"\1")
            mask |= mask_of(
                pc.is_in(pc.replace_substring(numbers, "-", ""), value_set=self._digits)
            )
        return mask

    def are_homes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that are somebody's address, or hold one that is long enough to be told."""
        mask = mask_of(pc.is_in(squeezed_addresses(cells), value_set=self._homes))
        return mask | self._hold_homes(cells) | self._gone.are_homes(cells)

    def _hold_homes(self, cells: pyarrow.Array) -> np.ndarray:
        """Mask of the cells that hold an address with more around it."""
        return _Column(cells).folded(squeezed_addresses_text).hold(self._homes_within)


def _automaton(words: list[str]) -> "ahocorasick_rs.AhoCorasick | None":
    kind = ahocorasick_rs.Implementation.ContiguousNFA
    return (
        ahocorasick_rs.AhoCorasick(words, store_patterns=False, implementation=kind)
        if words
        else None
    )


class _Column:
    """The distinct texts of a column, to be folded in several ways from what they have in common."""

    def __init__(self, cells: pyarrow.Array) -> None:
        self.count, self.is_empty = len(cells), cells.null_count == len(cells)
        self._cells = cells

    @cached_property
    def _encoded(self) -> pyarrow.DictionaryArray:
        return self._cells.dictionary_encode()

    @cached_property
    def _plain(self) -> JoinedText:
        return plain_text(self._encoded.dictionary)

    def are(self, told: Callable[[pyarrow.Array], np.ndarray]) -> np.ndarray:
        """Mask of the cells whose text a function picks; it is shown each text once."""
        return mask_of(pyarrow.array(told(self._encoded.dictionary)).take(self._encoded.indices))

    def folded(self, fold: Callable[[JoinedText], JoinedText]) -> "_Distinct":
        return _Distinct(self._encoded.indices, fold(self._plain))


class _Distinct:
    """Distinct texts of a column, folded, to be searched for several sets of words."""

    def __init__(self, places: pyarrow.Array, joined: JoinedText) -> None:
        self._places, self._joined = places, joined
        self.text = joined.text

    def matches(
        self, words: "ahocorasick_rs.AhoCorasick | None"
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give which words stand in the text, one inside another too, with their starts and ends."""
        found = (
            words.find_matches_as_indexes(self.text, overlapping=True) if words is not None else ()
        )
        numbers, starts, ends = np.array(found, np.int64).reshape(-1, 3).T
        return numbers, starts, ends

    def around(self, start: int, end: int) -> int:
        """Count the other characters of the cell in which something stands."""
        edge = self._joined.boundary
        return (start - self.text.rfind(edge, 0, start) - 1) + (self.text.find(edge, end) - end)

    def spread(self, positions: np.ndarray) -> np.ndarray:
        """Mask of the cells that stand at positions of the text."""
        if not len(positions):
            return np.zeros(len(self._places), bool)
        hits = np.zeros(self._joined.count, bool)
        hits[self._joined.places(positions)] = True
        return mask_of(pyarrow.array(hits).take(self._places))

    def hold(self, words: "ahocorasick_rs.AhoCorasick | None") -> np.ndarray:
        """Mask of the cells that hold one of the words."""
        matches = words.find_matches_as_indexes(self.text) if words is not None else ()
        return self.spread(np.array([start for _, start, _ in matches], np.int64))


def _long_enough(words: pyarrow.Array, least: int) -> frozenset[str]:
    return frozenset(word for word in words.to_pylist() if word and len(word) >= least)
