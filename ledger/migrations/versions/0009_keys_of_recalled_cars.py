"""By which keys a partner knows the cars a recall drop told of, and their customers."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; of older drops nobody is reminded when what they told of is to be deleted."""
    for name in ("keeper_key", "vehicle_key"):
        op.add_column("recall_handovers", sa.Column(name, sa.String(32)))
