"""Gates: what a model must show before it may be promoted. Each answers yes, no or cannot tell."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeAlias

from rueda.kernel.errors import SpecError
from rueda.tallies.metric import known_metric


@dataclass(frozen=True)
class AtLeast:
    """The metric is ``value`` or more: yes when the whole interval is, no when none of it is.

    Parameters
    ----------
    metric
        A name such as ``roc_auc``.
    value
        The bound, in the metric's unit.
    """

    metric: str
    value: float

    def __post_init__(self) -> None:
        known_metric(self.metric)
        _check_number("value", self.value)

    def __str__(self) -> str:
        return f"{self.metric} at least {self.value:g}"


@dataclass(frozen=True)
class AtMost:
    """The metric is ``value`` or less: yes when the whole interval is, no when none of it is.

    Parameters
    ----------
    metric
        A name such as ``log_loss``.
    value
        The bound, in the metric's unit.
    """

    metric: str
    value: float

    def __post_init__(self) -> None:
        known_metric(self.metric)
        _check_number("value", self.value)

    def __str__(self) -> str:
        return f"{self.metric} at most {self.value:g}"


@dataclass(frozen=True)
class NotWorseThan:
    """The candidate is not worse than the champion by more than ``margin`` on the same rows.

    Parameters
    ----------
    rival
        ``champion``.
    metric
        A name such as ``roc_auc``; the primary metric when None.
    margin
        What may be lost, in the metric's unit. With 0 the candidate must be better.

    Notes
    -----
    Judged by the interval of the paired difference: a candidate that is worse by just the margin
    passes in at most ``(1 - confidence) / 2`` of all cases.
    """

    rival: str = "champion"
    metric: str | None = None
    margin: float = 0.0

    def __post_init__(self) -> None:
        if self.rival != "champion":
            raise SpecError(
                f"a candidate cannot be compared with {self.rival!r}",
                expected="champion",
                got=repr(self.rival),
                do='write NotWorseThan("champion", …)',
            )
        if self.metric is not None:
            known_metric(self.metric)
        _check_number("margin", self.margin)
        if self.margin < 0:
            raise SpecError(
                "a margin cannot be negative", expected="0 or more", got=f"{self.margin}"
            )

    def __str__(self) -> str:
        return f"{self.metric or 'primary metric'} not worse than the {self.rival}'s"


Gate: TypeAlias = AtLeast | AtMost | NotWorseThan


def _check_number(name: str, value: object) -> None:
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not math.isfinite(float(value)):  # type: ignore[arg-type]
        raise SpecError(
            f"{name} of a gate is not a number", expected="a finite number", got=repr(value)
        )
