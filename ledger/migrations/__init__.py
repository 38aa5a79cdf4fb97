"""The forms the ledger has had, one file each; Alembic brings an older ledger to the newest."""
