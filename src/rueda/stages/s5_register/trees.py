"""Trees: the decision trees inside a fitted estimator, and their mending in a converted graph.

Two things are lost on the way from scikit-learn to ONNX. Thresholds are float64 there and float32
here: rounded to the nearest, ``x <= t`` turns for an ``x`` between the two; rounded *down*, it is
the same for every float32 ``x``. And which way a null goes is left out for forests.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Tree:
    """One tree's nodes: the column each compares (-1 in a leaf), with what, and where nulls go."""

    column: np.ndarray
    threshold: np.ndarray
    null_goes_left: np.ndarray

    @property
    def inner(self) -> np.ndarray:
        """Which nodes are no leaves."""
        return self.column >= 0


def trees_of(value: Any) -> Iterator[Tree]:
    """The trees inside ``value``, of scikit-learn's two kinds, in the order they are kept in."""
    yield from _trees(value, set())


def _trees(value: Any, seen: set[int]) -> Iterator[Tree]:
    if id(value) in seen:
        return
    seen.add(id(value))
    if hasattr(value, "children_left") and hasattr(value, "missing_go_to_left"):
        column = np.where(value.children_left >= 0, value.feature, -1)
        yield Tree(column, value.threshold, value.missing_go_to_left.astype(bool))
    elif type(value).__name__ == "TreePredictor":
        nodes = value.nodes
        column = np.where(nodes["is_leaf"] == 1, -1, nodes["feature_idx"].astype(np.int64))
        yield Tree(column, nodes["num_threshold"], nodes["missing_go_to_left"].astype(bool))
    else:
        for item in _inside(value):
            yield from _trees(item, seen)


def _inside(value: Any) -> list[Any]:
    if isinstance(value, np.ndarray):
        return list(value.ravel()) if value.dtype == object else []
    if isinstance(value, (list, tuple)):
        return list(value)
    if not hasattr(value, "get_params"):
        return []
    return [value.tree_] if hasattr(value, "tree_") else list(vars(value).values())


def thresholds(trees: list[Tree]) -> dict[int, np.ndarray]:
    """The different thresholds by the column that they are compared with."""
    if not trees:
        return {}
    columns = np.concatenate([tree.column[tree.inner] for tree in trees])
    values = np.concatenate([tree.threshold[tree.inner] for tree in trees])
    return {int(c): np.unique(values[columns == c]) for c in np.unique(columns)}


def mend(model: Any, trees: list[Tree]) -> None:
    """Give the tree nodes of the ONNX ``model`` the thresholds and null ways of ``trees``.

    Nothing is changed unless the two match node by node: the proof decides what that means.
    """
    lists = [_Lists(node) for node in model.graph.node if node.op_type.startswith("TreeEnsemble")]
    rest = iter(trees)
    pairs = [(found, [tree for _, tree in zip(found.sizes, rest)]) for found in lists]  # noqa: B905
    if next(rest, None) is None and all(found.match(its) for found, its in pairs):
        for found, its in pairs:
            found.mend(its)


class _Lists:
    """The parallel lists that hold the trees of one ONNX node, tree after tree."""

    def __init__(self, node: Any) -> None:
        self._attributes = {attribute.name: attribute for attribute in node.attribute}
        numbers = np.array(self._attributes["nodes_treeids"].ints)
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        self.sizes = [int(size) for size in np.diff([*starts, len(numbers)])]

    def match(self, trees: list[Tree]) -> bool:
        """Whether these are ``trees``: the same nodes with nearly the same thresholds."""
        if self.sizes != [len(tree.column) for tree in trees]:
            return False
        branch = np.array(self._attributes["nodes_modes"].strings) != b"LEAF"
        columns, thresholds, _ = _joined(trees)
        mine = np.array(self._attributes["nodes_featureids"].ints)
        values = np.array(self._attributes["nodes_values"].floats, dtype=np.float32)
        same = (columns == mine) & np.isclose(values, thresholds, rtol=1e-6, atol=1e-30)
        return bool(np.array_equal(branch, columns >= 0) and same[branch].all())

    def mend(self, trees: list[Tree]) -> None:
        columns, thresholds, left = _joined(trees)
        values = np.where(columns >= 0, round_down(thresholds), 0.0)
        _set(self._attributes["nodes_values"].floats, values.tolist())
        ways = (left & (columns >= 0)).astype(int)
        _set(self._attributes["nodes_missing_value_tracks_true"].ints, ways.tolist())


def _joined(trees: list[Tree]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    parts = zip(*((t.column, t.threshold, t.null_goes_left) for t in trees), strict=True)
    columns, thresholds, left = (np.concatenate(part) for part in parts)
    return columns, thresholds, left


def _set(target: Any, values: list[Any]) -> None:
    del target[:]
    target.extend(values)


def round_down(values: np.ndarray) -> np.ndarray:
    """The largest float32 numbers that are not above ``values``."""
    with np.errstate(over="ignore"):
        nearest = values.astype(np.float32)
    return np.where(nearest > values, np.nextafter(nearest, np.float32(-np.inf)), nearest)
