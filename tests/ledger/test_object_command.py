"""The counter's command takes an objection at any moment, and says only what is true."""

import json
import os
import subprocess
import sys
from datetime import datetime, timedelta

import pytest
from click.testing import CliRunner

from flows.commands.object import command
from flows.commands.objections import command as list_command
from ledger.audit import entries
from schemas.errors import ConfigurationError
from tests.command import joint_use
from tests.factories import (
    PERSON,
    agreement,
    customer,
    desk,
    objection,
    run,
    write_shop,
)
from transforms.period import SHOP_TIME


@pytest.fixture
def shop(tmp_path):
    both = (agreement(), agreement("broadleaf", purposes=("1.research",)))
    tables = {
        "customers": [customer("1", name="客 壱"), customer("2")],
        "objections": [objection("99")],
    }
    shop = write_shop(tmp_path, tables, *both)
    run(shop)
    return shop


def told(shop, *options, of=command):
    arguments = ["--shop", str(shop), "--operator", PERSON, *options]
    return CliRunner().invoke(of, arguments, catch_exceptions=False)


SOON = (datetime.now(SHOP_TIME) + timedelta(days=300)).date().isoformat()
SAID = ("--customer", "1", "--received", "2026-11-01", "--channel", "phone")


@pytest.mark.parametrize(
    ("options", "partners"),
    [
        (("--scope", "provision"), ["broadleaf", "lotas"]),
        (("--scope", "erasure"), ["broadleaf", "lotas"]),
        (("--scope", "provision", "--partner", "lotas"), ["lotas"]),
        (("--scope", "purpose", "--purpose", "1.research"), ["broadleaf"]),
        (("--scope", "provision", "--effective", SOON), []),
    ],
)
def test_it_names_the_partners_that_will_be_told_to_delete(shop, options, partners):
    answer = json.loads(told(shop, *SAID, *options, "--json").stdout)
    assert answer == {"objections": ["K00002"], "held_by": partners}


def test_it_says_that_records_are_shared_until_it_takes_effect(shop):
    later = told(shop, *SAID, "--scope", "provision", "--effective", "2027-01-10")
    assert "until then records go on being shared" in later.stderr
    assert "until then" not in told(shop, *SAID, "--scope", "erasure").stderr


def test_it_is_recorded_even_if_a_header_of_the_records_is_gone(shop):
    path = shop / "records" / "customers.csv"
    path.write_text(path.read_text().replace("customer_id", "numero", 1))
    done = told(shop, *SAID, "--scope", "provision")
    assert (done.exit_code, done.stdout.strip()) == (0, "K00002")
    assert "could not be read" in done.stderr


def test_it_says_that_it_is_recorded_even_if_a_key_is_gone(shop):
    (shop / "state" / "keys" / "lotas.key").unlink()
    done = told(shop, *SAID, "--scope", "provision")
    assert (done.exit_code, done.stdout.strip()) == (0, "K00002")
    assert "recorded" in done.stderr
    assert "keys/lotas.key is missing" in done.stderr


@pytest.mark.parametrize(
    "options",
    [
        ("--customer", "1"),
        ("--lift",),
        (*SAID, "--scope", "provision", "--effective", "2099-01-01"),
        (*SAID, "--scope", "provision", "--nobody"),
        (*SAID, "--scope", "provision", "--all"),
        ("--settle", "K00001", "--customer", "1", "--scope", "provision"),
        ("--settle", "K00001", "--nobody", "--received", "2026-11-01"),
        ("--lift", "--customer", "1", "--not-in-records"),
        (*SAID, "--scope", "provision", "--objection", "K00001"),
        ("--settle", "K00001"),
        ("--settle", "K00001", "--customer", "1", "--nobody"),
        ("--customer", "1", "--scope", "provision", "--received", "gestern", "--channel", "phone"),
    ],
)
def test_what_contradicts_itself_is_wrong_usage(shop, options):
    with pytest.raises(ConfigurationError, match=r"^(--|give)"):
        told(shop, *options)


def at_a_terminal(shop, *options, answer):
    """Run the command at a terminal where somebody answers; give what they see, and the exit code."""
    master, terminal = os.openpty()
    program = [sys.executable, "-m", "flows.command_line", "object", "--shop", str(shop)]
    with subprocess.Popen(
        [*program, *options, "--operator", PERSON],
        stdin=terminal,
        stderr=terminal,
        stdout=subprocess.PIPE,
    ) as running:
        os.write(master, f"{answer}\n".encode())
        running.communicate()
    shown = os.read(master, 4096).decode()
    for end in (master, terminal):
        os.close(end)
    return shown, running.returncode


@pytest.mark.parametrize(("answer", "count"), [("n", 0), ("y", 1)])
def test_at_a_terminal_the_operator_is_shown_whom_a_number_is_of(shop, answer, count):
    before = len(json.loads(told(shop, "--json", of=list_command).stdout))
    shown, code = at_a_terminal(shop, *SAID, "--scope", "provision", answer=answer)
    assert "客 壱 様" in shown
    assert code == 1 - count
    assert len(json.loads(told(shop, "--json", of=list_command).stdout)) == before + count


def test_one_of_several_objections_of_a_customer_is_lifted_and_nobody_elses(shop):
    for number in ("1", "1", "2"):
        told(shop, "--customer", number, *SAID[2:], "--scope", "provision")
    with pytest.raises(ConfigurationError, match="several"):
        told(shop, "--lift", "--customer", "1")
    with pytest.raises(ConfigurationError, match="no such objection of this customer"):
        told(shop, "--lift", "--customer", "1", "--objection", "K00004")
    done = told(shop, "--lift", "--customer", "1", "--objection", "K00003")
    assert (done.stdout.strip(), "撤回しました" in done.stderr) == ("K00003", True)


def test_the_list_shows_numbers_terms_and_what_is_left_to_settle(shop):
    told(shop, *SAID, "--scope", "purpose", "--purpose", "2.offers")
    rows = json.loads(told(shop, "--json", of=list_command).stdout)
    work = json.loads(told(shop, "--json", "--work", of=list_command).stdout)
    assert [row["customers"] for row in rows] == [[], ["1"]]
    assert (rows[1]["scope"], rows[1]["purpose"], rows[1]["state"]) == (
        "purpose",
        "2.offers",
        "in_force",
    )
    assert [row["may_mean"] for row in work] == [0]
    told(shop, "--lift", "--customer", "1")
    assert "K00002" not in told(shop, of=list_command).stdout
    assert "lifted" in told(shop, "--all", of=list_command).stdout


def test_a_lift_names_what_still_stands_and_a_refusal_what_stood_already(shop):
    assert told(shop, *SAID, "--scope", "provision").exit_code == 0
    again = told(shop, *SAID, "--scope", "provision")
    assert "the same one was there already" in again.stderr
    assert "in force or to come: K00002" in again.stderr
    lifted = told(shop, "--lift", "--customer", "1", "--objection", "K00002")
    assert "others stand" in lifted.stderr
    assert "in force or to come: K00003" in lifted.stderr
    assert "また渡ります" not in lifted.stderr
    last = told(shop, "--lift", "--objection", "K00003")
    assert "また渡ります" in last.stderr
    assert "in force or to come" not in last.stderr


@pytest.mark.parametrize("reason", ["がんで入院中のため", "隠田秘一の分が誤り", "隠田 秘一様の件"])
def test_a_reason_that_tells_of_somebody_enters_no_chain(tmp_path, reason):
    people = [customer("1"), customer("2", name="隠田 秘一")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("9")]})
    name = run(shop).outcomes[0].drop_id
    for asked in (
        ("stop", name),
        ("hold", name),
        ("object", "--customer", "2", "--scope", "provision", "--received", "2026-11-01", "--yes"),
        ("recall", "--mark", "done", "--number", "5001", "--vehicle", "V1"),
        ("verify", shop / "drops" / name),
        ("release", name),
        ("dispose",),
    ):
        done = joint_use(*asked, "--shop", shop, "--operator", PERSON, "--reason", reason)
        assert done.returncode == 2, (asked, done.stderr)
        assert reason not in done.stderr + done.stdout
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        assert reason not in str(entries(connection))


def test_a_reason_of_ones_own_words_is_entered(tmp_path):
    shop = write_shop(tmp_path, {"customers": [customer("1")], "objections": [objection("9")]})
    name = run(shop).outcomes[0].drop_id
    done = joint_use("hold", name, "--shop", shop, "--operator", PERSON, "--reason", "出力の誤り")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "number", ["080-4926-1737", "0236-27-2481", "hanako@example.jp", "山形 300 さ 90-03"]
)
def test_a_contact_in_place_of_a_customer_number_is_refused(tmp_path, number):
    people = [customer("80"), customer("2", mobile_phone="080-4926-1737")]
    shop = write_shop(tmp_path, {"customers": people, "objections": [objection("9")]})
    with pytest.raises(ConfigurationError, match="reads like a telephone number"):
        told(shop, "--customer", number, *SAID[2:], "--scope", "provision", "--not-in-records")
    assert json.loads(told(shop, "--json", of=list_command).stdout) == []


def test_a_number_only_like_somebodys_is_told_with_whom_it_holds_back(tmp_path):
    shop = write_shop(tmp_path, {"customers": [customer("C080")], "objections": [objection("9")]})
    done = told(shop, "--customer", "80", *SAID[2:], "--scope", "provision", "--not-in-records")
    assert "1 whose numbers are like it are held back" in done.stderr
    assert "C080" in told(shop, "--work", of=list_command).stdout


@pytest.mark.parametrize("job", ["lift", "settle"])
def test_at_a_terminal_the_operator_is_shown_whom_an_objection_means(tmp_path, job):
    shop = write_shop(
        tmp_path, {"customers": [customer("C080", name="客 八十")], "objections": [objection("9")]}
    )
    done = told(shop, "--customer", "80", *SAID[2:], "--scope", "provision", "--not-in-records")
    name = done.stdout.strip()
    asked = {"lift": ("--lift", "--objection", name), "settle": ("--settle", name, "--nobody")}
    shown, code = at_a_terminal(shop, *asked[job], answer="n")
    assert "客 八十 様" in shown
    assert code == 1
    (row,) = json.loads(told(shop, "--json", "--work", of=list_command).stdout)[-1:]
    assert (row["objection_id"], row["state"], row["may_mean"]) == (name, "in_force", 1)


@pytest.mark.parametrize("number", ["ZVW50-6000001", "777"])
def test_a_refusal_that_holds_nobody_back_is_told_as_that(shop, number):
    said = ("--scope", "provision", "--received", "2026-11-01", "--channel", "phone", "--yes")
    done = told(shop, "--customer", number, *said, "--not-in-records")
    assert "nobody is held back" in done.output + done.stderr
    done = told(shop, "--customer", "1", *said, "--not-in-records")
    assert "nobody is held back" not in done.output + done.stderr


def test_a_partner_without_agreement_that_holds_the_customer_is_to_be_told_by_letter(shop):
    (shop / "partners" / "broadleaf.toml").unlink()
    done = told(shop, *SAID, "--scope", "provision", "--yes")
    lines = done.stderr.splitlines()
    assert any(line.startswith("lotas: ") and "joint-use notices" in line for line in lines)
    assert any(line.startswith("broadleaf: ") and "by letter" in line for line in lines)
