"""Markup: HTML that is safe because only this package writes it; all other text is escaped."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Tone = Literal["good", "bad", "unsure", "quiet"]

TONES: dict[str, Tone] = {"yes": "good", "no": "bad", "cannot tell": "unsure"}


@dataclass(frozen=True, slots=True)
class Markup:
    """HTML that needs no escaping."""

    html: str


Cell = str | int | float | bool | Markup | None


def text_of(cell: Cell) -> str:
    """``cell`` as HTML: markup as it is, numbers as people read them, text escaped."""
    if isinstance(cell, Markup):
        return cell.html
    if cell is None:
        return '<span class="none">–</span>'
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}" if abs(cell) >= 10_000 else str(cell)
    if isinstance(cell, float):
        return number_text(cell)
    return html.escape(cell)


def number_text(value: float) -> str:
    """Four significant digits, with thousands apart."""
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.3g}"
    digits = max(0, 3 - (len(str(int(abs(value)))) - 1)) if abs(value) >= 1 else 4
    text = f"{value:,.{digits}f}" if abs(value) >= 10_000 else f"{value:.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def measured_text(value: float, low: float | None, high: float | None) -> str:
    """``value`` with its interval, in as many digits as the interval is wide."""
    if low is None or high is None or not high > low:
        return number_text(value)
    digits = min(max(1 - math.floor(math.log10(high - low)), 0), 6)
    return f"{value:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def badge(text: str, tone: Tone | None = None) -> Markup:
    """A small colored word; a verdict brings its own tone."""
    tone = tone or TONES.get(text, "quiet")
    return Markup(f'<span class="badge {tone}">{html.escape(text)}</span>')


def folded(summary: str, texts: Sequence[str]) -> Markup | None:
    """Sentences that open on demand, in a cell that would else be tall."""
    inside = lines(texts)
    if inside is None:
        return None
    return Markup(f"<details><summary>{html.escape(summary)}</summary>{inside.html}</details>")


def lines(texts: Sequence[str]) -> Markup | None:
    """Several sentences in one cell."""
    if not texts:
        return None
    return Markup("".join(f"<div>{html.escape(text)}</div>" for text in texts))
