"""Objections, their events, and the audit chain."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables of the first form."""
    op.create_table(
        "settings",
        sa.Column("name", sa.String(80), primary_key=True),
        sa.Column("value", sa.Text, nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.String(40), nullable=False),
        sa.Column("person", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous", sa.String(64), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False),
    )
    op.create_table(
        "objections",
        sa.Column("objection_id", sa.String(40), primary_key=True),
        sa.Column("person", sa.String(32), nullable=False, index=True),
        sa.Column("scope", sa.Text),
        sa.Column("partner", sa.Text),
        sa.Column("purpose", sa.Text),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
    )
    op.create_table(
        "objection_events",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "objection_id",
            sa.String(40),
            sa.ForeignKey("objections.objection_id"),
            nullable=False,
            index=True,
        ),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("origin", sa.String(10), nullable=False),
        sa.Column("effective_on", sa.Date, nullable=False),
        sa.Column("received_on", sa.Date),
        sa.Column("channel", sa.Text),
        sa.Column("person", sa.String(32)),
        sa.Column("known_at", sa.String(40), nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "objection_traits",
        sa.Column(
            "objection_id",
            sa.String(40),
            sa.ForeignKey("objections.objection_id"),
            primary_key=True,
        ),
        sa.Column("kind", sa.String(10), primary_key=True),
        sa.Column("digest", sa.String(16), primary_key=True),
    )
    op.create_table(
        "objection_sightings",
        sa.Column(
            "objection_id",
            sa.String(40),
            sa.ForeignKey("objections.objection_id"),
            primary_key=True,
        ),
    )
