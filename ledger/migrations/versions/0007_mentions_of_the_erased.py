"""What tells of a refuser in other people's rows, once their own are gone."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table; it fills as the refusers still in the records are seen."""
    op.create_table(
        "objection_mentions",
        sa.Column(
            "objection_id",
            sa.String(40),
            sa.ForeignKey("objections.objection_id"),
            primary_key=True,
        ),
        sa.Column("number", sa.String(16), primary_key=True),
        sa.Column("marks", sa.LargeBinary, nullable=False),
    )
