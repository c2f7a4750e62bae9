"""The chain of events as a write transaction sees it: read the head, add links."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, desc, insert, select

from rueda.kernel.chain import GENESIS, link_event
from rueda.kernel.digest import Digest, Json
from rueda.kernel.record import Event, utc_text
from rueda.ledgers.sql.rows import to_row
from rueda.ledgers.sql.tables import events


class Chain:
    """The end of the chain, to which one transaction adds links.

    Times strictly grow along the chain, by a microsecond where the clock stands still or was set
    back: so a time is an exact place in the history.
    """

    def __init__(self, connection: Connection, now: datetime, actor: str, why: str) -> None:
        self._connection = connection
        self._now = now
        self._actor = actor
        self._why = why
        self._added: list[Event] = []
        head = connection.execute(
            select(events.c.seq, events.c.at, events.c.digest).order_by(desc(events.c.seq)).limit(1)
        ).first()
        self._seq: int = head.seq if head else 0
        self._at: str = head.at if head else ""
        self._digest: Digest = head.digest if head else GENESIS

    @property
    def seq(self) -> int:
        """The number of the last event; 0 when there is none."""
        return self._seq

    @property
    def digest(self) -> Digest:
        """The digest of the last event."""
        return self._digest

    def add(self, kind: str, subject: str, body: Json) -> Event:
        """Link an event; it is written by ``flush``."""
        event = link_event(
            self._digest,
            seq=self._seq + 1,
            at=self._next_time(),
            actor=self._actor,
            kind=kind,
            subject=subject,
            why=self._why,
            body=body,
        )
        self._seq, self._at, self._digest = event.seq, event.at, event.digest
        self._added.append(event)
        return event

    def flush(self) -> None:
        """Write the events that were added."""
        if self._added:
            self._connection.execute(insert(events), [to_row(event) for event in self._added])
        self._added.clear()

    def _next_time(self) -> str:
        now = utc_text(self._now)
        if now > self._at:
            return now
        return utc_text(datetime.fromisoformat(self._at) + timedelta(microseconds=1))


def has_event(connection: Connection, seq: int, digest: Digest) -> bool:
    """Whether the chain holds exactly this event."""
    found = connection.execute(select(events.c.digest).where(events.c.seq == seq)).scalar()
    return found == digest
