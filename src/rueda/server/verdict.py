"""Verdict: what the prediction log says of a candidate beside its stable release."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from rueda.artifacts.deployment import Guard
from rueda.kernel.digest import Digest, Json
from rueda.server.sequential import Sample, Verdict, rate_verdict, shift_verdict, worst

_GUARDS = 4
"""Failures, latency, scores, loss: each gets its part of alpha."""

_UNACCEPTABLE = 10
_LEAST_SLOW_MS = 50.0
_STILL = 1e-9
"""The spread of scores that are all the same number, up to rounding."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One guard's verdict, in a sentence."""

    guard: str
    verdict: Verdict
    sentence: str


@dataclass(frozen=True)
class Evidence:
    """The rows of a rollout: predictions and failures since it began, and labels if there are any.

    ``predictions`` is what ``read_predictions`` gives, ``failures`` what ``read_failures`` gives,
    ``labels`` what ``read_labels`` gives.
    """

    predictions: pa.Table
    failures: pa.Table
    labels: pa.Table
    task: str
    classes: Sequence[Json]


def judge(evidence: Evidence, stable: Digest, candidate: Digest, guard: Guard) -> list[Finding]:
    """What each guard finds; with a probability of ``guard.alpha`` at most, over the whole rollout
    and however often it is asked, one of them wrongs a healthy candidate.
    """
    alpha = guard.alpha / _GUARDS
    mine = _of(evidence.predictions, candidate)
    theirs = _of(evidence.predictions, stable)
    findings = [
        _failures(evidence, mine, candidate, guard, alpha),
        _latency(mine, theirs, guard, alpha),
        _scores(evidence, mine, theirs, guard, alpha),
    ]
    loss = _loss(evidence, mine, theirs, guard, alpha)
    return [*findings, loss] if loss else findings


def overall(findings: Sequence[Finding]) -> Finding:
    """The finding that decides: the first ``no``, else the first doubt, else all is well."""
    verdict = worst([finding.verdict for finding in findings])
    decisive = [f.sentence for f in findings if f.verdict == verdict]
    return Finding("all", verdict, "; ".join(decisive if verdict == "yes" else decisive[:1]))


def _failures(
    evidence: Evidence, mine: pa.Table, candidate: Digest, guard: Guard, alpha: float
) -> Finding:
    failed = evidence.failures.filter(pc.equal(evidence.failures["release"], candidate))
    bad, rows = failed.num_rows, failed.num_rows + mine.num_rows
    verdict = rate_verdict(
        bad,
        rows,
        tolerated=guard.failures,
        unacceptable=min(0.5, _UNACCEPTABLE * guard.failures),
        alpha=alpha,
    )
    reasons = ", ".join(sorted(set(failed["reason"].to_pylist())))
    tail = f" ({reasons})" if bad else ""
    return Finding("failures", verdict, f"{bad:,} of {rows:,} answers failed{tail}")


def _latency(mine: pa.Table, theirs: pa.Table, guard: Guard, alpha: float) -> Finding:
    times = theirs["ms"].to_numpy()
    limit = max(3 * float(np.quantile(times, 0.99)) if len(times) else 0.0, _LEAST_SLOW_MS)
    slow = int((mine["ms"].to_numpy() > limit).sum())
    verdict = rate_verdict(
        slow,
        mine.num_rows,
        tolerated=guard.slow,
        unacceptable=min(0.5, 3 * guard.slow),
        alpha=alpha,
    )
    return Finding(
        "latency", verdict, f"{slow:,} of {mine.num_rows:,} answers took over {limit:.0f} ms"
    )


def _scores(
    evidence: Evidence, mine: pa.Table, theirs: pa.Table, guard: Guard, alpha: float
) -> Finding:
    columns = _judged_columns(evidence)
    ours, others = _matrix(mine), _matrix(theirs)
    if not len(ours) or not len(others):
        return Finding("scores", "cannot tell", "not both releases have answered yet")
    doubts: list[Finding] = []
    for column in columns:
        a = Sample.of(ours[:, column], _requests(mine))
        b = Sample.of(others[:, column], _requests(theirs))
        scale = (b.spread or 1.0) if evidence.task == "regression" else 1.0
        if a.rows >= guard.minimum and a.spread < _STILL <= b.spread:
            return Finding("scores", "no", f"all {a.rows:,} answers are the same number")
        verdict, found, width = shift_verdict(
            a, b, margin=guard.shift * scale, alpha=alpha / len(columns)
        )
        name = "value" if evidence.task == "regression" else f"score of {evidence.classes[column]}"
        sentence = f"the mean {name} moved by {found:+.3f} ± {width:.3f}"
        doubts.append(
            Finding("scores", verdict, f"{sentence}; {guard.shift * scale:.3g} is allowed")
        )
    return overall(doubts)


def _loss(
    evidence: Evidence, mine: pa.Table, theirs: pa.Table, guard: Guard, alpha: float
) -> Finding | None:
    truth = dict(
        zip(evidence.labels["id"].to_pylist(), evidence.labels["value"].to_pylist(), strict=True)
    )
    a, b = _losses(evidence, mine, truth), _losses(evidence, theirs, truth)
    if not a.rows or not b.rows:
        return None
    verdict, found, width = shift_verdict(a, b, margin=guard.loss, alpha=alpha, one_sided=True)
    return Finding("loss", verdict, f"the mean loss changed by {found:+.4f} ± {width:.4f}")


def _losses(evidence: Evidence, table: pa.Table, truth: dict[str, Json]) -> Sample:
    ids = table["id"].to_pylist()
    known = np.array([i for i, key in enumerate(ids) if key in truth], dtype=np.int64)
    values = [truth[ids[i]] for i in known]
    scores = _matrix(table)[known] if len(known) else np.zeros((0, 1))
    if evidence.task == "regression":
        wanted = np.array(values, dtype=np.float64)
        spread = float(wanted.var()) or 1.0 if len(wanted) else 1.0
        losses = (scores[:, 0] - wanted) ** 2 / spread
    else:
        hit = np.array([[value == c for c in evidence.classes] for value in values], dtype=float)
        losses = ((scores - hit) ** 2).sum(axis=1) / 2 if len(values) else np.zeros(0)
    return Sample.of(losses, _requests(table)[known] if len(known) else np.zeros(0, np.int64))


def _judged_columns(evidence: Evidence) -> list[int]:
    if evidence.task == "regression":
        return [0]
    return [1] if len(evidence.classes) == 2 else list(range(len(evidence.classes)))


def _of(table: pa.Table, release: Digest) -> pa.Table:
    return table.filter(pc.equal(table["release"], release))


def _matrix(table: pa.Table) -> np.ndarray:
    if not table.num_rows:
        return np.zeros((0, 1))
    flat = pc.list_flatten(table["scores"]).to_numpy()
    return np.asarray(flat, dtype=np.float64).reshape(table.num_rows, -1)


def _requests(table: pa.Table) -> np.ndarray:
    """A number for the request of each row: the part of its id before the last hyphen."""
    stems = [key.rpartition("-")[0] for key in table["id"].to_pylist()]
    return np.unique(np.array(stems, dtype=str), return_inverse=True)[1]
