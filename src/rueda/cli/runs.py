"""`rueda runs`: the runs of this home, newest first."""

from __future__ import annotations

import argparse
from datetime import datetime

from rueda.cli.declared import add_place, the_home
from rueda.cli.terminal import out, print_json, table
from rueda.kernel.record import Run
from rueda.wheel.settle import settle


def configure(parser: argparse.ArgumentParser) -> None:
    add_place(parser)
    parser.add_argument("--limit", type=int, default=20, help="how many (20)")
    parser.add_argument(
        "--state", help="only those: succeeded, failed, cancelled, abandoned, running"
    )


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    settle(home.ledger)
    where = {
        name: value
        for name, value in (("lifecycle", arguments.lifecycle), ("state", arguments.state))
        if value is not None
    }
    found = home.ledger.find(Run, limit=arguments.limit, **where)
    if arguments.json:
        print_json({"runs": [_as_json(r) for r in found]})
        return 0
    rows = [
        (r.id, r.lifecycle, r.state, r.started_at[:19] + "Z", _seconds(r), _trigger(r))
        for r in found
    ]
    columns = ("run", "lifecycle", "state", "started", "seconds", "trigger")
    out().print(
        table("", columns, rows) if rows else "no runs yet; turn the wheel with `rueda run`"
    )
    return 0


def _as_json(r: Run) -> dict[str, object]:
    return {
        "run": r.id,
        "lifecycle": r.lifecycle,
        "state": r.state,
        "started_at": r.started_at,
        "ended_at": r.ended_at,
        "seconds": _seconds(r),
        "trigger": r.trigger,
        "release": r.release,
    }


def _seconds(r: Run) -> float | None:
    if r.ended_at is None:
        return None
    began, ended = (datetime.fromisoformat(t) for t in (r.started_at, r.ended_at))
    return round((ended - began).total_seconds(), 3)


def _trigger(r: Run) -> str:
    return r.trigger if r.trigger in ("demand", "window") else f"alarm {r.trigger[:8]}"
