"""A profile as people read it in a terminal: one line a column, then what is wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from rueda.artifacts.findings import Finding
from rueda.kernel.digest import Json
from rueda.wheel.survey import Survey

BLOCKS = "▁▂▃▄▅▆▇█"
SPARK = 10
FEW = 20
"""A column with at most so many values shows the most frequent ones."""

COLORS = {"high": "red", "medium": "yellow", "low": "cyan"}
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")


def print_profile(console: Console, name: str, survey: Survey, findings: Sequence[Finding]) -> None:
    """Print the columns of ``survey``, then ``findings``, within the width of ``console``."""
    broken = f", {survey.broken:,} broken rows left out" if survey.broken else ""
    console.print(
        Text(f"{name}: {survey.rows:,} rows, {len(survey.columns)} columns{broken}", "bold")
    )
    console.print(_columns(survey))
    if not findings:
        console.print("\nnothing seems wrong")
        return
    console.print(Text(f"\n{len(findings)} finding{'s' * (len(findings) > 1)}", "bold"))
    lines = Table.grid("severity", "sentence", padding=(0, 1, 0, 0))
    for finding in findings:
        lines.add_row(
            Text(finding.severity, COLORS[finding.severity]),
            Text.assemble(_printable(finding.sentence), "\n", (_printable(finding.do), "dim")),
        )
    console.print(lines)


def _columns(survey: Survey) -> Table:
    shape = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for title, right, least in (
        ("column", False, 10), ("type", False, 6), ("nulls", True, 5), ("distinct", True, 6),
        ("min", True, 5), ("median", True, 5), ("max", True, 5), ("values", False, SPARK),
        ("most frequent", False, 8),
    ):  # fmt: skip
        shape.add_column(
            title, justify="right" if right else "left", no_wrap=True, overflow="ellipsis",
            min_width=least, header_style="dim",
        )  # fmt: skip
    for name, found in survey.columns.items():
        shape.add_row(*(Text(_printable(cell)) for cell in _line(name, found, survey.rows)))
    return shape


def _line(name: str, found: Mapping[str, Json], rows: int) -> tuple[str, ...]:
    missing = found["nulls"] + (found["nan"] or 0)
    distinct = "–" if found["distinct"] is None else f"{found['distinct']:,}"
    return (
        name,
        _short_type(found["type"]),
        _share(missing, rows),
        f"≈{distinct}" if found["distinct_error"] else distinct,
        _cell(found["min"]),
        _cell((found["quantiles"] or {}).get("0.5")),
        _cell(found["max"]),
        sparkline(found["histogram"]["counts"] if found["histogram"] else []),
        _top(found, rows),
    )


def sparkline(counts: Sequence[int]) -> str:
    """``counts`` as at most ``SPARK`` bars; a bin with anything in it has a bar."""
    size = -(-len(counts) // SPARK) or 1
    sums = [sum(counts[i : i + size]) for i in range(0, len(counts), size)]
    highest = max(sums, default=0)
    if not highest:
        return ""
    return "".join(
        BLOCKS[min(int(n / highest * len(BLOCKS)), len(BLOCKS) - 1)] if n else " " for n in sums
    )


def _share(part: int, rows: int) -> str:
    if not part:
        return "–"
    percent = 100 * part / rows
    return "<0.1 %" if percent < 0.1 else f"{percent:.1f} %"


def _top(found: Mapping[str, Json], rows: int) -> str:
    if not found["distinct"] or found["distinct"] > FEW or not rows:
        return ""
    return ", ".join(f"{_cell(value)} {count / rows:.0%}" for value, count in found["top"][:4])


def _short_type(text: str) -> str:
    if text.startswith("dictionary"):
        return "category"
    return text.removeprefix("large_").partition("[")[0]


def _cell(value: Json) -> str:
    if value is None:
        return "–"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:,.0f}" if 10_000 <= abs(value) < 1e9 else f"{value:.4g}"
    if _TIME.match(value):
        return str(value)[:16].replace("T", " ").removesuffix(" 00:00")
    return str(value) if len(value) <= 14 else f"{value[:13]}…"


def _printable(text: str) -> str:
    """``text`` without what would move the cursor."""
    return "".join(c if c.isprintable() else "·" for c in text)
