"""Dates reads the calendar as Python's own does."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from tests.unit.artifacts.preparation.fitting import exact, fitted

from rueda.artifacts.preparation import Dates
from rueda.kernel.errors import SpecError, UnknownName

PARTS = {
    "year": lambda m: m.year,
    "quarter": lambda m: (m.month + 2) // 3,
    "month": lambda m: m.month,
    "week": lambda m: m.isocalendar().week,
    "day": lambda m: m.day,
    "day_of_year": lambda m: m.timetuple().tm_yday,
    "weekday": lambda m: m.weekday(),
    "weekend": lambda m: m.weekday() >= 5,
    "hour": lambda m: m.hour,
    "minute": lambda m: m.minute,
    "second": lambda m: m.second,
}
ZONE = ZoneInfo("America/New_York")


def moments() -> list[dt.datetime]:
    drawn = np.random.default_rng(0)
    seconds = drawn.integers(-5_000_000_000, 5_000_000_000, 400)
    edges = ["1969-12-31T23:59:59", "2000-02-29T12:00:00", "2021-01-03T00:00:00"]
    start = dt.datetime(1970, 1, 1)
    return [start + dt.timedelta(seconds=int(s)) for s in seconds] + [
        dt.datetime.fromisoformat(edge) for edge in edges
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_every_part_is_that_of_the_calendar(unit: str) -> None:
    batch = pa.RecordBatch.from_pydict({"t": pa.array([*moments(), None], pa.timestamp(unit))})
    found = exact(fitted(batch, Dates(parts=list(PARTS))), batch)
    for part, of in PARTS.items():
        assert found[f"t.{part}"][:-1].tolist() == [of(m) for m in moments()], part
        assert math.isnan(found[f"t.{part}"][-1])


def test_the_clock_is_that_of_the_zone() -> None:
    # Arrow knows the rules of a zone up to 2037.
    known = [m for m in moments() if 1970 < m.year < 2037]
    local = [m.replace(tzinfo=dt.UTC).astimezone(ZONE) for m in known]
    batch = pa.RecordBatch.from_pydict({"t": pa.array(local, pa.timestamp("us", str(ZONE)))})
    found = exact(fitted(batch, Dates(parts=["hour", "day"])), batch)
    assert found["t.hour"].tolist() == [m.hour for m in local]
    assert found["t.day"].tolist() == [m.day for m in local]


def test_dates_without_a_clock() -> None:
    days = [dt.date(2013, 11, 30), dt.date(1900, 1, 1), None]
    for kind in (pa.date32(), pa.date64()):
        batch = pa.RecordBatch.from_pydict({"d": pa.array(days, kind)})
        found = exact(fitted(batch, Dates("d", parts=["month", "weekday", "days"])), batch)
        assert found["d.month"][:2].tolist() == [11, 1]
        assert found["d.days"][:2].tolist() == [(d - dt.date(1970, 1, 1)).days for d in days[:2]]


def test_cyclic_parts_close_their_circle() -> None:
    hours = [dt.datetime(2013, 1, 1, h) for h in range(24)]
    batch = pa.RecordBatch.from_pydict({"t": pa.array([*hours, None], pa.timestamp("us"))})
    found = exact(fitted(batch, Dates(parts=["hour", "year"], cyclic=True)), batch)
    expected = [(math.sin(math.tau * h / 24), math.cos(math.tau * h / 24)) for h in range(24)]
    both = np.column_stack([found["t.hour.sin"], found["t.hour.cos"]])
    assert np.allclose(both[:-1], expected, rtol=0, atol=1e-15)
    assert np.isnan(both[-1]).all()
    assert found["t.year"][0] == 2013, "a year does not come round"


def test_december_meets_january() -> None:
    ends = [dt.date(2013, 12, 1), dt.date(2014, 1, 1)]
    batch = pa.RecordBatch.from_pydict({"d": pa.array(ends)})
    found = exact(fitted(batch, Dates(parts=["month"], cyclic=True)), batch)
    assert found["d.month.cos"][1] == 1.0
    assert abs(found["d.month.cos"][0] - math.cos(math.tau / 12)) < 1e-12


def test_moments_that_no_step_names_are_left_out_and_not_asked_for() -> None:
    batch = pa.RecordBatch.from_pydict(
        {"t": pa.array(moments(), pa.timestamp("us")), "x": np.arange(403.0)}
    )
    preparation = fitted(batch)
    assert preparation.outputs == ("x",)
    assert [field.name for field in preparation.inputs] == ["x"]


def test_wrong_specs_are_refused() -> None:
    with pytest.raises(UnknownName, match="did you mean 'weekday'"):
        Dates(parts=["wekday"])
    with pytest.raises(SpecError, match="Dates cannot work on the column 'x'"):
        fitted(pa.RecordBatch.from_pydict({"x": [1.0]}), Dates("x"))
