"""Visits, repairs with lines, and invoices of the sample, traps included."""

from datetime import date, timedelta
from random import Random

from data.make_sample import words
from data.make_sample.cars import Car

FIRST_DAY, LAST_DAY = date(2023, 11, 1), date(2026, 10, 31)
STATES = ["完了"] * 88 + ["見積"] * 5 + ["作業中"] * 3 + ["キャンセル"] * 4

Rows = list[dict[str, str]]


def make_work(cars: list[Car], random: Random) -> tuple[Rows, Rows, Rows, Rows]:
    """Make visits, repairs, lines and invoices, each in order of its key."""
    visits: Rows = []
    repairs: Rows = []
    lines: Rows = []
    invoices: Rows = []
    jobs = sorted(
        (
            (FIRST_DAY + timedelta(days=random.randint(0, (LAST_DAY - FIRST_DAY).days)), car)
            for car in cars
            for _ in range(random.randint(2, 7))
        ),
        key=lambda job: (job[0], job[1].number),
    )
    for place, (day, car) in enumerate(jobs, 1):
        if car.released and day >= car.released:
            continue
        visits.append(_visit(place, day, car, random))
        state = random.choice(STATES)
        repair = _repair(place, day, car, state, random)
        repairs.append(repair)
        total = _add_lines(lines, repair, random)
        if repair["実施区分"] == "自社":
            invoices.append(_invoice(place, day, repair, state, total, random))
    _add_reversal(repairs, lines, invoices)
    _break_some(visits, repairs, lines, invoices)
    _add_private_texts(repairs, lines)
    for place, invoice in enumerate(invoices, 1):
        invoice["伝票番号"] = f"D{place:06}"
    return visits, repairs, lines, [{"伝票番号": i["伝票番号"], **i} for i in invoices]


def _visit(place: int, day: date, car: Car, random: Random) -> dict[str, str]:
    km = random.randint(3_000, 180_000)
    return {
        "入庫番号": f"N{place:06}",
        "顧客コード": car.keeper.number,
        "車両コード": car.number,
        "入庫日": words.any_date(day, random),
        "走行距離": random.choice([str(km), f"{km:,}km", words.wide(f"{km:,}"), ""]),
        "代車": random.choice(["", "代車１号"]),
    }


def _repair(place: int, day: date, car: Car, state: str, random: Random) -> dict[str, str]:
    kind = random.choice(list(words.WORK))
    notes = [
        "",
        "",
        f"{kind}一式",
        "異音点検\n右前輪から異音",
        "次回タイヤ交換をご案内",
        "〜別紙見積書のとおり".replace("〜", "～"),
    ]
    if car.keeper.number == "000027":
        notes = ["安孫子清様のご紹介により割引"]
    return {
        "整備番号": f"S{place:06}",
        "顧客コード": car.keeper.number,
        "車両コード": car.number,
        "状態": state,
        "元伝票": "",
        "実施区分": "他社" if random.random() < 0.03 else "自社",
        "完了日": words.western(day + timedelta(days=random.randint(0, 3)), random)
        if state == "完了"
        else "",
        "作業区分": kind,
        "作業内容": random.choice(notes),
        "社内メモ": "値引要求あり、与信注意" if random.random() < 0.05 else "",
        "作業者": "整備士Ｂ",
    }


def _add_lines(lines: Rows, repair: dict[str, str], random: Random) -> int:
    total = 0
    for number, (kind, name, price) in enumerate(words.WORK[repair["作業区分"]], 1):
        tenths = random.choice([10, 10, 10, 20, 40, 38, 5]) if kind == "部品" else 10
        quantity = f"{tenths / 10:g}"
        amount = price * tenths // 10
        total += amount
        lines.append(
            {
                "整備番号": repair["整備番号"],
                "行": str(number),
                "区分": kind,
                "名称": name,
                "数量": quantity if random.random() < 0.8 else words.wide(quantity),
                "単価": random.choice([str(price), f"{price:,}", f"\\{price:,}"]),
                "金額": str(amount),
                "品番": f"PN-{random.randint(10000, 99999)}" if kind == "部品" else "",
                "原価": str(price * 6 // 10),
            }
        )
    return total


def _invoice(
    place: int, day: date, repair: dict[str, str], state: str, total: int, random: Random
) -> dict[str, str]:
    booked = min(day + timedelta(days=random.randint(0, 9)), LAST_DAY)
    is_estimated = state == "見積" or random.random() < 0.4
    return {
        "伝票番号": f"D{place:06}",
        "整備番号": repair["整備番号"],
        "顧客コード": repair["顧客コード"],
        "見積日": words.any_date(day, random) if is_estimated else "",
        "売上計上日": words.any_date(booked, random) if state == "完了" else "",
        "請求金額": f"{total * 11 // 10:,}",
        "請求先": "みちのく損保"
        if repair["作業区分"] == "鈑金塗装" and random.random() < 0.5
        else "本人",
        "入金区分": random.choice(["済", "未収"]),
    }


def _add_reversal(repairs: Rows, lines: Rows, invoices: Rows) -> None:
    """Reverse one slip of an earlier month in October 2026 (赤伝)."""
    original = next(
        r
        for r in repairs
        if r["状態"] == "完了" and r["実施区分"] == "自社" and r["整備番号"] > "S001500"
    )
    repairs.append(
        original
        | {
            "整備番号": "S900001",
            "元伝票": original["整備番号"],
            "完了日": "2026/10/15",
            "作業内容": "赤伝",
        }
    )
    for line in [line for line in lines if line["整備番号"] == original["整備番号"]]:
        lines.append(
            line | {"整備番号": "S900001", "数量": f"-{line['数量']}", "金額": f"▲{line['金額']}"}
        )
    bill = next(i for i in invoices if i["整備番号"] == original["整備番号"])
    invoices.append(
        bill
        | {
            "整備番号": "S900001",
            "見積日": "",
            "売上計上日": "R8.10.15",
            "請求金額": f"▲{bill['請求金額']}",
        }
    )


def _add_private_texts(repairs: Rows, lines: Rows) -> None:
    """Write into October's slips what no partner may read (§10), and garage talk that sounds like it."""
    booked = [
        r for r in repairs if r["状態"] == "完了" and r["完了日"].replace("-", "/")[:7] == "2026/10"
    ]
    texts = [
        "週三日 機械につながれるので夕方納車",
        "透析のため夕方納車",
        "ﾄｳｾｷ 送迎あり",
        "エンジンの病気 原因特定 様子見",
        "車上荒らし 右ガラス交換",
        "盗難防止装置 誤作動 調整",
        "クアトロリンク 給脂",
        "ネクサビーム照度確認",
    ]
    for repair, text in zip(booked[2::3], texts, strict=False):
        repair["作業内容"] = text
    own = {repair["整備番号"] for repair in booked[20:22]}
    for line in [line for line in lines if line["整備番号"] in own and line["行"] == "2"]:
        line["名称"] = "手動運転装置 点検"


def _break_some(visits: Rows, repairs: Rows, lines: Rows, invoices: Rows) -> None:
    """Break a few rows in the ways real records are broken."""
    done = [r for r in repairs[-250:] if r["状態"] == "完了" and r["実施区分"] == "自社"]
    visits[-3]["顧客コード"] = "008888"
    visits[-5]["入庫日"] = "2026/10/32"
    visits[-7]["走行距離"] = "不明?"
    done[3]["完了日"] = "26/10/5"
    done[5]["状態"] = "？？"
    for place, change in ((7, {"数量": "-1"}), (9, {"金額": "一万円"}), (11, {"行": "1"})):
        line = [line for line in lines if line["整備番号"] == done[place]["整備番号"]][-1]
        line.update(change)
    invoice = next(i for i in invoices if i["整備番号"] == done[13]["整備番号"])
    invoice["請求金額"] = "12,34"
