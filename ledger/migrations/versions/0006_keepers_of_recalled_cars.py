"""Whose a car was when a drop told its partner of it."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; of older drops nobody knows, and the persons they hold decide."""
    op.add_column("recall_handovers", sa.Column("keeper", sa.String(32)))
