"""What partners hold, in pieces that stay with the drop that brought them."""

from collections.abc import Iterator

import pyarrow
import pyarrow.compute as pc
import sqlalchemy as sa
from alembic import op
from pyarrow import ipc

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_PIECE_ROWS = 131_072


def upgrade() -> None:
    """Move the records of holdings and of drops that are not published yet; none is lost."""
    pieces = op.create_table(
        "held_records",
        sa.Column("drop_sequence", sa.Integer, sa.ForeignKey("drops.sequence"), primary_key=True),
        sa.Column("kind", sa.String(20), primary_key=True),
        sa.Column("place", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("records", sa.LargeBinary, nullable=False),
    )
    connection = op.get_bind()
    for kind, content in connection.execute(sa.text("SELECT kind, records FROM holdings")).all():
        held = _unpacked(content)
        for sequence in pc.unique(held["drop"]).to_pylist():
            own = held.filter(pc.equal(held["drop"], sequence)).drop_columns(["drop"])
            _insert(connection, pieces, {"drop_sequence": sequence, "kind": kind}, own)
    unpublished = sa.text(
        "SELECT sequence, kind, records FROM drops"
        " WHERE sequence NOT IN (SELECT drop_sequence FROM publications)"
    )
    for sequence, kind, content in connection.execute(unpublished).all():
        of = {"drop_sequence": sequence, "kind": kind}
        _insert(connection, pieces, of, _unpacked(content))
    op.drop_table("holdings")
    op.drop_column("drops", "records")


def _insert(
    connection: sa.Connection, pieces: sa.Table, of: dict[str, object], records: pyarrow.Table
) -> None:
    for place, piece in enumerate(_pieces(records)):
        values = {**of, "place": place, "records": _packed(piece)}
        connection.execute(sa.insert(pieces).values(values))


def _pieces(records: pyarrow.Table) -> Iterator[pyarrow.Table]:
    for start in range(0, len(records), _PIECE_ROWS):
        yield records.slice(start, _PIECE_ROWS)


def _unpacked(content: bytes) -> pyarrow.Table:
    with ipc.open_stream(content) as stream:
        return stream.read_all()


def _packed(records: pyarrow.Table) -> bytes:
    sink = pyarrow.BufferOutputStream()
    options = ipc.IpcWriteOptions(compression="zstd")
    with ipc.new_stream(sink, records.schema, options=options) as stream:
        stream.write_table(records)
    return bytes(sink.getvalue())
