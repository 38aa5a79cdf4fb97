"""Canonical tables about work: visits, repairs with their lines, invoices."""

from schemas.columns import Day, Kind, Quantity, Text, Whole, decides, item, key, link, one_of
from schemas.people import CanonicalTable

LINE = "3.parts 3.work"
"""A line is a part used or the work done: both items of §7(2)③."""

MOST_YEN = 10**9
"""No line or slip of a repair shop is larger; a bigger figure is a typing error."""


class Visits(CanonicalTable):
    """One row per time a car came in."""

    visit_id: Text = key("入庫番号")
    customer_id: Text = link("顧客番号", to="customers")
    vehicle_id: Text = link("車両番号", to="vehicles", nullable=True)
    checked_in_on: Day = item("2.visit_date", Kind.DAY, "入庫日", nullable=False)
    odometer_km: Whole = item("2.mileage", Kind.WHOLE, "走行距離", ge=0, le=3_000_000)


class Repairs(CanonicalTable):
    """One row per repair or inspection slip, done here or known from another shop."""

    repair_id: Text = key("整備番号")
    customer_id: Text = link("顧客番号", to="customers")
    vehicle_id: Text = link("車両番号", to="vehicles", nullable=True)
    status: Text = decides(
        Kind.CODE,
        "状態",
        nullable=False,
        **one_of(["estimate", "in_progress", "completed", "cancelled"]),
    )
    reverses_repair_id: Text = decides(Kind.IDENTIFIER, "赤伝の元伝票")
    done_by: Text = item("3.work", Kind.CODE, "実施者", **one_of(["own_shop", "other_shop"]))
    done_on: Day = item("3.work", Kind.DAY, "作業日")
    work_kind: Text = item("3.work", Kind.FREE_TEXT, "作業区分")
    description: Text = item("3.work", Kind.FREE_TEXT, "作業内容")


class RepairLines(CanonicalTable):
    """One row per labour or part line of a repair."""

    repair_id: Text = link("整備番号", to="repairs")
    line_number: Whole = item(LINE, Kind.WHOLE, "行番号", nullable=False, ge=0, le=100_000)
    line_kind: Text = item(LINE, Kind.CODE, "行区分", nullable=False, **one_of(["labour", "part"]))
    name: Text = item(LINE, Kind.FREE_TEXT, "名称")
    quantity: Quantity = item(LINE, Kind.QUANTITY, "数量", ge=-1_000_000, le=1_000_000)
    unit_price_jpy: Whole = item(LINE, Kind.WHOLE, "単価", ge=-MOST_YEN, le=MOST_YEN)
    amount_jpy: Whole = item(LINE, Kind.WHOLE, "金額", ge=-MOST_YEN, le=MOST_YEN)


class Invoices(CanonicalTable):
    """One row per estimate or invoice of a repair."""

    invoice_id: Text = key("伝票番号")
    repair_id: Text = link("整備番号", to="repairs")
    customer_id: Text = link("顧客番号", to="customers")
    estimated_on: Day = item("3.charges", Kind.DAY, "見積日")
    booked_on: Day = item("3.charges", Kind.DAY, "売上計上日")
    billed_jpy: Whole = item("3.charges", Kind.WHOLE, "請求金額", ge=-MOST_YEN, le=MOST_YEN)
