"""Whatever is done to a ledger in whatever order, it answers as a few dictionaries would."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from rueda.kernel.chain import verify_chain
from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import LeaseHeld, LeaseLost, RefMoved
from rueda.kernel.record import Event, Lease, Note, Ref, RefMove
from rueda.ledgers.sql import open_sqlite

IDS = st.sampled_from("abc")
NAMES = st.sampled_from(["m@live", "m@champion"])
PLACES = st.sampled_from([None, *(digest_json(i) for i in range(3))])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=4,
)
BODIES = st.dictionaries(st.text(max_size=3), JSON, max_size=3)


class LedgerAgainstModel(RuleBasedStateMachine):
    """One ledger, and what it should hold."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.ledger = open_sqlite(Path(self.folder.name) / "ledger.db")
        self.notes: dict[str, Note] = {}
        self.bodies: dict[str, object] = {}
        self.refs: dict[str, Digest] = {}
        self.moves: list[tuple[str, Digest | None, Digest | None]] = []
        self.lease: Lease | None = None
        self.tokens = 0
        self.events = 0

    def teardown(self) -> None:
        self.ledger.close()
        self.folder.cleanup()

    @rule(batch=st.lists(st.tuples(IDS, BODIES), max_size=4), fenced=st.booleans())
    def append(self, batch: list[tuple[str, dict[str, object]]], fenced: bool) -> None:
        notes = [Note(i, "k", "s", "t", body) for i, body in batch]
        if fenced and self.lease is None:
            never = Lease("turn", "ana", self.tokens, "")
            self.refuses_lost(lambda: self.ledger.append(*notes, actor="ana", lease=never))
            return
        self.ledger.append(*notes, actor="ana", lease=self.lease if fenced else None)
        for note in notes:
            # By digest: to Python, True is 1.
            self.events += digest_json([self.bodies.get(note.id)]) != digest_json([note.body])
            self.bodies[note.id] = note.body
            # A replaced record keeps its place in the listing.
            self.notes[note.id] = note

    @rule(name=NAMES, to=PLACES, expect=PLACES)
    def move(self, name: str, to: Digest | None, expect: Digest | None) -> None:
        self.events += 1
        try:
            self.ledger.move(name, to, expect=expect, actor="ana")
        except RefMoved:
            assert self.refs.get(name) != expect
            return
        assert self.refs.get(name) == expect
        self.moves.append((name, expect, to))
        self.refs.pop(name, None)
        if to is not None:
            self.refs[name] = to

    @rule(owner=st.sampled_from(["ana", "ben"]))
    def take(self, owner: str) -> None:
        try:
            lease = self.ledger.lease("turn", owner, 3600)
        except LeaseHeld:
            assert self.lease is not None
            assert self.lease.owner != owner
            return
        assert self.lease is None or self.lease.owner == owner
        assert lease.token > self.tokens
        self.lease, self.tokens = lease, lease.token

    @rule()
    def give_back(self) -> None:
        if self.lease is not None:
            self.ledger.lease("turn", self.lease.owner, 0, token=self.lease.token)
            self.lease = None
        else:
            self.refuses_lost(lambda: self.ledger.lease("turn", "ana", 60, token=self.tokens))

    @invariant()
    def holds_what_it_should(self) -> None:
        assert {note.id: note for note in self.ledger.find(Note)} == self.notes
        assert [note.id for note in self.ledger.find(Note)] == list(self.notes)[::-1]
        assert {ref.name: ref.digest for ref in self.ledger.find(Ref)} == self.refs
        history = self.ledger.find(RefMove, limit=1000)[::-1]
        assert [(move.name, move.old, move.new) for move in history] == self.moves
        assert self.ledger.find(Lease) == ([self.lease] if self.lease else [])
        assert verify_chain(self.ledger) == self.events == len(self.ledger.find(Event, limit=1000))

    def refuses_lost(self, call: object) -> None:
        try:
            call()  # type: ignore[operator]
        except LeaseLost:
            return
        raise AssertionError("LeaseLost must be raised")


LedgerAgainstModel.TestCase.settings = settings(
    max_examples=25, stateful_step_count=25, deadline=None
)
TestLedgerAgainstModel = LedgerAgainstModel.TestCase
