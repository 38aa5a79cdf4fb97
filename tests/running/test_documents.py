"""The documents are true: their commands run, their example loads, and every command is in them."""

import json
import re
import shlex
import subprocess
import sys
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from drops.folders import read_drop
from flows.command_line import joint_use as commands
from schemas.acknowledgement import Acknowledgement
from schemas.shop import ShopConfiguration
from tests.command import ROOT, joint_use, started, typed
from tests.conftest import SAMPLE
from tests.factories import PERSON, acknowledgement

READ_ME, READ_ME_JA = (ROOT / name for name in ("README.md", "README.ja.md"))


def lines(document: Path) -> list[str]:
    """The commands of a document's shell blocks."""
    blocks = re.findall(r"```sh\n(.*?)```", document.read_text(), re.DOTALL)
    return [
        line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line
    ]


@pytest.mark.parametrize(
    "line", [line for d in (READ_ME, READ_ME_JA) for line in lines(d) if line.startswith("make")]
)
def test_the_make_targets_of_the_documents_exist(line):
    done = subprocess.run(
        [*shlex.split(line), "--dry-run"], check=False, cwd=ROOT, capture_output=True
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "line", [line for line in lines(READ_ME) if line.startswith(".venv/bin/joint-use")]
)
def test_the_commands_of_the_one_minute_try_answer(exported_sample, line):
    arguments = [a.replace("data/sample", str(exported_sample)) for a in shlex.split(line)[1:]]
    done = joint_use(*arguments)
    assert (done.returncode, bool(done.stdout)) == (0, True), done.stderr


def answer_as_the_partner(shop: Path, arguments: list[str], folder: Path) -> list[str]:
    """Write the file an `acknowledge` command names, as the partner would send it."""
    if "acknowledge" not in arguments:
        return arguments
    name = next(a for a in arguments if a.startswith("lotas/"))
    said = acknowledgement(read_drop(shop / "drops" / name), datetime.now(UTC))
    path = folder / "ack.json"
    path.write_text(json.dumps(said), encoding="utf-8")
    return [str(path) if a == "ack.json" else a for a in arguments]


@pytest.mark.flow
def test_when_a_customer_says_no_five_commands_lead_to_the_answer(
    prefect_server, exported_sample, tmp_path
):
    who = {"JOINT_USE_SHOP": str(exported_sample), "JOINT_USE_OPERATOR": PERSON, **prefect_server}
    section = READ_ME.read_text().partition("### When a customer says no")[2]
    (block,) = re.findall(r"```sh\n(.*?)```", section.partition("\n### ")[0], re.DOTALL)
    said = []
    for line in block.splitlines():
        arguments = [
            a.replace("drops/", f"{exported_sample}/drops/") for a in shlex.split(line)[1:]
        ]
        arguments = answer_as_the_partner(exported_sample, arguments, tmp_path)
        done = typed(*arguments, **who)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout + done.stderr)
    recorded, exported, verified, answered, disclosed = said
    assert "joint-use notices --partner lotas" in recorded
    assert "lotas/monthly-2026-10-r2" in exported
    assert "deleted: 3" in verified
    assert "3 accepted, 0 rejected" in answered
    lotas = [line for line in disclosed.splitlines() if "全日本ロータス同友会" in line]
    assert any("monthly-2026-10-r2  確認 20" in line for line in lotas)
    assert not [line for line in lotas if "から" in line]


@pytest.mark.flow
def test_the_commands_of_many_shops_answer(prefect_server, sample_shop):
    section = READ_ME.read_text().partition("### Many shops")[2].partition("\n### ")[0]
    group, parts = re.findall(r"```sh\n(.*?)\n```", section, re.DOTALL)
    (sample_shop.parent / "shops").mkdir()
    grouped = sample_shop.rename(sample_shop.parent / "shops" / "akita")
    who = {"JOINT_USE_SHOP": str(grouped), "JOINT_USE_OPERATOR": PERSON, **prefect_server}
    in_group = [a.replace("shops", str(grouped.parent)) for a in shlex.split(group)[1:]]
    done = started(*in_group, **who)
    assert (done.returncode, "✓ akita" in done.stderr) == (0, True), done.stderr
    done = started(*shlex.split(parts)[1:], **who)
    assert (done.returncode, "nothing changed" in done.stderr) == (0, True), done.stderr


def test_the_commands_about_texts_answer(exported_sample):
    section = READ_ME.read_text().partition("### Texts")[2].partition("\n### ")[0]
    (block,) = re.findall(r"```sh\n(.*?)```", section, re.DOTALL)
    who = {"JOINT_USE_SHOP": str(exported_sample), "JOINT_USE_OPERATOR": PERSON}
    waiting = [text["name"] for text in json.loads(joint_use("review", "--json", **who).stdout)]
    assert waiting
    for line in block.splitlines():
        arguments = shlex.split(line.partition("#")[0])[1:]
        own = [waiting[0] if a == "1a2b3c4d5e" else a for a in arguments]
        done = joint_use(*own, **who)
        assert done.returncode == 0, done.stderr


@pytest.mark.flow
def test_the_operators_commands_answer(prefect_server, exported_sample, tmp_path):
    for line in lines(READ_ME_JA):
        if line.startswith("joint-use") and "serve" not in line:
            arguments = [
                a.replace("店のフォルダ", str(exported_sample))
                .replace("店舗をまとめたフォルダ", str(exported_sample.parent))
                .replace("あなたの氏名", PERSON)
                for a in shlex.split(line)[1:]
            ]
            arguments = answer_as_the_partner(exported_sample, arguments, tmp_path)
            done = typed(*arguments, **prefect_server)
            assert done.returncode == 0, done.stderr


def test_the_answer_shown_to_partners_is_of_the_format():
    (example,) = re.findall(r"```json\n(.*?)```", READ_ME.read_text(), re.DOTALL)
    said = Acknowledgement.load(json.loads(example), where="README.md")
    assert said.rejected_count == 1


def test_the_example_of_a_shop_file_loads():
    example, agreement = re.findall(r"```toml\n(.*?)```", READ_ME.read_text(), re.DOTALL)
    assert tomllib.loads(agreement).keys() == {"delivery", "sealing", "place"}
    shop = ShopConfiguration.load(tomllib.loads(example), where="README.md")
    assert shop.tables["customers"][0].columns["name"] == ("お客様名", "氏名")


def test_the_benchmark_runs_and_prints_a_row_for_each_contender(tmp_path):
    command = [
        sys.executable,
        "-m",
        "bench",
        *("--scales", "0.002", "--runs", "1", "--work", str(tmp_path)),
        *("--peers", "bare_duckdb", "plain_pandas", "--chart", ""),
    ]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, text=True)
    rows = [line.split()[0] for line in done.stdout.splitlines() if "ours / this" in line]
    readers, peers = ["adbc_read", "adbc_sorted"], ["bare_duckdb", "plain_pandas"]
    assert rows == [*["ours", *peers] * 2, *["ours", *readers, *peers] * 2]


def test_every_command_and_option_of_export_is_in_the_read_me():
    text = READ_ME.read_text()
    for name in commands.list_commands(None):
        assert re.search(rf"`{name}[ `]", text)
    export = commands.get_command(None, "export")
    for parameter in export.params:
        assert parameter.opts[0] in text


def test_every_trap_of_the_samples_read_me_names_something_that_is_there():
    text = (SAMPLE / "README.md").read_text()
    names = re.findall(r"`([^`]+\.(?:csv|json))`", text)
    assert names
    for name in names:
        assert any(p.name == Path(name).name for p in SAMPLE.rglob("*")), name


def test_the_documents_name_no_place_of_this_machine():
    for path in [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        ROOT / "constraints.txt",
        ROOT / "Makefile",
    ]:
        assert not re.search(
            r"/home/|/root/|/work/|https?://[^ ]*(pypi|simple)", path.read_text()
        ), path
