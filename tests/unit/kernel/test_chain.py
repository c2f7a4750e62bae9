"""Whatever is done to a chain of events, it is found."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from rueda.kernel.chain import GENESIS, link_event, verify_events
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt
from rueda.kernel.record import Event

Events = list[Event]


def chain(length: int) -> Events:
    """Events from the newest to the oldest."""
    events: Events = []
    previous = GENESIS
    for seq in range(1, length + 1):
        event = link_event(
            previous,
            seq=seq,
            at=f"2026-01-01T00:00:00.{seq:06d}Z",
            actor="ana",
            kind="note.waiver",
            subject=f"n{seq}",
            why="",
            body={"i": seq},
        )
        events.insert(0, event)
        previous = event.digest
    return events


def test_a_link_is_the_digest_of_previous_and_the_canonical_rest() -> None:
    second, first = chain(2)
    rest = {
        name: getattr(second, name)
        for name in ("seq", "at", "actor", "kind", "subject", "why", "body")
    }
    text = json.dumps(rest, sort_keys=True, separators=(",", ":"))
    assert second.digest == hashlib.sha256((first.digest + text).encode()).hexdigest()
    assert first.previous == "0" * 64


@pytest.mark.parametrize("length", [0, 1, 2, 9])
def test_an_untouched_chain_is_whole(length: int) -> None:
    events = chain(length)
    assert verify_events(events) == length
    assert verify_events(events, head=events[0].digest if events else GENESIS) == length


def relinked(event: Event) -> Event:
    fields = ("seq", "at", "actor", "kind", "subject", "why", "body")
    return link_event(event.previous, **{name: getattr(event, name) for name in fields})


DAMAGE: dict[str, Callable[[Events, int], Events]] = {
    "edited": lambda events, i: [
        *events[:i],
        replace(events[i], actor="eve"),
        *events[i + 1 :],
    ],
    "edited and digested again": lambda events, i: [
        *events[:i],
        relinked(replace(events[i], body={"i": 0})),
        *events[i + 1 :],
    ],
    "removed": lambda events, i: events[:i] + events[i + 1 :],
    "swapped": lambda events, i: [*events[:i], events[i + 1], events[i], *events[i + 2 :]],
    "doubled": lambda events, i: [*events[: i + 1], *events[i:]],
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
@pytest.mark.parametrize("i", range(1, 6))
def test_damage_is_found(damage: Callable[[Events, int], Events], i: int) -> None:
    with pytest.raises(Corrupt):
        verify_events(damage(chain(7), i))


def test_the_oldest_cannot_be_cut_off() -> None:
    with pytest.raises(Corrupt):
        verify_events(chain(7)[:-1])


def test_the_newest_cannot_be_cut_off_under_an_anchor() -> None:
    events = chain(7)
    anchor: Digest = events[2].digest
    assert verify_events(events[1:], head=anchor) == 6
    with pytest.raises(Corrupt, match="head"):
        verify_events(events[3:], head=anchor)
