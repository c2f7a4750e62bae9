"""Refs: moved by compare-and-swap, every attempt kept."""

from __future__ import annotations

from sqlalchemy import Connection, delete, desc, insert, select, update

from rueda.kernel.digest import Digest
from rueda.kernel.errors import RefMoved
from rueda.kernel.record import RefMove
from rueda.ledgers.sql.events import Chain
from rueda.ledgers.sql.rows import FIELDS, to_row
from rueda.ledgers.sql.tables import ref_moves, refs


def move_ref(
    connection: Connection, chain: Chain, name: str, to: Digest | None, expect: Digest | None
) -> RefMove | RefMoved:
    """Move the ref, or say who moved it elsewhere; either way an event tells of it."""
    standing = connection.execute(select(refs.c.digest).where(refs.c.name == name)).scalar()
    if standing != expect:
        body = {"to": to, "expect": expect, "found": standing}
        chain.add("ref.refused", name, body)
        chain.flush()
        return _refusal(name, expect, standing, _last_move(connection, name))
    event = chain.add("ref.moved", name, {"old": expect, "new": to})
    chain.flush()
    move = RefMove(event.seq, name, expect, to, event.at, event.actor, event.why)
    connection.execute(insert(ref_moves), to_row(move))
    _point(connection, move)
    return move


def _point(connection: Connection, move: RefMove) -> None:
    """Let the ref stand where ``move`` put it."""
    at = {"digest": move.new, "moved_at": move.at, "position": move.seq}
    if move.new is None:
        connection.execute(delete(refs).where(refs.c.name == move.name))
    elif move.old is None:
        connection.execute(insert(refs).values(name=move.name, **at))
    else:
        connection.execute(update(refs).where(refs.c.name == move.name).values(at))


def _last_move(connection: Connection, name: str) -> RefMove | None:
    query = select(*(ref_moves.c[field] for field in FIELDS[RefMove]))
    query = query.where(ref_moves.c.name == name).order_by(desc(ref_moves.c.seq)).limit(1)
    row = connection.execute(query).first()
    return None if row is None else RefMove(*row)


def _refusal(
    name: str, expect: Digest | None, standing: Digest | None, winner: RefMove | None
) -> RefMoved:
    by = f", moved by {winner.actor} at {winner.at}" if winner else ""
    return RefMoved(
        f"the ref {name!r} is not where it was expected",
        expected=expect or "no such ref",
        got=f"{standing or 'no such ref'}{by}",
        do="look at what is there now, and move it again if you still mean it",
    )
