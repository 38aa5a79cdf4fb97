"""What a shop decided in `shop.toml`: limits, recalls, carrying out, photographs, retention."""

from datetime import date
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.strict import Strict

Share = Annotated[float, Field(ge=0, le=1)]


class Limits(Strict):
    """When a run is held: shares above which, and whether a register without objections is believed.

    `max_records_age_days` is how long ago the newest work in the records may be: in an export that was
    left behind nobody has objected since.
    `acknowledge_within_days` is how long a partner may take before a drop counts as overdue.
    """

    max_quarantined_share: Share = 0.05
    max_objection_shrink_share: Share = 0.05
    max_objection_lift_share: Share = 0.2
    max_unmatched_objection_share: Share = 0.2
    max_vanished_share: Share = 0.2
    max_records_age_days: Annotated[int, Field(ge=1)] = 31
    objections_may_be_empty: bool = False
    acknowledge_within_days: Annotated[int, Field(ge=1)] = 14


class Recalls(Strict):
    """What the shop decided about recalls.

    A recall is about life and limb: 個人情報保護法18条3項2号 lets a shop use data without consent where it
    must to protect them and consent is hard to get. Whether it also calls a customer who asked for
    erasure is for the shop to decide.
    """

    call_those_who_refused_all_use: bool = True


class Permission(Strict):
    """A standing permission to carry out more persons, by a data manager, for a reason and a time."""

    kind: Literal["monthly", "recall"]
    max_persons: Annotated[int, Field(ge=1)]
    until: date
    by: str
    reason: Annotated[str, Field(min_length=4)]


class CarryOut(Strict):
    """How many persons one drop may hold without the data manager (policy §8: 持ち運ぶ場合の件数制限).

    1,000 is the number above which a leak must be reported (個人情報保護委員会規則7条4号).
    """

    max_persons: Annotated[int, Field(ge=0)] = 1000
    data_managers: tuple[str, ...] = ()
    standing: tuple[Permission, ...] = ()

    @model_validator(mode="after")
    def _permissions_are_a_data_managers(self) -> Self:
        for permission in self.standing:
            if permission.by not in self.data_managers:
                raise ValueError(
                    "standing.by: data_managers の一人の名前を書いてください / "
                    "standing.by: name one of data_managers"
                )
        return self

    def most(self, kind: str, today: date) -> int:
        """Give how many persons a drop of a kind may hold today without being asked for."""
        permitted = [
            each.max_persons for each in self.standing if each.kind == kind and today <= each.until
        ]
        return max([self.max_persons, *permitted])


class Images(Strict):
    """Photographs: the folder they are in, and how large a file is looked at and an image leaves."""

    folder: str = "images"
    max_file_bytes: Annotated[int, Field(ge=1)] = 20_000_000
    max_pixels: Annotated[int, Field(ge=1)] = 50_000_000
    max_side_pixels: Annotated[int, Field(ge=16)] = 1600


Days = Annotated[int, Field(ge=1)]


class Retention(Strict):
    """How many days things are kept (policy §5). What somebody still needs is kept longer."""

    plain_drop_days: Days = 30
    """A published folder; then only its encrypted copy is kept."""
    drop_days: Days = 400
    sealed_days: Days = 60
    quarantine_days: Days = 180
    review_days: Days = 180
    call_list_days: Days = 365
    failures_days: Days = 90
    prefect_days: Days = 180
