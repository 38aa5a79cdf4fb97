"""The agreement (覚書): what one partner gets, in which form; always a subset of the notice."""

import hashlib
import re
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from types import MappingProxyType
from typing import Literal

from pydantic import Field, model_validator

from schemas.carrying import AgeSeal, NoSeal, Place, Sealing
from schemas.catalog import CATALOG, DELIVERABLE_TABLES
from schemas.drop import DropKind
from schemas.errors import RefusedError
from schemas.notice import Identifier
from schemas.strict import Strict


class Delivery(Strict):
    """How the partner's files are written.

    `unmappable` says what happens to a character the encoding cannot carry unchanged:
    `substitute` replaces it from our table and counts it, `quarantine` sets the row aside.
    """

    format: Literal["csv", "parquet"]
    encoding: Literal["utf-8-sig", "cp932"] = "utf-8-sig"
    line_end: Literal["crlf", "lf"] = "crlf"
    unmappable: Literal["substitute", "quarantine"] = "quarantine"

    @property
    def is_cp932(self) -> bool:
        """Whether the files can carry only what CP932 has."""
        return self.format == "csv" and self.encoding == "cp932"

    @property
    def suffix(self) -> str:
        """File name ending of a table."""
        return f".{self.format}"


_TITLE = re.compile(
    r"(?![=+\-@＝＋－＠\s])[^\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufeff]+(?<!\s)"
)
"""A heading a spreadsheet shows as it is."""

KEY_TITLES: Mapping[str, str] = MappingProxyType(
    {
        "customer_key": "顧客キー",
        "family_member_key": "家族キー",
        "vehicle_key": "車両キー",
        "visit_key": "入庫キー",
        "repair_key": "整備キー",
        "invoice_key": "伝票キー",
        "vehicle_cost_key": "諸費用キー",
        "image_key": "画像キー",
    }
)
"""Partner keys and their titles, unless the agreement gives others."""


class AgreedTable(Strict):
    """The columns of one canonical table, the partner's titles, and its words for our codes."""

    columns: tuple[str, ...] = Field(min_length=1)
    titles: Mapping[str, str] = Field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _each_column_once(self) -> "AgreedTable":
        if len(set(self.columns)) != len(self.columns):
            raise ValueError(
                "同じ列が二度あります。一度だけ書いてください / "
                "a column is listed twice; list it once"
            )
        for named in (*self.titles, *self.labels):
            if named not in self.columns and not (named in self.titles and named in KEY_TITLES):
                raise ValueError(
                    f"'{named}' に見出しや言葉がありますが、columns にありません / "
                    f"'{named}' has a title or labels but is not in columns"
                )
        for title in self.titles.values():
            if not _TITLE.fullmatch(title):
                raise ValueError(
                    "見出しの前後の空白、改行や見えない文字、先頭の = + - @ は使えません。直してください / "
                    "a title has no blanks around it, no line end or invisible character in it, and does not "
                    "begin with = + - @; correct it"
                )
        return self

    def without(self, columns: Collection[str]) -> "AgreedTable":
        """Give the same table without some of its columns."""
        return self.model_copy(
            update={
                "columns": tuple(c for c in self.columns if c not in columns),
                "titles": {c: t for c, t in self.titles.items() if c not in columns},
                "labels": {c: w for c, w in self.labels.items() if c not in columns},
            }
        )


class Share(Strict):
    """What goes into one kind of drop, and for which purposes."""

    purposes: tuple[str, ...] = Field(min_length=1)
    tables: Mapping[str, AgreedTable] = Field(min_length=1)


_FINGERPRINT_DIGITS = 16

RECALL_PURPOSE = "5.recall"
RECALL_COLUMNS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "customers": (
            *("name", "name_kana", "postal_code", "address"),
            *("phone", "mobile_phone", "email"),
        ),
        "certificates": ("plate", "chassis_number", "model_code", "maker_name"),
    }
)
"""What telling an owner of a recall can need: how to reach the person, and which car."""


class Agreement(Strict):
    """What one partner gets."""

    partner: Identifier
    version: str
    effective_on: date
    delivery: Delivery
    monthly: Share
    recall: Share | None = None
    sealing: Sealing | None = None
    """Without it the partner gets nothing: nothing travels in the clear by accident."""
    place: Place | None = None
    """Where drops are put; without it they are carried there by hand."""

    @property
    def shares(self) -> dict[str, Share]:
        """Give the sections that say what goes into drops, by name."""
        sections = {"monthly": self.monthly, "recall": self.recall}
        return {name: share for name, share in sections.items() if share is not None}

    def share_of(self, kind: DropKind) -> Share | None:
        """Give the section that says what goes into drops of a kind; None if the partner gets none."""
        return self.recall if kind is DropKind.RECALL else self.monthly

    def columns_of(self, table: str) -> set[str]:
        """Give the columns of a table the partner gets, with drops of any kind."""
        own = [share.tables[table] for share in self.shares.values() if table in share.tables]
        return {name for agreed in own for name in agreed.columns}

    @property
    def is_carried(self) -> bool:
        """Whether drops are sealed or put somewhere, and not just left in the drops folder."""
        return self.place is not None or bool(fingerprint_of(self))

    def refuse_in_the_clear(self, today: date) -> None:
        """Refuse to make anything the partner could only get in the clear.

        Raises:
            RefusedError: saying what the agreement needs.
        """
        where, sealing = f"partners/{self.partner}.toml", self.sealing
        if sealing is None:
            raise RefusedError(
                f"{where}: 納品先の鍵がありません。[sealing] がないと {self.partner} "
                "には何も作りません（方針第8条）。納品先に age の公開鍵をもらうか、理由と期限を付けて seal "
                '= "none" と書いてください / '
                f"{where} names no key: without [sealing] nothing is made for {self.partner} (§8). Ask the "
                'partner for its age key, or write seal = "none" with a reason and a date'
            )
        if isinstance(sealing, NoSeal) and today > sealing.until:
            raise RefusedError(
                f"{where}: sealing.until（{sealing.until}）を過ぎました。納品先に age の公開鍵をもらうか、"
                "新しい期限を決めてください / "
                f"{where}: sealing.until ({sealing.until}) is over; ask the partner for its age key, or "
                "agree on a new date"
            )

    def refuse_expired_key(self, today: date) -> None:
        """Refuse to seal to a key whose time is over.

        Raises:
            RefusedError: saying what to do.
        """
        self.refuse_in_the_clear(today)
        if isinstance(self.sealing, AgeSeal) and today > self.sealing.expires_on:
            raise RefusedError(
                f"partners/{self.partner}.toml: 鍵の期限（{self.sealing.expires_on}）"
                "が過ぎているので渡しません。新しい鍵をもらい、電話で照合して書き込んでください / "
                f"partners/{self.partner}.toml: the key expired on {self.sealing.expires_on}; nothing is "
                "handed over. Ask the partner for its new key, compare it by telephone, enter it"
            )

    def _agreed(self) -> Iterator[tuple[str, str, AgreedTable]]:
        for section, share in self.shares.items():
            for name, agreed in share.tables.items():
                yield f"{section}.tables.{name}", name, agreed

    @model_validator(mode="after")
    def _can_be_written(self) -> "Agreement":
        for place, _, agreed in self._agreed():
            words = [
                *agreed.titles.values(),
                *(w for by in agreed.labels.values() for w in by.values()),
            ]
            for word in words if self.delivery.is_cp932 else ():
                if word.encode("cp932", "replace").decode("cp932") != word:
                    raise ValueError(
                        f"{place}: 「{word}」は CP932 で書けません。ほかの書き方にしてください / "
                        f"{place}: CP932 cannot carry '{word}'; write it otherwise"
                    )
            for column, by_code in agreed.labels.items():
                if len(set(by_code.values())) != len(by_code):
                    raise ValueError(
                        f"{place}.labels.{column}: 二つの符号が同じ言葉です / "
                        f"{place}.labels.{column}: two codes have the same word"
                    )
        return self

    @model_validator(mode="after")
    def _lists_known_tables_and_columns(self) -> "Agreement":
        for place, name, agreed in self._agreed():
            if name not in DELIVERABLE_TABLES:
                raise ValueError(
                    f"{place}: そのような表はありません。次から選んでください / "
                    f"{place}: no such table; choose from {', '.join(DELIVERABLE_TABLES)}"
                )
            for column in agreed.columns:
                if column not in CATALOG[name].columns:
                    raise ValueError(
                        f"{place}.columns: 列 '{column}' はありません。`joint-use policy dictionary` "
                        "に一覧があります / "
                        f"{place}.columns: no column '{column}'; "
                        "`joint-use policy dictionary` lists them"
                    )
            for column, words in agreed.labels.items():
                _labels_are_whole(place, name, column, words)
        return self

    @model_validator(mode="after")
    def _recalls_take_no_more_than_they_need(self) -> "Agreement":
        if self.recall is None:
            return self
        if self.recall.purposes != (RECALL_PURPOSE,):
            raise ValueError(
                f"recall.purposes: リコールの納品の目的は「{RECALL_PURPOSE}」だけです / "
                f'recall.purposes: a recall drop serves "{RECALL_PURPOSE}" and no other'
            )
        for name, agreed in self.recall.tables.items():
            for column in agreed.columns:
                if column not in RECALL_COLUMNS.get(name, ()):
                    raise ValueError(
                        f"recall.tables.{name}.columns: '{column}' はリコールを知らせるのに要りません。"
                        "消してください / "
                        f"recall.tables.{name}.columns: '{column}' is not needed to tell of a recall; "
                        f"choose from {', '.join(RECALL_COLUMNS.get(name, ())) or 'other tables'}"
                    )
        if "customers" not in self.recall.tables:
            raise ValueError(
                "recall.tables: customers がないと、だれにも知らせられません。書いてください / "
                "recall.tables: without customers nobody can be told; list it"
            )
        return self


def fingerprint_of(agreement: Agreement) -> str:
    """Give what tells a partner's key from another's; empty where drops are not sealed."""
    recipient = agreement.sealing.recipient if agreement.sealing else None
    return hashlib.sha256(recipient.encode()).hexdigest()[:_FINGERPRINT_DIGITS] if recipient else ""


def _labels_are_whole(place: str, table: str, column: str, words: Mapping[str, str]) -> None:
    codes = set(CATALOG[table].columns[column].codes)
    if set(words) != codes:
        raise ValueError(
            f"{place}.labels.{column}: {', '.join(sorted(codes)) or 'ここに符号はない'} "
            "のそれぞれに一つずつ言葉を書いてください / "
            f"{place}.labels.{column}: give one word for each of "
            f"{', '.join(sorted(codes)) or 'no codes: this column has none'}"
        )
