"""Lineage: where something came from, as a graph in layers from left to right."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.pictures.markup import Markup

BOX_WIDTH, BOX_HEIGHT = 148, 52
GAP_X, GAP_Y = 52, 20
MARGIN = 6


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
    width = max((x for x, _ in places.values()), default=0) + BOX_WIDTH + MARGIN
    height = max((y for _, y in places.values()), default=0) + BOX_HEIGHT + MARGIN
    lines = "".join(_edge(places[a], places[b]) for a, b in kept)
    boxes = "".join(_box(known[name], places[name]) for name in known)
    return Markup(
        f'<div class="scroll"><svg class="lineage" viewBox="0 0 {width:.0f} {height:.0f}" '
        f'width="{width:.0f}" height="{height:.0f}" role="img" aria-label="lineage">'
        f"{lines}{boxes}</svg></div>"
    )


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
    tallest = max((len(layer) for layer in layers), default=0)
    places = {}
    for column, layer in enumerate(layers):
        top = MARGIN + (tallest - len(layer)) * (BOX_HEIGHT + GAP_Y) / 2
        for row, name in enumerate(layer):
            x = MARGIN + column * (BOX_WIDTH + GAP_X)
            places[name] = (float(x), top + row * (BOX_HEIGHT + GAP_Y))
    return places


def _edge(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1 = start[0] + BOX_WIDTH, start[1] + BOX_HEIGHT / 2
    x2, y2 = end[0], end[1] + BOX_HEIGHT / 2
    bend = max((x2 - x1) / 2, GAP_X / 2)
    return (
        f'<path class="edge" d="M{x1:.0f} {y1:.0f} C{x1 + bend:.0f} {y1:.0f} '
        f'{x2 - bend:.0f} {y2:.0f} {x2:.0f} {y2:.0f}"/>'
    )


def _box(node: Node, place: tuple[float, float]) -> str:
    x, y = place
    label = node.label if len(node.label) <= 21 else node.label[:20] + "…"
    return (
        f'<g class="node{" live" if node.live else ""}"><title>{html.escape(node.label)}</title>'
        f'<rect x="{x:.0f}" y="{y:.0f}" width="{BOX_WIDTH}" height="{BOX_HEIGHT}" rx="7"/>'
        f'<text class="kind" x="{x + 12:.0f}" y="{y + 21:.0f}">{html.escape(node.kind)}</text>'
        f'<text class="label" x="{x + 12:.0f}" y="{y + 39:.0f}">{html.escape(label)}</text></g>'
    )
