"""Recall campaigns: cars found, handed over, told and repaired."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables about recall campaigns."""
    op.create_table(
        "recall_cars",
        sa.Column("campaign", sa.String(40), primary_key=True),
        sa.Column("car", sa.String(32), primary_key=True),
        sa.Column("found_at", sa.String(40), nullable=False),
        sa.Column("seen_at", sa.String(40), nullable=False),
        sa.Column("match_class", sa.String(20), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("kept_because", sa.String(60), nullable=False),
    )
    op.create_table(
        "recall_handovers",
        sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True),
        sa.Column("campaign", sa.String(40), primary_key=True),
        sa.Column("car", sa.String(32), primary_key=True),
        sa.Column("match_class", sa.String(20), nullable=False),
    )
    op.create_table(
        "recall_marks",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("campaign", sa.String(40), nullable=False),
        sa.Column("car", sa.String(32), nullable=False),
        sa.Column("mark", sa.String(20), nullable=False),
        sa.Column("marked_at", sa.String(40), nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
        sqlite_autoincrement=True,
    )
