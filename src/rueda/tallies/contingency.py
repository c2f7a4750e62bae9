"""Contingency: how often each kind of value of a feature meets each kind of value of the label."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.kernel.digest import Json
from rueda.kernel.tally import State, Tally
from rueda.tallies.column import Array, column_of, kind_of, numbers
from rueda.tallies.counts import text_like

MOST = 1_024
"""A text with more different values is only known or unknown."""

CLASSES = 20
"""A label of numbers with more different values is a quantity."""


_BITS = np.arange(1 << 16)
_ORDER = np.where(_BITS >> 15, 0xFFFF - _BITS, _BITS + 0x8000)
"""The first 16 bits of a float64 as a number that grows with it."""

_NAN = 0x7FF8


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
    their first four binary digits (whole ones are exact to 32, others to 6 %), so that the state is
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
        label = _label(column_of(batch, self.label))
        seen = {name: _crossed(_coded(column_of(batch, name)), label) for name in self.features}
        return self.merge(state, seen)

    def merge(self, left: State, right: State) -> State:
        return {name: _join(left[name], right[name]) for name in self.features}

    def result(self, state: State) -> dict[str, Json]:
        return {name: _answer(state[name]) for name in self.features}


@dataclass(frozen=True, slots=True)
class _Coded:
    """A column as codes: 0 for no value, ``n`` for ``values[n - 1]``; None for just any value."""

    codes: Array
    values: Array | list[str] | None
    amounts: Array | None = None


def _coded(array: pa.Array) -> _Coded:
    known = array.is_valid().to_numpy(zero_copy_only=False)
    kind = kind_of(str(array.type))
    if text_like(array):
        return _coded_text(array, known)
    if kind not in ("number", "boolean"):
        return _Coded(known.astype(np.int64), None if known.any() else [])
    leading = _leading(_floats(array))
    used = np.flatnonzero(np.bincount(leading, minlength=_NAN + 1))
    used = used[used != _NAN]
    values = np.sort(_ORDER[used])
    place = np.zeros(len(_ORDER), np.int64)
    place[used] = 1 + np.searchsorted(values, _ORDER[used])
    return _Coded(place[leading], values if len(values) else [])


def _label(array: pa.Array) -> _Coded:
    """The label: as a class by its exact value, and as a quantity if it is a number."""
    if kind_of(str(array.type)) not in ("number", "boolean"):
        return _coded(array)
    floats = _floats(array)
    known = ~np.isnan(floats)
    different, place = np.unique(floats[known], return_inverse=True)
    codes = known.astype(np.int64)
    if len(different) > CLASSES:
        return _Coded(codes, None, floats)
    codes[known] = place + 1
    amounts = None if pa.types.is_boolean(array.type) else floats
    return _Coded(codes, different if len(different) else [], amounts)


def _floats(array: pa.Array) -> Array:
    """A column of numbers as float64, NaN where there is none."""
    floats = np.full(len(array), np.nan)
    floats[array.is_valid().to_numpy(zero_copy_only=False)] = numbers(array) + 0.0
    floats[np.isnan(floats)] = np.nan  # one of the many
    return floats


def _coded_text(array: pa.Array, known: Array) -> _Coded:
    plain = array.dictionary_decode() if pa.types.is_dictionary(array.type) else array
    words = plain.dictionary_encode()
    if len(words.dictionary) > MOST:
        return _Coded(known.astype(np.int64), None)
    texts = words.dictionary.to_pylist()
    order = sorted(range(len(texts)), key=texts.__getitem__)
    place = np.zeros(max(len(texts), 1), np.int64)
    place[np.array(order, np.int64)] = np.arange(1, len(texts) + 1)
    indices = words.indices.fill_null(0).to_numpy(zero_copy_only=False)
    codes = np.where(plain.is_valid().to_numpy(zero_copy_only=False), place[indices], 0)
    return _Coded(codes, [texts[i] for i in order])


def _leading(floats: Array) -> Array:
    """The first 16 bits of each number: sign, exponent, four digits."""
    return floats.astype("<f8", copy=False).view("<u2")[3::4]


def _nothing() -> State:
    """Before the first row, of which not even the type is known."""
    counts = np.zeros((1, 1), np.int64)
    return {"values": [], "classes": [], "counts": counts, "amounts": np.zeros((3, 1))}


def _crossed(feature: _Coded, label: _Coded) -> State:
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
        {"values": values, "classes": classes, "counts": counts, "amounts": _pooled(*amounts)}
    )


def _pooled(left: Array, right: Array) -> Array:
    """The amounts of two parts (Chan, Golub, LeVeque 1983)."""
    (n_a, mean_a, m2_a), (n_b, mean_b, m2_b) = left, right
    n = n_a + n_b
    with np.errstate(over="ignore", invalid="ignore"):
        share = n_b / np.maximum(n, 1)
        delta = mean_b - mean_a
        mean = mean_a + delta * share
        m2 = m2_a + m2_b + delta * delta * n_a * share
    both = np.stack([n, mean, m2])
    return np.where(n_b == 0, left, np.where(n_a == 0, right, both))


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
        known = _pooled(known, amounts[:, one : one + 1])
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
        return answer | {"explained": _variance_explained(state["amounts"])}
    met = counts[:, 1:].astype(np.float64)
    if met.shape[1] < 2 or not met.sum():
        return answer
    ordered = isinstance(state["values"], np.ndarray)
    auc = _auc(met[1:]) if ordered and met.shape[1] == 2 else None
    return answer | {"explained": _entropy_explained(met), "auc": auc}


def _entropy_explained(met: Array) -> float | None:
    total = met.sum()
    whole = _entropy(met.sum(axis=0))
    if not whole:
        return None
    information = whole + _entropy(met.sum(axis=1)) - _entropy(met.ravel())
    rows = np.count_nonzero(met.sum(axis=1)) - 1
    columns = np.count_nonzero(met.sum(axis=0)) - 1
    chance = rows * columns / (2.0 * total)
    return min(max(float((information - chance) / whole), 0.0), 1.0)


def _entropy(counts: Array) -> float:
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log(share)).sum())


def _variance_explained(amounts: Array) -> float | None:
    """The correlation ratio, adjusted as R² is; None for a label of texts."""
    groups = amounts[:, amounts[0] > 0]
    whole = np.zeros((3, 1))
    for one in range(groups.shape[1]):
        whole = _pooled(whole, groups[:, one : one + 1])
    n, _, spread = whole[:, 0].tolist()
    within = float(groups[2].sum())
    if not math.isfinite(spread) or spread <= 0 or n <= groups.shape[1]:
        return None
    unexplained = (within / (n - groups.shape[1])) / (spread / (n - 1))
    return min(max(1.0 - unexplained, 0.0), 1.0)


def _auc(met: Array) -> float | None:
    """How well the order of the values tells the second class from the first, ties halved."""
    first, second = met[:, 0], met[:, 1]
    if not first.sum() or not second.sum():
        return None
    below = np.cumsum(first) - first
    area = float((second * (below + first / 2)).sum() / (first.sum() * second.sum()))
    return round(max(area, 1 - area), 12) if math.isfinite(area) else None
