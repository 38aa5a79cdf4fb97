"""What persons decided about words of the trade, one decision after the other: a word can be taken back."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table, bring over the words that were added, and drop the one that held them."""
    decisions = op.create_table(
        "word_decisions",
        sa.Column("sequence", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("word", sa.Text, nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("audit_sequence", sa.Integer, sa.ForeignKey("audit.sequence"), nullable=False),
        sqlite_autoincrement=True,
    )
    added = sa.table("added_words", sa.column("word"), sa.column("audit_sequence"))
    rows = sa.select(added.c.word, sa.literal("added"), added.c.audit_sequence)
    op.execute(
        decisions.insert().from_select(
            ["word", "decision", "audit_sequence"], rows.order_by(added.c.audit_sequence)
        )
    )
    op.drop_table("added_words")
