"""The shop's configuration: where its records are and how they map to the canonical tables."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from schemas.catalog import CATALOG
from schemas.errors import ConfigurationError
from schemas.objections import ERASURE, PROVISION
from schemas.shop_rules import CarryOut, Images, Limits, Recalls, Retention
from schemas.strict import Strict

NO_OBJECTION = "no_objection"
"""The scope code that states there is no objection; only a value map can give it."""


_WIDEST: Mapping[str, frozenset[str]] = {"scope": frozenset({"", PROVISION, ERASURE})}
"""What a blank cell of an objection may be called, where that is not nothing."""

Folder = Annotated[str, Field(pattern=r"^([^:]*|[A-Za-z]:[^:]*|s3://[^@:/]+/[^@]*)$")]
"""A folder, relative to the shop's or not; or one of an S3 bucket (`s3://bucket/folder?region=…`)."""


class CsvSource(Strict):
    """A folder of CSV files, each in UTF-8 (with or without BOM) or CP932."""

    kind: Literal["csv"]
    folder: Folder


class ParquetSource(Strict):
    """A folder of Parquet files."""

    kind: Literal["parquet"]
    folder: Folder


class CertificateSource(Strict):
    """A folder of 電子車検証 files (JSON or CSV) as the ministry's viewer app exports them."""

    kind: Literal["certificates"]
    folder: Folder


class SqliteSource(Strict):
    """A SQLite file, read through ADBC."""

    kind: Literal["sqlite"]
    file: str


class DatabaseUrl(Strict):
    """A database named by a URL, which stands here or in an environment variable."""

    url: str | None = None
    url_variable: str | None = None

    def url_in(self, environment: Mapping[str, str]) -> str | None:
        """Give the URL, or None where neither is given.

        Raises:
            ConfigurationError: the environment variable is not set.
        """
        if self.url_variable is None:
            return self.url
        if not environment.get(self.url_variable):
            raise ConfigurationError(
                f"環境変数 {self.url_variable} にデータベースの URL がありません。設定してください / "
                f"the environment variable {self.url_variable} holds no database URL; set it"
            )
        return environment[self.url_variable]


class UrlSource(DatabaseUrl):
    """A source that is a database named by a URL."""

    @model_validator(mode="after")
    def _has_one_url(self) -> Self:
        if (self.url is None) == (self.url_variable is None):
            raise ValueError(
                "url か url_variable（環境変数の名前）のどちらかを書いてください / "
                "give either url or url_variable (the name of an environment variable)"
            )
        return self


class PostgresqlSource(UrlSource):
    """A PostgreSQL database, read through ADBC."""

    kind: Literal["postgresql"]


class SqlAlchemySource(UrlSource):
    """Any other database SQLAlchemy has a dialect for."""

    kind: Literal["sqlalchemy"]


DatabaseSource = SqliteSource | PostgresqlSource | SqlAlchemySource
Source = Annotated[
    CsvSource | ParquetSource | CertificateSource | DatabaseSource, Field(discriminator="kind")
]


class Joined(Strict):
    """A canonical value put together from several source columns."""

    join: tuple[str, ...] = Field(min_length=1)
    separator: str = ""


ColumnSource = str | tuple[str, ...] | Joined
"""A header, several names one header may have, or several columns to join."""


class TableMapping(Strict):
    """Where the rows of one canonical table are, and what its columns are called there.

    `values` turns the shop's words into canonical codes; `constants` gives a column that the
    source does not have one value for every row. `distinct` takes rows that are equal in all mapped
    columns as one: for a file with a row per car that repeats the customer. `may_be_empty` is for objections
    from several places: one without any row looks like a lost export. `is_kept_by_hand` is for
    objections in a file of their own that is written only when somebody objects, beside files a
    program writes.
    """

    source: str
    table: str | None = None
    columns: Mapping[str, ColumnSource] = Field(default_factory=dict)
    values: Mapping[str, Mapping[str, str]] = Field(default_factory=dict)
    constants: Mapping[str, str] = Field(default_factory=dict)
    distinct: bool = False
    may_be_empty: bool = False
    is_kept_by_hand: bool = False


class LedgerPlace(DatabaseUrl):
    """Where the ledger is: a PostgreSQL database, or `ledger.db` in the state folder."""

    @model_validator(mode="after")
    def _has_one_url_at_most(self) -> Self:
        if self.url is not None and self.url_variable is not None:
            raise ValueError(
                "url と url_variable の両方は書けません / give url or url_variable, not both"
            )
        return self


class Places(Strict):
    """Folders, relative to the shop's folder unless absolute."""

    state: str = "state"
    drops: str = "drops"


class ShopConfiguration(Strict):
    """`shop.toml`."""

    name: str
    places: Places = Places()
    limits: Limits = Limits()
    ledger: LedgerPlace = LedgerPlace()
    recall: Recalls = Recalls()
    carry_out: CarryOut = CarryOut()
    images: Images = Images()
    retention: Retention = Retention()
    sources: Mapping[str, Source]
    tables: Mapping[str, tuple[TableMapping, ...]]

    @model_validator(mode="before")
    @classmethod
    def _one_mapping_is_a_list_of_one(cls, content: dict[str, object]) -> dict[str, object]:
        tables = content.get("tables")
        if not isinstance(tables, dict):
            return content
        listed = {n: [m] if isinstance(m, dict) else m for n, m in tables.items()}
        return {**content, "tables": listed}

    @model_validator(mode="after")
    def _maps_known_tables(self) -> "ShopConfiguration":
        for required in ("customers", "objections"):
            if required not in self.tables:
                raise ValueError(
                    f"tables.{required} がありません。なければ何も渡せません / "
                    f"tables.{required} is missing; without it nothing can be shared"
                )
        for name, mappings in self.tables.items():
            for mapping in mappings:
                _check_mapping(name, mapping, self.sources)
        return self


def _check_mapping(name: str, mapping: TableMapping, sources: Mapping[str, Source]) -> None:
    if name not in CATALOG:
        raise ValueError(
            f"tables.{name}: そのような表はありません。次から選んでください / "
            f"tables.{name}: no such table; choose from {', '.join(CATALOG)}"
        )
    if mapping.source not in sources:
        raise ValueError(
            f"tables.{name}.source: sources に '{mapping.source}' がありません / "
            f"tables.{name}.source: no source '{mapping.source}' in sources"
        )
    if isinstance(sources[mapping.source], CertificateSource):
        _check_certificate_mapping(name, mapping)
        return
    if mapping.table is None:
        raise ValueError(
            f"tables.{name}.table: 行のあるファイルか表の名前を書いてください / "
            f"tables.{name}.table: name the file or table the rows are in"
        )
    known = CATALOG[name].columns
    for group in (mapping.columns, mapping.values, mapping.constants):
        for named in group:
            if named not in known:
                raise ValueError(
                    f"tables.{name}: 列 '{named}' はありません。`joint-use policy dictionary` "
                    "に一覧があります / "
                    f"tables.{name}: no column '{named}'; `joint-use policy dictionary` lists them"
                )
    _check_words(name, mapping)
    _check_constants(name, mapping)
    given = set(mapping.columns) | set(mapping.constants)
    for column in known.values():
        if column.is_required and column.name not in given:
            raise ValueError(
                f"tables.{name}.columns.{column.name} は必須です。見出しの名前か、constants "
                "の値を書いてください / "
                f"tables.{name}.columns.{column.name} is required; name its header, or give a constant"
            )


def _check_constants(name: str, mapping: TableMapping) -> None:
    for twice in sorted(set(mapping.columns) & set(mapping.constants)):
        raise ValueError(
            f"tables.{name}: '{twice}' が columns と constants の両方にあります。一方を消してください / "
            f"tables.{name}: '{twice}' is both in columns and in constants; take it out of one"
        )


def _check_certificate_mapping(name: str, mapping: TableMapping) -> None:
    if name != "certificates":
        raise ValueError(
            f"tables.{name}: 車検証の取込元には車検証しかありません / "
            f"tables.{name}: a certificates source holds only certificates"
        )
    if mapping.table or mapping.columns or mapping.values or mapping.constants:
        raise ValueError(
            "tables.certificates: 車検証ファイルには table、columns、values は要りません / "
            "tables.certificates: certificate files need no table, columns or values"
        )


def _check_blank_words(mapping: TableMapping) -> None:
    """Refuse words that make less of an objection than its blank cells say, which is the widest refusal."""
    for column, words in mapping.values.items():
        wider = _WIDEST.get(column, frozenset({""}))
        for word, code in words.items():
            if not word.strip() and code not in wider and column != "channel":
                raise ValueError(
                    f"tables.objections.values.{column}: 空のセルは最も広い拒否と読みます（方針第6条）。"
                    "ほかの意味にはできません / "
                    f"tables.objections.values.{column}: a blank cell is the widest refusal (§6); it cannot "
                    "mean anything else"
                )
    for column in ("effective_on", "lifted_on"):
        if column in mapping.constants:
            raise ValueError(
                f"tables.objections.constants.{column}: 申し出ごとに違う日なので、決めておけません。"
                "消してください / "
                f"tables.objections.constants.{column}: each objection has a day of its own; take it out"
            )
    if mapping.constants.get("scope") == NO_OBJECTION:
        raise ValueError(
            "tables.objections: 申し出の表の全行を「なし」とすることはできません / "
            "tables.objections: a table of objections cannot mean none in all of its rows"
        )


def _check_words(name: str, mapping: TableMapping) -> None:
    for asked in ("may_be_empty", "is_kept_by_hand"):
        if getattr(mapping, asked) and name != "objections":
            raise ValueError(
                f"tables.{name}.{asked}: 申し出の表だけのものです。消してください / "
                f"tables.{name}.{asked}: only of objections is it asked; leave it out"
            )
    if name == "objections":
        _check_blank_words(mapping)
    for column, words in mapping.values.items():
        codes = CATALOG[name].columns[column].codes
        for code in words.values():
            if codes and code not in codes and code != "":
                raise ValueError(
                    f"tables.{name}.values.{column}: '{code}' はありません。次から選んでください / "
                    f"tables.{name}.values.{column}: '{code}' is not one of {', '.join(codes)}"
                )
