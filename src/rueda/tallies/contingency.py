"""Contingency: how often each kind of value of a feature meets each kind of value of the label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.kernel.digest import Json
from rueda.kernel.tally import State, Tally
from rueda.tallies.code import CLASSES, MOST, Coded, code_feature, code_label
from rueda.tallies.column import Array, column_of
from rueda.tallies.explained import entropy_explained, order_auc, pooled, variance_explained


@dataclass(frozen=True)
class Contingency(Tally[dict[str, Json]]):
    """How much each feature tells about the label by itself, and whether they are absent together.

    Parameters
    ----------
    features
        Columns of any type.
    label
        The column that is to be predicted.

    State
    -----
    ``{feature: {"values", "classes", "counts", "amounts"}}``: ``counts[0, :]`` are the rows without
    the feature, ``counts[:, 0]`` those without the label; ``amounts`` holds the number, the mean
    and the sum of squares about it of a numeric label for each value. Numeric features are known by
    their first five binary digits (whole ones are exact to 32, others to 6 %), so that the state is
    small; of a column with more than ``MOST`` different texts, and of times, only whether there is
    a value (``values`` is None then, as ``classes`` is for a quantity).

    Result
    ------
    ``{feature: {"explained", "auc", "missing", "label_missing", "both_missing"}}``. ``explained``
    is the share of the label's entropy (of a quantity: of its variance) that the feature takes
    away, after the correction for what chance would; None where nothing can be said. ``auc`` is
    that of the feature's own order for a label of two classes, and at least 0.5.

    Raises
    ------
    SchemaMismatch
        A batch lacks a column.

    Notes
    -----
    NaN counts as absent. Same bits for the same rows.

    References
    ----------
    Miller 1955, "Note on the bias of information estimates".
    """

    features: tuple[str, ...]
    label: str

    def empty(self) -> State:
        return {name: _nothing() for name in self.features}

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        label = code_label(column_of(batch, self.label))
        seen = {
            name: _crossed(code_feature(column_of(batch, name)), label) for name in self.features
        }
        return self.merge(state, seen)

    def merge(self, left: State, right: State) -> State:
        return {name: _join(left[name], right[name]) for name in self.features}

    def result(self, state: State) -> dict[str, Json]:
        return {name: _answer(state[name]) for name in self.features}


def _nothing() -> State:
    """Before the first row, of which not even the type is known."""
    counts = np.zeros((1, 1), np.int64)
    return {"values": [], "classes": [], "counts": counts, "amounts": np.zeros((3, 1))}


def _crossed(feature: Coded, label: Coded) -> State:
    high, wide = _size(feature.values), _size(label.values)
    cells = np.bincount(feature.codes * wide + label.codes, minlength=high * wide)
    return _small(
        {
            "values": feature.values,
            "classes": label.values,
            "counts": cells.reshape(high, wide).astype(np.int64),
            "amounts": _amounts(feature.codes, label.amounts, high),
        }
    )


def _amounts(codes: Array, amounts: Array | None, size: int) -> Array:
    """Number, mean and squares about it of the finite ``amounts`` of each code."""
    if amounts is None:
        return np.zeros((3, size))
    finite = np.isfinite(amounts)
    codes, amounts = codes[finite], amounts[finite]
    n = np.bincount(codes, minlength=size).astype(np.float64)
    with np.errstate(over="ignore", invalid="ignore"):
        mean = np.bincount(codes, amounts, size) / np.maximum(n, 1)
        squares = np.bincount(codes, (amounts - mean[codes]) ** 2, size)
    return np.stack([n, mean, squares])


def _size(values: Array | list[str] | None) -> int:
    return 2 if values is None else 1 + len(values)


def _small(state: State) -> State:
    """``state`` with too many different values no longer told apart."""
    if state["values"] is not None and len(state["values"]) > MOST:
        state = dict(state)
        _forget(state, "values")
    classes = state["classes"]
    if classes is not None and len(classes) > (MOST if isinstance(classes, list) else CLASSES):
        state = dict(state)
        _forget(state, "classes")
    return state


def _join(left: State, right: State) -> State:
    parts = [dict(left), dict(right)]
    for name in ("values", "classes"):
        if any(part[name] is None for part in parts):
            for part in parts:
                _forget(part, name)
    values, rows = _union(parts[0]["values"], parts[1]["values"])
    classes, columns = _union(parts[0]["classes"], parts[1]["classes"])
    counts = np.zeros((_size(values), _size(classes)), np.int64)
    amounts = [np.zeros((3, _size(values))) for _ in parts]
    for part, row, column, amount in zip(parts, rows, columns, amounts, strict=True):
        counts[np.ix_(row, column)] += part["counts"]
        amount[:, row] = part["amounts"]
    return _small(
        {"values": values, "classes": classes, "counts": counts, "amounts": pooled(*amounts)}
    )


def _forget(part: State, name: str) -> None:
    """Tell the values, or the classes, of ``part`` no longer apart."""
    if part[name] is None:
        return
    part[name] = None
    if name == "classes":
        part["counts"] = _folded(part["counts"].T).T
        return
    part["counts"] = _folded(part["counts"])
    amounts = part["amounts"]
    known = np.zeros((3, 1))
    for one in range(1, amounts.shape[1]):
        known = pooled(known, amounts[:, one : one + 1])
    part["amounts"] = np.concatenate([amounts[:, :1], known], axis=1)


def _folded(counts: Array) -> Array:
    """All rows but the first as one."""
    return np.stack([counts[0], counts[1:].sum(axis=0)])


def _union(
    left: Array | list[str] | None, right: Array | list[str] | None
) -> tuple[Array | list[str] | None, tuple[Array, Array]]:
    """All values in their order, and where those of each side stand in the counts."""
    if left is None or right is None:
        return None, (np.arange(2), np.arange(2))
    if isinstance(left if len(left) else right, list):
        both: Array | list[str] = sorted({*left, *right})
        number = {value: place for place, value in enumerate(both, 1)}
        places = [np.array([number[v] for v in side], np.int64) for side in (left, right)]
    else:
        filled = [np.asarray(side) for side in (left, right) if len(side)]
        both = np.unique(np.concatenate(filled)) if filled else []
        sides = [np.asarray(side, filled[0].dtype if filled else None) for side in (left, right)]
        places = [np.searchsorted(both, side) + 1 for side in sides]
    zero = np.zeros(1, np.int64)
    return both, (np.concatenate([zero, places[0]]), np.concatenate([zero, places[1]]))


def _answer(state: State) -> dict[str, Json]:
    counts, classes = state["counts"], state["classes"]
    answer: dict[str, Json] = {
        "explained": None,
        "auc": None,
        "missing": int(counts[0].sum()),
        "label_missing": int(counts[:, 0].sum()),
        "both_missing": int(counts[0, 0]),
    }
    if classes is None:
        return answer | {"explained": variance_explained(state["amounts"])}
    met = counts[:, 1:].astype(np.float64)
    if met.shape[1] < 2 or not met.sum():
        return answer
    ordered = isinstance(state["values"], np.ndarray)
    auc = order_auc(met[1:]) if ordered and met.shape[1] == 2 else None
    return answer | {"explained": entropy_explained(met), "auc": auc}
