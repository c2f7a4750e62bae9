"""`rueda monitor`: close a window over the predictions, judge it, turn the wheel on an alarm."""

from __future__ import annotations

import argparse
from datetime import UTC, datetime, timedelta

from rueda.artifacts.predictions import read_predictions
from rueda.artifacts.window import Window
from rueda.cli.declared import add_place, the_home, the_lifecycle
from rueda.cli.terminal import TerminalWatch, err, out, print_json, table
from rueda.cli.turned import interruptible, print_run
from rueda.kernel.digest import Json
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.record import Execution, Run, utc_text
from rueda.wheel.lifecycle import actor_name
from rueda.wheel.monitoring import Closed, close_window


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--start", metavar="TIME", help="RFC 3339 (where the last window ended)")
    parser.add_argument("--end", metavar="TIME", help="RFC 3339 (after the last prediction)")
    parser.add_argument(
        "--no-retrain", action="store_true", help="do not turn the wheel, whatever the window says"
    )
    add_place(parser)


def run(arguments: argparse.Namespace) -> int:
    home = the_home(arguments)
    lifecycle = the_lifecycle(arguments)
    start, end = _bounds(home, lifecycle.name, arguments.start, arguments.end)
    closed = close_window(lifecycle, home, start=start, end=end, actor=actor_name())
    told = closed.to_json()
    turned = None
    if closed.wants_turn and not arguments.no_retrain:
        with interruptible(home, debug=False), TerminalWatch(err()) as watch:
            turned = lifecycle.run(home=home, trigger=closed.alarms.artifact.digest, watch=watch)
    if arguments.json:
        print_json(
            {"windows": [told], "alarms": told["alarms"], "turn": turned and turned.to_json()}
        )
        return 0
    _print(closed, told)
    if turned is not None:
        print_run(out(), turned)
    return 0


def _bounds(home: Home, name: str, start: str | None, end: str | None) -> tuple[str, str]:
    """The window to close: as named, else from the last one's end to the last prediction."""
    if start is not None and end is not None:
        return start, end
    times = read_predictions(home.logs / name)
    moments = [
        t for t in (times.column("event_at").to_pylist() + times.column("at").to_pylist()) if t
    ]
    if not moments:
        raise NotFound(f"the log of {name} is empty", do="ask the server something first")
    start = start or _last_end(home, name) or utc_text(min(moments))
    return start, end or utc_text(max(moments).astimezone(UTC) + timedelta(microseconds=1))


def _last_end(home: Home, name: str) -> str | None:
    runs = {r.id for r in home.ledger.find(Run, lifecycle=name, limit=10_000)}
    ends = [
        Window.open(home.store, e.inputs["window"]).end
        for e in home.ledger.find(Execution, stage="judge", limit=1000)
        if e.run in runs and e.state in ("ran", "reused")
    ]
    return max(ends, key=datetime.fromisoformat, default=None)


def _print(closed: Closed, told: dict[str, Json]) -> None:
    console = out()
    console.print(
        f"[bold]{closed.window.name}[/], {told['start']} to {told['end']}: "
        f"{told['predictions']:,} predictions, {told['labeled']:,} labeled"
    )
    rows = [
        (name, d["measure"], d["value"], d["threshold"], d["verdict"])
        for name, d in sorted(told["drift"].items())
    ]
    console.print(table("", ("feature", "measure", "distance", "threshold", "drifted"), rows))
    for name, quality in told["quality"].items():
        if quality["value"] is not None:
            console.print(
                f"{name} {quality['value']:.4f} ({quality['low']:.4f} to {quality['high']:.4f})"
            )
    if told["clock"]:
        console.print(f"the clock itself, so no drift: {', '.join(told['clock'])}", soft_wrap=True)
    for alarm in told["alarms"]:
        console.print(f"[red]{alarm['severity']}[/] {alarm['sentence']}", soft_wrap=True)
    if not told["alarms"]:
        console.print("no alarm")
