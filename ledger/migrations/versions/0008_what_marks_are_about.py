"""Which number, campaign and keeper a mark of a recalled car, or a drop that tells of it, is about."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of older marks and drops nobody knows, and they hold for whatever bears the number."""
    op.add_column("recall_handovers", sa.Column("about", sa.String(32)))
    for table in ("recall_cars", "recall_marks"):
        op.add_column(table, sa.Column("about", sa.String(32)))
        op.add_column(table, sa.Column("keeper", sa.String(32)))
