"""What users bring and cannot be used: a four-part error, exit code 2, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

LIFECYCLE = """
import rueda as rd
from sklearn.linear_model import LogisticRegression

lifecycle = rd.Lifecycle(
    name="bad",
    extract=rd.Extract({extract}),
    train=rd.Train(LogisticRegression()),
)
"""

GOOD = "a,b,y\n" + "".join(f"{i},{i % 7},{i % 2}\n" for i in range(100))

CASES = {
    "missing file": ('"x.csv", label="y"', None, "no files to read at 'x.csv'"),
    "empty file": ('"x.csv", label="y"', "", "x.csv is empty"),
    "no label column": ('"x.csv", label="Y"', GOOD, "did you mean 'y'?"),
    "one class": ('"x.csv", label="y"', GOOD.replace(",1\n", ",0\n"), "one value"),
    "duplicate columns": ('"x.csv", label="y"', GOOD.replace("a,b", "b,b"), "more than one column"),
    "not UTF-8": ('"x.csv", label="y"', GOOD.encode("utf-16"), "UTF-16"),
    "no CSV": ('"x.csv", label="y"', GOOD.replace(",1\n", ",1,9,9\n"), "does not parse as CSV"),
    "wrong name in the spec": ('"x.csv", labl="y"', GOOD, "did you mean 'label'?"),
    "SQL with a wrong column": ('sql="SELECT z FROM \'x.csv\'", label="y"', GOOD, "z"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_told_in_four_parts(
    folder: Path, rueda: Callable[..., Any], case: str
) -> None:
    extract, content, what = CASES[case]
    (folder / "lifecycle.py").write_text(LIFECYCLE.format(extract=extract))
    if content is not None:
        (folder / "x.csv").write_bytes(content.encode() if isinstance(content, str) else content)
    told = rueda("run", code=2)
    assert what in told.err
    assert "do:" in told.err
    assert "Traceback" not in told.err
    assert "expected:" in told.err
    assert "got:" in told.err


def test_a_broken_row_in_the_middle_is_set_aside(folder: Path, rueda: Callable[..., Any]) -> None:
    lines = GOOD.splitlines()
    lines[50] = "1,2"
    (folder / "x.csv").write_text("\n".join(lines))
    (folder / "lifecycle.py").write_text(LIFECYCLE.format(extract='"x.csv", label="y"'))
    told = rueda("run", "--json")
    assert [stage["state"] for stage in told.json["stages"]] == ["ran"] * 7


def test_a_schema_that_does_not_fit_stops_the_wheel(
    folder: Path, rueda: Callable[..., Any]
) -> None:
    (folder / "x.csv").write_text(GOOD)
    extract = '"x.csv", label="y", schema="schema.yaml"'
    (folder / "lifecycle.py").write_text(LIFECYCLE.format(extract=extract))
    rueda("run")
    reviewed = (folder / "schema.yaml").read_text()
    (folder / "x.csv").write_text(GOOD.replace("a,b,y", "a,c,y"))
    told = rueda("run", code=2)
    assert "SCHEMA_NEW_COLUMN: c is not in the schema." in told.err
    assert "SCHEMA_MISSING_COLUMN" in told.err
    assert (folder / "schema.yaml").read_text() == reviewed
    (folder / "x.csv").write_text(GOOD)
    assert [stage["state"] for stage in rueda("run", "--json").json["stages"]] == ["reused"] * 7
