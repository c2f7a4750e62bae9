"""Errors: one tree, four fields, one rendering."""

from __future__ import annotations

import builtins
import re

import pytest

from rueda.kernel import errors
from rueda.kernel.errors import Corrupt, RuedaError, SchemaMismatch, UnknownName

ALL = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, RuedaError)
]


def test_an_error_shows_its_fields_under_one_another() -> None:
    error = SchemaMismatch(
        "batch lacks columns", expected="a, b, c", got="a, b", do="add c\nor not"
    )
    assert str(error) == (
        "batch lacks columns\n"
        "  expected: a, b, c\n"
        "  got:      a, b\n"
        "  do:       add c\n"
        "            or not"
    )


def test_empty_fields_are_not_shown() -> None:
    assert str(RuedaError("it broke", do="mend it")) == "it broke\n  do:       mend it"


def test_an_error_is_a_problem_of_rfc_9457() -> None:
    assert Corrupt("changed", expected="a", got="b", do="restore").problem() == {
        "type": "urn:rueda:Corrupt",
        "title": "Corrupt",
        "status": 503,
        "detail": "changed",
        "expected": "a",
        "got": "b",
        "do": "restore",
    }


def test_a_name_that_is_nearly_right_is_proposed() -> None:
    error = UnknownName.among("metric", "roc_acu", ["roc_auc", "log_loss"])
    assert error.do == "did you mean 'roc_auc'?"
    assert UnknownName.among("metric", "zzz", ["b", "a"]).do == "use one of: a, b"


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_the_tree_in_the_docstring_is_the_tree(kind: type[RuedaError]) -> None:
    drawn = re.search(rf"\b{kind.__name__}\b(?: \((\w+)\))?", errors.__doc__ or "")
    assert drawn, "every error is drawn"
    if drawn[1]:
        assert issubclass(kind, getattr(builtins, drawn[1]))


@pytest.mark.parametrize("kind", ALL, ids=lambda kind: kind.__name__)
def test_every_error_knows_its_exit_code_and_status(kind: type[RuedaError]) -> None:
    assert kind.exit_code in (1, 2)
    assert 400 <= kind.http_status < 600
    assert (kind.exit_code == 1) or kind.http_status != 500
    assert "what" in str(kind("what"))
