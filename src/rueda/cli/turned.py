"""A turned run in the terminal, and the clean ways out of one: Ctrl-C and the debugger."""

from __future__ import annotations

import os
import pdb
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace

from rich.console import Console

from rueda.cli.terminal import STATES, table
from rueda.kernel.errors import LedgerError, UserCodeError
from rueda.kernel.home import Home
from rueda.kernel.record import Execution, Run, utc_text
from rueda.wheel.lifecycle import actor_name
from rueda.wheel.opened import TurnedRun
from rueda.wheel.settle import process_text

PATIENCE_S = 0.6
"""How long a stage may take to unwind after Ctrl-C; native code that does not look is ended then.
"""


def print_run(console: Console, turned: TurnedRun) -> None:
    """The table of stages, then what matters: the gate's sentence and what was made."""
    rows = [
        (
            e.stage,
            f"[{STATES.get(e.state, 'dim')}]{e.state}[/]",
            f"{e.seconds:.1f} s" if e.state == "ran" else "",
            " ".join(f"{name} {digest[:8]}" for name, digest in e.outputs.items()),
        )
        for e in turned.executions
    ]
    shape = table("", ("stage", "state", "time", "made"), ())
    for row in rows:
        shape.add_row(*row)
    console.print(f"[bold]{turned.run.lifecycle}[/], run {turned.id}: {turned.run.state}")
    console.print(shape)
    if "scorecard" in turned.outputs:
        card = turned.scorecard
        console.print(f"gate: [bold]{card.verdict}[/]. {card.sentence}", soft_wrap=True)
    if all(e.state == "reused" for e in turned.executions):
        console.print("nothing changed: everything was reused")


@contextmanager
def interruptible(home: Home, *, debug: bool) -> Iterator[None]:
    """Ctrl-C ends the run within a second; with ``debug``, user errors open the debugger."""
    stop = _watch_interrupts(home)
    try:
        yield
    except UserCodeError as error:
        if debug and error.__cause__ is not None:
            print(f"{type(error).__name__}: {error}", file=sys.stderr)
            pdb.post_mortem(error.__cause__.__traceback__)
        raise
    finally:
        stop()


def _watch_interrupts(home: Home) -> Callable[[], None]:
    """A thread that hears SIGINT even while the main thread is inside native code."""
    ear, mouth = socket.socketpair()
    mouth.setblocking(False)
    previous = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    unwound = threading.Event()

    def listen() -> None:
        while True:
            heard = ear.recv(1)
            if not heard:
                return
            if heard[0] == signal.SIGINT and not unwound.wait(PATIENCE_S):
                with suppress(LedgerError):
                    _cancel_here(home)
                print("\ninterrupted; `rueda run` goes on where it stopped", file=sys.stderr)
                os._exit(130)

    thread = threading.Thread(target=listen, name="interrupts", daemon=True)
    thread.start()

    def stop() -> None:
        unwound.set()
        signal.set_wakeup_fd(previous)
        mouth.close()
        thread.join(timeout=1)
        ear.close()

    return stop


def _cancel_here(home: Home) -> None:
    """Record this process's running runs as cancelled: it is about to end without unwinding."""
    for run in home.ledger.find(Run, state="running", limit=100):
        if run.host == process_text():
            stages = home.ledger.find(Execution, run=run.id, state="running", limit=10)
            home.ledger.append(
                replace(run, state="cancelled", ended_at=utc_text()),
                *[replace(stage, state="cancelled") for stage in stages],
                actor=actor_name(),
                why="interrupted",
            )
