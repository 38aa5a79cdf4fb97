"""A drop travels sealed to its own partner, signed by the shop, and to nobody else."""

import io
import os
import shutil
import subprocess
import sys
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pyrage
import pytest

from drops.packing import write_tar
from drops.packing_ahead import PackingAhead
from drops.sealing import Parcel, check_parcel, public_key_pem, seal, unpack
from drops.verify import verify_drop
from ledger.audit import entries
from ledger.carry_book import CarryBook
from schemas.agreement import Agreement
from schemas.errors import (
    ConfigurationError,
    ObjectionsMovedError,
    RefusedError,
    UnexpectedError,
    VerificationError,
)
from tests import factories
from tests.command import joint_use
from tests.factories import (
    PERSON,
    agreement,
    before,
    customer,
    desk,
    objection,
    run,
    write_shop,
    write_table,
)

TABLES = {"customers": [customer("1")], "objections": [objection("99")]}


def identity() -> pyrage.x25519.Identity:
    return pyrage.x25519.Identity.generate()


def sealed_to(key: pyrage.x25519.Identity, expires_on: str = "2099-12-31") -> dict[str, str]:
    return {"seal": "age", "recipient": str(key.to_public()), "expires_on": expires_on}


def sealed_shop(folder: Path, key: pyrage.x25519.Identity, **changes) -> Path:
    return write_shop(folder, TABLES, agreement(sealing=sealed_to(key), **changes))


def parcel_of(shop: Path, name: str = "lotas/monthly-2026-10-r1") -> Parcel:
    return Parcel(shop / "drops" / f"{name}.tar.age")


def signing_pem(shop: Path) -> bytes:
    return public_key_pem(desk(shop).ledger.signing_key())


def test_the_partner_opens_and_checks_what_was_sealed_for_it(tmp_path):
    key = identity()
    shop = sealed_shop(tmp_path / "shop", key)
    report = run(shop)
    parcel = parcel_of(shop)
    assert report.outcomes[0].handed_over.endswith(f"sealed, to be carried by hand: {parcel.tar}")
    check_parcel(parcel, signing_pem(shop))
    (tmp_path / "in").mkdir()
    folder = unpack(parcel, str(key), tmp_path / "in")
    assert verify_drop(folder).drop.drop_id == "lotas/monthly-2026-10-r1"
    assert customer("x")["name"][:2].encode() not in parcel.tar.read_bytes()


def test_a_parcel_packed_while_its_drop_is_checked_is_the_one_packed_afterwards(
    tmp_path, monkeypatch
):
    key, taken = identity(), []

    def take(packing, partner):
        taken.append(_take(packing, partner))
        return taken[-1]

    _take = PackingAhead.take
    monkeypatch.setattr("flows.carrying.carry._WORTH_A_PROCESS", 0)
    monkeypatch.setattr(PackingAhead, "take", take)
    shop = sealed_shop(tmp_path / "shop", key)
    drop = Path(run(shop).outcomes[0].path)
    parcel = parcel_of(shop)
    check_parcel(parcel, signing_pem(shop))
    assert taken == [parcel.sha256]
    (tmp_path / "in").mkdir()
    verify_drop(unpack(parcel, str(key), tmp_path / "in"))
    plain = [io.BytesIO(), io.BytesIO()]
    for folder, tar in zip((drop, tmp_path / "in" / drop.name), plain, strict=True):
        write_tar(folder, drop.name, tar)
    assert plain[0].getvalue() == plain[1].getvalue()


@pytest.mark.parametrize("how", ["dry_run", "unchanged", "refused", "moved"])
def test_what_was_packed_ahead_goes_with_a_drop_that_is_not_published(tmp_path, monkeypatch, how):
    monkeypatch.setattr("flows.carrying.carry._WORTH_A_PROCESS", 0)
    shop = sealed_shop(tmp_path / "shop", identity())
    if how == "unchanged":
        run(shop)
    if how == "refused":
        monkeypatch.setattr("drops.suspects.Suspects.traces", lambda *_: 1 // 0)
        with pytest.raises(UnexpectedError):
            run(shop)
    elif how == "moved":
        stated = list(TABLES["objections"])

        def one_more():
            stated.append(objection(str(100 + len(stated))))
            write_table(shop, "objections", stated)

        with pytest.raises(ObjectionsMovedError):
            run(shop, step=before("publish", one_more))
    else:
        run(shop, dry_run=how == "dry_run")
    assert list((shop / "drops" / "lotas").glob(".*")) == []
    assert parcel_of(shop).tar.exists() == (how == "unchanged")


def test_a_helper_ends_with_whoever_started_it(tmp_path):
    (tmp_path / "drop").mkdir()
    os.mkfifo(tmp_path / "drop" / "never ends")
    process = subprocess.Popen(
        [sys.executable, "-c", _PACKS_A_PIPE, str(tmp_path)], stdin=subprocess.PIPE
    )
    process.communicate(timeout=60)
    assert process.returncode == 1


_PACKS_A_PIPE = """
import pathlib, runpy, sys
pathlib.Path.is_file = pathlib.Path.exists  # so that the helper waits for ever at a pipe
folder = sys.argv[1]
sys.argv[1:] = [f"{folder}/drop", "drop", "", f"{folder}/drop.tar"]
runpy.run_module("drops.packing", run_name="__main__")
"""


def asked_for(monkeypatch):
    """The partners for whom help is asked and none comes."""
    asked, begin, take = [], PackingAhead.begin, PackingAhead.take

    def begun(self, partner, *rest):
        asked.append(partner)
        begin(self, partner, *rest)

    def taken(self, partner):
        packed = take(self, partner)
        assert packed is None
        return packed

    monkeypatch.setattr(PackingAhead, "begin", begun)
    monkeypatch.setattr(PackingAhead, "take", taken)
    return asked


def test_a_helper_that_cannot_be_started_only_costs_its_help(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.carrying.carry._WORTH_A_PROCESS", 0)
    monkeypatch.setattr("drops.packing_ahead.sys.executable", str(tmp_path / "no such program"))
    asked = asked_for(monkeypatch)
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    assert asked == ["lotas"]
    check_parcel(parcel_of(shop), signing_pem(shop))


def test_a_helper_that_dies_only_costs_its_help(tmp_path, monkeypatch):
    monkeypatch.setattr("flows.carrying.carry._WORTH_A_PROCESS", 0)
    monkeypatch.setattr("drops.packing_ahead.packing.__name__", "no.such.module")
    asked = asked_for(monkeypatch)
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    assert asked == ["lotas"]
    check_parcel(parcel_of(shop), signing_pem(shop))


def test_no_other_key_opens_it(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    (tmp_path / "in").mkdir()
    with pytest.raises(VerificationError, match="sealed to another"):
        unpack(parcel_of(shop), str(identity()), tmp_path / "in")


def test_the_tar_depends_on_nothing_but_the_drop(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    drop = Path(run(shop).outcomes[0].path)
    copy = tmp_path / "copy" / drop.name
    shutil.copytree(drop, copy)
    for path in copy.rglob("*"):
        path.chmod(0o755)
    tars = [io.BytesIO(), io.BytesIO()]
    for folder, target in zip((drop, copy), tars, strict=True):
        write_tar(folder, folder.name, target)
    assert tars[0].getvalue() == tars[1].getvalue()
    with tarfile.open(fileobj=io.BytesIO(tars[0].getvalue())) as tar:
        members = tar.getmembers()
    assert {(m.mtime, m.uid, m.uname) for m in members} == {(0, 0, "")}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
def test_openssl_and_sha256sum_check_it_as_the_read_me_says(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    parcel, pem = parcel_of(shop), tmp_path / "shop.pub.pem"
    pem.write_bytes(signing_pem(shop))
    names = ["-in", parcel.digest.name, "-sigfile", parcel.signature.name]
    checks = [
        ["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", str(pem), "-rawin", *names],
        ["sha256sum", "-c", parcel.digest.name],
    ]
    for command in checks:
        assert subprocess.run(command, check=False, cwd=parcel.tar.parent).returncode == 0
    parcel.digest.write_bytes(parcel.digest.read_bytes().replace(b"0", b"1"))
    assert subprocess.run(checks[0], check=False, cwd=parcel.tar.parent).returncode != 0


def test_a_changed_or_cut_or_foreign_parcel_is_refused(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    parcel, pem = parcel_of(shop), signing_pem(shop)
    other = sealed_shop(tmp_path / "other", identity())
    with pytest.raises(VerificationError, match="not this shop's signature"):
        check_parcel(parcel, signing_pem(other))
    whole = parcel.tar.read_bytes()
    parcel.tar.write_bytes(whole[:-1])
    with pytest.raises(VerificationError, match="changed or cut off"):
        check_parcel(parcel, pem)
    parcel.tar.write_bytes(whole)
    parcel.signature.unlink()
    with pytest.raises(VerificationError, match="missing"):
        check_parcel(parcel, pem)


def test_a_drop_of_one_partner_cannot_be_sealed_to_another(tmp_path):
    ours, theirs = identity(), identity()
    shop = sealed_shop(tmp_path, ours)
    drop = Path(run(shop).outcomes[0].path)
    other = Agreement.load(
        agreement("broadleaf", purposes=("1.research",), sealing=sealed_to(theirs)), where="x"
    )
    swapped = Agreement.load(agreement(sealing=sealed_to(theirs)), where="x")
    unsealed = Agreement.load(agreement(), where="x")
    for wrong in (other, swapped, unsealed):
        with pytest.raises(RefusedError, match="made for another partner or key"):
            seal(drop, wrong, bytes(32))


@pytest.mark.parametrize(
    "same",
    [
        {
            "sealing": {
                "seal": "age",
                "recipient": str(identity().to_public()),
                "expires_on": "2099-12-31",
            }
        },
        {"place": {"kind": "folder", "path": "out"}},
        {"place": {"kind": "folder", "path": "out/"}},
        {"place": {"kind": "folder", "path": "sub/../out"}},
    ],
)
def test_two_partners_with_one_key_or_one_place_do_not_load(tmp_path, same):
    first = {"place": {"kind": "folder", "path": "out"}} if "place" in same else same
    pair = [agreement() | first, agreement("broadleaf", purposes=("1.research",)) | same]
    with pytest.raises(RefusedError, match="too; each partner has its own"):
        run(write_shop(tmp_path, TABLES, *pair))


def test_a_key_with_a_slip_of_the_pen_does_not_load(tmp_path):
    key = sealed_to(identity())
    slip = "q" if key["recipient"][-1] != "q" else "p"
    wrong = {**key, "recipient": key["recipient"][:-1] + slip}
    shop = write_shop(tmp_path, TABLES, agreement(sealing=wrong))
    with pytest.raises(ConfigurationError, match="slip in it") as refused:
        run(shop)
    assert wrong["recipient"] not in str(refused.value)


def test_a_partner_without_a_key_gets_nothing(tmp_path):
    terms = agreement()
    del terms["sealing"]
    shop = write_shop(tmp_path, TABLES, terms)
    with pytest.raises(RefusedError, match="names no key"):
        run(shop)
    assert not list((shop / "drops").rglob("*.csv"))
    assert run(shop, dry_run=True).outcomes[0].status == "dry_run"


def test_unsealed_holds_only_until_its_date(tmp_path):
    terms = {"seal": "none", "reason": "鍵の準備中", "until": "2026-11-02"}
    shop = write_shop(tmp_path, TABLES, agreement(sealing=terms))
    assert run(shop).outcomes[0].status == "published"
    with pytest.raises(RefusedError, match=r"sealing\.until"):
        run(shop, now=datetime(2026, 11, 3, tzinfo=UTC))


def test_unsealed_needs_a_reason_and_a_date(tmp_path):
    for terms in ({"seal": "none"}, {"seal": "none", "reason": "", "until": "2027-01-01"}):
        with pytest.raises(ConfigurationError, match="sealing"):
            run(write_shop(tmp_path, TABLES, agreement(sealing=terms)))


def test_an_expired_key_stops_the_handing_over_and_says_what_to_do(tmp_path):
    shop = sealed_shop(tmp_path, identity())
    terms = agreement(sealing=sealed_to(identity(), "2026-11-01"))
    (shop / "partners" / "lotas.toml").write_text(factories.toml(terms))
    (outcome,) = run(shop).outcomes
    assert (outcome.status, outcome.handover_code) == ("published", 3)
    assert "expired on 2026-11-01" in outcome.handed_over
    assert not parcel_of(shop).tar.exists()


def test_a_new_key_needs_a_new_revision_which_goes_to_it(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    key = identity()
    terms = agreement(sealing=sealed_to(key)) | {"version": "2"}
    (shop / "partners" / "lotas.toml").write_text(factories.toml(terms))
    assert run(shop).outcomes[0].drop_id == "lotas/monthly-2026-10-r2"
    (tmp_path / "in").mkdir()
    unpack(parcel_of(shop, "lotas/monthly-2026-10-r2"), str(key), tmp_path / "in")


def test_a_disk_that_fails_while_the_tar_is_made_is_told_and_leaves_no_parcel(
    tmp_path, monkeypatch
):
    def fails(*_):
        raise OSError(5, "Input/output error")

    shop = sealed_shop(tmp_path, identity())
    monkeypatch.setattr(tarfile.TarFile, "addfile", fails)
    (outcome,) = run(shop).outcomes
    assert (outcome.status, outcome.handover_code) == ("published", 1)
    assert "cannot be sealed" in outcome.handed_over
    assert not parcel_of(shop).tar.exists()


@pytest.mark.parametrize(
    "name",
    ["../escape", "/tmp/escape", "in/../../escape", "in\\..\\..\\escape", "c:/escape", "escape"],
)
def test_a_tar_that_reaches_outside_is_no_drop(tmp_path, name):
    key = identity()
    tar, sealed = io.BytesIO(), tmp_path / "x.tar.age"
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tarfile.TarInfo(name)
        entry.size = 1
        archive.addfile(entry, io.BytesIO(b"x"))
    sealed.write_bytes(pyrage.encrypt(tar.getvalue(), [key.to_public()]))
    (tmp_path / "in").mkdir()
    with pytest.raises(VerificationError, match="holds no drop"):
        unpack(Parcel(sealed), str(key), tmp_path / "in")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["drop.tar"]
    assert not (tmp_path / "escape").exists()


def test_the_partner_checks_with_the_command(tmp_path):
    key = identity()
    shop = sealed_shop(tmp_path / "shop", key)
    run(shop)
    pem, own = tmp_path / "shop.pub.pem", tmp_path / "key.txt"
    pem.write_text(joint_use("keys", "--shop", str(shop)).stdout)
    own.write_text(f"# created: today\n{key}\n")
    tar = str(parcel_of(shop).tar)
    outside = joint_use("verify", tar, "--key", str(pem))
    inside = joint_use("verify", tar, "--key", str(pem), "--identity", str(own))
    assert "signature and digest OK" in outside.stdout
    assert "lotas/monthly-2026-10-r1: OK" in inside.stdout
    assert joint_use("verify", tar).returncode == 2


def test_after_the_signing_key_was_replaced_the_former_one_signs_nothing_any_more(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    run(shop)
    former = signing_pem(shop)
    asked = ("--shop", str(shop), "--operator", PERSON)
    done = joint_use("keys", "--replace", "--reason", "鍵の控えをなくした", *asked)
    new = signing_pem(shop)
    assert (done.returncode, done.stdout.encode()) == (0, new)
    assert "compare it by telephone" in done.stderr
    assert new != former
    assert joint_use("deliver", "lotas/monthly-2026-10-r1", *asked).returncode == 0
    check_parcel(parcel_of(shop), new)
    with pytest.raises(VerificationError, match="not this shop's signature"):
        check_parcel(parcel_of(shop), former)
    at_desk = desk(shop)
    with at_desk.ledger.reading() as connection:
        assert [e.subject for e in entries(connection) if e.action == "rekey"] == ["signing"]


def test_a_signing_key_is_replaced_for_a_reason(tmp_path):
    shop = sealed_shop(tmp_path / "shop", identity())
    former = signing_pem(shop)
    asked = ("--shop", str(shop), "--operator", PERSON)
    assert joint_use("keys", "--replace", *asked).returncode == 2
    assert "goes with --replace" in joint_use("keys", "--reason", "試験", *asked).stderr
    assert signing_pem(shop) == former


@pytest.mark.parametrize("is_entered", [False, True])
def test_killed_while_its_key_is_replaced_the_shop_has_one_key(tmp_path, monkeypatch, is_entered):
    shop = sealed_shop(tmp_path / "shop", identity())
    ledger, former = desk(shop).ledger, signing_pem(shop)
    step = (Path, "replace") if is_entered else (CarryBook, "forget_parcels")

    def killed(path, *_):
        if not is_entered or path.suffix == ".next":
            raise KeyboardInterrupt
        return whole(path, *_)

    whole = Path.replace
    with monkeypatch.context() as context:
        context.setattr(*step, killed)
        with pytest.raises(KeyboardInterrupt):
            ledger.replace_signing_key(desk(shop).actor)
    assert (signing_pem(shop) != former) is is_entered
    assert signing_pem(shop) == signing_pem(shop)
