"""A forked process leaves its parent's connections alone."""

from __future__ import annotations

import os
import weakref

from sqlalchemy import Engine, Pool

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()

# Kept for ever: to use a connection that two processes share mixes their conversations, and to
# close it (as the garbage collector would) ends the parent's.
_orphans: list[Pool] = []


def leave_to_parent(engine: Engine) -> None:
    """Give ``engine`` a new pool in every process that is forked from this one."""
    _engines.add(engine)


def _renew() -> None:
    for engine in list(_engines):
        _orphans.append(engine.pool)
        engine.dispose(close=False)


os.register_at_fork(after_in_child=_renew)
