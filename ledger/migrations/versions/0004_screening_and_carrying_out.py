"""Screening decisions; drops that wait, were released, handed over; legal holds."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _entry() -> sa.Column[int]:
    return sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False)


def _drop() -> sa.Column[int]:
    return sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True)


def upgrade() -> None:
    """Add the tables about screening and carrying out."""
    op.create_table(
        "text_decisions",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("digest", sa.String(32), nullable=False, index=True),
        sa.Column("decision", sa.String(10), nullable=False),
        _entry(),
        sqlite_autoincrement=True,
    )
    op.create_table("added_words", sa.Column("word", sa.Text, primary_key=True), _entry())
    op.create_table(
        "waits",
        _drop(),
        sa.Column("since", sa.String(40), nullable=False),
        sa.Column("persons", sa.Integer, nullable=False),
        _entry(),
    )
    op.create_table(
        "releases",
        _drop(),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("decided_at", sa.String(40), nullable=False),
        _entry(),
    )
    op.create_table(
        "deliveries",
        _drop(),
        sa.Column("delivered_at", sa.String(40), nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        _entry(),
    )
    op.create_table(
        "legal_holds",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("subject", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        _entry(),
        sqlite_autoincrement=True,
    )
