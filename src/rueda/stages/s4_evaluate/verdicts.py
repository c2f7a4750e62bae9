"""Verdicts: what each gate says of the candidate, in one sentence; and all gates together."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rueda.artifacts.scorecard import number_text as text
from rueda.stages.s4_evaluate.gates import AtLeast, AtMost, Gate, NotWorseThan
from rueda.tallies.estimate import Estimate, Measured, Undefined, difference
from rueda.tallies.metric import METRICS

MANY = 100
"""More than this many times the rows that we have is no advice that anybody can follow."""


@dataclass(frozen=True)
class Evidence:
    """What gates look at.

    Attributes
    ----------
    primary
        The metric of a gate that names none.
    rows, confidence
        How many rows were judged, and the confidence of all intervals.
    candidate, champion
        Metrics by name, on the same rows in the same order; no champion: None.
    absent
        Why there is a champion whose answers are not known ("" otherwise).
    """

    primary: str
    rows: int
    confidence: float
    candidate: Mapping[str, Measured]
    champion: Mapping[str, Measured] | None
    absent: str = ""


def judge(gate: Gate, evidence: Evidence) -> dict[str, str]:
    """``{"gate", "verdict", "sentence"}``."""
    if isinstance(gate, NotWorseThan):
        name = gate.metric or evidence.primary
        title = f"{name} not worse than the champion's by more than {gate.margin:g}"
        verdict, sentence = _against_champion(gate, name, evidence)
    else:
        title = str(gate)
        verdict, sentence = _against_bound(gate, evidence)
    return {"gate": title, "verdict": verdict, "sentence": sentence}


def combine(gates: Sequence[Mapping[str, str]]) -> tuple[str, str]:
    """The verdict of all gates, and the sentences that decided it."""
    if not gates:
        return "yes", "there is no gate"
    for verdict in ("no", "cannot tell", "yes"):
        sentences = [gate["sentence"] for gate in gates if gate["verdict"] == verdict]
        if sentences:
            return verdict, "; ".join(sentences)
    raise AssertionError("a gate gave a fourth verdict")


def _against_bound(gate: AtLeast | AtMost, evidence: Evidence) -> tuple[str, str]:
    measured = evidence.candidate[gate.metric]
    if isinstance(measured, Undefined):
        return "cannot tell", f"{gate.metric} cannot be measured: {measured.reason}"
    low, high = measured.interval(evidence.confidence)
    said = f"{gate.metric} is {text(measured.value)} ({text(low)} to {text(high)})"
    bound = text(gate.value)
    # Turned so that more is better.
    sign = 1 if isinstance(gate, AtLeast) else -1
    worst, best = sorted((sign * low, sign * high))
    if worst >= sign * gate.value:
        return "yes", f"{said}, {'at least' if sign > 0 else 'at most'} {bound}"
    if best < sign * gate.value:
        return "no", f"{said}, {'below' if sign > 0 else 'above'} {bound}"
    value = sign * measured.value
    reach = (value - worst) if value >= sign * gate.value else (best - value)
    more = _more_rows(evidence.rows, abs(measured.value - gate.value), reach)
    return "cannot tell", f"{said}, and {bound} lies within: cannot tell yet; {more}"


def _against_champion(gate: NotWorseThan, name: str, evidence: Evidence) -> tuple[str, str]:
    if evidence.absent:
        return "cannot tell", f"the champion cannot answer these rows: {evidence.absent}"
    if evidence.champion is None:
        return "yes", "there is no champion yet, so there is none to be worse than"
    mine, theirs = evidence.candidate[name], evidence.champion[name]
    if isinstance(mine, Undefined) or isinstance(theirs, Undefined):
        reason = mine.reason if isinstance(mine, Undefined) else getattr(theirs, "reason", "")
        return "cannot tell", f"{name} cannot be measured: {reason}"
    return _compare(gate.margin, name, mine, theirs, evidence)


def _compare(
    margin: float, name: str, mine: Estimate, theirs: Estimate, evidence: Evidence
) -> tuple[str, str]:
    higher = METRICS[name].higher_is_better
    better = difference(mine, theirs) if higher else difference(theirs, mine)
    low, high = better.interval(evidence.confidence)
    word = "better" if better.value >= 0 else "worse"
    # An interval with zero in it says no more than that they are alike.
    how = f"close to the champion's {text(theirs.value)}, {word}"
    if low >= 0 or high <= 0:
        how = f"{word} than the champion's {text(theirs.value)}"
    shown = sorted((low, high) if better.value >= 0 else (-low, -high))
    said = (
        f"{name} {text(mine.value)} is {how}"
        f" by {text(abs(better.value))} ({text(shown[0])} to {text(shown[1])})"
    )
    if better.error == 0 and better.value == 0:
        said = f"the candidate answers all {evidence.rows:,} holdout rows as the champion does"
    allowed = f" where {text(margin)} may be lost" if margin else ""
    if low >= -margin:
        return "yes", said + allowed
    if high < -margin:
        return "no", said + allowed
    distance = better.value + margin
    reach = better.value - low if distance > 0 else high - better.value
    more = _more_rows(evidence.rows, abs(distance), reach)
    return "cannot tell", f"{said}{allowed}: cannot tell yet; {more}"


def _more_rows(rows: int, distance: float, reach: float) -> str:
    """How many more rows would bring an interval's ``reach`` below ``distance``: it shrinks with
    the square root of the rows.
    """
    if not math.isfinite(reach) or distance * math.sqrt(MANY) < reach:
        return f"even {MANY} times as many holdout rows may not settle it"
    more = rows * ((reach / distance) ** 2 - 1)
    digits = max(0, len(str(int(more))) - 2)
    rounded = math.ceil(more / 10**digits) * 10**digits
    return f"about {max(1, rounded):,} more holdout rows would settle it"
