"""Every tally of columns keeps the laws; a tally that breaks one is found out."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rueda.kernel.tally import State, Tally
from rueda.tallies.counts import Counts
from rueda.tallies.distinct import Distinct
from rueda.tallies.frequent import Frequent
from rueda.tallies.moments import Moments
from rueda.tallies.profile import ProfileTally
from rueda.tallies.quantiles import Quantiles
from rueda.testing import tally as laws
from rueda.testing.tally import TALLY_LAWS, Batches, Make, check_tally

NUMBERS = pa.schema([("float", pa.float64()), ("whole", pa.int64())])
EVERYTHING = pa.schema(
    [
        *NUMBERS,
        ("single", pa.float32()),
        ("small", pa.int8()),
        ("unsigned", pa.uint64()),
        ("money", pa.decimal128(12, 2)),
        ("flag", pa.bool_()),
        ("word", pa.string()),
        ("code", pa.dictionary(pa.int32(), pa.string())),
        ("day", pa.date32()),
        ("moment", pa.timestamp("us", tz="UTC")),
        ("clock", pa.time64("us")),
        ("span", pa.duration("ms")),
        ("raw", pa.binary()),
        ("nothing", pa.null()),
        ("nested", pa.list_(pa.int64())),
    ]
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "float": st.floats() | st.sampled_from([0.0, -0.0, 1e308, -1e308, 5e-324]),
    "whole": st.integers(-(2**63), 2**63 - 1) | st.integers(-3, 3),
    "single": st.floats(width=32),
    "small": st.integers(-128, 127),
    "unsigned": st.integers(0, 2**64 - 1),
    "money": st.decimals(-(10**9), 10**9, places=2),
    "flag": st.booleans(),
    "word": st.text(max_size=6) | st.sampled_from(["", "a", "é", "😀"]),
    "code": st.sampled_from(["x", "y", "", "ü"]),
    "day": st.dates(),
    "moment": st.datetimes(
        dt.datetime(1700, 1, 1), dt.datetime(2250, 1, 1), timezones=st.just(dt.UTC)
    ),
    "clock": st.times(),
    "span": st.timedeltas(dt.timedelta(-999), dt.timedelta(999)),
    "raw": st.binary(max_size=6),
    "nothing": st.none(),
    "nested": st.lists(st.integers(0, 3), max_size=2),
}


@st.composite
def drawn(draw: st.DrawFn, schema: pa.Schema) -> list[pa.RecordBatch]:
    """Three to five batches of few rows, with nulls."""
    batches = []
    for _ in range(draw(st.integers(3, 5))):
        rows = draw(st.integers(0, 5))
        columns = [
            pa.array(
                draw(st.lists(st.none() | VALUES[f.name], min_size=rows, max_size=rows)), f.type
            )
            for f in schema
        ]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return batches


def many(schema: pa.Schema, rows: int = 6_000, count: int = 5) -> list[pa.RecordBatch]:
    """Batches with more different values than are counted one by one."""
    rng = np.random.default_rng(11)
    batches = []
    for _ in range(count):
        numbers = {
            "float": rng.normal(1e3, 1e2, rows),
            "whole": rng.integers(-(2**63), 2**63 - 1, rows),
            "single": rng.normal(size=rows).astype(np.float32),
            "small": rng.integers(-128, 128, rows).astype(np.int8),
            "unsigned": rng.integers(0, 2**64 - 1, rows, dtype=np.uint64),
            "money": [Decimal(int(c)) / 100 for c in rng.integers(0, 10**9, rows)],
            "flag": rng.random(rows) < 0.2,
            "word": [f"w{i}" for i in rng.zipf(1.2, rows)],
            "code": [f"c{i}" for i in rng.integers(0, 5_000, rows)],
            "day": rng.integers(-(10**5), 10**5, rows).astype(np.int32),
            "moment": rng.integers(-(10**15), 10**15, rows),
            "clock": rng.integers(0, 86_400_000_000, rows),
            "span": rng.integers(-(10**12), 10**12, rows),
            "raw": [b"r" * int(n) for n in rng.integers(0, 50, rows)],
            "nothing": [None] * rows,
            "nested": [[1]] * rows,
        }
        columns = [pa.array(numbers[f.name]).cast(f.type) for f in schema]
        batches.append(pa.RecordBatch.from_arrays(columns, schema=schema))
    return batches


def _profile() -> ProfileTally:
    return ProfileTally.of_schema(EVERYTHING)


class Leveled(Moments):
    """Moments as shares of the largest magnitude: 1e308 - 1e308 leaves of a mean what it may,
    and so does half of 5e-324.
    """

    def result(self, state: State) -> dict[str, Any]:
        answers = super().result(state)
        for answer in answers.values():
            if answer["count"]:
                size = float(max(abs(answer["min"]), abs(answer["max"]), 1e-300))
                answer["mean"] /= size
                answer["std"] = (answer["std"] or 0.0) / size
                answer["skew"] = (answer["skew"] or 0.0) * answer["std"]
        return answers


TALLIES: dict[str, tuple[Make, pa.Schema]] = {
    "moments": (lambda: Leveled(("float", "whole")), NUMBERS),
    "quantiles": (lambda: Quantiles(("float", "whole")), NUMBERS),
    "distinct": (lambda: Distinct(tuple(EVERYTHING.names[:-2])), EVERYTHING),
    "counts": (lambda: Counts(("float", "whole", "word", "code", "day"), limit=3), EVERYTHING),
    "frequent": (lambda: Frequent(("float", "whole", "word", "code", "day")), EVERYTHING),
    "profile": (_profile, EVERYTHING),
}


@pytest.mark.parametrize("name", TALLIES)
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_small_batches(name: str, data: st.DataObject) -> None:
    make, schema = TALLIES[name]
    check_tally(make, data.draw(drawn(schema)))


class WithoutTop(ProfileTally):
    """The profile without the most frequent values, which are those of each chunk: cut otherwise,
    the chunks may answer otherwise, within ``top_error`` (tests/unit/tallies/test_frequent.py).
    """

    def result(self, state: State) -> dict[str, Any]:
        tree = super().result(state)
        for column in tree["columns"].values():
            column["top"] = column["top_error"] = None
        return tree


LARGE: dict[str, tuple[Make, pa.Schema]] = {
    **{name: TALLIES[name] for name in ("moments", "quantiles", "distinct", "counts")},
    "profile": (lambda: WithoutTop.of_schema(EVERYTHING), EVERYTHING),
}


@pytest.mark.parametrize("law", TALLY_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", LARGE)
def test_large_batches(name: str, law: Callable[[Make, Batches], None]) -> None:
    make, schema = LARGE[name]
    law(make, many(schema))


@dataclass(frozen=True)
class Sound(Tally[float]):
    """The sum of a column, rightly done: what is planted below is the only fault."""

    def empty(self) -> State:
        return {"sum": np.zeros(1), "rows": 0}

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return self.merge(state, self.of(batch))

    def of(self, batch: pa.RecordBatch) -> State:
        values = batch.column("float").drop_null().to_numpy()
        return {"sum": np.array([np.sum(values)]), "rows": batch.num_rows}

    def merge(self, left: State, right: State) -> State:
        return {"sum": left["sum"] + right["sum"], "rows": left["rows"] + right["rows"]}

    def result(self, state: State) -> float:
        return float(state["sum"][0])


class AddsTwice(Sound):
    """Adds a batch to what there is already once too often."""

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return self.merge(self.merge(state, self.of(batch)), self.of(batch.slice(0, state["rows"])))


class CountsMerges(Sound):
    """Each merge leaves a trace in the state."""

    def merge(self, left: State, right: State) -> State:
        return {**super().merge(left, right), "rows": left["rows"] + right["rows"] + 1}


class Averages(Sound):
    """The mean of two means, whatever stands behind each."""

    def merge(self, left: State, right: State) -> State:
        if not left["rows"] or not right["rows"]:
            return super().merge(left, right)
        return {**super().merge(left, right), "sum": (left["sum"] + right["sum"]) / 2}

    def add(self, state: State, batch: pa.RecordBatch) -> State:
        return Sound.merge(self, state, self.of(batch))


class HoldsATuple(Sound):
    """Bytes know lists only."""

    def of(self, batch: pa.RecordBatch) -> State:
        return {**super().of(batch), "seen": (1,)}

    def merge(self, left: State, right: State) -> State:
        if not left["rows"] or not right["rows"]:
            return dict(right if right["rows"] else left)
        return {**super().merge(left, right), "seen": left["seen"] + right["seen"]}


class AddsInPlace(Sound):
    """Saves an allocation."""

    def merge(self, left: State, right: State) -> State:
        left["sum"] += right["sum"]
        return {"sum": left["sum"], "rows": left["rows"] + right["rows"]}


class HandsOn(Sound):
    """Gives one side out as it came where the other is empty."""

    def merge(self, left: State, right: State) -> State:
        if left["rows"] and right["rows"]:
            return super().merge(left, right)
        return right if right["rows"] else left


class WantsValues(Sound):
    """Cannot do with nulls alone."""

    def of(self, batch: pa.RecordBatch) -> State:
        first = batch.column("float").drop_null().to_numpy()[:1]
        return {**super().of(batch), "rows": batch.num_rows + 0 * int(first[0] > 0)}


class ReadsBuffers(Sound):
    """Forgets that a slice begins inside its buffers."""

    def of(self, batch: pa.RecordBatch) -> State:
        whole = np.frombuffer(batch.column("float").buffers()[1], np.float64)
        return {"sum": np.array([np.sum(whole[: batch.num_rows])]), "rows": batch.num_rows}


@dataclass(frozen=True)
class Forgetful(Sound):
    """Remembers how often it was asked."""

    asked: list[int] = field(default_factory=list)

    def of(self, batch: pa.RecordBatch) -> State:
        CALLS.append(1)
        return {"sum": super().of(batch)["sum"] * (1 + len(CALLS)), "rows": batch.num_rows}


CALLS: list[int] = []

PLANTED: dict[type[Sound], Callable[[Make, Batches], None]] = {
    AddsTwice: laws.adds_as_it_merges,
    CountsMerges: laws.has_an_identity,
    Averages: laws.merges_associatively,
    HoldsATuple: laws.round_trips_through_bytes,
    AddsInPlace: laws.leaves_its_arguments_alone,
    HandsOn: laws.shares_nothing,
    WantsValues: laws.takes_batches_without_values,
    ReadsBuffers: laws.reads_slices_as_copies,
    Forgetful: laws.keeps_its_bits,
}


def plain() -> list[pa.RecordBatch]:
    rng = np.random.default_rng(3)
    return [pa.record_batch({"float": rng.normal(size=n)}) for n in (5, 8, 3, 9)]


def test_every_law_has_a_planted_fault() -> None:
    assert set(PLANTED.values()) == set(TALLY_LAWS)


@pytest.mark.parametrize("planted", PLANTED, ids=lambda planted: planted.__name__)
def test_a_planted_fault_is_found(planted: type[Sound]) -> None:
    # HoldsATuple meets a list where it left a tuple; WantsValues an index beyond the end.
    with pytest.raises((AssertionError, TypeError, IndexError)):
        PLANTED[planted](planted, plain())


def test_the_suite_runs_the_laws() -> None:
    with pytest.raises(AssertionError):
        check_tally(AddsTwice, plain())


def test_the_sound_tally_passes() -> None:
    check_tally(Sound, plain())
