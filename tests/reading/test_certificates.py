"""電子車検証 files are read as the ministry's app writes them."""

import json

import pytest

from sources.certificate_files import CertificateFolder
from sources.rows import Order
from transforms.certificates import CERTIFICATE_CELLS, UnknownCertificateError, certificate_cells

RECORD = {
    "RegistCarLightCar": "01",
    "EntryNoCarNo": "品川　１５０　お　１００７",
    "CarNo": "ＥＴＨＵＲＡＮ－０００１",
    "OwnernameLowLevelChar": "山田　太郎",
    "OwnerAddressChar": "山形市下反田",
    "OwnerAddressNumValue": "３１－２",
    "UsernameLowLevelChar": "＊＊＊",
    "UserAddressChar": "＊＊＊",
    "UseheadqrterChar": "＊＊＊",
    "GrantdateE": "令和",
    "GrantdateY": " 5",
    "GrantdateM": " 7",
    "GrantdateD": " 6",
    "FirstregistdateE": "令和",
    "FirstregistdateY": "元",
    "FirstregistdateM": " 5",
    "Maxloadage": "－",
    "NoteInfo": "備考は読まない",
}


def test_a_user_marked_with_stars_is_the_owner_and_so_are_the_addresses():
    cells = certificate_cells(RECORD)
    assert cells["user_name"] == cells["owner_name"] == "山田　太郎"
    assert cells["user_address"] == cells["base_location"] == "山形市下反田３１－２"


def test_padded_era_dates_and_empty_marks():
    cells = certificate_cells(RECORD)
    assert cells["issued_on"] == "令和5年7月6日"
    assert cells["first_registered_in"] == "令和元年5月"
    assert cells["max_load_kg"] == ""


def test_kei_cars_name_their_first_inspection_instead():
    kei = {k: v for k, v in RECORD.items() if not k.startswith("Firstregist")}
    kei |= {
        "RegistCarLightCar": "02",
        "FirstexamdateE": "令和",
        "FirstexamdateY": " 3",
        "FirstexamdateM": "11",
    }
    assert certificate_cells(kei)["first_registered_in"] == "令和3年11月"


def test_a_starred_owner_is_unknown():
    cells = certificate_cells(
        RECORD
        | {
            "OwnernameLowLevelChar": "＊＊＊",
            "OwnerAddressChar": "＊＊＊",
            "OwnerAddressNumValue": "",
        }
    )
    assert cells["owner_name"] == cells["user_name"] == cells["owner_address"] == ""


def test_the_high_level_name_is_taken_where_the_low_one_lacks_a_character():
    cells = certificate_cells(
        RECORD | {"OwnernameLowLevelChar": "〓田", "OwnernameHighLevelChar": "𠮷田"}
    )
    assert cells["owner_name"] == "𠮷田"


@pytest.mark.parametrize("car_class", ["", "03", "1"])
def test_an_unknown_class_of_car_is_refused(car_class):
    with pytest.raises(UnknownCertificateError):
        certificate_cells(RECORD | {"RegistCarLightCar": car_class})


def test_notes_and_ids_are_never_read():
    assert "備考は読まない" not in certificate_cells(RECORD).values()


def test_files_of_both_kinds_are_read_and_broken_ones_counted(tmp_path):
    document = {"CertInfoImportFileVersion": "1.0", "CertInfo": RECORD}
    (tmp_path / "1.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(document).encode())
    header, row = ",".join(RECORD), ",".join(f'"{v}"' for v in RECORD.values())
    (tmp_path / "2.csv").write_text(f"{header}\r\n{row}\r\n", encoding="cp932", newline="")
    (tmp_path / "3.json").write_text("{}")
    (tmp_path / "4.json").write_text("壊れた")
    (tmp_path / "5.json").write_text('{"CertInfo": null}')
    (tmp_path / "6.csv").write_text('a,b\n"x"y,2\n')
    folder = CertificateFolder(tmp_path)
    (batch,) = folder.batches(list(CERTIFICATE_CELLS), Order())
    assert batch.rows["owner_name"].to_pylist() == ["山田　太郎"] * 2
    assert [row.record for row in folder.unreadable] == [3, 4, 5, 6]


def test_no_file_of_the_folder_is_passed_over_in_silence(tmp_path):
    (tmp_path / "1.json").write_text(json.dumps({"CertInfo": RECORD}))
    (tmp_path / "2.csv").write_text("")
    (tmp_path / "3.csv").write_text("RegistCarLightCar,EntryNoCarNo\n")
    (tmp_path / "4.json.bak").write_text("{}")
    (tmp_path / "5").mkdir()
    (tmp_path / "1.pdf").write_text("a scan")
    for name in ("Thumbs.db", "desktop.ini", ".DS_Store"):
        (tmp_path / name).write_text("")
    folder = CertificateFolder(tmp_path)
    (batch,) = folder.batches(["plate"], Order())
    assert batch.rows.num_rows == 1
    assert [(row.record, row.reason) for row in folder.unreadable] == [
        (0, "certificate:folder_not_read"),
        (2, "certificate:empty"),
        (3, "certificate:empty"),
        (4, "certificate:not_a_certificate"),
    ]


def test_figures_without_quotation_marks_are_read_too():
    assert certificate_cells({**RECORD, "CarWgt": 830, "Displacement": 0.65})["weight_kg"] == "830"


@pytest.mark.parametrize("row", ["01,ZVW50-0000001", "01,ZVW50-0000001,DAA-ZVW50,x"])
def test_a_csv_record_with_fewer_or_more_cells_is_set_aside(tmp_path, row):
    (tmp_path / "a.csv").write_text(f"RegistCarLightCar,CarNo,Model\n{row}\n")
    folder = CertificateFolder(tmp_path)
    assert sum(batch.rows.num_rows for batch in folder.batches(folder.headers, Order())) == 0
    assert [each.reason for each in folder.unreadable] == ["certificate:unreadable"]
