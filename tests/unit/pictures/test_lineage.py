"""Lineage is drawn in layers, each box below all that it came from."""

from __future__ import annotations

import itertools
import re

from hypothesis import given
from hypothesis import strategies as st

from rueda.pictures.lineage import Node, lineage_picture
from rueda.pictures.sparkline import HEIGHT, sparkline


def _tops(drawn: str) -> dict[str, float]:
    found = re.findall(r'<rect x="[\d.]+" y="([\d.]+)".*?class="kind"[^>]*>(\w+)<', drawn)
    return {kind: float(top) for top, kind in found}


@given(st.sets(st.tuples(st.integers(0, 9), st.integers(0, 9)).filter(lambda e: e[0] < e[1])))
def test_every_edge_goes_down(edges: set[tuple[int, int]]) -> None:
    nodes = [Node(str(i), f"k{i}") for i in range(10)]
    drawn = lineage_picture(nodes, [(str(a), str(b)) for a, b in sorted(edges)]).html
    tops = _tops(drawn)
    assert len(tops) == 10
    assert all(tops[f"k{a}"] < tops[f"k{b}"] for a, b in edges)
    assert drawn.count('class="edge"') == len(edges)


def test_nothing_overlaps() -> None:
    nodes = [Node(str(i), f"k{i}") for i in range(6)]
    drawn = lineage_picture(nodes, [("0", str(i)) for i in range(1, 6)]).html
    places = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="(\d+)"', drawn)
    row = sorted(float(x) for x, y, _ in places if y != places[0][1])
    width = float(places[0][2])
    assert all(b - a > width for a, b in itertools.pairwise(row))


def test_a_circle_ends() -> None:
    drawn = lineage_picture([Node("a", "a"), Node("b", "b")], [("a", "b"), ("b", "a")]).html
    assert drawn.count("<rect") == 2


def test_nothing_is_an_empty_picture() -> None:
    assert "<rect" not in lineage_picture([], []).html


def test_a_sparkline_shows_every_count() -> None:
    drawn = sparkline([0, 5, 10])
    assert drawn is not None
    heights = [float(h) for h in re.findall(r'height="([\d.]+)"/>', drawn.html)]
    assert heights == [0.0, HEIGHT / 2, HEIGHT]
    assert sparkline([]) is None
    assert sparkline([0, 0]) is None
