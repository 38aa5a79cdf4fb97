"""Canonical tables about work: visits, repairs with their lines, invoices."""

from schemas.columns import Kind, decides, deletion, item, key, link

LINE = "3.parts 3.work"
"""A line is a part used or the work done: both items of §7(2)③."""

MOST_YEN = 10**9
"""No line or slip of a repair shop is larger; a bigger figure is a typing error."""


class Visits:
    """One row per time a car came in."""

    visit_id = key("入庫番号")
    customer_id = link("顧客番号", to="customers")
    vehicle_id = link("車両番号", to="vehicles", nullable=True)
    is_deleted = deletion()
    checked_in_on = item("2.visit_date", Kind.DAY, "入庫日", nullable=False)
    odometer_km = item("2.mileage", Kind.WHOLE, "走行距離", minimum=0, maximum=3_000_000)


class Repairs:
    """One row per repair or inspection slip, done here or known from another shop."""

    repair_id = key("整備番号")
    customer_id = link("顧客番号", to="customers")
    vehicle_id = link("車両番号", to="vehicles", nullable=True)
    status = decides(
        Kind.CODE,
        "状態",
        nullable=False,
        codes=["estimate", "in_progress", "completed", "cancelled"],
    )
    reverses_repair_id = decides(Kind.IDENTIFIER, "赤伝の元伝票")
    is_deleted = deletion()
    done_by = item("3.work", Kind.CODE, "実施者", codes=["own_shop", "other_shop"])
    done_on = item("3.work", Kind.DAY, "作業日")
    work_kind = item("3.work", Kind.FREE_TEXT, "作業区分")
    description = item("3.work", Kind.FREE_TEXT, "作業内容")


class RepairLines:
    """One row per labour or part line of a repair."""

    repair_id = link("整備番号", to="repairs")
    is_deleted = deletion()
    line_number = item(LINE, Kind.WHOLE, "行番号", nullable=False, minimum=0, maximum=100_000)
    line_kind = item(LINE, Kind.CODE, "行区分", nullable=False, codes=["labour", "part"])
    name = item(LINE, Kind.FREE_TEXT, "名称")
    quantity = item(LINE, Kind.QUANTITY, "数量", minimum=-1_000_000, maximum=1_000_000)
    unit_price_jpy = item(LINE, Kind.WHOLE, "単価", minimum=-MOST_YEN, maximum=MOST_YEN)
    amount_jpy = item(LINE, Kind.WHOLE, "金額", minimum=-MOST_YEN, maximum=MOST_YEN)


class Invoices:
    """One row per estimate or invoice of a repair."""

    invoice_id = key("伝票番号")
    repair_id = link("整備番号", to="repairs")
    customer_id = link("顧客番号", to="customers")
    is_deleted = deletion()
    estimated_on = item("3.charges", Kind.DAY, "見積日")
    booked_on = item("3.charges", Kind.DAY, "売上計上日")
    billed_jpy = item("3.charges", Kind.WHOLE, "請求金額", minimum=-MOST_YEN, maximum=MOST_YEN)
