"""Findings about texts that are something else: numbers, dates, missing values, one another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from datetime import datetime

from rueda.artifacts.findings.finding import Finding
from rueda.artifacts.findings.seen import ENOUGH, Column

MOSTLY = 0.8
NEARLY_ALL = 0.95
_WORDS = ["na", "n/a", "n.a.", "#n/a", "null", "<null>", "nan", "nil", "nat", "missing"]
MISSING = frozenset([*_WORDS, "-", "--", "?", "."])
_SHOWN = 5

_NUMBER = re.compile(
    r"[-+]?[$€£]?\s?(0|[1-9]\d*|[1-9]\d{0,2}([,.' ]\d{3})+)?([.,]\d+)?([eE][-+]?\d+)?\s?[%€$£]?"
)
_DATE_FORMATS = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%d %b %Y",
    "%b %d, %Y", "%d-%b-%Y", "%d/%m/%y", "%m/%d/%y", "%Y%m%d",
)  # fmt: skip
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?\s*([AaPp][Mm]|Z|[-+]\d\d:?\d\d)?$")


def text_findings(column: Column) -> Iterator[Finding]:
    """What the texts of ``column`` are, if they are not what they seem."""
    if column.kind != "text" or column.filled < ENOUGH:
        return
    yield from _missing_words(column)
    yield from _spellings(column)
    meant = [text for text in column.texts if text.lower() not in MISSING]
    if len(meant) < 3:
        return
    if format_ := date_format(meant):
        yield _dates(column, format_)
    else:
        yield from _numbers(column, meant)


def _missing_words(column: Column) -> Iterator[Finding]:
    counts = column.counted if column.counted is not None else dict(column.found["top"])
    strange = {t: n for t, n in counts.items() if t.strip().lower() in MISSING or not t.strip()}
    others = [t for t in counts if t not in strange]
    if others and all(re.fullmatch(r"[A-Z]{2}", text) for text in others[:100]):
        strange.pop("NA", None)  # codes of countries and states: Namibia, North America
    if not strange or not others:
        return
    rows = sum(strange.values())
    yield Finding(
        "missing-word", (column.name,), "medium",
        f"{column.name} says {_named(list(strange))} in {rows:,} rows: a missing value as a word.",
        f"Read it as missing: nulls=({', '.join(map(repr, strange))},) in rd.Extract.",
        {"values": dict(sorted(strange.items(), key=lambda p: -p[1])), "rows": rows},
    )  # fmt: skip


def _spellings(column: Column) -> Iterator[Finding]:
    if column.counted is None or len(column.counted) > column.filled / 2:
        return
    groups: dict[str, list[str]] = {}
    for text in column.counted:
        groups.setdefault(_plain(text), []).append(text)
    alike = [sorted(g, key=lambda t: -_count(column, t)) for g in groups.values() if len(g) > 1]
    if not alike:
        return
    rows = sum(_count(column, text) for group in alike for text in group[1:])
    categories = "1 category" if len(alike) == 1 else f"{len(alike)} categories"
    shown = "; ".join(" = ".join(map(repr, group)) for group in alike[:3])
    more = f" and {len(alike) - 3} more" if len(alike) > 3 else ""
    yield Finding(
        "spelling", (column.name,), "medium",
        f"{column.name} spells {categories} in more than one way: {shown}{more}.",
        "Make them one in the source: a model takes each spelling for another category.",
        {"groups": alike, "rows": rows},
    )  # fmt: skip


def _count(column: Column, text: str) -> int:
    return column.counted[text] if column.counted else 0


def _plain(text: str) -> str:
    return re.sub(r"[\s_-]+", " ", unicodedata.normalize("NFKC", text)).strip().casefold()


def _dates(column: Column, format_: str) -> Finding:
    return Finding(
        "dates-in-text", (column.name,), "medium",
        f"{column.name} holds dates as text ({format_}).",
        "Make it a date in the source, or in SQL with strptime: as text, each day is a category.",
        {"format": format_, "sampled": len(column.texts)},
    )  # fmt: skip


def date_format(texts: list[str]) -> str | None:
    """The format in which nearly all ``texts`` are dates, or None."""
    days = [_CLOCK.sub("", text) for text in texts[:200]]
    for format_ in _DATE_FORMATS:
        if sum(_is_date(day, format_) for day in days) >= NEARLY_ALL * len(days):
            return format_
    return None


def _is_date(text: str, format_: str) -> bool:
    if not 6 <= len(text) <= 12:
        return False
    try:
        moment = datetime.strptime(text, format_)  # noqa: DTZ007 (a day has no zone)
    except ValueError:
        return False
    return 1900 <= moment.year <= 2100


def _numbers(column: Column, meant: list[str]) -> Iterator[Finding]:
    others = [text for text in meant if not _is_number(text)]
    share = 1 - len(others) / len(meant)
    if share < MOSTLY:
        return
    if not others:
        yield Finding(
            "numbers-in-text", (column.name,), "low",
            f"{column.name} holds numbers as text.",
            "Make it a number in the source, or in SQL with CAST; leave it if they are codes.",
            {"sampled": len(meant)},
        )  # fmt: skip
        return
    yield Finding(
        "mixed", (column.name,), "medium",
        f"{column.name} mixes numbers with text: {_named(others)} among them.",
        "Make those null in the source, or name them in nulls=, so that the column is a number.",
        {"share_numbers": round(share, 6), "others": others[:20], "sampled": len(meant)},
    )  # fmt: skip


def _is_number(text: str) -> bool:
    return any(map(str.isdigit, text)) and _NUMBER.fullmatch(text) is not None


def _named(texts: list[str]) -> str:
    more = f" and {len(texts) - _SHOWN} others" if len(texts) > _SHOWN else ""
    return ", ".join(map(repr, texts[:_SHOWN])) + more
