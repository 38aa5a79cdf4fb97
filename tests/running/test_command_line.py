"""Commands answer in one line, with the exit code that tells what kind of answer it is."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from datetime import time

import click
import pytest

from flows.command_line import joint_use as joint_use_command
from flows.commands.flow_runs import set_up_run
from flows.commands.options import MONTH, DropId, Moment
from flows.counter.desk import open_desk
from flows.running.operators import refuse_name_of_firm
from flows.running.reasons import StandingReason
from schemas.errors import (
    ConfigurationError,
    JointUseError,
    ObjectionsUnreliableError,
    RefusedError,
    SourceUnreadableError,
)
from sources.shop_folder import load_shop
from tests import factories
from tests.command import ROOT, joint_use, started
from tests.conftest import SAMPLE
from tests.factories import NOW, PERSON, customer, object_to, objection, run, write_shop


def loads(*arguments):
    """Run a command and list the modules it imported."""
    script = (
        "import sys; from flows.command_line import joint_use\n"
        f"joint_use({list(map(str, arguments))!r}, standalone_mode=False)\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return done.stderr.split()


@pytest.mark.parametrize(
    "arguments",
    [
        ("policy", "check", "--shop", SAMPLE),
        ("policy", "dictionary"),
        ("sources", "--shop", SAMPLE),
        ("--help",),
    ],
)
def test_commands_without_orchestration_do_not_load_prefect(arguments):
    assert "prefect" not in loads(*arguments)


@pytest.fixture
def shop(tmp_path):
    return write_shop(tmp_path, {"customers": [customer("1")], "objections": [objection("99")]})


def test_an_unknown_option_is_wrong_usage(shop):
    assert joint_use("export", "--colour", "red").returncode == 2


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("exprt",), "No such command"),
        (("export", "--moth", "2026-10"), "--moth という指定はありません"),
        (("object", "--scope", "提供"), "--scope は provision、purpose、erasure のどれか"),
        (("stop", "lotas/x"), "--reason を指定してください"),
        (("export\u3000--month", "2026-10"), "空白は半角で"),
        (("disclose", "--customer", "1", "－－operator", "蔵王"), "ハイフンと空白は半角で"),
        (("export", "--mode", "蔵王"), "--mode は"),
        (("蔵王",), "No such command"),
        (("export", "--month", "第十月"), "月は 2026-10 のように"),
        (("object", "--received", "きのう"), "日付は 2026-10-01 のように"),
        (("export", "--operator", "あなたの氏名"), "ご自分の氏名"),
    ],
)
def test_wrong_usage_is_a_line_in_japanese_too(shop, arguments, told):
    name, *rest = arguments
    shops = ("--shop", shop) if rest else ()
    done = joint_use(name, *shops, *rest)
    assert done.returncode in {2, 3}
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "蔵王" not in done.stderr


def test_json_in_a_file_is_utf_8_whatever_the_console_has(shop):
    run(shop, operator="𠮷田 花子")
    drop = shop / "drops" / "lotas" / "monthly-2026-10-r1"
    done = subprocess.run(
        [sys.executable, "-m", "flows.command_line", "verify", drop, "--json"],
        capture_output=True,
        check=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONIOENCODING": "cp932"},
    )
    assert json.loads(done.stdout.decode())["operator"] == "𠮷田 花子"


def test_the_public_key_has_the_digest_that_is_told(shop, tmp_path):
    path = tmp_path / "shop.pub.pem"
    done = joint_use("keys", "--shop", shop, "--out", path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() in done.stderr
    assert joint_use("keys", "--shop", shop).stdout == path.read_text()


@pytest.mark.parametrize(
    "month", ["2026/10", "２０２６－１０", "202610", "2026年10月", "令和8年10月"]
)
def test_a_month_is_read_as_people_write_it(month):
    assert MONTH.convert(month, None, None) == "2026-10"


def test_a_shop_file_saved_with_a_byte_order_mark_is_read_and_another_encoding_told(shop):
    path = shop / "shop.toml"
    text = path.read_text()
    path.write_text("\ufeff" + text)
    assert joint_use("sources", "--shop", shop).returncode == 0
    path.write_bytes(text.encode("cp932"))
    assert "UTF-8 で保存してください" in joint_use("sources", "--shop", shop).stderr


def test_a_missing_name_is_wrong_usage(shop):
    done = joint_use("export", "--shop", shop)
    assert (done.returncode, done.stdout) == (2, "")
    assert "--operator" in done.stderr


@pytest.mark.parametrize("name", ["工場長", "フロント", "１", "。", "社長 様"])
def test_a_name_of_nobody_is_refused(shop, name):
    done = joint_use("export", "--shop", shop, "--operator", name)
    assert done.returncode == 3


def test_the_name_of_a_firm_or_of_everybody_is_no_persons(shop):
    configured = load_shop(shop)
    responsible, *partners = (
        configured.policy.notice.responsible.name,
        *(partner.name for partner in configured.policy.notice.partners),
    )
    others = (
        "全員",
        "当番",
        "うけつけ",
        "整備士Ａ",
        "山形店",
        "info",
        "a@example.jp",
        "佐藤商事㈱",
    )
    for name in (configured.shop.name, responsible, *partners, *others):
        with pytest.raises(RefusedError, match="several people use"):
            open_desk(shop, name, StandingReason.LISTING, lambda: NOW, {})
    for name in (
        "阿部",
        "服部 一郎",
        "大店",
        "小林 法人",
        "大工原 花子",
        "Nguyen Van A",
        "伊藤 秀吉",
    ):
        assert open_desk(shop, name, StandingReason.LISTING, lambda: NOW, {}).actor.person == name


def test_who_does_business_under_their_own_name_may_act(shop):
    notice = load_shop(shop).policy.notice
    own = {"name": "佐藤 健一", "representative": "佐藤　健一"}
    theirs = notice.model_copy(update={"responsible": notice.responsible.model_copy(update=own)})
    refuse_name_of_firm("佐藤健一", theirs, "佐藤自動車")
    refuse_name_of_firm("鈴木", theirs, "有限会社鈴木")
    with pytest.raises(RefusedError):
        refuse_name_of_firm("佐藤自動車", theirs, "佐藤自動車")


@pytest.mark.parametrize("reason", [" ", "　", "\t"])
def test_a_blank_reason_is_none(shop, reason):
    done = joint_use("keys", "--shop", shop)
    assert done.returncode == 0
    asked = ("stop", "lotas/monthly-2026-10-r1", "--shop", shop, "--operator", PERSON)
    done = joint_use(*asked, "--reason", reason)
    assert (done.returncode, "--reason: " in done.stderr) == (2, True)


def test_a_shop_and_a_group_on_one_command_line_are_refused(shop):
    asked = ("--group", shop.parent, "--operator", PERSON)
    for command in ("export", "serve"):
        options = asked if command == "export" else asked[:2]
        done = joint_use(command, "--shop", shop, *options)
        assert (done.returncode, "exclude each other" in done.stderr) == (2, True)
    done = joint_use("export", "--group", shop.parent / "nowhere", *asked[2:])
    assert (done.returncode, "there is no folder nowhere" in done.stderr) == (2, True)


@pytest.mark.parametrize("written", ["lotas/monthly-2026-10-r1/", "lotas\\monthly-2026-10-r1"])
def test_a_drop_is_named_as_a_shell_completes_it(written):
    assert DropId().convert(written, None, None) == "lotas/monthly-2026-10-r1"


@pytest.mark.parametrize("day", ["2026-10-01", "20261001", "2026/10/1", "令和8年10月1日"])
def test_a_moment_without_a_time_is_the_end_of_its_day(day):
    moment = Moment().convert(day, None, None)
    assert (moment.date().isoformat(), moment.time()) == ("2026-10-01", time.max)
    assert Moment().convert("2026-10-01T12:00", None, None).hour == 12


def test_each_share_is_shown_with_its_own_purposes():
    shown = joint_use("policy", "show", "--shop", SAMPLE).stdout
    assert "lotas monthly: 2.offers, 3.services" in shown
    assert "lotas recall: 5.recall" in shown
    told = json.loads(joint_use("policy", "show", "--shop", SAMPLE, "--json").stdout)
    assert told["purposes"]["lotas"]["recall"] == ["5.recall"]


def test_the_chain_counts_the_objections_that_were_shown(shop):
    run(shop)
    object_to(shop, "1")
    done = joint_use("objections", "--shop", shop, "--operator", PERSON)
    assert done.stdout
    work = joint_use("objections", "--work", "--shop", shop, "--operator", PERSON)
    assert len(work.stdout.splitlines()) < len(done.stdout.splitlines())
    shown = joint_use("audit", "show", "--shop", shop).stdout
    for each in (done, work):
        assert f"{len(each.stdout.splitlines())} objections listed" in shown


def test_a_row_of_objections_nobody_can_read_is_named(tmp_path):
    tables = {"customers": [customer("1")], "objections": [objection("1"), objection("")]}
    with pytest.raises(ObjectionsUnreliableError, match=r"objections\.\w+ 3"):
        run(write_shop(tmp_path, tables))


def test_a_reason_with_a_number_is_refused_in_japanese(shop):
    done = joint_use("export", "--shop", shop, "--operator", PERSON, "--reason", "090へ電話")
    assert (done.returncode, "理由は数字と" in done.stderr) == (2, True)


def test_a_key_for_a_folder_is_refused(shop):
    drop = factories.run(shop).outcomes[0].path
    done = joint_use("verify", drop, "--key", "nokey.pem")
    assert (done.returncode, "no signature" in done.stderr) == (2, True)


def test_a_wrong_day_is_told_by_the_options_own_name(shop):
    asked = ("objections", "--shop", shop, "--operator", PERSON)
    for option in ("--as-of", "--known-at"):
        done = joint_use(*asked, option, "いつか")
        assert (done.returncode, f"{option}: " in done.stderr) == (2, True)


def test_a_shared_name_is_refused(shop):
    done = joint_use("export", "--shop", shop, "--operator", "admin")
    assert done.returncode == 3
    assert "§8" in done.stderr


def test_a_reason_with_a_phone_number_is_wrong_usage_and_not_repeated(shop):
    done = joint_use("export", "--shop", shop, "--operator", "伊藤", "--reason", "090-1234-5678")
    assert done.returncode == 2
    assert "1234" not in done.stderr


def test_an_agreement_beyond_the_notice_is_refused_with_column_and_clause(shop):
    path = shop / "partners" / "lotas.toml"
    path.write_text(path.read_text().replace('"name_kana"', '"kind"'))
    done = joint_use("policy", "check", "--shop", shop)
    assert done.returncode == 3
    assert "'kind' cites no item of the notice §7(2)" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize(
    ("content", "told"), [("= broken", "shop.toml is not TOML"), ("name = 1", "shop.toml: name")]
)
def test_a_broken_shop_file_is_wrong_configuration(shop, content, told):
    (shop / "shop.toml").write_text(content)
    done = joint_use("sources", "--shop", shop)
    assert done.returncode == 2
    assert told in done.stderr
    assert "Traceback" not in done.stderr


def test_a_busy_partner_is_told_at_once(shop):
    from ledger.locks import held

    with held(shop / "state", ["lotas-monthly"]):
        done = joint_use("export", "--shop", shop, "--operator", factories.PERSON)
    assert done.returncode == 5
    assert "lotas-monthly" in done.stderr


def test_quarantine_tells_counts_and_reasons_and_no_value(shop, exported_sample):
    assert joint_use("quarantine", "--shop", shop).returncode == 2
    done = joint_use("quarantine", "--shop", exported_sample)
    assert "「生年月日」が読めません  birth_on:unreadable" in done.stdout
    repairs = done.stdout[done.stdout.index(" repairs:") : done.stdout.index(" repair_lines:")]
    is_following = ["隔離されているため" in line for line in repairs.splitlines()[1:-1]]
    assert is_following == sorted(is_following)
    assert len(set(is_following)) == 2
    assert "昭和65年" not in done.stdout + done.stderr
    summary = json.loads(joint_use("quarantine", "--shop", exported_sample, "--json").stdout)
    assert summary["reasons"]["customers"]["customer_id:duplicate"] == 2


def test_verify_answers_for_a_drop_and_for_none(shop, tmp_path):
    path = run(shop).outcomes[0].path
    done = joint_use("verify", path)
    assert (done.returncode, done.stdout.splitlines()[0]) == (0, "lotas/monthly-2026-10-r1: OK")
    assert json.loads(joint_use("verify", path, "--json").stdout)["period"] == "2026-10"
    assert joint_use("verify", tmp_path / "nothing").returncode == 1


@pytest.mark.flow
def test_export_from_the_command_line_publishes_and_answers(prefect_server, sample_shop):
    arguments = (
        "export",
        "--shop",
        sample_shop,
        "--month",
        "2026-10",
        "--operator",
        factories.PERSON,
        "--reason",
        "手動",
    )
    first = started(*arguments, "--json")
    assert first.returncode == 0, first.stderr
    report = json.loads(first.stdout)
    assert [outcome["status"] for outcome in report["outcomes"]] == ["published", "published"]
    second = started(*arguments, "--partner", "lotas", **prefect_server)
    assert second.returncode == 0
    assert second.stdout.strip().endswith("lotas/monthly-2026-10-r1")
    assert "nothing changed" in second.stderr


@pytest.mark.parametrize(
    ("file", "arguments"),
    [
        ("records/整備.csv", ("export", "--month", "2026-10")),
        ("records/車両.csv", ("recall", "--campaign", SAMPLE / "campaigns" / "mlit_kawasaki.json")),
    ],
)
def test_a_missing_file_is_told_before_prefect_is_set_up(sample_shop, file, arguments):
    (sample_shop / file).unlink()
    done = joint_use(*arguments, "--shop", sample_shop, "--operator", PERSON)
    assert done.returncode == SourceUnreadableError.exit_code
    assert "no such file in the source's folder" in done.stderr
    assert not (sample_shop / "state" / "prefect").exists()


def test_a_full_disk_is_told_before_prefect_is_set_up(sample_shop, monkeypatch):
    free = shutil.disk_usage(sample_shop)._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    with pytest.raises(JointUseError, match="the disk is full"):
        set_up_run(sample_shop)
    assert not (sample_shop / "prefect").exists()


@pytest.mark.flow
def test_a_held_export_ends_with_4_and_no_traceback(prefect_server, sample_shop):
    text = (sample_shop / "shop.toml").read_text()
    (sample_shop / "shop.toml").write_text(
        text.replace("max_quarantined_share = 0.05", "max_quarantined_share = 0.001")
    )
    asked = ("--shop", sample_shop, "--month", "2026-10", "--operator", factories.PERSON)
    done = started("export", *asked, **prefect_server)
    assert done.returncode == 4
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert not (sample_shop / "drops").exists()


def test_a_failure_outside_the_stages_is_one_line_without_what_it_quotes(shop, tmp_path):
    (shop / "state").write_text("a file where the folder should be: 秘密")
    done = joint_use("export", "--shop", shop, "--operator", factories.PERSON)
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "秘密" not in done.stderr


@pytest.mark.parametrize("command", ["stop", "release", "hold"])
def test_a_missing_reason_is_asked_for(sample_shop, command):
    done = joint_use(command, "lotas/x", "--shop", str(sample_shop), "--operator", factories.PERSON)
    assert done.returncode == 2
    assert "--reason" in done.stderr


def leaves(group, context):
    """Give all commands of a group, those of its groups too."""
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from leaves(command, context)
        else:
            yield command


def test_no_command_keeps_the_last_of_two_values_in_silence():
    commands = list(leaves(joint_use_command, click.Context(joint_use_command)))
    asked = [
        (command, option)
        for command in commands
        for option in command.params
        if isinstance(option, click.Option) and not (option.multiple or option.is_flag)
    ]
    assert len(asked) > len(commands)
    for command, option in asked:
        name = option.opts[0]
        with pytest.raises(ConfigurationError, match=f"{name}.* can be given once"):
            command.main([name, "1", name, "2"], standalone_mode=False)
