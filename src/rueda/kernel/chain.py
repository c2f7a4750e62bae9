"""The hash chain of events: how a link is made, and how a whole chain is verified."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rueda.kernel.digest import Digest, Json, canonical_json, digest_bytes
from rueda.kernel.errors import Corrupt
from rueda.kernel.record import Event
from rueda.kernel.seams import Ledger

GENESIS = Digest("0" * 64)
"""What the first event has as ``previous``."""

_LINKED = ("seq", "at", "actor", "kind", "subject", "why", "body")
_PAGE = 2_000


def link_event(previous: Digest, **fields: Json) -> Event:
    """The event with ``fields`` (all but ``previous`` and ``digest``) that follows ``previous``."""
    return Event(**fields, previous=previous, digest=_digest(previous, fields))


def verify_chain(ledger: Ledger, head: Digest | None = None) -> int:
    """Check every link of the chain of ``ledger``, and return the number of its events.

    Parameters
    ----------
    ledger
        Whose events to read, newest first, a page at a time.
    head
        The digest of an event that was noted down elsewhere: it must still be in the chain. Nothing
        inside a ledger can show that its newest events were cut off; such an anchor can.

    Raises
    ------
    Corrupt
        An event was edited, removed, inserted or moved; the message names the first one found.
    """
    return verify_events(_newest_first(ledger), head)


def verify_events(events: Iterable[Event], head: Digest | None = None) -> int:
    """As ``verify_chain``, over ``events`` from the newest to the oldest."""
    newer: Event | None = None
    count = 0
    anchored = head is None or head == GENESIS
    for event in events:
        _verify_event(event)
        if newer is not None:
            _verify_link(event.seq, event.digest, newer)
        anchored = anchored or event.digest == head
        newer = event
        count += 1
    if newer is not None:
        _verify_link(0, GENESIS, newer)
    if not anchored:
        raise _broken("the event that was noted as the head is gone", str(head), "no such event")
    return count


def _newest_first(ledger: Ledger) -> Iterator[Event]:
    # Times of events strictly grow, so the time of the last one seen is an exact page mark. It is
    # used only after the consumer has verified that event.
    before: str | None = None
    while page := ledger.find(Event, limit=_PAGE, before=before):
        yield from page
        before = page[-1].at


def _digest(previous: Digest, fields: dict[str, Json]) -> Digest:
    linked = {name: fields[name] for name in _LINKED}
    return digest_bytes(previous.encode("ascii") + canonical_json(linked))


def _verify_event(event: Event) -> None:
    actual = _digest(event.previous, {name: getattr(event, name) for name in _LINKED})
    if actual != event.digest:
        raise _broken(f"event {event.seq} was changed after it was written", event.digest, actual)


def _verify_link(seq: int, digest: Digest, newer: Event) -> None:
    if newer.previous != digest or newer.seq != seq + 1:
        raise _broken(
            f"events are missing or out of order before event {newer.seq}",
            f"event {newer.seq - 1}, {newer.previous}",
            f"event {seq}, {digest}",
        )


def _broken(what: str, expected: str, got: str) -> Corrupt:
    return Corrupt(
        what,
        expected=expected,
        got=got,
        do="someone wrote to the ledger past Rueda: compare it with a backup",
    )
