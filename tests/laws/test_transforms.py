"""Every step keeps the laws of a transform; one that breaks a law is found out."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rueda.artifacts.preparation import (
    Dates,
    Drop,
    Impute,
    OneHot,
    Ordinal,
    Preparation,
    Scale,
    fit_preparation,
)
from rueda.artifacts.preparation.auto import automatic_steps
from rueda.artifacts.preparation.step import Step
from rueda.engines.threads import ThreadEngine
from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.transform import Transform
from rueda.tallies.profile import ProfileTally
from rueda.testing import transform as laws
from rueda.testing.transform import TRANSFORM_LAWS, Make, check_transform

ROWS = 200


@dataclass(frozen=True)
class Piece:
    """A chunk in memory."""

    rows_: pa.RecordBatch

    @property
    def digest(self) -> Digest:
        return digest_json(self.rows)

    @property
    def rows(self) -> int:
        return int(self.rows_.num_rows)

    def batch(self, columns: Sequence[str] | None = None) -> pa.RecordBatch:
        return self.rows_.select(list(columns)) if columns else self.rows_


def table() -> pa.RecordBatch:
    """Columns of every kind, with nulls."""
    drawn = np.random.default_rng(5)

    def holes() -> np.ndarray:
        return drawn.random(ROWS) < 0.1

    start = dt.datetime(2013, 1, 1, tzinfo=dt.UTC)
    moments = [start + dt.timedelta(hours=int(h)) for h in drawn.integers(0, 20_000, ROWS)]
    columns = {
        "price": pa.array(drawn.normal(50, 20, ROWS), mask=holes()),
        "count": pa.array(drawn.integers(0, 9, ROWS), pa.int16(), mask=holes()),
        "large": pa.array(drawn.integers(2**52, 2**53, ROWS), pa.int64(), mask=holes()),
        "single": pa.array(drawn.normal(size=ROWS).astype(np.float32), mask=holes()),
        "sum": pa.array([Decimal(int(v)) / 100 for v in drawn.integers(0, 999, ROWS)]),
        "open": pa.array(drawn.random(ROWS) < 0.5, mask=holes()),
        "color": pa.array(drawn.choice(["red", "grün", "", "🚂"], ROWS), mask=holes()),
        "shape": pa.array(drawn.choice(["a", "b"], ROWS), mask=holes()).dictionary_encode(),
        "street": pa.array([f"street {v}" for v in drawn.integers(0, 70, ROWS)], pa.large_string()),
        "when": pa.array(moments, pa.timestamp("us", "America/New_York"), mask=holes()),
        "day": pa.array([m.date() for m in moments], mask=holes()),
        "took": pa.array(drawn.integers(0, 9999, ROWS), pa.duration("ms")),
        "clock": pa.array(drawn.integers(0, 86_400, ROWS).astype("int32"), pa.time32("s")),
    }
    return pa.RecordBatch.from_pydict(columns)


def fitted(*steps: Step) -> Preparation:
    batch = table()
    pieces = [Piece(batch.slice(0, 80)), Piece(batch.slice(80))]
    return fit_preparation(steps, batch.schema, pieces, ThreadEngine(workers=2))


PARTS = (
    *("year", "quarter", "month", "week", "day", "day_of_year", "weekday", "weekend"),
    *("hour", "minute", "second", "days"),
)
TEXTS = ("color", "shape", "street")
STEPS: dict[str, tuple[Step, ...]] = {
    "impute": (Impute(indicator=True), Drop(*TEXTS)),
    "impute mean": (Impute(numeric="mean", categorical="constant"), Drop(*TEXTS)),
    "impute constant": (Impute("price", "count", numeric="constant", fill=-1), Drop(*TEXTS)),
    "scale": (Scale(), Drop(*TEXTS)),
    "scale minmax": (Drop(*TEXTS), Scale(by="minmax")),
    "scale robust": (Drop(*TEXTS), Scale("price", "open", by="robust")),
    "one-hot": (OneHot(),),
    "one-hot few": (OneHot(max_categories=3, unseen="other"),),
    "one-hot numbers": (OneHot("count", "open"), Drop(*TEXTS)),
    "ordinal": (Ordinal(),),
    "ordinal frequency": (Ordinal("count", *TEXTS, order="frequency", unseen=None),),
    "dates": (Dates(), Drop(*TEXTS)),
    "dates all parts": (
        Dates("when", parts=PARTS),
        Drop(*TEXTS),
    ),
    "dates cyclic": (Dates(cyclic=True, parts=("month", "weekday", "hour")), Drop(*TEXTS)),
    "all": (Dates("when"), Impute(indicator=True), OneHot("color"), Ordinal(), Scale()),
}


@pytest.fixture(scope="module")
def preparations() -> dict[str, Preparation]:
    made = {name: fitted(*steps) for name, steps in STEPS.items()}
    batch = table()
    tally = ProfileTally.of_schema(batch.schema)
    profile = tally.result(tally.add(tally.empty(), batch))
    made["automatic"] = fitted(*automatic_steps(batch.schema, profile["columns"], ROWS))
    return made


@pytest.mark.parametrize("law", TRANSFORM_LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("name", [*STEPS, "automatic"])
def test_every_step_keeps_the_law(
    law: Callable[[Make, pa.RecordBatch], None], name: str, preparations: dict[str, Preparation]
) -> None:
    law(lambda: Preparation.from_json(preparations[name].to_json()), table())


NUMBERS = st.one_of(st.none(), st.floats(), st.floats(width=32), st.integers(-(2**53), 2**53))
WORDS = st.one_of(st.none(), st.sampled_from(["red", "grün", "never seen"]), st.text(max_size=3))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(NUMBERS, WORDS, st.none() | st.datetimes()), min_size=12, max_size=40))
def test_no_row_depends_on_its_company(
    preparations: dict[str, Preparation], rows: list[tuple[float, str, dt.datetime]]
) -> None:
    """Any numbers, words and moments, also such as training never had."""
    prices, colors, moments = zip(*rows, strict=True)
    columns = {
        "price": pa.array([None if p is None else float(p) for p in prices], pa.float64()),
        "color": pa.array(colors, pa.string()),
        "when": pa.array(moments, pa.timestamp("us", "America/New_York")),
    }
    template = table().slice(0, 0)
    batch = pa.RecordBatch.from_arrays(
        [columns.get(f.name, pa.nulls(len(rows), f.type)) for f in template.schema],
        schema=template.schema,
    )
    check_transform(lambda: preparations["all"], batch)


@dataclass(frozen=True)
class Sound:
    """Doubles the column ``price``: what is planted below is the only fault."""

    factor: float = 2.0

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        price = batch.column("price").to_numpy(zero_copy_only=False)
        return pa.RecordBatch.from_pydict({"price": pa.array(price * self.factor)})

    def to_json(self) -> dict[str, float]:
        return {"factor": self.factor}

    @classmethod
    def from_json(cls, tree: dict[str, float]) -> Sound:
        return cls(tree["factor"])


class DropsNulls(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        kept = super().apply(batch)
        return kept.filter(pa.array(~np.isnan(kept["price"].to_numpy())))


class ColumnsOfTheRows(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        made = super().apply(batch)
        if batch.column("price").null_count:
            made = made.append_column("is null", batch.column("price").is_null())
        return made


class CentersTheBatch(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        price = super().apply(batch)["price"].to_numpy()
        known = price[~np.isnan(price)]
        return pa.RecordBatch.from_pydict({"price": price - (known.sum() if len(known) else 0)})


class Sorts(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return pa.RecordBatch.from_pydict({"price": np.sort(super().apply(batch)["price"])})


class Counts(Sound):
    """Remembers how often it was called."""

    calls = itertools.count()

    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        price = super().apply(batch)["price"].to_numpy()
        return pa.RecordBatch.from_pydict({"price": price + next(self.calls)})


class WritesIntoItsInput(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        made = super().apply(batch)
        column = batch.column("price")
        if len(column):
            address = column.buffers()[1].address + 8 * column.offset
            bytes_ = (__import__("ctypes").c_char * 8).from_address(address)
            bytes_.raw = np.float64(1234.5).tobytes()
        return made


class RefusesNulls(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        if len(batch) and batch.column("price").null_count == len(batch) > 1:
            raise ValueError("no value at all")
        return super().apply(batch)


class ByPosition(Sound):
    def apply(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        return super().apply(pa.RecordBatch.from_arrays([batch.column(0)], names=["price"]))


class ForgetsItsFactor(Sound):
    @classmethod
    def from_json(cls, tree: dict[str, float]) -> Sound:
        return cls(3.0)


FAULTS: dict[str, type[Sound]] = {
    "keeps_the_number_of_rows": DropsNulls,
    "gives_the_same_columns_always": ColumnsOfTheRows,
    "gives_the_same_bits_twice": Counts,
    "treats_each_row_alone": CentersTheBatch,
    "changes_no_input": WritesIntoItsInput,
    "takes_nulls_throughout": RefusesNulls,
    "ignores_other_columns": ByPosition,
    "comes_back_from_json": ForgetsItsFactor,
}


def make_of(kind: Callable[[], Transform]) -> Make:
    return lambda: kind()


def test_a_sound_transform_passes() -> None:
    check_transform(Sound, table())


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_breaks_its_law(name: str) -> None:
    law = getattr(laws, name)
    with pytest.raises((AssertionError, ValueError)):
        law(make_of(FAULTS[name]), table())


def test_sorting_is_found_out() -> None:
    with pytest.raises(AssertionError):
        laws.treats_each_row_alone(Sorts, table())


def test_every_law_has_its_planted_fault() -> None:
    assert set(FAULTS) == {law.__name__ for law in TRANSFORM_LAWS}
