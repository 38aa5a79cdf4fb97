"""The words of objections, as the ledger keeps them: what is refused, and what becomes of a refusal."""

RAISED, LIFTED, SETTLED = "raised", "lifted", "settled"
"""What happens to an objection: it takes effect, it ends, or a person says whom it means."""

PROVISION, PURPOSE, ERASURE = "provision", "purpose", "erasure"
"""What it refuses: all provision, use for a purpose, or that anything is kept (policy §2(1)②, §6)."""

SCOPES = (PROVISION, PURPOSE, ERASURE)

UNDEFINED = "?"
"""Stands for a word nobody knows: it is read as the widest."""
