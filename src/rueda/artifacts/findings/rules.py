"""All rules over all columns."""

from __future__ import annotations

from collections.abc import Iterator

from rueda.artifacts.findings.content import content_findings
from rueda.artifacts.findings.extreme import extreme_findings
from rueda.artifacts.findings.finding import Finding, by_harm
from rueda.artifacts.findings.label import label_findings
from rueda.artifacts.findings.personal import personal_findings
from rueda.artifacts.findings.seen import Surveyed, columns_of
from rueda.artifacts.findings.text import text_findings

_RULES = (content_findings, extreme_findings, text_findings, personal_findings)


def find(survey: Surveyed) -> list[Finding]:
    """What is wrong with the rows of ``survey``, the most harmful first."""
    return by_harm(_all(survey))


def _all(survey: Surveyed) -> Iterator[Finding]:
    if survey.broken:
        yield _broken(survey)
    columns = columns_of(survey)
    for column in columns:
        for rule in _RULES:
            yield from rule(column)
    if survey.label is not None:
        yield from label_findings(columns, survey.label, survey.against_label)


def _broken(survey: Surveyed) -> Finding:
    rows = survey.rows + survey.broken
    return Finding(
        "broken-rows", (), "medium",
        f"{survey.broken:,} of {rows:,} rows do not parse, and are left out.",
        "Mend them; `rueda extract` keeps each with its reason in quarantine.",
        {"broken": survey.broken, "rows": rows},
    )  # fmt: skip
