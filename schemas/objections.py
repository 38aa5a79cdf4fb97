"""The words of objections, as the ledger keeps them: what is refused, and what becomes of a refusal."""

import hashlib

RAISED, LIFTED, SETTLED = "raised", "lifted", "settled"
"""What happens to an objection: it takes effect, it ends, or a person says whom it means."""

PROVISION, PURPOSE, ERASURE = "provision", "purpose", "erasure"
"""What it refuses: all provision, use for a purpose, or that anything is kept (policy §2(1)②, §6)."""

SCOPES = (PROVISION, PURPOSE, ERASURE)

UNDEFINED = "?"
"""Stands for a word nobody knows: it is read as the widest."""

SAID = (1 << 64) - 1
"""In place of the digest of a customer number, beside marks of what somebody without a number said."""

OF_SELF = 20
"""The group of those of these marks by which a customer's row is known to be theirs."""

_REFERENCE_DIGITS = 32


def reference_of(marks: bytes) -> str:
    """Give the reference of somebody without a number: it vouches for what they said, as it is kept."""
    return hashlib.sha256(marks).hexdigest()[:_REFERENCE_DIGITS]
