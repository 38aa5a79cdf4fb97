"""Customers, families and objections of the sample, traps included."""

from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from data.make_sample import words

CUSTOMERS = 300
COMPANIES = range(41, 49)
FINANCE_COMPANY = ("山形オートファイナンス株式会社", "山形市十日町１－１－１")


@dataclass
class Person:
    """A customer as the shop knows them, before spelling."""

    number: str
    name: str
    kana: str
    sex: str
    is_company: bool
    postal_code: str
    address: str
    building: str
    birth: date | None
    phone: str
    mobile: str
    fax: str
    email: str
    merged_into: str = ""

    @property
    def full_address(self) -> str:
        """Address as the shop's system shows it."""
        return self.address + self.building


def make_people(random: Random) -> list[Person]:
    """Make the customers, in order of their numbers."""
    people = [_person(number, random) for number in range(1, CUSTOMERS + 1)]
    by = {int(person.number): person for person in people}
    _same_name(by[31], by[32], "佐藤　健", "サトウ ケン")
    by[32].birth = date(1958, 3, 3)
    _same_name(by[33], by[34], "結城　優", "ユウキ ユウ")
    by[34].birth, by[34].address, by[34].building, by[34].phone = (
        by[33].birth,
        by[33].address,
        by[33].building,
        by[33].phone,
    )
    by[34].name, by[34].kana = "結城　彩", "ユウキ アヤ"
    by[35].merged_into = "000036"
    _same_name(by[35], by[36], by[36].name, by[36].kana)
    by[20].merged_into = "000019"
    _same_name(by[19], by[20], by[19].name, by[19].kana)
    by[52].address, by[52].building, by[52].phone = by[51].address, by[51].building, by[51].phone
    by[52].name = by[51].name.split("\u3000")[0] + "\u3000千代"
    by[22].name, by[22].kana, by[22].sex = "安孫子　清", "アビコ キヨシ", "男"
    by[22].birth = date(1961, 5, 17)
    by[61].phone = "643-8163"
    by[62].phone, by[62].mobile = "なし", "070-0000-0000"
    by[63].name, by[63].kana = "=SUM(A1:A9)商店", "サムショウテン"
    by[63].is_company, by[63].sex = True, ""
    return people


def _same_name(first: Person, second: Person, name: str, kana: str) -> None:
    first.name = second.name = name
    first.kana = second.kana = kana


def _person(number: int, random: Random) -> Person:
    is_company = number in COMPANIES or random.random() < 0.06
    is_man = random.random() < 0.55
    surname, surname_kana = random.choice(words.SURNAMES)
    given, given_kana = random.choice(words.GIVEN_MEN if is_man else words.GIVEN_WOMEN)
    name, kana = f"{surname}\u3000{given}", f"{surname_kana} {given_kana}"
    if is_company:
        name = random.choice(
            [f"㈱{surname}建設", f"有限会社{surname}商店", f"(株){surname}電機", f"{surname}農園"]
        )
        kana = f"{surname_kana}カイシャ"
    postal_code, town = random.choice(words.TOWNS)
    block = random.choice(
        [
            f"{random.randint(1, 60)}番地{random.randint(1, 20)}",
            f"{random.randint(1, 60)}-{random.randint(1, 20)}",
            words.wide(f"{random.randint(1, 60)}-{random.randint(1, 20)}"),
        ]
    )
    birth = date(1938, 1, 1) + timedelta(days=random.randint(0, 24_800))
    return Person(
        number=f"{number:06}",
        name=name,
        kana=words.half_kana(kana) if random.random() < 0.7 else kana,
        sex="" if is_company else "男" if is_man else "女",
        is_company=is_company,
        postal_code=postal_code if random.random() < 0.8 else words.wide(postal_code),
        address=town + block,
        building="" if is_company else random.choice(words.BUILDINGS),
        birth=None if is_company or random.random() < 0.1 else birth,
        phone=words.phone("023", random) if random.random() < 0.85 else "",
        mobile="" if is_company or random.random() < 0.2 else words.mobile(random),
        fax=words.phone("023", random) if is_company else "",
        email=f"user{number:04}@example.jp" if random.random() < 0.45 else "",
    )


def customer_rows(people: list[Person], random: Random) -> list[dict[str, str]]:
    """Spell the customers as the shop's system exports them; add the broken ones."""
    rows = [_customer_row(person, random) for person in people]
    rows[260 - 1]["氏名"] = "外字\ue000子"
    rows[261 - 1]["生年月日"] = "昭和65年13月40日"
    rows[262 - 1]["性別"] = "？"
    twice = _customer_row(people[290 - 1], random) | {"氏名": "別人　太郎"}
    return [*rows[:290], twice, *rows[290:]]


def _customer_row(person: Person, random: Random) -> dict[str, str]:
    return {
        "顧客コード": person.number,
        "氏名": person.name,
        "フリガナ": person.kana,
        "区分": "法人" if person.is_company else "個人",
        "性別": "法人" if person.is_company else person.sex,
        "〒": person.postal_code,
        "住所１": person.address,
        "住所２": person.building,
        "ＴＥＬ": person.phone,
        "携帯電話": person.mobile,
        "ＦＡＸ": person.fax,
        "メールアドレス": person.email,
        "生年月日": words.any_date(person.birth, random) if person.birth else "",
        "職業": "" if person.is_company else random.choice(words.JOBS),
        "買替意向": random.choice(words.INTENTS),
        "統合先コード": person.merged_into,
        "LINEアカウント": f"line-{person.number}" if random.random() < 0.3 else "",
        "Instagram": f"@insta_{person.number}" if random.random() < 0.2 else "",
        "与信メモ": "支払遅れあり" if random.random() < 0.05 else "",
        "備考": "電話は夕方以降\n（折返し可）" if random.random() < 0.1 else "",
        "担当者": "店員Ａ",
    }


def family_rows(people: list[Person], random: Random) -> list[dict[str, str]]:
    """Make family members; some are customers themselves, one is an objector."""
    by = {int(person.number): person for person in people}
    objector = by[22]
    entries: list[tuple[int, str, str, date | None, str]] = [
        (23, "父", objector.name, objector.birth, objector.number),
        (24, "義父", objector.name.replace("\u3000", " "), objector.birth, ""),
        (28, "親戚", objector.name, date(1999, 9, 9), ""),
        (51, "母", by[52].name, by[52].birth, by[52].number),
        (52, "長男", by[51].name, by[51].birth, by[51].number),
        (53, "妻", "𠮷田　花子", date(1970, 4, 4), ""),
        (54, "長女", "ゔぃくとりあ", None, ""),
    ]
    for number in random.sample(range(64, CUSTOMERS), 90):
        person = by[number]
        if not person.is_company:
            given, _ = random.choice(words.GIVEN_WOMEN + words.GIVEN_MEN)
            birth = date(1950, 1, 1) + timedelta(days=random.randint(0, 24_000))
            name = f"{person.name.split(chr(0x3000))[0]}\u3000{given}"
            entries.append(
                (number, random.choice(["妻", "夫", "長男", "長女", "母"]), name, birth, "")
            )
    entries.sort(key=lambda entry: entry[0])
    return [
        {
            "家族番号": f"F{place:05}",
            "顧客コード": f"{number:06}",
            "続柄": relation,
            "氏名": name,
            "生年月日": words.any_date(birth, random) if birth else "",
            "本人顧客コード": linked,
        }
        for place, (number, relation, name, birth, linked) in enumerate(entries, 1)
    ]


_OBJECTIONS = [
    ("000011", "提供停止", "", "", "2024/05/01", "", "", "窓口"),
    ("000012", "提供停止", "lotas", "", "R6.6.1", "", "", "電話"),
    ("000013", "利用目的", "", "2.offers", "令和6年7月1日", "", "", "手紙"),
    ("000014", "消去", "", "", "2024/08/01", "", "", "窓口"),
    ("000015", "提供停止", "", "", "2026/10/01", "2099/01/01", "", "窓口"),
    ("000016", "提供停止", "", "", "2024/01/10", "", "2025/04/01", "電話"),
    ("000017", "", "", "", "2025/02/02", "", "", "窓口"),
    ("000018", "要確認", "", "", "2025/03/03", "", "", "電話"),
    ("000020", "提供停止", "", "", "2019/03/03", "", "", "窓口"),
    ("000022", "提供停止", "", "", "2025/11/11", "", "", "メール"),
    ("000031", "提供停止", "", "", "2025/12/01", "", "", "窓口"),
    ("000033", "提供停止", "", "", "2026/01/15", "", "", "窓口"),
    ("000042", "提供停止", "", "", "2026/02/01", "", "", "手紙"),
    ("999999", "消去", "", "", "2023/12/01", "", "", "手紙"),
]


def objection_rows() -> list[dict[str, str]]:
    """Give the objections of the shop's own system."""
    headers = ["顧客コード", "範囲", "共同利用者", "目的", "受付日", "効力日", "撤回日", "受付方法"]
    return [
        {"申出番号": f"M{place:04}", **dict(zip(headers, entry, strict=True))}
        for place, entry in enumerate(_OBJECTIONS, 1)
    ]


def counter_objection_rows() -> list[dict[str, str]]:
    """Give the objections written down at the counter, in the canonical form."""
    headers = [
        "objection_id",
        "customer_id",
        "scope",
        "partner",
        "purpose",
        "received_on",
        "effective_on",
        "lifted_on",
        "channel",
    ]
    entries = [
        ("K0001", "000021", "provision", "broadleaf", "", "2026-10-20", "", "", "counter"),
        ("K0002", "000029", "purpose", "lotas", "2.offers", "2026-10-25", "", "", "phone"),
    ]
    return [dict(zip(headers, entry, strict=True)) for entry in entries]
