"""Findings about the label: classes that are rare, and features that know it already."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rueda.artifacts.findings.finding import Finding
from rueda.artifacts.findings.seen import ENOUGH, Column, name_words
from rueda.kernel.digest import Json

CLASSES = 20
RARE, VERY_RARE = 0.05, 0.01

KNOWING = 0.9
"""The share of the label that no honest feature explains by itself."""
TELLING, APART = 0.45, 3.0
"""One that explains less is found if it explains so much, and so many times more than any other:
good features come in company."""

TOGETHER = 0.8
"""The share of rows without the label or the feature that lack both, from which on both are taken
for one measurement."""

_TARGETS = frozenset(["target", "label", "outcome", "groundtruth", "ytrue"])


def label_findings(
    columns: Sequence[Column], label: str, against: Mapping[str, Json]
) -> Iterator[Finding]:
    """What stands between ``columns`` and an honest model of ``label``."""
    features = [column for column in columns if column.name != label]
    explained = {c.name: against[c.name]["explained"] or 0.0 for c in features}
    honest = max((share for share in explained.values() if share < TELLING), default=0.0)
    bound = min(max(TELLING, APART * honest), KNOWING)
    for column in sorted(features, key=lambda c: -explained[c.name]):
        leaks = list(_leaks(column, label, against[column.name], bound))
        yield from leaks or _named(column, label)
    yield from (f for column in columns if column.name == label for f in _imbalance(column))


def _imbalance(column: Column) -> Iterator[Finding]:
    top = column.found["top"]
    classes = column.whole or column.kind in ("text", "boolean")
    few = classes and 2 <= column.found["distinct"] <= CLASSES
    if not few or column.filled < 5 * ENOUGH:
        return
    value, rows = top[-1]
    share = rows / column.filled
    # Of many classes each is rare; one is out of proportion only beside the others.
    if share >= RARE or share * column.found["distinct"] >= 2 * RARE:
        return
    yield Finding(
        "imbalance", (column.name,), "high" if share < VERY_RARE else "medium",
        f"{column.name} is {value!r} in {share:.2%} of the rows only ({rows:,}).",
        "Judge by average precision or log loss, not by accuracy, and weight the classes.",
        {"rarest": value, "rows": rows, "share": round(share, 6), "top": top},
    )  # fmt: skip


def _leaks(column: Column, label: str, met: Mapping[str, Json], bound: float) -> Iterator[Finding]:
    reasons = [*_telling(column, label, met, bound), *_together(column, label, met)]
    if not reasons:
        return
    sure = _is_together(column, met) or met["explained"] >= KNOWING
    yield Finding(
        "leakage", (column.name,), "high" if sure else "medium",
        f"{column.name} {', and '.join(reasons)}.",
        f"Drop it if it is known only after {label}; keep it if it is known when you predict.",
        dict(met),
    )  # fmt: skip


def _telling(column: Column, label: str, met: Mapping[str, Json], bound: float) -> Iterator[str]:
    explained = met["explained"]
    if explained is not None and explained >= bound and column.rows >= 5 * ENOUGH:
        auc = f" (ROC AUC {met['auc']:.3f})" if met["auc"] is not None else ""
        yield f"alone explains {explained:.0%} of {label}{auc}"


def _together(column: Column, label: str, met: Mapping[str, Json]) -> Iterator[str]:
    if _is_together(column, met):
        yield (
            f"is missing where {label} is (in {met['both_missing']:,} of {_either(met):,} rows), "
            f"as if it were measured with {label} or after it"
        )


def _is_together(column: Column, met: Mapping[str, Json]) -> bool:
    both = met["both_missing"]
    few = _either(met) <= column.rows / 2
    return bool(few and both >= ENOUGH and both >= TOGETHER * _either(met))


def _either(met: Mapping[str, Json]) -> int:
    """Rows that lack the feature or the label."""
    return int(met["missing"] + met["label_missing"] - met["both_missing"])


def _named(column: Column, label: str) -> Iterator[Finding]:
    own, wanted = column.words, name_words(label)
    inside = any(own[i : i + len(wanted)] == wanted for i in range(len(own)))
    if not (inside and wanted) and "".join(own) not in _TARGETS:
        return
    yield Finding(
        "target-in-name", (column.name,), "medium",
        f"{column.name} is named like the label {label}.",
        "Drop it if it was made from the label.",
        {"label": label},
    )  # fmt: skip
