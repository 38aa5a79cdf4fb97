"""An agreement is a subset of the notice, or it does not load."""

import json

import pytest
from click.testing import CliRunner

from flows.commands.policy import command
from schemas.agreement import Agreement
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.columns import Role
from schemas.drop import Version
from schemas.errors import ConfigurationError, RefusedError
from schemas.notice import Notice
from schemas.policy import Policy, changes, permissions
from sources.shop_folder import load_policy
from tests import factories
from tests.conftest import SAMPLE

PRINT = Version(version="1", sha256="0" * 64)


def policy(notice: Notice | None = None, **changes_):
    return Policy(
        notice or factories.notice(), {"lotas": factories.loaded_agreement(**changes_)}, {}, PRINT
    )


def tables(**columns):
    return {name: {"columns": list(names)} for name, names in columns.items()}


def test_every_column_that_may_leave_cites_items_the_notice_announces():
    announced = {item.id for item in factories.notice().items}
    for table in DELIVERABLE_TABLES:
        for column in CATALOG[table].columns.values():
            assert set(column.items) <= announced
            assert bool(column.items) == (column.role is Role.ITEM)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        (table, column.name)
        for table in DELIVERABLE_TABLES
        for column in CATALOG[table].columns.values()
        if column.role is not Role.ITEM
    ],
)
def test_keys_links_and_deciding_columns_cannot_be_agreed_on(table, column):
    with pytest.raises(RefusedError, match=f"'{column}' cites no item"):
        policy(tables=tables(**{table: [column]}))


def test_an_item_the_notice_does_not_announce_is_refused_by_name_and_clause():
    whole = factories.notice()
    narrow = whole.model_copy(update={"items": tuple(i for i in whole.items if i.id != "1.email")})
    with pytest.raises(RefusedError, match=r"'email' is item '1.email', which the notice §7\(2\)"):
        policy(narrow, tables=tables(customers=["name", "email"]))


def test_an_unknown_purpose_is_refused():
    with pytest.raises(RefusedError, match=r"'6.fun' is not a purpose of the notice §7\(3\)"):
        policy(purposes=("6.fun",))


def test_a_partner_the_notice_does_not_name_is_refused():
    with pytest.raises(RefusedError, match=r"'toyota' is not named in the notice §7\(1\)"):
        policy(partner="toyota")


def test_rows_that_could_never_be_told_to_be_deleted_are_refused():
    with pytest.raises(RefusedError, match="certificates: without vehicles"):
        policy(tables=tables(customers=["name"], certificates=["plate"]))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"tables": {"nothing": {"columns": ["x"]}}}, "no such table"),
        ({"tables": {"objections": {"columns": ["scope"]}}}, "no such table"),
        ({"tables": {"customers": {"columns": ["line_account"]}}}, "no column 'line_account'"),
        ({"tables": {"customers": {"columns": ["name", "name"]}}}, "listed twice"),
        ({"tables": {"customers": {"columns": []}}}, "at least 1"),
        (
            {"tables": {"customers": {"columns": ["sex"], "labels": {"sex": {"male": "男"}}}}},
            "one word for each",
        ),
        ({"delivery": {"format": "csv", "encoding": "shift_jis"}}, "cp932"),
        ({"delivery": {"format": "csv", "colour": "red"}}, "Extra inputs"),
    ],
)
def test_a_wrong_agreement_says_where_it_is_wrong(change, told):
    with pytest.raises(ConfigurationError, match=told):
        Agreement.load(factories.agreement(**change), where="partners/lotas.toml")


def test_the_sample_policy_lists_each_column_with_its_clause():
    sample = load_policy(SAMPLE)
    listed = {(p.partner, p.table, p.column): p.clauses for p in permissions(sample)}
    assert listed["lotas", "customers", "name"] == ("7(2)①",)
    assert listed["broadleaf", "repair_lines", "quantity"] == ("7(2)③", "7(2)③")
    assert ("lotas", "customers", "birth_on") not in listed


def test_growing_items_or_partners_is_widening_and_purposes_are_not():
    whole = factories.notice()
    smaller = whole.model_copy(
        update={
            "items": whole.items[1:],
            "partners": whole.partners[:1],
            "purposes": whole.purposes[1:],
        }
    )
    found = changes(Policy(smaller, {}, {}, PRINT), Policy(whole, {}, {}, PRINT))
    assert {change.text for change in found if change.is_widening} == {
        f"2023-04-01 の公表事項: {japanese} が増えた / notice in force on 2023-04-01: {english} added"
        for japanese, english in (
            ("項目 1.name", "item 1.name"),
            ("共同利用者 broadleaf", "partner broadleaf"),
        )
    }
    told = {change.text for change in found if not change.is_widening}
    assert any("利用目的 1.research が増えた / " in each for each in told)
    back = changes(Policy(whole, {}, {}, PRINT), Policy(smaller, {}, {}, PRINT))
    assert not any(change.is_widening for change in back)


def test_policy_commands_answer_from_the_same_declaration(tmp_path):
    runner = CliRunner()
    assert "lotas 2026-1: OK" in runner.invoke(command, ["check", "--shop", str(SAMPLE)]).output
    shown = json.loads(runner.invoke(command, ["show", "--shop", str(SAMPLE), "--json"]).output)
    assert {
        "partner": "lotas",
        "kind": "monthly",
        "table": "visits",
        "column": "odometer_km",
        "items": ["2.mileage"],
        "clauses": ["7(2)②"],
    } in shown["columns"]
    assert (
        "repair_lines.name: 3.parts §7(2)③"
        in runner.invoke(command, ["show", "--shop", str(SAMPLE)]).output
    )
    dictionary = json.loads(runner.invoke(command, ["dictionary", "--json"]).output)
    assert set(dictionary) == set(CATALOG)
    told = {entry["name"]: entry["unit"] for entry in dictionary["certificates"]}
    assert (told["weight_kg"], told["length_cm"], told["fuel"]) == ("kg", "cm", "")
    assert "| plate |" in runner.invoke(command, ["dictionary"]).output


def test_policy_diff_refuses_a_widening(tmp_path):
    from tests.conftest import copy_sample

    new = copy_sample(tmp_path / "new")
    more = '\n[[items]]\nid = "4.sns"\ntext = "各種アカウント"\nclause = "7(2)④"\n'
    (new / "notice.toml").write_text((new / "notice.toml").read_text() + more)
    result = CliRunner().invoke(command, ["diff", str(SAMPLE), str(new)])
    assert result.exit_code == 3
    assert "WIDENS" in result.output
    assert CliRunner().invoke(command, ["diff", str(SAMPLE), str(SAMPLE)]).exit_code == 0


def test_an_agreement_that_gets_nothing_as_it_is_is_told(tmp_path):
    terms = factories.agreement()
    del terms["sealing"]
    shop = factories.write_shop(tmp_path, {}, terms)
    done = CliRunner().invoke(command, ["check", "--shop", str(shop)])
    assert done.exit_code == RefusedError.exit_code
    assert "gets nothing as it is" in done.stdout


def test_what_takes_effect_only_later_is_told(tmp_path):
    terms = {**factories.agreement(), "effective_on": "2099-04-01"}
    shop = factories.write_shop(tmp_path, {}, terms)
    notice = (shop / "notice.toml").read_text()
    (shop / "notice.toml").write_text(notice.replace("= 2023-04-01", "= 2099-05-01"))
    done = CliRunner().invoke(command, ["check", "--shop", str(shop)])
    assert "takes effect on 2099-04-01" in done.stdout
    assert "takes effect on 2099-05-01" in done.stdout


def test_another_key_or_place_is_a_difference_and_files_are_no_folders(tmp_path):
    place = {"kind": "folder", "path": "out"}
    old = factories.write_shop(tmp_path / "old", {}, factories.agreement())
    new = factories.write_shop(tmp_path / "new", {}, {**factories.agreement(), "place": place})
    done = CliRunner().invoke(command, ["diff", str(old), str(new)])
    assert "agreement: lotas: handed over at out added" in done.stdout
    with pytest.raises(ConfigurationError, match="name two shop folders"):
        CliRunner().invoke(
            command, ["diff", str(old / "notice.toml"), str(new)], catch_exceptions=False
        )
