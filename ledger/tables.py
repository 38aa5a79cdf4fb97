"""The ledger's tables. What was done is added and never changed.

What is derived (traits, mentions, sightings, held records, cars of recalls) is replaced, and drops that were
never published are forgotten.

Customers stand in it only as keyed references (see `references`), so erasing the shop's secret makes
it silent and erasing a person from the records leaves it whole. A new ledger is made from these tables
(`make`), an older one becomes the same by the migrations in `migrations/`; a test holds the two against
each other.
"""

from sqlalchemy import (
    Column,
    Connection,
    Date,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    insert,
    inspect,
    select,
)

FORM = "0010"
"""The newest migration: the form of the tables below."""

metadata = MetaData()

_forms = Table(
    "alembic_version",
    MetaData(),
    Column("version_num", String(32), nullable=False),
    PrimaryKeyConstraint("version_num", name="alembic_version_pkc"),
)
"""Where Alembic keeps the form."""

settings = Table(
    "settings",
    metadata,
    Column("name", String(80), primary_key=True),
    Column("value", Text, nullable=False),
)
"""One row per fact to be remembered: check values of keys, which shop, the policy loaded last,
drops found the same since an objection, the parcel of a drop, how far its sending has come."""

audit = Table(
    "audit",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", String(40), nullable=False),
    Column("person", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("action", String(40), nullable=False),
    Column("subject", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous", String(64), nullable=False, unique=True),
    Column("digest", String(64), nullable=False),
)
"""One row per action: the hash chain (see `chain`)."""

objections = Table(
    "objections",
    metadata,
    Column("objection_id", String(40), primary_key=True),
    Column("person", String(32), nullable=False, index=True),
    Column("scope", Text),
    Column("partner", Text),
    Column("purpose", Text),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per refusal of one scope, partner and purpose; null means all."""

objection_events = Table(
    "objection_events",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("objection_id", ForeignKey("objections.objection_id"), nullable=False, index=True),
    Column("kind", String(10), nullable=False),
    Column("origin", String(10), nullable=False),
    Column("effective_on", Date, nullable=False),
    Column("received_on", Date),
    Column("channel", Text),
    Column("person", String(32)),
    Column("known_at", String(40), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    sqlite_autoincrement=True,
)
"""One row per thing that happened to a refusal: raised, lifted, or settled whom it means."""

objection_traits = Table(
    "objection_traits",
    metadata,
    Column("objection_id", ForeignKey("objections.objection_id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("digest", String(16), primary_key=True),
)
"""One row per keyed digest by which the person of a refusal is recognised, in the records or after."""

objection_mentions = Table(
    "objection_mentions",
    metadata,
    Column("objection_id", ForeignKey("objections.objection_id"), primary_key=True),
    Column("number", String(16), primary_key=True),
    Column("marks", LargeBinary, nullable=False),
)
"""One row per refusal and customer number of its person: what tells of the person in other people's rows.

`marks` are keyed digests (uint64, little-endian, in order), each behind the group it is of (a byte)."""

objection_sightings = Table(
    "objection_sightings",
    metadata,
    Column("objection_id", ForeignKey("objections.objection_id"), primary_key=True),
)
"""One row per refusal that stood in the shop's records when they were last read."""

drops = Table(
    "drops",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("drop_id", String(200), nullable=False, unique=True),
    Column("partner", String(40), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("period", String(20), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("contents", Text, nullable=False),
    Column("bag_sha256", String(64), nullable=False),
    Column("persons", LargeBinary, nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    UniqueConstraint("partner", "kind", "period", "revision"),
    sqlite_autoincrement=True,
)
"""One row per drop that was made ready; it is published once `publications` has it."""

publications = Table(
    "publications",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("published_at", String(40), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per drop that a reader of the drops folder has been able to see."""

tombstones = Table(
    "tombstones",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("kind", String(20), nullable=False),
    Column("record", String(40), nullable=False),
    Column("key", String(32), nullable=False),
)
"""One row per key in a drop's `deleted` table, in the order of the file; `kind` is of the drops it was in."""

held_records = Table(
    "held_records",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("records", LargeBinary, nullable=False),
)
"""Pieces of what a drop brought that no later drop showed again and its partner has not said it deleted.

`kind` is of the drops a record is in: a partner that refuses to delete it has it again from the drop that
told it to, which may be of another kind.
"""

stops = Table(
    "stops",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("stopped_at", String(40), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per published drop the partner must discard."""

acknowledgements = Table(
    "acknowledgements",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("drop_sequence", ForeignKey("drops.sequence"), nullable=False, index=True),
    Column("received_at", String(40), nullable=False),
    Column("recorded_at", String(40), nullable=False),
    Column("content", Text, nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    sqlite_autoincrement=True,
)
"""One row per acknowledgement a partner sent; of several for one drop the last holds."""

recall_cars = Table(
    "recall_cars",
    metadata,
    Column("campaign", String(40), primary_key=True),
    Column("car", String(32), primary_key=True),
    Column("found_at", String(40), nullable=False),
    Column("seen_at", String(40), nullable=False),
    Column("match_class", String(20), nullable=False),
    Column("reason", String(60), nullable=False),
    Column("kept_because", String(60), nullable=False),
    Column("about", String(32)),
    Column("keeper", String(32)),
)
"""One row per car a campaign may be about, as the last run found it; replaced by each run.

`about` is a keyed digest of chassis number and the campaign's ranges, `keeper` a reference of the customer.
"""

recall_handovers = Table(
    "recall_handovers",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("campaign", String(40), primary_key=True),
    Column("car", String(32), primary_key=True),
    Column("match_class", String(20), nullable=False),
    Column("keeper", String(32)),
    Column("about", String(32)),
    Column("keeper_key", String(32)),
    Column("vehicle_key", String(32)),
)
"""One row per car and campaign a drop tells its partner of; it counts once the drop is published.

`about` is a keyed digest of the number it tells the car by; the keys are the partner's.
"""

recall_marks = Table(
    "recall_marks",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("campaign", String(40), nullable=False),
    Column("car", String(32), nullable=False),
    Column("mark", String(20), nullable=False),
    Column("marked_at", String(40), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    Column("about", String(32)),
    Column("keeper", String(32)),
    sqlite_autoincrement=True,
)
"""One row per thing an operator said of a car: told, repaired, not affected.

`about` and `keeper` are those of the car as it was found then.
"""

text_decisions = Table(
    "text_decisions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("digest", String(32), nullable=False, index=True),
    Column("decision", String(10), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    sqlite_autoincrement=True,
)
"""One row per time a person released or withheld a text, which stands here only as a keyed digest."""

word_decisions = Table(
    "word_decisions",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("word", Text, nullable=False),
    Column("decision", String(10), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    sqlite_autoincrement=True,
)
"""One row per time a person added a word of the trade to the vocabulary, or took it back."""

waits = Table(
    "waits",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("since", String(40), nullable=False),
    Column("persons", Integer, nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per finished drop that holds more persons than may be carried out without the data manager."""

releases = Table(
    "releases",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("decision", String(10), nullable=False),
    Column("decided_at", String(40), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per waiting drop the data manager released or refused."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("drop_sequence", ForeignKey("drops.sequence"), primary_key=True),
    Column("delivered_at", String(40), nullable=False),
    Column("place", Text, nullable=False),
    Column("sha256", String(64), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
)
"""One row per published drop that was handed over at its partner's place, with the digest of what arrived."""

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("subject", String(200), nullable=False),
    Column("kind", String(10), nullable=False),
    Column("audit_sequence", ForeignKey("audit.sequence"), nullable=False),
    sqlite_autoincrement=True,
)
"""One row per time a drop was put under a legal hold (`held`), taken out of it (`lifted`), or is to go for
somebody who asked for erasure (`condemned`)."""


def form_of(connection: Connection) -> str | None:
    """Tell the form of the tables that are there; None if there are none."""
    if not inspect(connection).has_table(_forms.name):
        return None
    return connection.execute(select(_forms.c.version_num)).scalar()


def make(connection: Connection) -> None:
    """Make the tables of a new ledger, without loading Alembic."""
    metadata.create_all(connection, checkfirst=False)
    _forms.create(connection, checkfirst=False)
    connection.execute(insert(_forms).values(version_num=FORM))
