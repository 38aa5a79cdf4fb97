"""What a partner sends back about a drop: `joint-use-ack/1`, documented in the README."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from schemas.drop import Drop
from schemas.errors import ConfigurationError
from schemas.strict import Strict

Reason = Literal["invalid", "unreadable", "duplicate", "no_parent", "unknown_key", "other"]
"""Why a row was not taken: words of a list, because the shop keeps them for ever."""

NOTHING_HELD = "unknown_key"
"""Of a row of `deleted`: the partner holds nothing under the key."""


class RejectedRow(Strict):
    """One row the partner could not take: its number in the file (the first after the header is 1)."""

    row: Annotated[int, Field(ge=1)]
    reason: Reason


class AcknowledgedTable(Strict):
    """What became of the rows of one file."""

    accepted: Annotated[int, Field(ge=0)]
    rejected: tuple[RejectedRow, ...] = ()


class Acknowledgement(Strict):
    """A partner's answer to one drop."""

    format: Literal["joint-use-ack/1"]
    drop_id: str
    received_at: AwareDatetime
    tables: Mapping[str, AcknowledgedTable]

    @property
    def rejected_count(self) -> int:
        """How many rows were not accepted."""
        return sum(len(table.rejected) for table in self.tables.values())

    @property
    def is_doubtful(self) -> bool:
        """Whether rows of records were rejected: what the partner holds by the drop is not known."""
        return any(each.rejected for name, each in self.tables.items() if name != "deleted")

    def hold_against(self, drop: Drop, published_at: datetime, now: datetime) -> None:
        """Refuse an answer that does not account for every row of the drop.

        Raises:
            ConfigurationError: naming the file and both counts.
        """
        rows = {table.name: table.rows for table in drop.files}
        if self.drop_id != drop.drop_id:
            raise ConfigurationError(
                f"この返事は {drop.drop_id} ではなく {self.drop_id[:80]} のものです / "
                f"this acknowledgement is of {self.drop_id[:80]}, not of {drop.drop_id}"
            )
        if self.received_at < published_at:
            raise ConfigurationError(
                "received_at が納品より前です。納品先に正しい日時を確かめてください / "
                "received_at is before the drop was published; ask the partner for the right instant"
            )
        if self.received_at > now:
            raise ConfigurationError(
                "received_at が先の日時です。納品先に正しい日時を確かめてください / "
                "received_at is in the future; ask the partner for the right instant"
            )
        if set(self.tables) != set(rows):
            raise ConfigurationError(
                f"tables: 納品には {', '.join(rows)} があります。返事もちょうどこれらについて要ります / "
                f"tables: the drop has {', '.join(rows)}; the acknowledgement must name exactly these"
            )
        for name, table in self.tables.items():
            _hold_table(name, table, rows[name])


def _hold_table(name: str, table: AcknowledgedTable, rows: int) -> None:
    numbers = {rejected.row for rejected in table.rejected}
    if len(numbers) != len(table.rejected) or any(number > rows for number in numbers):
        raise ConfigurationError(
            f"tables.{name}.rejected: 同じ行が二度あるか、その行がありません / "
            f"tables.{name}.rejected: a row is named twice, or the file has no such row"
        )
    if table.accepted + len(numbers) != rows:
        raise ConfigurationError(
            f"tables.{name}: 納品は {rows} 行、返事は {table.accepted + len(numbers)} 行分です / "
            f"tables.{name}: {rows} rows were delivered, the acknowledgement accounts for "
            f"{table.accepted + len(numbers)}"
        )
