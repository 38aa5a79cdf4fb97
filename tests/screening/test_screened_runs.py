"""What screening does to an export: cells, rows, the account, and what a person decides."""

import errno
import json
from collections import Counter
from pathlib import Path

import pytest
from PIL import Image

from flows.counter.reviewing import (
    add_words,
    decide_texts,
    decided,
    take_back_words,
    waiting,
    withhold_texts,
)
from flows.running.reconciling import doubts, examined
from flows.running.request import Mode
from ledger.quarantine import QuarantineFolder
from schemas.errors import ConfigurationError, RefusedError
from schemas.screening import Decision
from schemas.shop_rules import Images
from sources.photographs import read_photograph
from tests.command import joint_use
from tests.factories import (
    NOW,
    PERSON,
    agreement,
    bytes_of,
    customer,
    delivered,
    desk,
    joined,
    objection,
    release_texts,
    run,
    slip,
    vehicle,
    whys,
    write_shop,
)

SECRET = "週三日 機械につながれて血をきれいにしてる"


def tables(description: str = "", line: str = "オイル", **more):
    whole = joined(
        {
            "customers": [customer("1")],
            "vehicles": [vehicle("V1", "1")],
            "objections": [objection("99")],
        },
        slip("S1", "1", "V1"),
        more,
    )
    whole["repairs"][0]["description"] = description
    whole["repair_lines"][0]["name"] = line
    return whole


def test_a_cell_that_waits_goes_out_empty_and_holds_nothing_else_back(tmp_path):
    report = run(write_shop(tmp_path, tables(SECRET)))
    (outcome,) = report.outcomes
    (row,) = delivered(report)["repairs"]
    assert (row["description"], row["done_by"]) == ("", "own_shop")
    assert outcome.cells == {"waits": 1}
    assert report.texts_waiting == 1
    assert len(delivered(report)["repair_lines"]) == 2


def test_a_released_text_leaves_with_the_next_export_and_one_withheld_never(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換", "もへじ部品"))
    run(shop)
    texts = {each.text: each.name for each in waiting(desk(shop))}
    decide_texts(desk(shop), [texts["ほにゃらら交換"]], Decision.RELEASED)
    decide_texts(desk(shop), [texts["もへじ部品"]], Decision.WITHHELD)
    report = run(shop)
    assert report.outcomes[0].drop_id == "lotas/monthly-2026-10-r2"
    assert delivered(report)["repairs"][0]["description"] == "ほにゃらら交換"
    assert delivered(report)["repair_lines"][0]["name"] == ""
    assert report.outcomes[0].cells == {"withheld:by_decision": 1}
    assert waiting(desk(shop)) == []


def test_a_correction_carries_released_texts_too(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換"))
    run(shop)
    release_texts(shop)
    report = run(shop, mode=Mode.CORRECT, confirmed=True, reason="確認した文を渡す")
    assert report.outcomes[0].difference["repairs"].changed == 1


def test_an_added_word_lets_every_text_with_it_leave(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換", "ほにゃらら"))
    run(shop)
    assert add_words(desk(shop), ["ほにゃらら"]) == ["ほにゃらら"]
    assert waiting(desk(shop)) == []
    assert run(shop).outcomes[0].cells == {}


def test_texts_with_a_word_that_was_taken_back_wait_again(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換", "ほにゃらら"))
    add_words(desk(shop), ["ほにゃらら"])
    first = run(shop)
    assert delivered(first)["repairs"][0]["description"] == "ほにゃらら交換"
    assert take_back_words(desk(shop), ["ほにゃらら"]) == ["ほにゃらら"]
    again = run(shop)
    assert delivered(again)["repairs"][0]["description"] == ""
    assert {each.text for each in waiting(desk(shop))} == {"ほにゃらら交換", "ほにゃらら"}
    with pytest.raises(ConfigurationError, match="not among the words"):
        take_back_words(desk(shop), ["ほにゃらら"])
    add_words(desk(shop), ["ほにゃらら"])
    assert delivered(run(shop))["repairs"][0]["description"] == "ほにゃらら交換"
    ledger = desk(shop).ledger
    assert doubts(ledger, examined(ledger, [shop / "drops"])) == []


def test_a_text_the_trade_knows_is_withheld_as_it_is_written(tmp_path):
    shop = write_shop(tmp_path, tables("オイル交換"))
    run(shop)
    withhold_texts(desk(shop), ["ｵｲﾙ 交換"])
    assert delivered(run(shop))["repairs"][0]["description"] == ""
    with pytest.raises(ConfigurationError, match="is empty"):
        withhold_texts(desk(shop), [" "])


def test_what_was_decided_is_listed_and_can_be_decided_again(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換", "もへじ部品"))
    run(shop)
    name = {each.text: each.name for each in waiting(desk(shop))}["ほにゃらら交換"]
    decide_texts(desk(shop), [name], Decision.RELEASED)
    add_words(desk(shop), ["もへじ"])
    of_text, of_word = decided(desk(shop))
    assert (of_text.name, of_text.decision, of_text.text) == (name, "released", "ほにゃらら交換")
    assert (of_text.on, of_text.person) == (f"{NOW:%Y-%m-%d}", PERSON)
    assert (of_word.name, of_word.decision) == ("もへじ", "added")
    run(shop)
    decide_texts(desk(shop), [name], Decision.WITHHELD)
    (of_text, _) = decided(desk(shop))
    assert (of_text.decision, of_text.text) == ("withheld", None)
    told = joint_use("review", "--decided", "--shop", shop, "--operator", PERSON).stdout
    assert f"{name}  渡さない withheld" in told
    assert "もへじ  業界の言葉 added" in told


@pytest.mark.parametrize("word", ["透析", "試験", "あ", "番号12", "ほにゃ らら"])
def test_a_word_that_is_a_danger_a_name_or_no_word_is_refused(tmp_path, word):
    shop = write_shop(tmp_path, tables(customers=[customer("2", name="試験 太郎")]))
    with pytest.raises(RefusedError) as caught:
        add_words(desk(shop), [word])
    assert word not in str(caught.value)


def test_nothing_can_be_decided_about_a_text_that_does_not_wait(tmp_path):
    shop = write_shop(tmp_path, tables())
    with pytest.raises(ConfigurationError, match="does not wait"):
        decide_texts(desk(shop), ["0123456789"], Decision.RELEASED)


def test_what_was_withheld_is_counted_and_never_listed_for_review(tmp_path):
    shop = write_shop(tmp_path, tables("透析のため夕方納車"))
    report = run(shop)
    assert report.outcomes[0].cells == {"withheld:health_care": 1}
    assert waiting(desk(shop)) == []


def test_the_partner_is_told_how_many_cells_are_empty_and_not_why(tmp_path):
    shop = tables("透析のため夕方納車", customers=[customer("2", occupation="魔法の絨毯職人")])
    outcome = run(write_shop(tmp_path, shop)).outcomes[0]
    assert outcome.cells == {"waits": 1, "withheld:health_care": 1}
    drop = (Path(outcome.path) / "drop.json").read_text()
    assert json.loads(drop)["cells"] == {"withheld": 2}
    assert "health" not in drop


def test_a_line_that_tells_of_a_disability_is_withheld_as_a_row(tmp_path):
    report = run(write_shop(tmp_path, tables(line="手動運転装置 取付")))
    account = report.outcomes[0].account["repair_lines"]
    assert (account.read, account.delivered, account.withheld) == (2, 1, 1)
    assert report.outcomes[0].reasons["repair_lines"] == {"withheld: inference": 1}


def test_a_my_number_sets_its_slip_aside_until_the_source_is_mended(tmp_path):
    shop = write_shop(tmp_path, tables(line="控 1234-5678-9018"))
    report = run(shop)
    account = report.outcomes[0].account
    assert (account["repair_lines"].quarantined, account["repairs"].quarantined) == (2, 1)
    assert account["invoices"].quarantined == 1
    reasons = QuarantineFolder(shop / "state").summary().reasons
    assert reasons["repair_lines"] == {"name:number": 1, "repair_id:set_aside": 1}
    assert reasons["repairs"] == {"repair_lines:set_aside": 1}


def test_a_tax_of_nothing_and_what_names_an_exemption_stay(tmp_path):
    cases = {
        ("自動車税種別割", "30500"): True,
        ("自動車税種別割", "0"): False,
        ("自動車税種別割", ""): False,
        ("種別割", "0"): False,
        ("環境性能割", "0"): False,
        ("自賠責保険料", "0"): True,
        ("自動車税減免", "0"): False,
        ("自動車税減免", "15000"): False,
        ("身障者減免", "0"): False,
        ("身体障害者減免", "-39500"): False,
        ("障害者手帳割引", "0"): False,
        ("車いす昇降装置", "300000"): False,
    }
    days = {case: f"2026-10-{day:02}" for day, case in enumerate(cases, 1)}
    costs = [
        {
            "vehicle_cost_id": f"T{day}",
            "vehicle_id": "V1",
            "cost_kind": kind,
            "amount_jpy": amount,
            "incurred_on": day,
        }
        for (kind, amount), day in days.items()
    ]
    report = run(write_shop(tmp_path, tables(vehicle_costs=costs)))
    left = [row["incurred_on"] for row in delivered(report)["vehicle_costs"]]
    assert {case: left.count(day) for case, day in days.items()} == cases
    account = report.outcomes[0].account["vehicle_costs"]
    leaving = sum(cases.values())
    assert (account.delivered, account.withheld) == (leaving, len(cases) - leaving)


def test_a_body_shape_that_tells_of_a_disability_is_emptied(tmp_path):
    paper = {"vehicle_id": "V1", "body_shape": "車いす移動車", "model_code": "DBA-ZRR80W"}
    (row,) = delivered(run(write_shop(tmp_path, tables(certificates=[paper]))))["certificates"]
    assert (row["body_shape"], row["model_code"]) == ("", "DBA-ZRR80W")


def test_another_customers_name_in_a_text_is_withheld(tmp_path):
    people = [customer("2", name="前後 左右")]
    report = run(write_shop(tmp_path, tables("前後左右 点検", customers=people)))
    assert report.outcomes[0].cells == {"withheld:person": 1}


@pytest.mark.parametrize("reason", ["前後左右の申し出のため", "マエウシロ分の訂正"])
def test_a_reason_that_names_a_customer_stops_the_run_and_is_not_repeated(tmp_path, reason):
    people = [customer("2", name="前後 左右", name_kana="ﾏｴｳｼﾛ")]
    shop = write_shop(tmp_path, tables("オイル交換", customers=people))
    with pytest.raises(ConfigurationError, match="names a customer") as refused:
        run(shop, reason=reason)
    assert reason not in str(refused.value)
    assert not (shop / "drops").exists() or not list((shop / "drops").rglob("drop.json"))
    assert run(shop, reason="申し出のため").outcomes[0].status == "published"


@pytest.mark.parametrize("reason", ["お客様が透析で入院したため", "奥様がうつ病のため"])
def test_a_reason_that_tells_what_never_leaves_stops_the_run(tmp_path, reason):
    shop = write_shop(tmp_path, tables("オイル交換"))
    with pytest.raises(ConfigurationError, match="§10") as refused:
        run(shop, reason=reason)
    assert reason not in str(refused.value)
    assert not list((shop / "drops").rglob("drop.json"))


def test_what_was_erased_from_a_picture_stays_erased(tmp_path):
    (tmp_path / "images").mkdir()
    with Image.new("RGBA", (40, 40), (0, 0, 0, 0)) as erased:
        erased.save(tmp_path / "images" / "a.png")
    report = run(write_shop(tmp_path, tables(vehicle_images=[image("P1", "a.png")])))
    (row,) = delivered(report)["vehicle_images"]
    with Image.open(Path(report.outcomes[0].path) / row["file"]) as picture:
        assert picture.convert("L").getextrema()[0] > 250


def test_a_telephone_number_with_a_no_between_its_parts_is_withheld(tmp_path):
    people = [customer("2", mobile_phone="090-5555-9999")]
    report = run(write_shop(tmp_path, tables("点検 090-5555の9999", customers=people)))
    assert report.outcomes[0].cells == {"withheld:person": 1}


def test_what_one_partner_gets_does_not_depend_on_who_else_is_asked_for(tmp_path):
    both = (
        agreement(),
        agreement(
            "broadleaf", purposes=("1.research",), tables={"customers": {"columns": ["name"]}}
        ),
    )
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    shops = [write_shop(tmp_path / n, tables("控 1234-5678-9018"), *both) for n in ("a", "b")]
    together = run(shops[0]).outcomes
    alone = run(shops[1], partners=("broadleaf",)).outcomes
    accounts = {outcome.partner: outcome.account for outcome in (*together,)}
    assert accounts["broadleaf"] == alone[0].account


CANARIES = {
    "occupation": "カナリヤ壱の仕事",
    "replacement_intent": "カナリヤ弐の意向",
    "relation": "カナリヤ参の続柄",
    "usage": "カナリヤ四の用途",
    "work_kind": "カナリヤ五の作業",
    "description": "カナリヤ六の内容 透析",
    "name": "カナリヤ七の部品",
    "cost_kind": "カナリヤ八の費目",
    "body_shape": "カナリヤ九の形状",
}


def canary_tables():
    whole = tables(CANARIES["description"], CANARIES["name"])
    whole["customers"][0] |= {k: CANARIES[k] for k in ("occupation", "replacement_intent")}
    whole["family_members"] = [
        {"family_member_id": "F1", "customer_id": "1", "relation": CANARIES["relation"]}
    ]
    whole["vehicles"][0]["usage"] = CANARIES["usage"]
    whole["repairs"][0]["work_kind"] = CANARIES["work_kind"]
    whole["vehicle_costs"] = [
        {
            "vehicle_cost_id": "T1",
            "vehicle_id": "V1",
            "cost_kind": CANARIES["cost_kind"],
            "amount_jpy": "5",
            "incurred_on": "2026-10-02",
        }
    ]
    whole["certificates"] = [{"vehicle_id": "V1", "body_shape": CANARIES["body_shape"]}]
    return whole


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_canaries_in_every_free_text_column_are_nowhere_outside_the_state_folder(
    tmp_path, form, capfd
):
    delivery = {"format": form}
    shop = write_shop(tmp_path, canary_tables(), agreement(delivery=delivery))
    report = run(shop)
    everything = bytes_of(shop / "drops") + report.model_dump_json().encode()
    printed = "".join(capfd.readouterr()).encode()
    for text in CANARIES.values():
        assert text[:5].encode() not in everything + printed
    assert sum(report.outcomes[0].cells.values()) == len(CANARIES)


def photograph(path: Path, size: tuple[int, int] = (400, 300)) -> None:
    path.parent.mkdir(exist_ok=True)
    exif = Image.Exif()
    exif[0x010E] = "秘密の場所"
    exif[0x0112] = 6
    Image.new("RGB", size, "red").save(path, exif=exif, comment=b"secret place")


def image(number: str, file: str, cleared: str = "1", car: str = "V1") -> dict[str, str]:
    return {
        "image_id": number,
        "vehicle_id": car,
        "is_cleared_for_sharing": cleared,
        "taken_on": "2026-10-03",
        "file": file,
    }


def test_a_cleared_photograph_leaves_made_anew_and_named_by_its_key(tmp_path):
    photograph(tmp_path / "images" / "山田様の車.jpg", (4000, 300))
    photograph(tmp_path / "images" / "b.jpg")
    images = [image("P1", "山田様の車.jpg"), image("P2", "b.jpg", "0")]
    report = run(write_shop(tmp_path, tables(vehicle_images=images)))
    (row,) = delivered(report)["vehicle_images"]
    drop = Path(report.outcomes[0].path)
    assert row["file"] == f"data/images/{row['image_key']}.jpg"
    with Image.open(drop / row["file"]) as picture:
        assert (picture.size, dict(picture.getexif()), picture.info.get("comment")) == (
            (120, 1600),
            {},
            None,
        )
    assert [p.name for p in (drop / "data" / "images").iterdir()] == [Path(row["file"]).name]
    assert "山田".encode() not in bytes_of(drop)


def test_a_file_that_is_no_photograph_of_the_shop_is_set_aside(tmp_path):
    photograph(tmp_path / "secret.jpg")
    folder = tmp_path / "images"
    folder.mkdir()
    (folder / "text.jpg").write_bytes(b"no image at all")
    (folder / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    photograph(folder / "wide.jpg", (9000, 9000))
    with (folder / "heavy.jpg").open("wb") as heavy:
        heavy.truncate(20_000_001)
    files = ["../secret.jpg", str(tmp_path / "secret.jpg"), "link.jpg", "text.jpg", "gone.jpg"]
    files += ["wide.jpg", "heavy.jpg", ".."]
    rows = [image(f"P{n}", file) for n, file in enumerate(files)]
    shop = write_shop(tmp_path, tables(vehicle_images=rows))
    run(shop)
    assert QuarantineFolder(shop / "state").summary().reasons["vehicle_images"] == {
        "file:missing": 1,
        "file:not_an_image": 1,
        "file:outside_the_folder": 4,
        "file:too_large": 2,
    }


def test_a_photograph_the_disk_does_not_give_is_not_called_another_thing(tmp_path, monkeypatch):
    photograph(tmp_path / "images" / "a.jpg")

    def failing(path):
        raise OSError(errno.EIO, "Input/output error", str(path))

    monkeypatch.setattr(Path, "read_bytes", failing)
    assert read_photograph(tmp_path, Images(), "a.jpg").fault == "unreadable"


def test_a_photograph_that_rows_disagree_about_stays(tmp_path):
    cases = [
        ("a{n}.jpg", "1", "V2", 2),  # the car of somebody who objected
        ("./A{n}.JPG", "1", "V2", 2),
        ("more\\..\\ａ{n}.jpg", "1", "V2", 2),
        ("images/a{n}.jpg", "1", "V2", 2),
        ("../images/a{n}.jpg", "1", "V2", 2),
        ("{shop}/images/a{n}.jpg", "1", "V2", 2),
        ("a{n}.jpg", "0", "V1", 1),
    ]
    photograph(tmp_path / "images" / "b.jpg")
    images = [image("P1", "b.jpg"), image("P2", "b.jpg")]
    for n, (written, cleared, car, _) in enumerate(cases):
        photograph(tmp_path / "images" / f"a{n}.jpg")
        images.append(image(f"Q{n}", f"a{n}.jpg"))
        images.append(image(f"R{n}", written.format(shop=tmp_path, n=n), cleared, car))
    others = {
        "customers": [customer("2")],
        "vehicles": [vehicle("V2", "2")],
        "objections": [objection("2")],
    }
    shop = write_shop(tmp_path, joined(tables(vehicle_images=images), others))
    report = run(shop)
    found = {
        case: [why for row in "QR" for why in whys(shop, "vehicle_images", f"{row}{n}")]
        for n, case in enumerate(cases)
    }
    assert found == {case: ["file:of_several_rows"] * case[-1] for case in cases}
    reasons = QuarantineFolder(shop / "state").summary().reasons["vehicle_images"]
    assert reasons == {"file:of_several_rows": sum(case[-1] for case in cases)}
    assert len(delivered(report)["vehicle_images"]) == 2  # one car's photograph, entered twice


def test_the_review_list_and_its_decisions_are_private_and_in_the_chain(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換"))
    run(shop)
    release_texts(shop)
    path = shop / "state" / "review" / "2026-10.json"
    assert path.stat().st_mode & 0o077 == 0
    assert json.loads(path.read_text())[0]["column"] == "repairs.description"
    assert "ほにゃらら".encode() not in (shop / "state" / "ledger.db").read_bytes()


def test_a_release_can_be_taken_back(tmp_path):
    shop = write_shop(tmp_path, tables("ほにゃらら交換"))
    run(shop)
    (name,) = [each.name for each in waiting(desk(shop))]
    decide_texts(desk(shop), [name], Decision.RELEASED)
    run(shop)
    decide_texts(desk(shop), [name], Decision.WITHHELD)
    report = run(shop)
    assert report.outcomes[0].drop_id == "lotas/monthly-2026-10-r3"
    assert delivered(report)["repairs"][0]["description"] == ""


@pytest.mark.parametrize("name", ["自動車税種別割", "種別割"])
def test_a_tax_of_nothing_is_no_line_either(tmp_path, name):
    shop = tables(line=name)
    shop["repair_lines"][0] |= {"amount_jpy": "0", "unit_price_jpy": "0"}
    account = run(write_shop(tmp_path, shop)).outcomes[0].account["repair_lines"]
    assert (account.delivered, account.withheld) == (1, 1)


@pytest.mark.parametrize(
    ("reason", "cases"),
    [
        ("health_care", [("customers", "name", "佐藤健一（透析）")]),
        (
            "disability",
            [
                ("customers", "name", "鈴木 一郎 ※身障者手帳1級"),
                ("customers", "name", "鈴木一郎 身障者"),
                ("family_members", "name", "花子（障害者手帳1級）"),
            ],
        ),
        (
            "number",
            [
                ("customers", "name", "鈴木 123456789018"),
                ("customers", "address", "山形市緑町1-2 4111-1111-1111-1111"),
                ("certificates", "chassis_number", "123456789018"),
            ],
        ),
        (
            "social_status",
            [
                ("customers", "name_kana", "ｻﾄｳｹﾝｲﾁ（ｾｲｶﾂﾎｺﾞ）"),
                ("customers", "name_kana", "ﾀﾅｶ ｾｲｶﾂﾎｺﾞ"),
            ],
        ),
        (
            "health",
            [
                ("customers", "name", "佐々木 明 HIV"),
                ("customers", "name", "田中　てんかん"),
                ("family_members", "name", "花子 エイズ"),
            ],
        ),
        (
            "crime_record",
            [
                ("customers", "address", "山形市下反田三十一番地 刑務所内"),
                ("customers", "address", "山形市緑町1-2 山形刑務所内"),
            ],
        ),
        (
            "remark",
            [
                ("customers", "name", "佐藤花子（障害）"),
                ("customers", "name_kana", "サトウ ハナコ ニュウイン"),
                ("customers", "address", "山形市緑町1-2 ﾃﾞｲｻｰﾋﾞｽひまわり"),
            ],
        ),
        (
            "not_a_code",
            [
                ("certificates", "model_code", "身障者減免"),
                ("certificates", "model_code", "DBA-ZVW30 安孫子清様"),
                ("certificates", "model_code", "=HYPERLINK(1)"),
                ("certificates", "model_code", "090-1234-5678"),
                ("certificates", "engine_model", "2ZR透析"),
                ("certificates", "chassis_number", "本籍山形市透析中"),
            ],
        ),
    ],
)
def test_what_never_leaves_does_not_leave_in_a_name_an_address_or_a_code(tmp_path, reason, cases):
    shop = {"objections": [objection("99")]}
    for n, (table, column, value) in enumerate(cases, 1):
        person, car = str(n), f"V{n}"
        case = {
            "customers": [customer(person)],
            "family_members": [
                {"family_member_id": f"F{n}", "customer_id": person, "name": "花子"}
            ],
            "vehicles": [vehicle(car, person)],
            "certificates": [{"vehicle_id": car, "model_code": "DAA-ZVW50"}],
            **slip(f"S{n}", person, car),
        }
        case["repairs"][0]["description"] = "オイル交換"
        case[table][0][column] = value
        shop = joined(shop, case)
    outcome = run(write_shop(tmp_path, shop)).outcomes[0]
    found = bytes_of(Path(outcome.path))
    assert [value for *_, value in cases if value.encode() in found] == []
    named = [value for table, column, value in cases if (table, column) == ("customers", "name")]
    assert outcome.account["customers"].withheld == len(named)
    assert outcome.account["repairs"].withheld == len(named)
    if named:
        assert outcome.reasons["customers"] == {f"withheld: {reason}": len(named)}
    emptied = {f"withheld:{reason}": len(cases) - len(named)}
    assert outcome.cells == (emptied if len(cases) > len(named) else {})


def test_ordinary_names_and_codes_leave(tmp_path):
    people = [
        {"name": "医療法人緑会 山形透析病院", "kind": "corporate"},
        {"name": "伊藤 セキ", "name_kana": "イトウ セキ"},
        {"name": "スミス クリスチャン", "name_kana": "スミス クリスチャン"},
        {"name": "内海 がんま", "name_kana": "ウツミ ガンマ"},
        {"name": "大麻 太郎", "address": "北海道江別市大麻東町12-3"},
        {"name": "目黒人美", "address": "山形市大門地内"},
        {"name": "(株)中央介護サービス", "address": "山形市1-2-3 病院前アパート101"},
        {"name": "佐藤内科", "address": "新潟県柏崎市西山町礼拝123"},
        {"name": "佐藤 愛人", "address": "山形市緑町1-2 コーポ緑(A棟)"},
    ]
    papers = [
        {"engine_model": "L15A+H1"},
        {"model_code": "DAA-ZVW50改造", "engine_model": "電動機"},
        {"chassis_number": "山形[41]12345"},
        {"model_code": "DAA-ZVW50改", "engine_model": "*FUMEI"},
        {"chassis_number": "山[41]12345山"},
    ]
    more = {
        "customers": [customer(f"C{n}", **values) for n, values in enumerate(people)],
        "vehicles": [vehicle(f"W{n}", "1") for n in range(len(papers))],
        "certificates": [{"vehicle_id": f"W{n}", **values} for n, values in enumerate(papers)],
    }
    report = run(write_shop(tmp_path, tables("オイル交換", **more)))
    rows = delivered(report)
    staying = [
        values
        for table, cases in (("customers", people), ("certificates", papers))
        for values in cases
        if not any(values.items() - {("kind", "corporate")} <= row.items() for row in rows[table])
    ]
    assert staying == []
    outcome = report.outcomes[0]
    assert outcome.cells == {}
    assert outcome.account["customers"].delivered == 1 + len(people)
    assert outcome.account["certificates"].delivered == len(papers)


def test_a_number_too_long_for_a_telephone_sets_its_row_aside(tmp_path):
    cases = [
        (column, number)
        for column in ("phone", "mobile_phone", "fax")
        for number in ("123456789018", "4111-1111-1111-1111")
    ]
    people = [customer(f"C{n}", **{column: number}) for n, (column, number) in enumerate(cases)]
    shop = write_shop(tmp_path, tables("オイル交換", customers=people))
    report = run(shop)
    found = {case: whys(shop, "customers", f"C{n}") for n, case in enumerate(cases)}
    assert found == {case: [f"{case[0]}:unreadable"] for case in cases}
    assert report.quarantined["customers"] == Counter(f"{column}:unreadable" for column, _ in cases)


def test_a_makers_name_that_tells_of_a_person_does_not_leave(tmp_path):
    paper = {"vehicle_id": "V1", "maker_name": "身障手帳2級", "fuel": "ガソリン"}
    (row,) = delivered(run(write_shop(tmp_path, tables(certificates=[paper]))))["certificates"]
    assert (row["maker_name"], row["fuel"]) == ("", "ガソリン")


def test_what_a_remark_tells_of_a_person_keeps_the_row_and_an_ordinary_one_does_not(tmp_path):
    telling = [
        *(
            f"佐藤花子（{word}）"
            for word in ("ガン", "うつ", "手帳", "学会", "韓国籍", "妊婦", "杖", "1級")
        ),
        *("佐藤花子 死去", "佐藤花子ペースメーカー", "佐藤 花子 1級", "佐藤 花子 透 析"),
    ]
    ordinary = [
        *(
            "さくらクリニック",
            "株式会社 東北 介護サービス",
            "内海 太郎（ウツミ タロウ）",
            "佐藤花子（一級建築士事務所）",
        ),
        *(
            "佐藤花子（手帳渡し）",
            "入江 精神（アルファード）",
            "グエン ヴァン ナム",
            "佐藤花子（父名義）",
            "岩本(ガンモト)",
        ),
        *("佐藤花子（20等級）", "医療法人 社団 佐藤クリニック", "佐藤花子（老人クラブ）"),
    ]
    people = [customer(str(place), name=name) for place, name in enumerate([*telling, *ordinary])]
    report = run(write_shop(tmp_path, tables("オイル交換", customers=people)))
    names = {row["name"] for row in delivered(report)["customers"]}
    assert (names & set(telling), set(ordinary) - names) == (set(), set())


def test_an_institution_empties_an_address_and_what_is_beside_it_does_not(tmp_path):
    kept = ["グループホームひまわり", "ホスピスA", "老健ひまわり", "ﾃﾞｲｻｰﾋﾞｽひまわり", "刑務所官舎"]
    leaving = [
        "刑務所前ハイツ",
        "児童相談所前",
        "ホーム荘",
        "海老健一様方",
        "文教団地",
        "母子寮跡地",
    ]
    people = [
        customer(str(place), address=f"山形市緑町1-2 {name}")
        for place, name in enumerate([*kept, *leaving])
    ]
    report = run(write_shop(tmp_path, tables("オイル交換", customers=people)))
    addresses = " ".join(row["address"] for row in delivered(report)["customers"])
    assert [name for name in kept if name in addresses] == []
    assert [name for name in leaving if name not in addresses] == []
