"""Evaluate: what is measured on the holdout, where, and what decides."""

from __future__ import annotations

from dataclasses import dataclass

from rueda.kernel.errors import SpecError
from rueda.stages.s4_evaluate.gates import AtLeast, AtMost, Gate, NotWorseThan
from rueda.tallies.metric import known_metric


@dataclass(frozen=True)
class Evaluate:
    """How a model is judged, on holdout rows only.

    Parameters
    ----------
    metrics
        Names such as ``roc_auc`` and ``log_loss``, the primary one first; the usual ones of the
        task when None.
    slices
        Columns by whose values everything is measured again, the worst first.
    gates
        What the model must show; the default asks that it beats the champion on the primary metric.
    confidence
        The share of samples whose intervals hold the truth.
    replicates, seed
        Of the bootstrap, which gives the intervals that have no closed form (``ece``).

    Raises
    ------
    UnknownName
        There is no such metric.
    SpecError
        A number is out of its range, or a gate is none.
    """

    metrics: tuple[str, ...] | None = None
    slices: tuple[str, ...] = ()
    gates: tuple[Gate, ...] = (NotWorseThan("champion"),)
    confidence: float = 0.95
    replicates: int = 1000
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("metrics", "slices", "gates"):
            object.__setattr__(self, name, _listed(name, getattr(self, name)))
        for metric in self.metrics or ():
            known_metric(metric)
        for gate in self.gates:
            if not isinstance(gate, (AtLeast, AtMost, NotWorseThan)):
                raise SpecError(
                    "a gate of Evaluate is none",
                    expected="AtLeast(…), AtMost(…) or NotWorseThan(…)",
                    got=repr(gate),
                )
        if not 0 < self.confidence < 1:
            raise SpecError(
                "confidence is no share",
                expected="between 0 and 1, as 0.95",
                got=f"{self.confidence}",
            )
        if self.replicates < 100:
            raise SpecError(
                "too few replicates for an interval",
                expected="100 or more",
                got=f"{self.replicates}",
            )


def _listed(name: str, value: object) -> tuple[object, ...] | None:
    if value is None and name == "metrics":
        return None
    if isinstance(value, (list, tuple)) and (value or name != "metrics"):
        return tuple(value)
    raise SpecError(f"{name}= of Evaluate is no list", expected="[…]", got=repr(value))
