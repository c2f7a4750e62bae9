"""Records: what a ledger keeps. Plain frozen dataclasses; times are RFC 3339 in UTC with
microseconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import ClassVar

from rueda.kernel.digest import Digest, Json


@dataclass(frozen=True, slots=True)
class Record:
    """What every record has: a table, and an id under which a later version replaces an earlier
    one.
    """

    table: ClassVar[str]


@dataclass(frozen=True, slots=True)
class Run(Record):
    """One turn of a lifecycle (or one window closed, one batch predicted).

    ``state`` is ``running``, ``succeeded``, ``failed``, ``cancelled`` or ``abandoned`` (its process
    died). ``trigger`` is ``demand`` or the digest of the alarm that started it. ``code`` is the
    digest of the project's own modules.
    """

    table = "runs"
    id: str
    lifecycle: str
    state: str
    started_at: str
    trigger: str = "demand"
    ended_at: str | None = None
    host: str = ""
    release: Digest | None = None
    note: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Execution(Record):
    """One stage of one run. ``id`` is ``<run>/<stage>``.

    ``state`` is ``running``, ``ran``, ``reused``, ``failed``, ``skipped``, ``cancelled`` or
    ``abandoned``. ``inputs`` and ``outputs`` name artifacts. ``parts`` is the JSON that the key is
    the digest of, for ``rueda why``.
    """

    table = "executions"
    id: str
    run: str
    stage: str
    key: Digest
    state: str
    started_at: str
    inputs: Mapping[str, Digest] = field(default_factory=dict)
    outputs: Mapping[str, Digest] = field(default_factory=dict)
    parts: Mapping[str, Json] = field(default_factory=dict)
    seconds: float = 0.0
    cpu_seconds: float = 0.0
    peak_bytes: int = 0
    error: str = ""


@dataclass(frozen=True, slots=True)
class Made(Record):
    """An artifact that exists: its digest, its kind, and the execution that made it first."""

    table = "artifacts"
    id: Digest
    kind: str
    execution: str
    made_at: str


@dataclass(frozen=True, slots=True)
class Note(Record):
    """Something worth keeping that has no table of its own: an override, a waiver, a label import,
    a rollout step.
    """

    table = "notes"
    id: str
    kind: str
    subject: str
    at: str
    body: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ref(Record):
    """Where a movable name stands now. Written by ``Ledger.move`` only."""

    table = "refs"
    name: str
    digest: Digest
    moved_at: str


@dataclass(frozen=True, slots=True)
class RefMove(Record):
    """One move of a ref; its history is all of them. Written by ``Ledger.move`` only."""

    table = "ref_moves"
    seq: int
    name: str
    old: Digest | None
    new: Digest | None
    at: str
    actor: str
    why: str


@dataclass(frozen=True, slots=True)
class Edge(Record):
    """One artifact went into, or came out of, an execution. Derived from executions; read-only.

    ``direction`` is ``in`` or ``out``.
    """

    table = "edges"
    execution: str
    artifact: Digest
    name: str
    direction: str


@dataclass(frozen=True, slots=True)
class Event(Record):
    """One link of the hash chain: who did what, when and why. Read-only.

    ``digest`` is the sha-256 of ``previous`` and the canonical JSON of the other fields.
    """

    table = "events"
    seq: int
    at: str
    actor: str
    kind: str
    subject: str
    why: str
    body: Mapping[str, Json]
    previous: Digest
    digest: Digest


@dataclass(frozen=True, slots=True)
class Lease(Record):
    """The right to work on ``name`` until ``expires_at``; ``token`` fences writers that lost it."""

    table = "leases"
    name: str
    owner: str
    token: int
    expires_at: str


def utc_text(moment: datetime | None = None) -> str:
    """``moment`` (default: now) as RFC 3339 in UTC with microseconds: fixed width, so text order is
    time order.
    """
    moment = moment or datetime.now(UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
