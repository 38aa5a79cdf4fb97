"""Publish: in one ledger transaction, unless an objection has arrived since the gate, rename and enter."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow
import pyarrow.compute as pc
from sqlalchemy import Connection

from drops.bag import TAG_MANIFEST, is_bag, sha256_of
from drops.differences import differences
from drops.folders import discard, read_drop, show, to_disk
from drops.keeping import Kept
from flows.making.handed_on import Built, Registered
from flows.running.report import Outcome, Status, TableDifference
from flows.running.request import Mode
from flows.running.run import Run, instant
from flows.running.waiting_room import put_aside
from flows.stages.register import take_in
from ledger.answer_book import AnswerBook
from ledger.carry_book import CarryBook
from ledger.drop_book import DropBook
from ledger.drop_entries import EnteredDrop, Prepared, Tombstone
from ledger.objection_book import ObjectionBook
from ledger.objections_moved import confirm, have_moved_since
from ledger.text_decisions import withheld_since
from schemas.drop import Drop, DropKind
from schemas.errors import (
    JointUseError,
    LedgerUnavailableError,
    ObjectionsMovedError,
    RefusedError,
)
from schemas.partner_tables import DELETED
from transforms.key_forms import binary_keys


def publish(run: Run, registered: Registered, built: Built) -> Outcome:
    """Publish a verified drop, unless the partner already has this or the mode publishes nothing.

    Raises:
        ObjectionsMovedError: the objections are no longer those the gate knew.
        RefusedError: somebody has withheld a text since.
    """
    return _Publisher(run, registered, built).decide()


@dataclass(frozen=True)
class _Publisher:
    run: Run
    registered: Registered
    built: Built

    @property
    def _staging(self) -> Path:
        return Path(self.built.staging)

    @cached_property
    def _drop(self) -> Drop:
        return read_drop(self._staging)

    @cached_property
    def _latest(self) -> EnteredDrop | None:
        """The newest published revision of the same series."""
        drop = self._drop
        with self.run.ledger.reading() as connection:
            return DropBook(connection).latest(drop.partner, drop.kind, drop.period)

    @cached_property
    def _persons(self) -> int:
        """How many persons the drop holds: customers, and relatives named in it."""
        partner = self._drop.partner
        relatives = sum(
            pc.sum(pc.equal(piece["record"], "family_members")).as_py() or 0
            for piece in self.run.scratch.pieces(f"records-{partner}")
        )
        return len(self.run.scratch.table(f"persons-{partner}")) + relatives

    def decide(self) -> Outcome:
        status = self._status()
        if status == "published" and not self._must_wait():
            # Compared before the folder is shown: of a corrected drop the difference is told as well.
            outcome = self._outcome(status)
            self._publish()
            return outcome
        self.run.ahead.packing.stop(self._drop.partner)
        return self._set_aside() if status == "published" else self._leave_out(status)

    def _leave_out(self, status: Status) -> Outcome:
        """Remove a drop that is not to be published."""
        self._refuse_if_moved()
        outcome = self._outcome(status)
        discard(self._staging)
        if status == "unchanged":
            self._confirm_latest()
        return outcome

    def _confirm_latest(self) -> None:
        """Enter that the latest drop is right by today's objections, so that it may still be carried."""
        run, latest = self.run, self._latest
        if latest is None or not self._is_carried:
            return
        with run.ledger.writing() as connection:
            if have_moved_since(connection, latest.drop, run.as_of.date()):
                confirm(connection, run.actor, latest.drop, self.registered.head)

    def _status(self) -> Status:
        request = self.run.request
        if request.mode is Mode.REPRODUCE:
            is_equal = not {name for name in self._difference if name != DELETED}
            return "same" if is_equal else "different"
        if request.dry_run:
            return "dry_run"
        if self._is_empty():
            return "nothing"
        if request.mode is Mode.CORRECT:
            if self._latest and not (self._adds_notices() or self._is_to_correct(self._latest)):
                return "unchanged"
            return "published" if request.confirmed else "unconfirmed"
        return self._of_issue()

    def _adds_notices(self) -> bool:
        """Tell whether there is anything to delete or to discard that the latest drop does not tell."""
        drop, latest = self._drop, self._latest
        told = self._told([latest] if latest else [])
        return bool(
            set(self.run.scratch.tombstones(drop.partner)) - told
            or (latest and set(drop.discard) - set(latest.drop.discard))
        )

    def _is_to_correct(self, latest: EnteredDrop) -> bool:
        """Tell whether a drop is another one than its partner has whole and may keep."""
        is_same = _has_the_same_rows(latest.drop, self._drop) and self._is_sound(latest)
        is_lost = not (self._is_carried or self._folder_of(latest.drop).exists())
        return bool(latest.stopped_at) or not is_same or is_lost or self._brings_back

    @property
    def _is_carried(self) -> bool:
        return self.run.agreement(self._drop.partner).is_carried

    def _folder_of(self, drop: Drop) -> Path:
        return self.run.folder.drops / drop.drop_id

    def _is_empty(self) -> bool:
        """Whether a drop beside the monthly one has nothing to tell that was not told before."""
        drop = self._drop
        if self.run.kind is DropKind.NOTICES:
            return not (self.built.deleted or drop.discard)
        if self.run.kind is not DropKind.RECALL or self.run.scratch.targets(drop.partner).handovers:
            return False
        with self.run.ledger.reading() as connection:
            told = self._told(DropBook(connection).published(drop.partner))
        return set(self.run.scratch.tombstones(drop.partner)) <= told

    def _told(self, drops: Iterable[EnteredDrop]) -> set[Tombstone]:
        """Give what drops told to delete, unless their partner answered or was given it again since.

        What an answered drop told, and the partner holds all the same, has to be told again.
        """
        told: set[Tombstone] = set()
        with self.run.ledger.reading() as connection:
            book, answers = DropBook(connection), AnswerBook(connection).answers()
            for each in drops:
                if each.sequence not in answers and not each.stopped_at:
                    stones = set(book.tombstones(each.sequence))
                    told |= stones - book.given_again(each)
        return told

    def _of_issue(self) -> Status:
        drop, latest = self._drop, self._latest
        if latest is None or self.run.kind.is_additive or not _has_the_same_rows(latest.drop, drop):
            return "published"
        if latest.stopped_at and drop.tables:
            return "stopped"
        is_news = self._adds_notices() or self._brings_back or not self._is_sound(latest)
        return "published" if is_news else "unchanged"

    def _must_wait(self) -> bool:
        run = self.run
        return self._persons > run.folder.shop.carry_out.most(self._drop.kind, run.as_of.date())

    def _set_aside(self) -> Outcome:
        """Keep a drop that holds many persons where nobody sees it, until the data manager decides."""
        self._refuse_if_moved()
        run, drop = self.run, self._drop
        outcome, prepared = self._outcome("waiting"), self._prepared()
        put_aside(self._staging, run.folder.state, drop.drop_id)
        with run.ledger.writing() as connection:
            sequence = DropBook(connection).prepare(prepared, _made_with(drop))
            CarryBook(connection).wait(run.actor, sequence, drop.drop_id, self._persons)
        return outcome

    def _prepared(self) -> Prepared:
        run, drop = self.run, self._drop
        return Prepared(
            drop=drop,
            bag_sha256=sha256_of(self._staging / TAG_MANIFEST),
            persons=run.scratch.table(f"persons-{drop.partner}"),
            records=run.scratch.pieces(f"records-{drop.partner}"),
            tombstones=run.scratch.tombstones(drop.partner),
            handovers=(
                run.scratch.targets(drop.partner).handovers if run.kind is DropKind.RECALL else ()
            ),
        )

    def _publish(self) -> None:
        """Enter the drop, then make it visible; both count only if no objection came between."""
        run, drop = self.run, self._drop
        with run.ledger.writing() as connection:
            sequence = DropBook(connection).prepare(self._prepared(), _made_with(drop))
        to_disk(self._staging)
        run.ahead.packing.wait(drop.partner)
        shown = self._folder_of(drop)
        try:
            with run.ledger.writing() as connection:
                take_in(run, connection)
                has_moved = self._has_moved(ObjectionBook(connection, run.ledger.references))
                is_narrowed = self._is_narrowed(connection)
                if not (has_moved or is_narrowed):
                    show(self._staging, shown)
                    rows = sum(table.rows for table in drop.tables)
                    told = f"{rows} rows, {self.built.deleted} keys to delete"
                    DropBook(connection).publish(run.actor, sequence, told)
        except LedgerUnavailableError as error:
            raise _shown_only(drop.drop_id) if shown.exists() else error from None
        _refuse(has_moved=has_moved, is_narrowed=is_narrowed)

    def _refuse_if_moved(self) -> None:
        run = self.run
        with run.ledger.writing() as connection:
            take_in(run, connection)
            has_moved = self._has_moved(ObjectionBook(connection, run.ledger.references))
            is_narrowed = self._is_narrowed(connection)
        _refuse(has_moved=has_moved, is_narrowed=is_narrowed)

    def _is_narrowed(self, connection: Connection) -> bool:
        """Tell whether somebody has withheld a text since the run's were judged."""
        decided = self.run.scratch.decided()
        return decided is not None and withheld_since(connection, decided)

    def _has_moved(self, book: ObjectionBook) -> bool:
        has_day_turned = instant(self.run.clock).date() != self.run.as_of.date()
        return has_day_turned or book.head() != self.registered.head

    def _is_sound(self, latest: EnteredDrop) -> bool:
        """Tell whether a published drop is as it was, or was taken away whole."""
        folder = self._folder_of(latest.drop)
        if not folder.exists():
            return self._was_taken_away(latest)
        try:
            return is_bag(folder, latest.bag_sha256)
        except (JointUseError, OSError):
            return False

    def _was_taken_away(self, latest: EnteredDrop) -> bool:
        """Tell whether a folder that is gone was of use: fetched, handed over, answered, or locked away."""
        if not self._is_carried:
            return True
        with self.run.ledger.reading() as connection:
            done = {*CarryBook(connection).delivered(), *AnswerBook(connection).answers()}
        is_kept = Kept(self.run.folder.state, latest.drop.drop_id).copy.exists()
        return latest.sequence in done or is_kept

    @cached_property
    def _brings_back(self) -> bool:
        """Tell whether the drop shows anything the partner was told to delete since the latest one."""
        run, latest = self.run, self._latest
        if latest is None:
            return False
        partner = latest.drop.partner
        with run.ledger.reading() as connection:
            book = DropBook(connection)
            since = book.order()[latest.sequence]
            told = [key for key, place in book.deletions_told(partner).items() if place > since]
        keys = binary_keys(pyarrow.array(told, pyarrow.string()))
        return any(
            pc.any(pc.is_in(piece["key"], value_set=keys), min_count=0).as_py()
            for piece in run.scratch.pieces(f"records-{partner}")
        )

    @cached_property
    def _difference(self) -> dict[str, TableDifference]:
        """What is otherwise than in the latest drop, by file."""
        if self._latest is None:
            return {}
        latest = self._latest.drop
        folder = self._folder_of(latest)
        if folder.exists():
            found = differences(folder, self._staging)
            return {
                name: TableDifference.model_validate(each.told()) for name, each in found.items()
            }
        digests = {file.name: file.sha256 for file in latest.files}
        return {
            file.name: TableDifference()
            for file in self._drop.files
            if digests.get(file.name) != file.sha256
        }

    def _outcome(self, status: Status) -> Outcome:
        drop, latest = self._drop, self._latest
        kept = latest if status in {"unchanged", "stopped"} else None
        is_compared = status in {"dry_run", "unconfirmed", "same", "different", "waiting"}
        is_corrected = status == "published" and self.run.request.mode is Mode.CORRECT
        difference = self._difference if is_compared or is_corrected else {}
        named = kept.drop if kept else drop
        folder = self._folder_of(named)
        has_folder = status == "published" or (kept is not None and folder.exists())
        return Outcome(
            partner=self.built.partner,
            status=status,
            drop_id=named.drop_id,
            path=str(folder) if has_folder else "",
            supersedes=named.supersedes,
            account=self.built.account,
            reasons=self.built.reasons,
            cells=self.built.cells,
            deleted=self.built.deleted,
            compared_with=latest.drop.drop_id if latest and (is_compared or difference) else None,
            difference=difference,
        )


def _made_with(drop: Drop) -> int:
    return drop.audit_head.sequence if drop.audit_head else 0


def _shown_only(drop_id: str) -> LedgerUnavailableError:
    return LedgerUnavailableError(
        f"{drop_id} は drops フォルダにできていますが、台帳に記録できませんでした。渡さないでください。"
        "台帳の場所の空きや接続を確かめて、もう一度実行すると記録されます / "
        f"{drop_id} stands in the drops folder, but the ledger could not enter it; do not hand it over. Look "
        "whether the ledger's disk is full or its server away, and run again: it is entered then"
    )


def _refuse(*, has_moved: bool, is_narrowed: bool) -> None:
    if has_moved:
        raise _moved()
    if is_narrowed:
        raise RefusedError(
            "作っている間に、渡さないと決めた文か、取り消した言葉があります。もう一度実行してください / "
            "somebody withheld a text, or took a word back, while the drop was being made; nothing further "
            "is published. Run again"
        )


def _moved() -> ObjectionsMovedError:
    return ObjectionsMovedError(
        "作っている間に申し出が届いたか、申し出の効力が生じる日になりました。"
        "もう一度実行してください / "
        "an objection arrived, or a day began on which one takes effect, while the drop was being made; "
        "nothing further is published. Run again"
    )


def _has_the_same_rows(old: Drop, new: Drop) -> bool:
    """Tell whether two drops hold the same files under the same policy, but for what to delete."""

    def content(drop: Drop) -> tuple[object, ...]:
        return drop.tables, drop.purposes, drop.notice, drop.narrowed_by, drop.agreement

    return content(old) == content(new)
