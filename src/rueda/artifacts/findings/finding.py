"""Finding: something about the rows that a person should know before a model learns from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from rueda.kernel.digest import Json

Severity = Literal["high", "medium", "low"]

SEVERITIES: tuple[Severity, ...] = ("high", "medium", "low")
HARM = (
    "leakage", "target-in-name", "personal", "imbalance", "broken-rows", "sentinel", "missing-word",
    "spelling", "mixed", "numbers-in-text", "dates-in-text", "empty", "nearly-empty", "constant",
    "identifier", "outlier",
)  # fmt: skip
"""Every kind, the most harmful first."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found.

    Attributes
    ----------
    kind
        One of ``HARM``.
    columns
        The columns that it is about; none for the rows as a whole.
    severity
        How much harm it does to a model, or to people, if nobody looks.
    sentence
        What is so, for people.
    evidence
        The figures behind the sentence.
    do
        What to do about it.
    """

    kind: str
    columns: tuple[str, ...]
    severity: Severity
    sentence: str
    do: str
    evidence: dict[str, Json] = field(default_factory=dict)

    def to_json(self) -> dict[str, Json]:
        return {**asdict(self), "columns": list(self.columns)}


def by_harm(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; equal ones in the order in which they came."""
    return sorted(findings, key=lambda f: (SEVERITIES.index(f.severity), HARM.index(f.kind)))
