"""Live through 2013: one model's whole life, from the first months' data to December's traffic.

January to April are history: the first turn of the wheel trains on them. From May on the year is
production: every flight of a sampled month goes over HTTP to the running server, labels come when
the month is over, the monitor closes the window, and an alarm turns the wheel again. Run it twice:
what was lived is not lived again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from world import ARRIVALS, BATCH, HERE, YEAR, Month, Planners, World

from rueda.cli.terminal import table
from rueda.kernel.errors import RuedaError
from rueda.kernel.home import Home, open_home
from rueda.kernel.record import Note, utc_text

if TYPE_CHECKING:
    from rueda.wheel.lifecycle import Lifecycle

NAME = "flight-delay"
HISTORY = 4
PRODUCTION = range(5, 13)
ROLLOUT_EVERY = 500
"""Requests between two looks at a canary; a running `rueda rollout --watch` would look by the
clock.
"""

KIND = "flights.month"


def main() -> int:
    parser = argparse.ArgumentParser(description="Live through 2013 with the flights example.")
    parser.add_argument("--json", action="store_true", help="print one object, no tables")
    parser.add_argument("--sample", type=int, default=2000, help="flights asked about a month")
    parser.add_argument("--home", type=Path, default=HERE / ".rueda")
    arguments = parser.parse_args()
    began = time.monotonic()
    # As the `rueda` command does: threads that spin while they wait slow down everything beside.
    os.environ.setdefault("OMP_WAIT_POLICY", "passive")
    home = open_home(arguments.home)
    console = Console(stderr=True, quiet=arguments.json, highlight=False)
    try:
        lived = Year(home, arguments.sample, console).live()
    except RuedaError as error:
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return error.exit_code
    report = write_report(home, fresh=any(not month["reused"] for month in lived))
    if arguments.json:
        print(json.dumps({"months": lived, "report": str(report)}))
    else:
        show(lived, report, time.monotonic() - began)
    return 0


class Year:
    """The months of production, each lived once and then remembered in the ledger."""

    def __init__(self, home: Home, sample: int, console: Console) -> None:
        self._home = home
        self._sample = sample
        self._console = console
        self._key = life_key(sample)

    def live(self) -> list[dict[str, Any]]:
        """What happened in each month, in order."""
        known = {note.body["month"]: note.body for note in self._notes()}
        missing = [m for m in PRODUCTION if f"{YEAR}-{m:02d}" not in known]
        rows = [{**known[month], "reused": True} for month in sorted(known)]
        if not missing:
            return rows
        with progress(self._console) as bar:
            rows += self._live_months(missing, first_time=not known, bar=bar)
        return rows

    def _live_months(
        self, months: list[int], *, first_time: bool, bar: Progress
    ) -> list[dict[str, Any]]:
        import lifecycle as declared

        lifecycle: Lifecycle = declared.lifecycle
        world = World(self._home.folder / "world")
        if first_time:
            for stale in ARRIVALS.glob("flights-*.csv"):
                stale.unlink()
            world.land(HISTORY)
            with step(bar, f"January to April {YEAR}: the first turn of the wheel"):
                lifecycle.run(home=self._home, watch=BarWatch(bar))
        rows = []
        with server(self._home) as port:
            for number in months:
                row = self._live_month(
                    lifecycle, world, world.month(number, self._sample), port, bar
                )
                self._remember(row)
                rows.append({**row, "reused": False})
        return rows

    def _live_month(
        self, lifecycle: Lifecycle, world: World, month: Month, port: int, bar: Progress
    ) -> dict[str, Any]:
        from rueda.wheel.monitoring import close_window

        rollout = self._predict(month, port, bar)
        world.land(month.number)
        closed = close_window(
            lifecycle, self._home, start=month.start, end=month.end, actor="the flights example"
        )
        row = {"month": month.text, **closed.to_json(), "rollout": rollout, "turn": None}
        if closed.wants_turn:
            with step(bar, f"{month.text}: {len(closed.alarms)} alarm(s); the wheel turns again"):
                turned = lifecycle.run(
                    home=self._home, trigger=closed.alarms.artifact.digest, watch=BarWatch(bar)
                )
            told = turned.to_json()
            row["turn"] = {"run": turned.id, "release": told["release"], "gate": told["gate"]}
        return row

    def _predict(self, month: Month, port: int, bar: Progress) -> list[str]:
        """Ask about every flight, look at the canary now and then, and tell what came of the
        flights.
        """
        from rueda.server.rollout import advance

        steps: list[str] = []
        planners = Planners(NAME, port)
        ids: list[str] = []
        task = bar.add_task(f"{month.text}: flights over HTTP", total=len(month.rows))
        for number, answered in enumerate(planners.ask(month), start=1):
            ids += answered
            bar.update(task, completed=min(number * BATCH, len(month.rows)))
            if number % ROLLOUT_EVERY == 0:
                moved = advance(self._home, NAME, actor="the flights example")
                if moved.verdict in ("yes", "no"):
                    steps.append(moved.sentence)
        planners.tell(ids, month.late)
        planners.close()
        bar.remove_task(task)
        return steps

    def _notes(self) -> list[Note]:
        return self._home.ledger.find(Note, kind=KIND, subject=self._key, limit=100)

    def _remember(self, row: dict[str, Any]) -> None:
        note = Note(f"{self._key}/{row['month']}", KIND, self._key, utc_text(), row)
        self._home.ledger.append(note, actor="the flights example")


def life_key(sample: int) -> str:
    """What the year depends on: another lifecycle, query or sample is another life."""
    files = [HERE / name for name in ("lifecycle.py", "flights.sql", "world.py", "year.py")]
    content = b"".join(path.read_bytes() for path in files) + str(sample).encode()
    return hashlib.sha256(content).hexdigest()


@contextmanager
def server(home: Home) -> Iterator[int]:
    """`rueda serve` as its own process on a free port, ready; stopped by SIGTERM at the end."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "rueda.cli.main", "serve", NAME, "--port", str(port)]
    log = (home.folder / "server.log").open("ab")
    process = subprocess.Popen([*command, "--home", str(home.folder)], stdout=log, stderr=log)
    try:
        wait_until_ready(process, port, Path(log.name))
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)
        log.close()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    for _ in range(300):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/v2/health/ready", timeout=1).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None:
                break
            time.sleep(0.1)
        else:
            return
    tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
    raise RuedaError("the inference server did not become ready", got=tail, do=f"read {log}")


class BarWatch:
    """A turn of the wheel in the year's progress display."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._task = bar.add_task("", visible=False)

    def began(self, stage: str) -> None:
        self._bar.update(
            self._task, description=f"  {stage}", visible=True, completed=0, total=None
        )

    def progress(self, stage: str, done: float, total: float | None, note: str) -> None:
        self._bar.update(self._task, description=f"  {stage} {note}", completed=done, total=total)

    def waits(self, stage: str, holder: str) -> None:
        self._bar.update(self._task, description=f"  {stage} waits for {holder}", visible=True)

    def ended(self, stage: str, state: str, seconds: float, note: str) -> None:
        del stage, state, seconds, note
        self._bar.update(self._task, visible=False)


def progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


@contextmanager
def step(bar: Progress, text: str) -> Iterator[None]:
    task = bar.add_task(text, total=None)
    yield
    bar.remove_task(task)


def write_report(home: Home, *, fresh: bool) -> Path:
    """The report of the model's life; written anew only if something happened."""
    path = HERE / "report.html"
    if fresh or not path.exists():
        from rueda.wheel.biography import write_report as write

        write(home, NAME, path)
    return path


def show(lived: list[dict[str, Any]], report: Path, seconds: float) -> None:
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    rows = [
        (
            month["month"],
            month["predictions"],
            month["labeled"],
            text_of_drift(month),
            text_of_quality(month),
            text_of_alarms(month),
            text_of_turn(month),
        )
        for month in lived
    ]
    columns = (
        "month",
        "predictions",
        "labeled",
        "drift",
        "ROC AUC (95 %)",
        "alarms",
        "what followed",
    )
    console.print(table(f"{NAME} in {YEAR}", columns, rows))
    clock = sorted({str(name) for month in lived for name in month["clock"]})
    if clock:
        console.print(f"the clock itself, so no drift: {', '.join(clock)}", soft_wrap=True)
    if all(month["reused"] for month in lived):
        console.print(f"nothing changed: all {len(lived)} months were reused, in {seconds:.1f} s")
    console.print(f"report: {report}", soft_wrap=True)
    here = HERE.relative_to(Path.cwd()) if HERE.is_relative_to(Path.cwd()) else HERE
    console.print("try next:")
    for words in (f"models {NAME}", f"show {NAME}@champion", "why evaluate"):
        console.print(f"  .venv/bin/rueda {words} --file {here}/lifecycle.py", soft_wrap=True)


def text_of_drift(month: dict[str, Any]) -> str:
    moved = [name for name, told in month["drift"].items() if told["verdict"] == "yes"]
    return ", ".join(moved) or "none"


def text_of_quality(month: dict[str, Any]) -> str:
    quality = month["quality"].get("roc_auc", {})
    if quality.get("value") is None:
        return "–"
    return f"{quality['value']:.3f} ({quality['low']:.3f} to {quality['high']:.3f})"


def text_of_alarms(month: dict[str, Any]) -> str:
    """Each alarm up to its figures in parentheses; the report has them all."""
    return "\n".join(alarm["sentence"].partition(" (")[0] for alarm in month["alarms"]) or "none"


def text_of_turn(month: dict[str, Any]) -> str:
    """What the rollout, the alarm and the gate came to; the first reason of each."""
    said = [sentence.partition(";")[0] for sentence in month["rollout"]]
    turn = month["turn"]
    if turn:
        reason = turn["gate"]["sentence"].split("; ")[-1]
        said.append(f"retrained; gate {turn['gate']['verdict']}: {reason}")
    return "\n".join(said) or "nothing to do"


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main())
