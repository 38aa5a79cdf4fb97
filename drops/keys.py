"""Partner keys: HMAC-SHA-256 of our own numbers under a secret key of each partner.

Stable from month to month, useless to link what two partners hold, and not to be undone by trying
all numbers. Many numbers are digested by helper processes, one for each core.
"""

import numpy as np
import pyarrow
import pyarrow.compute as pc

from drops.key_helpers import HELPERS
from transforms.key_forms import KEY_BYTES, hexadecimal_keys, keys_of_bytes
from transforms.keyed_digests import KeyedDigests

_WORTH_HELP = 20_000


class PartnerKeys:
    """Turns numbers of one kind of record into keys for one partner."""

    def __init__(self, secret: bytes) -> None:
        """Take the partner's secret, of at most one block (64 bytes)."""
        self._secret = secret

    def of(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        """Give the key of each number in hex; null stays null. `kind` keeps tables apart."""
        return hexadecimal_keys(self.binary(kind, numbers))

    def binary(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        """Give the same keys as 16 bytes each."""
        given = numbers.drop_null().cast(pyarrow.string())
        is_helped = len(given) >= _WORTH_HELP and not _holds_line_ends(given)
        keys = self._by_helpers(kind, given) if is_helped else self._here(kind, given)
        if not numbers.null_count:
            return keys
        is_null = numbers.is_null().to_numpy(zero_copy_only=False)
        return keys.take(pyarrow.array(np.cumsum(~is_null) - 1, mask=is_null))

    def _here(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        texts = (number.encode() for number in numbers.to_pylist())
        return keys_of_bytes(KeyedDigests(self._secret, kind).joined(texts))

    def _by_helpers(self, kind: str, numbers: pyarrow.Array) -> pyarrow.Array:
        shares = np.array_split(np.arange(len(numbers)), HELPERS.count)
        lines = [_lines(numbers.slice(share[0], len(share))) for share in shares]
        digests = HELPERS.digest(self._secret, kind, lines)
        if digests is None or sum(map(len, digests)) != len(numbers) * KEY_BYTES:
            return self._here(kind, numbers)
        return keys_of_bytes(b"".join(digests))


def _lines(numbers: pyarrow.Array) -> bytes:
    """Write numbers one to a line."""
    offsets = pyarrow.array([0, len(numbers)], pyarrow.int32())
    joined = pc.binary_join(pyarrow.ListArray.from_arrays(offsets, numbers), "\n")
    return bytes(joined[0].as_buffer())


def _holds_line_ends(numbers: pyarrow.Array) -> bool:
    return bool(pc.any(pc.match_substring(numbers, "\n")).as_py())
