"""Finding parents: from the text of a key to the position of the row it names."""

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import pyarrow
import pyarrow.compute as pc

from schemas.staging import DELETED
from transforms.arrays import content_of, lengths_of

UNKNOWN = -1
"""Position of a parent that no row has."""

NO_LINK = -2
"""Position where the link is empty."""


def living_keys(keys: pyarrow.Array, faults: pyarrow.Array) -> pyarrow.Array:
    """Give the keys by which rows are found: none of a deleted row where a living one has the same.

    Args:
        keys: of a staged table, in row order.
        faults: its `FAULT` column.
    """
    is_deleted = pc.fill_null(pc.equal(faults, DELETED), fill_value=False)
    if not pc.any(is_deleted, min_count=0).as_py():
        return keys
    living = keys.filter(pc.invert(is_deleted))
    is_hidden = pc.and_(is_deleted, pc.is_in(keys, value_set=living))
    return pc.if_else(is_hidden, pyarrow.scalar(None, keys.type), keys)


class KeyIndex:
    """The keys of one table, texts or of so many bytes each, ready to be looked up.

    Keys in order are kept as they are, and a batch asks only the stretch between its own smallest
    and largest key: rows that come in key order cost little, whatever the size of the parent table.
    Keys of one width in no order (partner keys), or asked for in no order, are hashed once. All
    others are sorted.
    """

    def __init__(self, keys: pyarrow.Array) -> None:
        """Index the keys of a table, in row order (null keys are never found)."""
        self.row_count = len(keys)
        is_sorted = keys.null_count == 0 and bool(
            pc.all(pc.less_equal(keys[:-1], keys[1:]), min_count=0).as_py()
        )
        self._hashed = None if is_sorted else _HashedKeys.of(keys)
        self._rows = None if is_sorted or self._hashed else pc.sort_indices(keys).to_numpy()
        self._sorted = (
            keys if self._rows is None else keys.take(pyarrow.array(self._rows)).drop_null()
        )

    def positions(self, keys: pyarrow.Array) -> np.ndarray:
        """Row of each key as int32: the first that has it, `UNKNOWN`, or `NO_LINK` for null.

        Rows of one parent mostly stand together: of each such run only the first key is looked up.
        """
        begins = _run_beginnings(keys)
        if begins is None:
            return self._positions(keys)
        heads = np.flatnonzero(begins)
        found = self._positions(keys.take(pyarrow.array(heads)))
        return np.repeat(found, np.diff(heads, append=len(keys)))

    def _positions(self, keys: pyarrow.Array) -> np.ndarray:
        if self._hashed is not None:
            return self._hashed.positions(keys)
        bounds = pc.min_max(keys).as_py()
        if bounds["min"] is None:
            return np.full(len(keys), NO_LINK, np.int32)
        low, high = self._place(bounds["min"]), self._place(bounds["max"], after=True)
        if high - low > len(keys) and (scattered := self._scattered) is not None:
            return scattered.positions(keys)
        stretch = self._sorted[low:high]
        if self._rows is None and keys.equals(stretch) and not self.has_duplicates:
            return np.arange(low, high, dtype=np.int32)
        found = pc.index_in(keys, value_set=stretch)
        places = found.fill_null(UNKNOWN).to_numpy(zero_copy_only=False).astype(np.int64)
        is_found = places != UNKNOWN
        places[is_found] += low
        if self._rows is not None:
            places[is_found] = self._rows[places[is_found]]
        return _with_nulls(places, keys)

    @cached_property
    def has_duplicates(self) -> bool:
        """Tell whether a key stands twice."""
        return bool(self.duplicates().any())

    @cached_property
    def _scattered(self) -> "_HashedKeys | None":
        """The sorted keys, hashed, for keys from all over the table."""
        return _HashedKeys.of(self._sorted) if self._rows is None else None

    def duplicates(self) -> np.ndarray:
        """Mask of the rows whose key another row has too."""
        mask = np.zeros(self.row_count, bool)
        if self._hashed is None and len(self._sorted) > 1:
            same = pc.equal(self._sorted[:-1], self._sorted[1:]).to_numpy(zero_copy_only=False)
            places = np.union1d(np.flatnonzero(same), np.flatnonzero(same) + 1)
            mask[places if self._rows is None else self._rows[places]] = True
        return mask

    def _place(self, key: str | bytes, *, after: bool = False) -> int:
        low, high = 0, len(self._sorted)
        wanted = _bytes(key)
        while low < high:
            middle = (low + high) // 2
            here = _bytes(self._sorted[middle].as_py())
            if here < wanted or (after and here == wanted):
                low = middle + 1
            else:
                high = middle
        return low


def _run_beginnings(keys: pyarrow.Array) -> np.ndarray | None:
    """Mask of the keys that differ from the one before; None where hardly any key repeats."""
    if len(keys) < _FEWEST_FOR_RUNS or keys.null_count:
        return None
    begins = np.ones(len(keys), bool)
    begins[1:] = pc.not_equal(keys[1:], keys[:-1]).to_numpy(zero_copy_only=False)
    return begins if begins.sum() < len(keys) / 2 else None


_FEWEST_FOR_RUNS = 1024


_AT_A_TIME = 1 << 17


class _HashedKeys:
    """Different keys of one width, found by their hashes and then compared in full.

    A row and its key's hash are one number: the hash above, the row in as many bits as rows need.
    Sorting such numbers takes a tenth of the time that sorting places by their hashes takes. Hashes
    of which only the beginning is left may meet: then the next key of that beginning is tried.
    """

    def __init__(self, keys: pyarrow.Array, codes: np.ndarray, row_mask: np.uint64) -> None:
        self._keys, self._codes, self._row_mask = keys, codes, row_mask

    @classmethod
    def of(cls, keys: pyarrow.Array) -> "_HashedKeys | None":
        """Hash the keys; None unless all have one width and no two are the same."""
        codes = _hashes(keys)
        if codes is None:
            return None
        row_mask = _mask_for(len(keys))
        codes &= ~row_mask
        for stretch in _stretches(len(keys)):
            codes[stretch] |= np.arange(stretch.start, stretch.stop, dtype=np.uint64)
        codes.sort()
        met = _beginning_alike(codes, row_mask)
        alike = keys.take(pyarrow.array(codes[met] & row_mask))
        return None if len(pc.unique(alike)) < len(alike) else cls(keys, codes, row_mask)

    def positions(self, keys: pyarrow.Array) -> np.ndarray:
        """Row of each key as int32, `UNKNOWN`, or `NO_LINK` for null."""
        if (stretch := self._stretch_of(keys)) is not None:
            return stretch
        hashes = _hashes(keys)
        if hashes is None:
            places = pc.index_in(keys, value_set=self._keys).fill_null(UNKNOWN)
            return _with_nulls(places.to_numpy(zero_copy_only=False).astype(np.int64), keys)
        return self._rows_of(keys, hashes)

    def _rows_of(self, keys: pyarrow.Array, hashes: np.ndarray) -> np.ndarray:
        rows = np.full(len(keys), UNKNOWN, np.int32)
        beginnings = hashes & ~self._row_mask
        places = self._places(hashes)
        asked = np.arange(len(keys))
        while len(asked):
            codes = self._codes.take(places[asked], mode="clip")
            is_met = (places[asked] < len(self._codes)) & (
                (codes ^ beginnings[asked]) <= self._row_mask
            )
            asked, found = asked[is_met], (codes[is_met] & self._row_mask).astype(np.int32)
            same = pc.equal(keys.take(pyarrow.array(asked)), self._keys.take(pyarrow.array(found)))
            is_same = same.to_numpy(zero_copy_only=False)
            rows[asked[is_same]] = found[is_same]
            asked = asked[~is_same]
            places[asked] += 1
        return rows

    def _places(self, hashes: np.ndarray) -> np.ndarray:
        """Give the place of the first code that begins with each hash; asked for in order they cost less."""
        mask = max(self._row_mask, _mask_for(len(hashes)))
        order = (hashes & ~mask) | np.arange(len(hashes), dtype=np.uint64)
        order.sort()
        order = (order & mask).astype(np.int64)
        places = np.empty(len(hashes), np.int64)
        places[order] = np.searchsorted(self._codes, hashes[order] & ~self._row_mask)
        return places

    def _stretch_of(self, keys: pyarrow.Array) -> np.ndarray | None:
        """Give the rows of keys that stand in the table just as they are asked for: children in its order."""
        hashes = _hashes(keys[:1])
        start = UNKNOWN if hashes is None else int(self._rows_of(keys[:1], hashes)[0])
        if start < 0 or not keys.equals(self._keys[start : start + len(keys)]):
            return None
        return np.arange(start, start + len(keys), dtype=np.int32)


def _beginning_alike(codes: np.ndarray, row_mask: np.uint64) -> np.ndarray:
    """Give the places of sorted codes that differ from a neighbour in the row only."""
    met = [np.empty(0, np.int64)]
    for stretch in _stretches(len(codes) - 1):
        later = codes[stretch.start + 1 : stretch.stop + 1]
        met.append(np.flatnonzero((later ^ codes[stretch]) <= row_mask) + stretch.start)
    first = np.concatenate(met)
    return np.union1d(first, first + 1)


def _stretches(count: int) -> Iterator[slice]:
    """Cut so many rows into stretches that are worked on at a time."""
    for start in range(0, count, _AT_A_TIME):
        yield slice(start, min(start + _AT_A_TIME, count))


def _mask_for(count: int) -> np.uint64:
    """Give the lowest bits, as many as places among so many need."""
    return np.uint64((1 << max(count - 1, 1).bit_length()) - 1)


def _bytes(key: str | bytes) -> bytes:
    return key.encode() if isinstance(key, str) else key


def _hashes(keys: pyarrow.Array) -> np.ndarray | None:
    """Hash keys of one width, eight bytes at a time; None where widths differ or a key is null."""
    if keys.null_count or not len(keys):
        return None
    if pyarrow.types.is_fixed_size_binary(keys.type):
        width = keys.type.byte_width
        content = np.frombuffer(keys.buffers()[1], np.uint8)[keys.offset * width :]
    else:
        lengths = lengths_of(keys)
        width = int(lengths.max(initial=0))
        if not width or width != lengths.min():
            return None
        content = content_of(keys)
    characters = content[: len(keys) * width].reshape(len(keys), width)
    hashes = np.zeros(len(keys), np.uint64)
    for stretch in _stretches(len(keys)):
        _mix(hashes[stretch], characters[stretch])
    return hashes


def _mix(hashes: np.ndarray, characters: np.ndarray) -> None:
    width = characters.shape[1]
    words = np.pad(characters, ((0, 0), (0, -width % 8))) if width % 8 else characters
    for column in words.view(np.uint64).T:
        hashes ^= column
        hashes *= _ODD_MULTIPLIER
        hashes ^= hashes >> np.uint64(29)


_ODD_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
"""2^64 divided by the golden ratio: spreads neighbouring words over all bits."""


def _with_nulls(places: np.ndarray, keys: pyarrow.Array) -> np.ndarray:
    places[keys.is_null().to_numpy(zero_copy_only=False)] = NO_LINK
    return places.astype(np.int32)


AMBIGUOUS = -3
"""Position where several rows fit and nothing tells them apart."""


def find_vehicles(
    chassis_numbers: pyarrow.Array, plates: pyarrow.Array, vehicles: pyarrow.Table
) -> np.ndarray:
    """Find the car of each certificate: by chassis number, then with the plate.

    Office-stamped chassis numbers (職権打刻) are reused, and a sold car may stand in the records
    twice: number and plate together come first, so that a paper of the former keeper stays with
    the former keeper's entry. A number that still fits several cars is `AMBIGUOUS`. One the records have
    without its hyphen needs the plate as a second witness.
    """
    places = np.full(len(chassis_numbers), UNKNOWN, np.int32)
    for wanted, keys in _attempts(chassis_numbers, plates, vehicles):
        index = KeyIndex(keys)
        found = index.positions(wanted)
        is_shared = index.duplicates()
        fits_several = np.zeros(len(found), bool)
        fits_several[found >= 0] = is_shared[found[found >= 0]]
        places = np.where((places < 0) & (found >= 0) & ~fits_several, found, places)
        places = np.where((places == UNKNOWN) & fits_several, AMBIGUOUS, places)
        if places.min(initial=0) >= 0:
            break
    return places.astype(np.int32)


def _attempts(
    chassis_numbers: pyarrow.Array, plates: pyarrow.Array, vehicles: pyarrow.Table
) -> Iterator[tuple[pyarrow.Array, pyarrow.Array]]:
    """Give by what papers and cars are held against each other, the surest first."""
    is_deleted = pc.fill_null(vehicles["is_deleted"], fill_value=False)
    is_kept = pc.and_not(vehicles["released_on"].is_null(), is_deleted).combine_chunks()
    known = vehicles["chassis_number"].combine_chunks()
    known_plates = vehicles["plate"].combine_chunks()
    nothing = pyarrow.scalar(None, pyarrow.string())
    both, known_both = _pair(chassis_numbers, plates), _pair(known, known_plates)
    yield both, pc.if_else(is_kept, known_both, nothing)
    yield both, known_both
    yield chassis_numbers, pc.if_else(is_kept, known, nothing)
    yield chassis_numbers, known
    closed, known_closed = (
        _pair(pc.replace_substring(numbers, "-", ""), own)
        for numbers, own in ((chassis_numbers, plates), (known, known_plates))
    )
    yield closed, pc.if_else(is_kept, known_closed, nothing)
    yield closed, known_closed
    without_number = pc.if_else(pc.is_null(known), known_plates, nothing)
    yield plates, pc.if_else(is_kept, without_number, nothing)


def _pair(numbers: pyarrow.Array, plates: pyarrow.Array) -> pyarrow.Array:
    return pc.binary_join_element_wise(numbers, plates, "\n", null_handling="emit_null")
