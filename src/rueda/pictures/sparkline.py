"""Sparkline: a histogram of the size of a word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rueda.kernel.digest import Json
from rueda.pictures.markup import Markup

WIDTH, HEIGHT = 120, 24


def column_sparkline(column: Mapping[str, Json]) -> Markup | None:
    """The bins of a profiled column, or its most frequent values."""
    if column["histogram"] is not None:
        return sparkline(column["histogram"]["counts"])
    return sparkline([count for _, count in column["top"]])


def sparkline(counts: Sequence[float]) -> Markup | None:
    """Bars in the color of the text around; None for nothing."""
    highest = max(counts, default=0)
    if not highest:
        return None
    step = WIDTH / max(len(counts), 8)
    bars = []
    for place, count in enumerate(counts):
        tall = max(count / highest * HEIGHT, 1.0) if count else 0.0
        bars.append(
            f'<rect x="{place * step:.1f}" y="{HEIGHT - tall:.1f}" '
            f'width="{max(step - 1, 0.6):.1f}" height="{tall:.1f}"/>'
        )
    return Markup(
        f'<svg class="spark" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="histogram">{"".join(bars)}</svg>'
    )
