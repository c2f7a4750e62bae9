"""What a person sees: progress while it works, tables when it is done, quiet when piped."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from rueda.cli.verbs import SHAPE
from rueda.kernel.digest import Json

STATES = {"ran": "green", "reused": "cyan", "failed": "red", "cancelled": "yellow"}


def print_json(value: Mapping[str, Json]) -> None:
    """The one object of ``--json``, on standard output, with the version of its shape."""
    line = json.dumps({"shape": SHAPE, **value}, ensure_ascii=False, allow_nan=False)
    print(line, flush=True)


def out() -> Console:
    """Standard output; plain and unwrapped when piped."""
    return Console(width=None if sys.stdout.isatty() else 200, highlight=False)


def err() -> Console:
    """Standard error: where progress and messages go."""
    return Console(stderr=True, highlight=False)


def table(title: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Table:
    """A table of texts; numbers align to the right."""
    shape = Table(
        title=title or None, title_justify="left", title_style="bold", box=None, pad_edge=False
    )
    body = [list(row) for row in rows]
    for number, column in enumerate(columns):
        right = bool(body) and all(isinstance(row[number], (int, float)) for row in body)
        shape.add_column(column, justify="right" if right else "left", overflow="fold")
    for row in body:
        shape.add_row(*[cell_text(cell) for cell in row])
    return shape


def cell_text(cell: object) -> str:
    """A cell as people read it."""
    if cell is None:
        return "–"
    if isinstance(cell, float):
        return f"{cell:,.3f}"
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f"{cell:,}"
    return str(cell).replace("[", "\\[")


class TerminalWatch:
    """Shows each stage as it goes: a live bar on a terminal, nothing when piped."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description:<10}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[note]}", style="dim"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> TerminalWatch:
        self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def began(self, stage: str) -> None:
        self._task = self._live.add_task(stage, total=None, note="")

    def progress(self, stage: str, done: float, total: float | None, note: str) -> None:
        del stage
        if self._task is not None:
            self._live.update(self._task, completed=done, total=total, note=note)

    def waits(self, stage: str, holder: str) -> None:
        if self._task is None:
            self._task = self._live.add_task(stage, total=None, note="")
        self._live.update(self._task, note=f"waits for {holder}")

    def ended(self, stage: str, state: str, seconds: float, note: str) -> None:
        if self._task is not None:
            self._live.remove_task(self._task)
            self._task = None
        if self._console.is_terminal:
            color = STATES.get(state, "")
            time = f"{seconds:6.1f} s" if state == "ran" else f"from run {note}" if note else ""
            self._console.print(f"  [{color}]{state:<9}[/] {stage:<10} {time}")
