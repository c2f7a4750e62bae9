"""Each rule finds what was planted, and is silent about sound rows."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rueda.artifacts.findings import Finding, find
from rueda.artifacts.findings.finding import HARM, SEVERITIES
from rueda.artifacts.findings.sample import KEPT, RowSample
from rueda.wheel.survey import survey_files

ROWS = 1_000
DICE = np.random.default_rng(5)
DAYS = [dt.date(2024, 1, 1) + dt.timedelta(days=int(n)) for n in DICE.integers(0, 300, ROWS)]
AMOUNTS = DICE.lognormal(3, 1.2, ROWS)


def found(folder: Path, label: str | None = None, **columns: Any) -> list[Finding]:
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    return find(survey_files("rows.parquet", folder, label=label))


def some(*values: object) -> list[object]:
    return [values[n] for n in DICE.integers(0, len(values), ROWS)]


def replaced(values: Any, value: object, places: range = range(0, ROWS, 90)) -> list[object]:
    chosen = set(places)
    return [value if n in chosen else v for n, v in enumerate(list(values))]


PLANTED = {
    "empty": pa.nulls(ROWS, pa.float64()),
    "nearly-empty": [1.5 if n % 40 == 0 else None for n in range(ROWS)],
    "constant": ["same"] * ROWS,
    "identifier": [f"c-{n * 7919:x}" for n in range(ROWS)],
    "sentinel": replaced(AMOUNTS, -999.0),
    "outlier": replaced(AMOUNTS, 1e9, range(1)),
    "missing-word": replaced(some("north", "south"), "N/A"),
    "spelling": replaced(some("north", "south"), "North "),
    "mixed": replaced([str(n) for n in DICE.integers(0, 99, ROWS)], "twelve"),
    "numbers-in-text": [f"{n:,.2f}" for n in AMOUNTS],
    "dates-in-text": [day.strftime("%d.%m.%Y") for day in DAYS],
    "personal": replaced([None] * ROWS, "ann@example.org", range(0, ROWS, 2)),
}
OTHERS = {
    "identifier of whole numbers": ("identifier", list(range(ROWS))),
    "a year of 9999": ("sentinel", replaced(DICE.integers(1990, 2024, ROWS), 9999)),
    "a moment of 1900": ("sentinel", replaced(DAYS, dt.date(1900, 1, 1))),
    "NA among words": ("missing-word", replaced(some("car", "bus"), "NA")),
    "a blank": ("missing-word", replaced(some("car", "bus"), " ")),
    "dates of America": ("dates-in-text", [day.strftime("%m/%d/%Y") for day in DAYS]),
    "moments": ("dates-in-text", [f"{day} 10:30:00" for day in DAYS]),
    "prices": ("numbers-in-text", [f"${n:.2f}" for n in AMOUNTS]),
    "phones": ("personal", [f"+1 212 555 {n % 10000:04}" for n in range(ROWS)]),
    "accounts": ("personal", ["GB82 WEST 1234 5698 7654 32", "DE89370400440532013000"] * 500),
    "cards": ("personal", [4111111111111111, 5500005555555559, 340000000000009, None] * 250),
}


@pytest.mark.parametrize("kind", PLANTED)
def test_what_was_planted_is_found(kind: str, tmp_path: Path) -> None:
    (finding, *more) = found(tmp_path, x=PLANTED[kind], sound=AMOUNTS)
    assert (finding.kind, finding.columns) == (kind, ("x",))
    assert not more


@pytest.mark.parametrize("name", OTHERS)
def test_it_has_other_forms(name: str, tmp_path: Path) -> None:
    kind, values = OTHERS[name]
    assert kind in {finding.kind for finding in found(tmp_path, x=values)}


SOUND = {
    "ages": DICE.integers(0, 100, ROWS),
    "amounts with a long tail": DICE.lognormal(0, 2.5, ROWS),
    "normal": DICE.normal(size=ROWS),
    "few zeros": replaced(AMOUNTS, 0.0),
    "minus one": replaced(DICE.integers(0, 5, ROWS), -1),
    "nearly all different amounts": DICE.integers(0, 10**9, ROWS),
    "days": DAYS,
    "countries": replaced(some("DE", "FR", "ZA"), "NA"),
    "sexes": some("f", "m"),
    "truths": some(True, False),
    "zip codes": [f"0{n:04}" for n in DICE.integers(1000, 1200, ROWS)],
    "sentences": [f"the order number {n} came late" for n in range(ROWS)],
    "a third missing": [None if n % 3 == 0 else n % 7 for n in range(ROWS)],
    "handles": [f"@user{n % 50}" for n in range(ROWS)],
    "versions": [f"1.{n % 9}.{n % 7}" for n in range(ROWS)],
    "unlikely numbers among likely ones": DICE.integers(9000, 10_100, ROWS),
}


@pytest.mark.parametrize("name", SOUND)
def test_sound_columns_are_left_alone(name: str, tmp_path: Path) -> None:
    assert found(tmp_path, x=SOUND[name]) == []


def test_names_tell_of_people(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, customerLastName=some("x", "y"), wordsPhoned=some(1, 2))
    assert (finding.kind, finding.columns) == ("personal", ("customerLastName",))


def test_no_finding_about_people_repeats_a_value(tmp_path: Path) -> None:
    values = [f"ann{n}@example.org" for n in range(ROWS)]
    told = [f for f in found(tmp_path, x=values) if f.kind == "personal"]
    assert len(told) == 1
    assert "example" not in str(told)


def test_a_feature_that_knows_the_label_is_found(tmp_path: Path) -> None:
    label = DICE.random(ROWS) < 0.4
    told = found(
        tmp_path, "y", y=label, code=np.where(label, "paid", "open"), weak=AMOUNTS + 5 * label
    )
    assert [(f.kind, f.columns, f.severity) for f in told] == [("leakage", ("code",), "high")]
    assert "ROC AUC" not in told[0].sentence


def test_a_feature_that_is_measured_with_the_label_is_found(tmp_path: Path) -> None:
    unknown = DICE.random(ROWS) < 0.1
    label = [None if u else bool(n % 3) for n, u in enumerate(unknown)]
    after = [None if u else x for x, u in zip(AMOUNTS, unknown, strict=True)]
    before = replaced(AMOUNTS, None, range(0, ROWS, 7))
    told = found(tmp_path, "y", y=label, after=after, before=before)
    assert [(f.kind, f.columns) for f in told] == [("leakage", ("after",))]


def test_a_rare_class_is_found(tmp_path: Path) -> None:
    (finding,) = found(tmp_path, "y", y=replaced(["no"] * ROWS, "yes", range(20)), x=AMOUNTS)
    assert (finding.kind, finding.evidence["rows"]) == ("imbalance", 20)
    assert not found(tmp_path, "y", y=some("a", "b", "c"), x=AMOUNTS)
    assert not found(tmp_path, "y", y=some(*range(40)), x=AMOUNTS)


def test_a_name_tells_of_the_label(tmp_path: Path) -> None:
    told = found(tmp_path, "late", late=some(0, 1), isLate=some(0, 1), latest=some(0, 1))
    assert [(f.kind, f.columns) for f in told] == [("target-in-name", ("isLate",))]


def test_the_worst_comes_first(tmp_path: Path) -> None:
    told = found(tmp_path, **PLANTED)
    order = [(SEVERITIES.index(f.severity), HARM.index(f.kind)) for f in told]
    assert order == sorted(order)
    assert {f.kind for f in told} == set(PLANTED)
    assert all(f.sentence.endswith(".") and f.do.endswith(".") for f in told)


def test_broken_rows_are_counted(tmp_path: Path) -> None:
    lines = [f"{n},{n % 7}" for n in range(300)]
    (tmp_path / "rows.csv").write_text("\n".join(["a,b", *lines, "1,2,3"]) + "\n")
    survey = survey_files("rows.csv", tmp_path)
    assert (survey.rows, survey.broken) == (300, 1)
    assert "broken-rows" in {finding.kind for finding in find(survey)}


def test_a_sample_comes_from_everywhere() -> None:
    sample = RowSample()
    for start in range(0, 100_000, 777):
        sample.see(pa.RecordBatch.from_pydict({"n": range(start, min(start + 777, 100_000))}))
    assert sample.rows is not None
    numbers = sample.rows["n"].to_numpy()
    assert KEPT <= len(numbers) <= 2 * KEPT
    assert len(set(np.diff(numbers))) == 1
    assert numbers[-1] > 99_900


ODD: dict[str, Any] = {
    "binary": [b"x" * n for n in range(ROWS)],
    "nothing": pa.nulls(ROWS),
    "infinite": [float("inf"), -float("inf"), float("nan"), 1.0] * (ROWS // 4),
    "huge": pa.array([2**64 - 1, 2**63, 5, 6] * (ROWS // 4), pa.uint64()),
    "largest": [1e308, -1e308, 5e-324, 0.0] * (ROWS // 4),
    "ends of time": [dt.date(1, 1, 1), dt.date(9999, 12, 30), None, DAYS[0]] * (ROWS // 4),
    "category": pa.array(["a", None, "😀", "a"] * (ROWS // 4)).dictionary_encode(),
    "half": pa.array([1.0, 2.0, 3.0, 4.0] * (ROWS // 4), pa.float16()),
}


@pytest.mark.parametrize("label", ODD)
def test_any_column_can_be_the_label(label: str, tmp_path: Path) -> None:
    told = found(tmp_path, label, **ODD, sound=AMOUNTS)
    assert not [finding for finding in told if finding.columns == ("sound",)]


@pytest.mark.parametrize("rows", [0, 1, 2])
def test_few_rows_show_no_pattern(rows: int, tmp_path: Path) -> None:
    columns = {name: pa.array(values)[:rows] for name, values in ODD.items()}
    told = found(tmp_path, "huge", **columns)
    assert {finding.kind for finding in told} <= {"empty", "constant"}
