"""Cars, certificates, running costs and pictures of the sample."""

import csv
import io
import json
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

import PIL.Image
from PIL import ImageDraw
from PIL.TiffImagePlugin import IFDRational

from data.make_sample import words
from data.make_sample.people import FINANCE_COMPANY, Person

VEHICLES = 450
IMPORT_VIN = "VF3LCYHZRLS037790"
STAMPED = "国[01]00001国"


@dataclass
class Car:
    """A car as it is, before spelling."""

    number: str
    keeper: Person
    is_kei: bool
    maker: str
    model: str
    engine: str
    litres: str
    chassis: str
    plate: tuple[str, str, str, str]
    acquired: date
    released: date | None
    owner: tuple[str, str]
    user: tuple[str, str]
    shape: str = "箱型"


def make_cars(people: list[Person], random: Random) -> list[Car]:
    """Make the cars, in order of their numbers; each of the first customers has one."""
    keepers = [person for person in people if not person.merged_into]
    chosen = keepers + [random.choice(keepers) for _ in range(VEHICLES - len(keepers))]
    cars = [_car(place, keeper, random) for place, keeper in enumerate(chosen, 1)]
    first = {}
    for car in cars:
        first.setdefault(int(car.keeper.number), car)
    objector = next(person for person in people if person.number == "000022")
    first[25].owner = (objector.name, objector.full_address)
    first[26].user = (objector.name, objector.full_address)
    for number in (55, 56, 57):
        first[number].owner = FINANCE_COMPANY
    first[58].owner = (first[59].keeper.name, first[59].keeper.full_address)
    first[60].owner = ("＊＊＊", "＊＊＊")
    first[64].chassis = IMPORT_VIN
    first[65].chassis = first[66].chassis = first[67].chassis = STAMPED
    first[68].shape = "車いす移動車"
    for number, day in ((71, date(2025, 6, 30)), (72, date(2026, 10, 12)), (73, date(2026, 11, 5))):
        first[number].released = day
    return cars


def _car(place: int, keeper: Person, random: Random) -> Car:
    is_kei = random.random() < 0.45
    maker, prefix, model, engine, litres = random.choice(words.KEI if is_kei else words.REGISTERED)
    group = random.choice(["580", "581", "480"] if is_kei else ["300", "500", "501", "3A0", "100"])
    kana = random.choice(
        "あいうえかきくけこさすせそたちつてとなにぬねのはひふほまみむめもやゆらりるろ"
    )
    region = random.choice(["山形", "山形", "山形", "庄内", "仙台", "尾張小牧"])
    serial = (
        f"{random.randint(1000, 9_999_999):07}"
        if maker != "スバル"
        else f"{random.randint(1, 999_999):06}"
    )
    holder = (keeper.name, keeper.full_address)
    return Car(
        number=f"V{place:05}",
        keeper=keeper,
        is_kei=is_kei,
        maker=maker,
        model=model,
        engine=engine,
        litres=litres,
        chassis=f"{prefix}-{serial}",
        plate=(region, group, kana, str(random.choice([1, 8, 88, 123, *range(1000, 9999, 7)]))),
        acquired=date(2012, 1, 1) + timedelta(days=random.randint(0, 4300)),
        released=None,
        owner=holder,
        user=holder,
    )


def vehicle_rows(cars: list[Car], random: Random) -> list[dict[str, str]]:
    """Spell the cars as the shop's ledger does."""
    rows = [
        {
            "車両コード": car.number,
            "顧客コード": car.keeper.number,
            "車名": car.maker,
            "車台番号": _spelt_chassis(car.chassis, random),
            "登録番号": _spelt_plate(car.plate, random),
            "使用用途": random.choice(words.USAGES),
            "取得日": words.any_date(car.acquired, random),
            "手放し日": words.western(car.released, random) if car.released else "",
            "鍵番号": f"K{random.randint(1000, 9999)}",
            "任意保険会社": random.choice(["", "みちのく損保", "蔵王火災"]),
            "備考": "",
        }
        for car in cars
    ]
    rows[440 - 1]["顧客コード"] = "009999"
    return rows


def _spelt_chassis(chassis: str, random: Random) -> str:
    forms = [chassis, chassis, words.wide(chassis), chassis.replace("-", "ー"), f" {chassis}"]
    return random.choice(forms)


def _spelt_plate(plate: tuple[str, str, str, str], random: Random) -> str:
    region, group, kana, number = plate
    dotted = number.rjust(4, "・")
    hyphened = f"{number[:-2]}-{number[-2:]}" if len(number) == 4 else number
    forms = [
        f"{region}{group}{kana}{number}",
        f"{region} {group} {kana} {hyphened}",
        f"{region}{words.wide(group)}{kana}{dotted}",
        words.wide(f"{region} {group} {kana} {number}"),
    ]
    return random.choice(forms)


def certificate_files(cars: list[Car], random: Random) -> dict[str, bytes]:
    """Write 電子車検証 files for the cars that came for inspection since there are such."""
    files = {}
    for place, car in enumerate(cars, 1):
        if random.random() < 0.15 and place > 80:
            continue
        record = _certificate(car, place, random)
        name = f"{place:05}"
        if place % 5 == 0:
            files[f"{name}.csv"] = _as_csv(record)
        else:
            mark = b"\xef\xbb\xbf" if place % 7 == 0 else b""
            document = {"CertInfoImportFileVersion": "1.0", "CertInfo": record}
            files[f"{name}.json"] = (
                mark + json.dumps(document, ensure_ascii=False, indent=1).encode()
            )
    files["09001.json"] = (
        b'{"CertInfoImportFileVersion": "1.0", "CertInfo": {"RegistCarLightCar": "09"}}'
    )
    files["09002.json"] = b"not a certificate"
    return files


def _as_csv(record: dict[str, str]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, record.keys(), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerow(record)
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _certificate(car: Car, place: int, random: Random) -> dict[str, str]:
    issued = date(2024, 1, 5) + timedelta(days=random.randint(0, 1000))
    if issued > date(2026, 10, 31):
        issued = date(2026, 10, 2)
    first = car.acquired - timedelta(days=random.randint(0, 900))
    user_is_owner = car.user == car.owner
    region, group, kana, number = car.plate
    first_key = "Firstexamdate" if car.is_kei else "Firstregistdate"
    owner_name, owner_address = car.owner
    if place == 53:
        owner_name = owner_name.replace("吉", "𠮷")
    record = {
        "FormType": "A",
        "ElectCertMgNo": f"{100000 + place}",
        "CarId": f"{200000000 + place}",
        "EntryNoCarNo": words.wide(f"{region} {group} {kana} {number}"),
        "CarName": car.maker,
        "CarNameCode": "000",
        "CarNo": words.wide(car.chassis),
        "Model": words.wide(car.model) if place % 31 else f"{words.wide(car.model)}改",
        "EngineModel": words.wide(car.engine),
        "OwnernameLowLevelChar": owner_name,
        "OwnernameHighLevelChar": owner_name,
        **_address("Owner", owner_address, "Address"),
        "UsernameLowLevelChar": "＊＊＊" if user_is_owner else car.user[0],
        "UsernameHighLevelChar": "",
        **_address("User", "＊＊＊" if user_is_owner else car.user[1], "Address"),
        **_address("Useheadqrter", "＊＊＊", ""),
        "CarKind": "軽自動車" if car.is_kei else "小型",
        "Use": "乗用",
        "PrivateBusiness": "自家用",
        "CarShape": car.shape,
        "CarShapeCode": "001",
        "NoteCap": "",
        "Cap": "４" if car.is_kei else "５",
        "NoteMaxloadage": "",
        "Maxloadage": "－",
        "CarWgt": words.wide(f"{random.randint(60, 160) * 10}"),
        "CarTotalWgt": words.wide(
            f"{random.randint(170, 210) * 10:,}({random.randint(150, 169) * 10:,})"
        )
        if place % 40 == 0
        else words.wide(f"{random.randint(90, 210) * 10}"),
        "Length": words.wide(str(339 if car.is_kei else 445)),
        "Width": words.wide(str(147 if car.is_kei else 176)),
        "Height": words.wide(str(random.randint(140, 178))),
        "FfAxWgt": words.wide(f"{random.randint(40, 90) * 10}"),
        "FrAxWgt": "－",
        "RfAxWgt": "－",
        "RrAxWgt": words.wide(f"{random.randint(30, 70) * 10}"),
        "Displacement": words.wide(car.litres),
        "FuelClass": "ガソリン",
        "ModelSpecifyNo": words.wide(f"{random.randint(70, 19999):05}"),
        "ClassifyAroundNo": words.wide(f"{random.randint(1, 400):04}"),
        "NoteInfo": "走行距離計表示値　５２，３００ｋｍ\n保安基準適用　備考欄はお渡ししません",
        "TwodimensionCodeInfoCarNo": car.chassis,
        "RegistCarLightCar": "02" if car.is_kei else "01",
    }
    return (
        record
        | _date("Grantdate", issued)
        | _date("ElectCertPublishdate", issued)
        | _date("ValidPeriodExpirdate", issued + timedelta(days=730))
        | {k: v for k, v in _date(first_key, first).items() if not k.endswith("dateD")}
    )


def _address(holder: str, address: str, suffix: str) -> dict[str, str]:
    cut = next((i for i, c in enumerate(address) if c.isdigit()), len(address))
    return {
        f"{holder}{suffix}Char": address[:cut],
        f"{holder}{suffix}NumValue": address[cut:],
        f"{holder}{suffix}Code": "06201",
    }


def _date(key: str, day: date) -> dict[str, str]:
    kanji, _, year = words.era(day)
    return {
        f"{key}E": kanji,
        f"{key}Y": f"{year:>2}",
        f"{key}M": f"{day.month:>2}",
        f"{key}D": f"{day.day:>2}",
    }


def cost_rows(cars: list[Car], random: Random) -> list[dict[str, str]]:
    """Make the taxes and fees of three years."""
    rows = []
    for car in cars:
        for _ in range(random.randint(1, 3)):
            kind, amount = random.choice(words.COSTS)
            day = date(2023, 11, 1) + timedelta(days=random.randint(0, 1094))
            rows.append(
                {
                    "車両コード": car.number,
                    "費目": kind,
                    "金額": random.choice([str(amount), f"{amount:,}", words.wide(f"{amount:,}")]),
                    "発生日": words.any_date(day, random),
                    "減免理由": "身体障害者減免" if random.random() < 0.02 else "",
                }
            )
    rows[100]["発生日"] = "2026/02/30"
    return [{"諸費用番号": f"T{place:06}", **row} for place, row in enumerate(rows, 1)]


def picture_rows_and_files(
    cars: list[Car], random: Random
) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    """Draw a few photographs with the metadata a phone leaves in them."""
    rows, files = [], {}
    for place in range(1, 9):
        car = cars[place * 7]
        name = f"IMG_{place:04}.jpg"
        rows.append(
            {
                "画像番号": f"P{place:04}",
                "車両コード": car.number,
                "撮影日": f"2026/10/{place:02}",
                "ファイル名": name,
                "提供可": "○" if place % 2 else "×",
            }
        )
        files[name] = _photograph(random)
    return rows, files


def _photograph(random: Random) -> bytes:
    image = PIL.Image.new("RGB", (160, 120), (120, 150, 190))
    pen = ImageDraw.Draw(image)
    pen.rectangle((30, 50, 130, 90), fill=(random.randint(0, 255), 40, 40))
    for x in (50, 110):
        pen.ellipse((x - 10, 80, x + 10, 100), fill=(20, 20, 20))
    exif = PIL.Image.Exif()
    exif[271], exif[272], exif[306] = "Sample", "Phone", "2026:10:01 09:00:00"
    exif[34853] = {
        1: "N",
        2: (IFDRational(38), IFDRational(15), IFDRational(0)),
        3: "E",
        4: (IFDRational(140), IFDRational(19), IFDRational(0)),
    }
    out = io.BytesIO()
    image.save(out, "JPEG", quality=60, exif=exif)
    return out.getvalue()
