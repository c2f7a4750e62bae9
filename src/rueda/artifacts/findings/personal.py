"""Findings about people: what identifies them, by its form, its checksum or its column's name.

No finding repeats a value.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from rueda.artifacts.findings.finding import Finding, Severity
from rueda.artifacts.findings.seen import Column
from rueda.artifacts.findings.text import date_format
from rueda.kernel.digest import Json

_EMAIL = re.compile(r"[\w.+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.[A-Za-z]{2,}")
_PHONE = re.compile(r"(\+|00|\()[\d\s()./-]{7,20}|\d{3}[-. ]\d{3}[-. ]\d{4}")
_IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
_CARD = re.compile(r"[2-6]\d{12,18}")

_NAMES = {
    "email": "e-mail addresses", "e mail": "e-mail addresses", "phone": "phone numbers",
    "telephone": "phone numbers", "mobile": "phone numbers", "iban": "bank accounts",
    "credit card": "card numbers", "card number": "card numbers", "ssn": "social security numbers",
    "social security": "social security numbers", "passport": "passport numbers",
    "first name": "names of people", "firstname": "names of people", "last name": "names of people",
    "lastname": "names of people", "surname": "names of people", "full name": "names of people",
    "birthday": "dates of birth", "birthdate": "dates of birth", "birth date": "dates of birth",
    "date of birth": "dates of birth", "dob": "dates of birth", "street": "addresses",
    "home address": "addresses", "ip address": "addresses of machines", "tax id": "tax numbers",
}  # fmt: skip

_FEW = 3


def personal_findings(column: Column) -> Iterator[Finding]:
    """Whether ``column`` holds personal data."""
    if not column.filled:
        return
    for what, least, holds in _FORMS:
        found = _matching(column, holds)
        if found and found >= max(min(_FEW, len(column.sampled)), least * len(column.sampled)):
            evidence = {"matching": found, "sampled": len(column.sampled)}
            sentence = f"{column.name} holds {what}: {found:,} of {len(column.sampled):,} sampled."
            yield _finding(column, "high", sentence, evidence)
            return
    if name := _telling(column):
        sentence = f"{column.name} holds {_NAMES[name]}, by its name."
        yield _finding(column, "medium", sentence, {"name": name})


def _finding(
    column: Column, severity: Severity, sentence: str, evidence: dict[str, Json]
) -> Finding:
    return Finding(
        "personal", (column.name,), severity, sentence,
        "Drop it unless there is a reason and a right to keep it: it goes into every dataset.",
        evidence,
    )  # fmt: skip


def _matching(column: Column, holds: Callable[[str], bool]) -> int:
    if column.kind == "text":
        if holds is _is_phone and date_format(column.texts[:200] or [""]):
            return 0
        return sum(map(holds, column.texts))
    if column.whole and holds is _is_card:
        return sum(map(holds, map(str, column.sampled)))
    return 0


def _telling(column: Column) -> str | None:
    spaced = f" {' '.join(column.words)} "
    return next((name for name in _NAMES if f" {name} " in spaced), None)


def _is_email(text: str) -> bool:
    return "@" in text and _EMAIL.search(text) is not None


def _is_phone(text: str) -> bool:
    digits = sum(map(str.isdigit, text))
    return 8 <= digits <= 15 and _PHONE.fullmatch(text) is not None


def _is_iban(text: str) -> bool:
    """ISO 7064, mod 97-10."""
    compact = text.replace(" ", "").upper()
    if not _IBAN.fullmatch(compact):
        return False
    return int("".join(str(int(c, 36)) for c in compact[4:] + compact[:4])) % 97 == 1


def _is_card(text: str) -> bool:
    """The checksum of Luhn, ISO/IEC 7812."""
    compact = re.sub(r"[ -]", "", text)
    if not _CARD.fullmatch(compact):
        return False
    digits = [int(c) for c in reversed(compact)]
    doubled = [sum(divmod(2 * d, 10)) for d in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


_FORMS: tuple[tuple[str, float, Callable[[str], bool]], ...] = (
    ("e-mail addresses", 0.01, _is_email),
    ("bank accounts (IBAN)", 0.5, _is_iban),
    # One number of ten passes the checksum by chance.
    ("card numbers", 0.5, _is_card),
    ("phone numbers", 0.8, _is_phone),
)
