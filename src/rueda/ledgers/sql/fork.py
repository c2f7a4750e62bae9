"""No connection lives through a fork.

SQLite notes in the process's memory which locks it has on a file. A forked child inherits the notes
but not the locks: it may see a writer that is not there, for ever, or take the file for locked
when it is not, and lose what it writes once the parent closes the last connection. A new connection
in the child shares those notes, so leaving the parent's alone is not enough: before a fork, all of
them are closed. (A subprocess that starts another program is no such fork.)
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine

# A fork from inside a signal handler that interrupted a query would wait for itself.
_LONGEST_WAIT_S = 10.0

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()
_turn = threading.Condition()
_busy = 0
_forks = 0


def close_before_fork(engine: Engine) -> None:
    """Close the connections of ``engine`` whenever this process forks; they open again by need."""
    _engines.add(engine)


@contextmanager
def no_fork() -> Iterator[None]:
    """Hold back forks of this process; other threads may be inside too."""
    global _busy
    with _turn:
        _turn.wait_for(lambda: not _forks)
        _busy += 1
    try:
        yield
    finally:
        with _turn:
            _busy -= 1
            _turn.notify_all()


def _before() -> None:
    global _forks
    _turn.acquire()
    _forks += 1
    _turn.wait_for(lambda: _busy == 0, _LONGEST_WAIT_S)
    for engine in list(_engines):
        engine.dispose()


def _in_parent() -> None:
    global _forks
    _forks -= 1
    _turn.notify_all()
    _turn.release()


def _in_child() -> None:
    global _turn, _busy, _forks
    _turn, _busy, _forks = threading.Condition(), 0, 0


os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
