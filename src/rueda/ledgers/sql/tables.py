"""The tables of a ledger: one for each class of record, a column for each of its fields.

Two columns are the ledger's own: ``position`` is the sequence number of the event that first wrote
the row, and orders every listing; ``event`` is that of the latest one. A change here needs a
migration and a higher ``VERSION``.
"""

from __future__ import annotations

import json

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Double,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

from rueda.kernel.digest import Json, canonical_json
from rueda.kernel.record import (
    Edge,
    Event,
    Execution,
    Lease,
    Made,
    Note,
    Record,
    Ref,
    RefMove,
    Run,
)


class JsonText(TypeDecorator[Json]):
    """Canonical JSON as text: equal values are equal in SQL too, in both databases."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Json, dialect: Dialect) -> str:  # noqa: ARG002
        return canonical_json(value).decode("utf-8")

    def process_result_value(self, value: str | None, dialect: Dialect) -> Json:  # noqa: ARG002
        return json.loads(value or "null")


# SQLite makes a primary key the row's own number, for free, only when it is spelled INTEGER.
Seq = BigInteger().with_variant(Integer(), "sqlite")

metadata = MetaData()

version = Table("rueda_version", metadata, Column("version", Integer, nullable=False))

events = Table(
    "events",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=False),
    Column("at", Text, nullable=False, unique=True),
    Column("actor", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("body", JsonText, nullable=False),
    Column("previous", Text, nullable=False),
    Column("digest", Text, nullable=False),
    Index("events_kind", "kind", "seq"),
    Index("events_subject", "subject", "seq"),
)

runs = Table(
    "runs",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=False),
    Column("event", Seq, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("lifecycle", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("trigger", Text, nullable=False),
    Column("ended_at", Text),
    Column("host", Text, nullable=False),
    Column("release", Text),
    Column("note", JsonText, nullable=False),
    Index("runs_lifecycle", "lifecycle", "position"),
    Index("runs_state", "state", "position"),
    Index("runs_lifecycle_state", "lifecycle", "state", "position"),
)

executions = Table(
    "executions",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=False),
    Column("event", Seq, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("run", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("started_at", Text, nullable=False),
    Column("inputs", JsonText, nullable=False),
    Column("outputs", JsonText, nullable=False),
    Column("parts", JsonText, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("cpu_seconds", Double, nullable=False),
    Column("peak_bytes", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Index("executions_run", "run", "position"),
    # A key that is reused ten thousand times ran once: the state must be in the index.
    Index("executions_key_state", "key", "state", "position"),
    Index("executions_key", "key", "position"),
    Index("executions_state", "state", "position"),
    Index("executions_stage_state", "stage", "state", "position"),
    Index("executions_stage", "stage", "position"),
)

artifacts = Table(
    "artifacts",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=False),
    Column("event", Seq, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("execution", Text, nullable=False),
    Column("made_at", Text, nullable=False),
    Index("artifacts_kind", "kind", "position"),
    Index("artifacts_execution", "execution", "position"),
)

notes = Table(
    "notes",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=False),
    Column("event", Seq, nullable=False),
    Column("id", Text, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("at", Text, nullable=False),
    Column("body", JsonText, nullable=False),
    Index("notes_kind", "kind", "position"),
    Index("notes_subject", "subject", "position"),
    Index("notes_kind_subject", "kind", "subject", "position"),
)

edges = Table(
    "edges",
    metadata,
    Column("position", Seq, nullable=False),
    Column("execution", Text, nullable=False),
    Column("artifact", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("direction", Text, nullable=False),
    UniqueConstraint("execution", "direction", "name"),
    Index("edges_artifact", "artifact", "direction", "position"),
    Index("edges_position", "position"),
)

refs = Table(
    "refs",
    metadata,
    Column("position", Seq, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("digest", Text, nullable=False),
    Column("moved_at", Text, nullable=False),
    Index("refs_digest", "digest"),
)

ref_moves = Table(
    "ref_moves",
    metadata,
    Column("seq", Seq, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("at", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("why", Text, nullable=False),
    Index("ref_moves_name", "name", "seq"),
    Index("ref_moves_new", "new", "seq"),
)

leases = Table(
    "leases",
    metadata,
    Column("position", Seq, nullable=False),
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("ttl_s", Double, nullable=False),
    Column("boot", Text, nullable=False),
    Column("boot_expires_s", Double, nullable=False),
)

TABLES: dict[type[Record], Table] = {
    Run: runs,
    Execution: executions,
    Made: artifacts,
    Note: notes,
    Edge: edges,
    Ref: refs,
    RefMove: ref_moves,
    Event: events,
    Lease: leases,
}
