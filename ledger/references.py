"""Keyed references: how the ledger speaks of customers without saying who they are.

A reference is the HMAC-SHA-256 of a customer number, cut to 128 bits. A trait is something a person
can be recognised by (a number, a name with a contact) as SipHash-2-4 with 64 bits, a keyed function
for short inputs that digests a whole column at once. Without the secret neither can be undone by
trying all numbers or names.
"""

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transforms.keyed_digests import KeyedDigests

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class References:
    """Makes references and traits under one shop's secret."""

    secret: bytes = field(repr=False)

    def of(self, customer_id: str) -> str:
        """Give the reference of a customer number (32 hex digits)."""
        return self.of_all([customer_id])[0]

    def of_all(self, customer_ids: Iterable[str]) -> list[str]:
        """Give the reference of each customer number."""
        texts = (number.encode() for number in customer_ids)
        return KeyedDigests(self.secret, "customer").of(texts)

    def of_car(self, vehicle_id: str) -> str:
        """Give the reference of a vehicle number (32 hex digits)."""
        return KeyedDigests(self.secret, "vehicle").of([vehicle_id.encode()])[0]

    def of_text(self, text: str) -> str:
        """Give the reference of a text a person decided about (32 hex digits)."""
        return self.of_texts([text])[0]

    def of_texts(self, texts: Iterable[str]) -> list[str]:
        """Give the reference of each text."""
        return KeyedDigests(self.secret, "text").of(text.encode() for text in texts)

    def traits(self, texts: "pyarrow.Array") -> "pyarrow.Array":
        """Give the trait of each text (uint64); null stays null."""
        # Slow to load, and most commands ask for no trait.
        import numpy as np  # noqa: PLC0415
        import pandas as pd  # noqa: PLC0415
        import pyarrow  # noqa: PLC0415

        from transforms.arrays import mostly_differ, whole  # noqa: PLC0415

        # pandas takes the key of SipHash as 16 ASCII characters: 96 bits of the digest.
        key = base64.b64encode(hashlib.sha256(b"traits:" + self.secret).digest()[:12]).decode()
        cells = whole(texts).cast(pyarrow.string())
        is_null = np.asarray(cells.is_null())
        known = cells.drop_null()
        if mostly_differ(known):
            distinct, places = known, slice(None)
        else:
            encoded = known.dictionary_encode()
            distinct, places = encoded.dictionary, encoded.indices.to_numpy()
        objects = np.asarray(distinct.to_numpy(zero_copy_only=False), object)
        digests = np.zeros(len(cells), np.uint64)
        digests[~is_null] = pd.util.hash_array(objects, hash_key=key, categorize=False)[places]
        return pyarrow.array(digests, mask=is_null)
