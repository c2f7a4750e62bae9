"""Lineage: where something came from, as a graph in layers from top to bottom."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.pictures.markup import Markup

BOX_WIDTH, BOX_HEIGHT = 224, 48
GAP_X, GAP_Y = 28, 30
MARGIN = 6
BOW = 26
"""How far an edge that skips a layer swings out, for each layer on its way."""


@dataclass(frozen=True, slots=True)
class Node:
    """One thing in the graph: its name in edges, what it is, and what to write under that."""

    id: str
    kind: str
    label: str = ""
    live: bool = False


def lineage_picture(nodes: Sequence[Node], edges: Sequence[tuple[str, str]]) -> Markup:
    """An SVG graph of ``nodes`` and ``edges`` (from, to); edges to unknown nodes are left out.

    A node stands in the layer after the last of what it came from. Cycles, which lineage has none
    of, are cut where they close.
    """
    known = {node.id: node for node in nodes}
    kept = [(a, b) for a, b in edges if a in known and b in known and a != b]
    layers = _layers(list(known), kept)
    places = _places(layers)
    depth = {name: number for number, layer in enumerate(layers) for name in layer}
    # What skips a layer goes around the boxes, on the left where only that side is free.
    arcs = [(a, b, _leftward(a, b, layers, depth)) for a, b in kept if depth[b] - depth[a] > 1]
    steps = [(a, b) for a, b in kept if depth[b] - depth[a] == 1]
    out = {side: BOW * max((depth[b] - depth[a] for a, b, left in arcs if left is side), default=0)
           for side in (True, False)}  # fmt: skip
    right = max((x for x, _ in places.values()), default=0) + BOX_WIDTH
    height = max((y for _, y in places.values()), default=0) + BOX_HEIGHT + MARGIN
    low, wide = -out[True], right + out[False] + out[True] + MARGIN
    ends = [_ends([places[name] for name in layer]) for layer in layers]
    lines = [_step(places[a], places[b]) for a, b in steps]
    lines += [
        _arc(places[a], places[b], ends[depth[a] : depth[b] + 1], left=left) for a, b, left in arcs
    ]
    boxes = "".join(_box(known[name], places[name]) for name in known)
    return Markup(
        f'<div class="scroll"><svg class="lineage" viewBox="{low:.0f} 0 {wide:.0f} {height:.0f}" '
        f'width="{wide:.0f}" height="{height:.0f}" role="img" aria-label="lineage">'
        f"{''.join(lines)}{boxes}</svg></div>"
    )


def _leftward(a: str, b: str, layers: Sequence[Sequence[str]], depth: Mapping[str, int]) -> bool:
    rightmost = all(layers[depth[name]][-1] == name for name in (a, b))
    leftmost = all(layers[depth[name]][0] == name for name in (a, b))
    return leftmost and not rightmost


def _ends(places: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """Where a layer begins and ends."""
    return min(x for x, _ in places), max(x for x, _ in places) + BOX_WIDTH


def _layers(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> list[list[str]]:
    """Nodes by the longest way to them, each layer in the order of what its nodes come from."""
    before: dict[str, list[str]] = {name: [] for name in names}
    for a, b in edges:
        before[b].append(a)
    depth: dict[str, int] = {}
    for name in names:
        _depth(name, before, depth, frozenset())
    layers: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name in names:
        layers[depth[name]].append(name)
    for number, layer in enumerate(layers[1:], start=1):
        row = {name: place for earlier in layers[:number] for place, name in enumerate(earlier)}
        layer.sort(key=lambda name: _mean([row[a] for a in before[name] if a in row]))
    return layers


def _depth(
    name: str, before: Mapping[str, list[str]], depth: dict[str, int], path: frozenset[str]
) -> int:
    if name in depth:
        return depth[name]
    earlier = [a for a in before[name] if a not in path and a != name]
    depth[name] = max((_depth(a, before, depth, path | {name}) + 1 for a in earlier), default=0)
    return depth[name]


def _mean(values: Sequence[int]) -> float:
    return sum(values) / len(values) if values else 0.0


def _places(layers: Sequence[Sequence[str]]) -> dict[str, tuple[float, float]]:
    """The upper left corner of each box; every layer is centered."""
    widest = max((len(layer) for layer in layers), default=0)
    places = {}
    for row, layer in enumerate(layers):
        left = MARGIN + (widest - len(layer)) * (BOX_WIDTH + GAP_X) / 2
        for column, name in enumerate(layer):
            y = MARGIN + row * (BOX_HEIGHT + GAP_Y)
            places[name] = (left + column * (BOX_WIDTH + GAP_X), float(y))
    return places


def _step(start: tuple[float, float], end: tuple[float, float]) -> str:
    """An edge to the next layer."""
    x1, y1 = start[0] + BOX_WIDTH / 2, start[1] + BOX_HEIGHT
    x2, y2 = end[0] + BOX_WIDTH / 2, end[1]
    half = (y1 + y2) / 2
    return _path(f"M{x1:.0f} {y1:.0f}C{x1:.0f} {half:.0f} {x2:.0f} {half:.0f} {x2:.0f} {y2:.0f}")


def _arc(
    start: tuple[float, float],
    end: tuple[float, float],
    passed: Sequence[tuple[float, float]],
    *,
    left: bool,
) -> str:
    """An edge around the layers ``passed``, which it would else run beneath."""
    bow = BOW * (len(passed) - 1) * 1.25
    out = min(low for low, _ in passed) - bow if left else max(high for _, high in passed) + bow
    x1, x2 = (place[0] + (0 if left else BOX_WIDTH) for place in (start, end))
    y1, y2 = (place[1] + BOX_HEIGHT / 2 for place in (start, end))
    return _path(f"M{x1:.0f} {y1:.0f}C{out:.0f} {y1:.0f} {out:.0f} {y2:.0f} {x2:.0f} {y2:.0f}")


def _path(line: str) -> str:
    return f'<path class="edge" d="{line}"/>'


def _box(node: Node, place: tuple[float, float]) -> str:
    x, y = place
    label = node.label if len(node.label) <= 36 else node.label[:35] + "…"
    return (
        f'<g class="node{" live" if node.live else ""}"><title>{html.escape(node.label)}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="7"/>'
        f'<text class="kind" x="{x + 12:.0f}" y="{y + 20:.0f}">{html.escape(node.kind)}</text>'
        f'<text class="label" x="{x + 12:.0f}" y="{y + 37:.0f}">{html.escape(label)}</text></g>'
    )
