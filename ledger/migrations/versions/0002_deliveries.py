"""What was given to whom: drops, tombstones, holdings, stops and acknowledgements."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the tables about deliveries."""
    op.create_table(
        "drops",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("drop_id", sa.String(200), nullable=False, unique=True),
        sa.Column("partner", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("period", sa.String(20), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("contents", sa.Text, nullable=False),
        sa.Column("bag_sha256", sa.String(64), nullable=False),
        sa.Column("persons", sa.LargeBinary, nullable=False),
        sa.Column("records", sa.LargeBinary, nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
        sa.UniqueConstraint("partner", "kind", "period", "revision"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "publications",
        sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True),
        sa.Column("published_at", sa.String(40), nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
    )
    op.create_table(
        "tombstones",
        sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("record", sa.String(40), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
    )
    op.create_table(
        "holdings",
        sa.Column("partner", sa.String(40), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("records", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "stops",
        sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True),
        sa.Column("stopped_at", sa.String(40), nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column(
            "drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), nullable=False, index=True
        ),
        sa.Column("received_at", sa.String(40), nullable=False),
        sa.Column("recorded_at", sa.String(40), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
        sqlite_autoincrement=True,
    )
