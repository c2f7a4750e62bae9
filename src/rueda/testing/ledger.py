"""The laws of a Ledger: one function each, named by what it holds a ledger to."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace
from functools import partial
from typing import Any, TypeAlias

from rueda.kernel.chain import GENESIS, verify_chain
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import LeaseHeld, LeaseLost, RefMoved, RuedaError, SpecError, UnknownName
from rueda.kernel.record import (
    Edge,
    Event,
    Execution,
    Lease,
    Made,
    Note,
    Ref,
    RefMove,
    Run,
)
from rueda.kernel.seams import Ledger

Make: TypeAlias = Callable[[], Ledger]

ALL = 1_000_000
THREADS = 4
NASTY = "naïve \U0001f3a1 'quoted' \"twice\" %s :x \\ \n\t;--"


def check_ledger(make: Make) -> None:
    """Hold the ledgers that ``make`` gives to every law of the seam.

    Parameters
    ----------
    make
        Gives a new, empty ledger at each call.

    Raises
    ------
    AssertionError
        A law is broken. (An error that the ledger should not have raised passes through.)
    """
    for law in LEDGER_LAWS:
        law(make)


def finds_records_as_they_were_given(make: Make) -> None:
    ledger = make()
    records = _one_of_each()
    ledger.append(*records, actor="ana", why="because")
    for record in records:
        assert ledger.find(type(record)) == [record], "what was appended is found as it was"


def finds_by_every_field(make: Make) -> None:
    ledger = make()
    ledger.append(*_one_of_each(), actor="ana")
    ledger.append(*_one_of_each("other"), actor="ben")
    ledger.move("flights@live", _digest(1), expect=None, actor="ana")
    ledger.lease("turn", "ana", 60)
    for kind in (Run, Execution, Made, Note, Ref, RefMove, Edge, Event, Lease):
        for record in ledger.find(kind):
            for field in fields(record):
                same = {field.name: getattr(record, field.name)}
                found = ledger.find(kind, **same)
                assert record in found, f"{kind.__name__} by {same}"
                assert all(getattr(r, field.name) == same[field.name] for r in found)
    assert not ledger.find(Run, id="run-", lifecycle="other"), "all filters must hold"
    assert not ledger.find(Run, note={"text": "another"})


def refuses_unknown_fields(make: Make) -> None:
    error = _raised(UnknownName, lambda: make().find(Run, life_cycle="flights"))
    assert "lifecycle" in error.do, "the error advises the name that was meant"


def lists_the_newest_first(make: Make) -> None:
    ledger = make()
    for i in range(7):
        ledger.append(_note(i), actor="ana")
    ledger.append(replace(_note(2), body={"again": True}), actor="ana")
    listed = [note.id for note in ledger.find(Note)]
    assert listed == [f"note-{i}" for i in reversed(range(7))], "a replaced record keeps its place"
    assert [note.id for note in ledger.find(Note, limit=2)] == ["note-6", "note-5"]
    times = {e.subject: e.at for e in ledger.find(Event) if not e.body["body"]}
    before = ledger.find(Note, before=times["note-3"])
    assert [note.id for note in before] == ["note-2", "note-1", "note-0"], "strictly earlier"
    assert not ledger.find(Note, before=times["note-0"])


def replaces_by_id(make: Make) -> None:
    ledger = make()
    run = _run("run-1")
    ended = replace(run, state="succeeded", ended_at=_time(9))
    ledger.append(run, actor="ana")
    ledger.append(ended, actor="ana")
    assert ledger.find(Run) == [ended]
    assert not ledger.find(Run, state="running")
    ledger.append(run, ended, run, actor="ana", why="within one call the last one stands")
    assert ledger.find(Run) == [run]


def adds_one_event_for_each_change(make: Make) -> None:
    ledger = make()
    records = _one_of_each()
    last = ledger.append(*records, actor="ana", why="because")
    events = ledger.find(Event)
    assert [e.subject for e in reversed(events)] == [r.id for r in records]
    assert {(e.actor, e.why) for e in events} == {("ana", "because")}
    kinds = ["run.running", "execution.ran", "artifact.made", "note.waiver"]
    assert [e.kind for e in reversed(events)] == kinds
    assert last == events[0].seq, "the number of the last event is returned"
    assert events[-1].body["lifecycle"] == "flights", "an event holds what was written"


def takes_repeated_calls(make: Make) -> None:
    ledger = make()
    records = _one_of_each()
    first = ledger.append(*records, actor="ana")
    assert ledger.append(*records, actor="ana") == first, "the same answer"
    assert len(ledger.find(Event)) == len(records), "and no second event"
    made = next(r for r in records if isinstance(r, Made))
    ledger.append(replace(made, execution="later/extract"), actor="ana")
    assert ledger.find(Made) == [made], "an artifact belongs to the execution that made it first"
    assert ledger.append(actor="ana") == first, "nothing to append is nothing done"


def appends_all_or_nothing(make: Make) -> None:
    ledger = make()
    good = _note(1)
    for bad in (
        replace(good, id="nan", body={"x": float("nan")}),
        replace(good, id="surrogate", subject="\ud800"),
        replace(good, id="nul", subject="a\0b"),
        Ref("flights@live", _digest(1), _time(1)),
        Event(1, _time(1), "eve", "run.ran", "x", "", {}, GENESIS, _digest(1)),
    ):
        _raised(SpecError, partial(ledger.append, good, bad, actor="ana"))
        assert not ledger.find(Note), "a refused record takes the others with it"
        assert not ledger.find(Event), "and their events"


def derives_edges_from_executions(make: Make) -> None:
    ledger = make()
    execution = _execution("run-1")
    ledger.append(execution, actor="ana")
    expected = {("in", "source", _digest(1)), ("out", "dataset", _digest(2))}
    assert {(e.direction, e.name, e.artifact) for e in ledger.find(Edge)} == expected
    ledger.append(replace(execution, outputs={"dataset": _digest(3)}), actor="ana")
    assert not ledger.find(Edge, artifact=_digest(2)), "the edges of what was replaced go"
    found = ledger.find(Edge, artifact=_digest(3), direction="out")
    assert [e.execution for e in found] == [execution.id]


def moves_refs_by_compare_and_swap(make: Make) -> None:
    ledger = make()
    one, two = _digest(1), _digest(2)
    first = ledger.move("m@champion", one, expect=None, actor="ana", why="the first")
    assert (first.old, first.new, first.actor, first.why) == (None, one, "ana", "the first")
    assert [(r.name, r.digest, r.moved_at) for r in ledger.find(Ref)] == [
        ("m@champion", one, first.at)
    ]
    for expect in (None, two):
        move = partial(ledger.move, "m@champion", two, expect=expect, actor="ben")
        error = _raised(RefMoved, move)
        assert one in error.got, "the error says where the ref is"
        assert "ana" in error.got, "and who moved it there"
    assert [r.digest for r in ledger.find(Ref, name="m@champion")] == [one]
    refused = ledger.find(Event, kind="ref.refused", subject="m@champion")
    assert [e.actor for e in refused] == ["ben", "ben"], "refused moves are kept"
    ledger.move("m@champion", one, expect=one, actor="ana", why="again")
    ledger.move("m@champion", None, expect=one, actor="ana", why="away")
    assert not ledger.find(Ref)
    ledger.move("m@champion", two, expect=None, actor="cyd")
    assert [r.digest for r in ledger.find(Ref)] == [two]


def keeps_the_history_of_refs(make: Make) -> None:
    ledger = make()
    here: Digest | None = None
    for i in (1, 2, 3, None, 4):
        to = None if i is None else _digest(i)
        ledger.move("m@live", to, expect=here, actor="ana")
        ledger.move("n@live", _digest(9), expect=_digest(9) if i != 1 else None, actor="ana")
        here = to
    history = ledger.find(RefMove, name="m@live")
    assert [m.new for m in reversed(history)] == [*map(_digest, (1, 2, 3)), None, _digest(4)]
    for newer, older in itertools.pairwise(history):
        assert newer.old == older.new, "each move starts where the one before it ended"
        assert newer.seq > older.seq
        assert newer.at > older.at
        was_live = ledger.find(RefMove, name="m@live", before=newer.at, limit=1)
        assert was_live == [older], "what was live at a time is the last move before it"


def chains_events(make: Make) -> None:
    ledger = make()
    assert verify_chain(ledger) == 0
    run = _run("run-1")
    ledger.append(run, *(_note(i) for i in range(5)), actor="ana")
    ledger.append(replace(run, state="failed"), actor="ana")
    ledger.move("m@live", _digest(1), expect=None, actor="ana")
    _raised(RefMoved, lambda: ledger.move("m@live", None, expect=None, actor="ana"))
    events = ledger.find(Event)
    assert [e.seq for e in events] == list(range(9, 0, -1)), "numbered from one, without a gap"
    assert len({e.at for e in events}) == 9, "no two events share a time"
    assert sorted(events, key=lambda e: e.at, reverse=True) == events, "times grow"
    assert verify_chain(ledger, head=events[3].digest) == 9


def loses_nothing_between_threads(make: Make) -> None:
    ledger = make()
    rounds = 15

    def write(writer: int) -> list[int]:
        notes = [_note(writer * 1000 + i) for i in range(2 * rounds)]
        pairs = zip(notes[::2], notes[1::2], strict=True)
        return [ledger.append(*pair, actor=f"writer-{writer}") for pair in pairs]

    answers = [seq for seqs in _together(write, range(THREADS)) for seq in seqs]
    assert len(set(answers)) == THREADS * rounds, "every call has its own last event"
    assert len(ledger.find(Note, limit=ALL)) == 2 * THREADS * rounds
    assert verify_chain(ledger) == 2 * THREADS * rounds
    events = ledger.find(Event, limit=ALL)
    for newer, older in zip(events[::2], events[1::2], strict=True):
        assert newer.actor == older.actor, "calls do not mix"


def lets_one_of_many_moves_win(make: Make) -> None:
    ledger = make()
    here: Digest | None = None
    for i in range(15):

        def move(mover: int, i: int = i, here: Digest | None = here) -> Digest | None:
            to = _digest(i * THREADS + mover + 1)
            try:
                ledger.move("m@champion", to, expect=here, actor=f"mover-{mover}")
            except RefMoved:
                return None
            return to

        winners = [to for to in _together(move, range(THREADS)) if to]
        assert len(winners) == 1, f"one mover wins, not {len(winners)}"
        here = winners[0]
    history = ledger.find(RefMove, limit=ALL)
    assert len(history) == 15
    assert all(a.old == b.new for a, b in itertools.pairwise(history))
    assert len(ledger.find(Event, limit=ALL)) == 15 * THREADS, "each attempt is kept"


def leases_to_one_owner(make: Make) -> None:
    ledger = make()
    lease = ledger.lease("turn", "ana", 60)
    error = _raised(LeaseHeld, lambda: ledger.lease("turn", "ben", 60))
    assert "ana" in error.got, "the error names the owner"
    assert lease.expires_at in error.got, "and until when"
    assert ledger.find(Lease, name="turn") == [lease]
    assert ledger.lease("another", "ben", 60).owner == "ben"
    renewed = ledger.lease("turn", "ana", 120, token=lease.token)
    assert renewed.token == lease.token
    assert renewed.expires_at > lease.expires_at
    ledger.lease("turn", "ana", 0, token=lease.token)
    ledger.lease("turn", "ana", 0, token=lease.token)
    assert not ledger.find(Lease, name="turn"), "given back"
    assert ledger.lease("turn", "ben", 60).token > lease.token


def grows_the_tokens_of_leases(make: Make) -> None:
    ledger = make()
    tokens = []
    for i in range(4):
        lease = ledger.lease("turn", f"owner-{i}", 0.05)
        tokens.append(lease.token)
        if i % 2:
            ledger.lease("turn", lease.owner, 0, token=lease.token)
        else:
            time.sleep(0.06)
    tokens += [ledger.lease("turn", "ana", 60).token, ledger.lease("turn", "ana", 60).token]
    assert tokens == sorted(set(tokens)), f"tokens only grow: {tokens}"


def fences_writers_that_lost_their_lease(make: Make) -> None:
    ledger = make()
    dead = ledger.lease("turn", "ana", 0.05)
    ledger.append(_note(1), actor="ana", lease=dead)
    time.sleep(0.06)
    ledger.append(_note(2), actor="ana", lease=dead)  # late, but nobody came
    heir = ledger.lease("turn", "ben", 60)
    _raised(LeaseLost, lambda: ledger.append(_note(3), actor="ana", lease=dead))
    _raised(LeaseLost, lambda: ledger.lease("turn", "ana", 60, token=dead.token))
    _raised(LeaseLost, lambda: ledger.lease("turn", "ana", 0, token=dead.token))
    ledger.append(_note(4), actor="ben", lease=heir)
    ledger.lease("turn", "ben", 0, token=heir.token)
    _raised(LeaseLost, lambda: ledger.append(_note(5), actor="ben", lease=heir))
    _raised(LeaseLost, lambda: ledger.lease("turn", "ben", 60, token=heir.token))
    never = Lease("never taken", "ana", 1, _time(1))
    _raised(LeaseLost, lambda: ledger.append(_note(6), actor="ana", lease=never))
    assert [n.id for n in ledger.find(Note)] == ["note-4", "note-2", "note-1"]


def leases_to_one_of_many(make: Make) -> None:
    ledger = make()

    def take(taker: int) -> bool:
        try:
            ledger.lease("turn", f"owner-{taker}", 60)
        except LeaseHeld:
            return False
        return True

    assert sum(_together(take, range(2 * THREADS))) == 1


LEDGER_LAWS: tuple[Callable[[Make], None], ...] = (
    finds_records_as_they_were_given,
    finds_by_every_field,
    refuses_unknown_fields,
    lists_the_newest_first,
    replaces_by_id,
    adds_one_event_for_each_change,
    takes_repeated_calls,
    appends_all_or_nothing,
    derives_edges_from_executions,
    moves_refs_by_compare_and_swap,
    keeps_the_history_of_refs,
    chains_events,
    loses_nothing_between_threads,
    lets_one_of_many_moves_win,
    leases_to_one_owner,
    grows_the_tokens_of_leases,
    fences_writers_that_lost_their_lease,
    leases_to_one_of_many,
)


def _digest(i: int) -> Digest:
    return Digest(f"{i:064x}")


def _time(second: int) -> str:
    return f"2026-01-01T00:00:{second:02d}.000000Z"


def _run(run: str) -> Run:
    note: dict[str, Json] = {"text": NASTY, "deep": [1, -2.5, None, True, {"": [], NASTY: {}}]}
    return Run(run, "flights", "running", _time(1), host=NASTY, note=note)


def _execution(run: str) -> Execution:
    return Execution(
        id=f"{run}/extract",
        run=run,
        stage="extract",
        key=_digest(7),
        state="ran",
        started_at=_time(2),
        inputs={"source": _digest(1)},
        outputs={"dataset": _digest(2)},
        parts={"spec": {"sql": NASTY}},
        seconds=1.25,
        cpu_seconds=1e-9,
        peak_bytes=2**40,
        error=NASTY * 100,
    )


def _note(i: int) -> Note:
    return Note(f"note-{i}", "waiver", "flights", _time(3))


def _one_of_each(suffix: str = "") -> list[Any]:
    run = f"run-{suffix}"
    made = Made(_digest(len(suffix)), "dataset", f"{run}/extract", _time(4))
    note = replace(_note(1), id=f"note-{suffix}", body={"rows": 3, "text": NASTY})
    return [_run(run), _execution(run), made, note]


def _raised(kind: type[RuedaError], call: Callable[[], object]) -> RuedaError:
    try:
        call()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} must be raised")


def _together(work: Callable[[int], Any], arguments: Iterable[int]) -> list[Any]:
    with ThreadPoolExecutor(2 * THREADS) as threads:
        return list(threads.map(work, arguments))
