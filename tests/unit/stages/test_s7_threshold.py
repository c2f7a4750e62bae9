"""Thresholds: false alarms as rare as stated where days resemble each other; the clock is found."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import polygamma

from rueda.artifacts.reference import Slotted, tally_from_json, tally_to_json
from rueda.stages.s7_monitor.clock import clock_features
from rueda.stages.s7_monitor.measure import apart
from rueda.stages.s7_monitor.threshold import (
    _trigamma_inverse,
    block_length,
    thresholds,
    usual_distances,
)
from rueda.tallies.bins import Bins, fit_bins
from rueda.tallies.column import Array
from rueda.tallies.slots import SlotCounts
from rueda.testing.tally import check_tally

DAY_S = 86_400
EDGES = np.linspace(-2.5, 2.5, 20)
STRENGTH = np.array([0.0, 0.3, 0.6, 1.0] * 2)
"""How much the weather moves each of eight features."""


def days(rng: np.random.Generator, n: int, memory: float) -> Array:
    """Binned rows by day of features that follow weathers: today's resembles yesterday's."""
    weather = rng.normal(size=(len(STRENGTH), n))
    for t in range(1, n):
        fresh = np.sqrt(1 - memory**2) * weather[:, t]
        weather[:, t] = memory * weather[:, t - 1] + fresh
    values = (STRENGTH[:, None] * weather)[:, :, None] + rng.normal(size=(len(STRENGTH), n, 40))
    places = np.searchsorted(EDGES, values)
    size = len(EDGES) + 1
    cells = np.arange(len(STRENGTH) * n).repeat(40) * size + places.ravel()
    return np.bincount(cells, minlength=len(STRENGTH) * n * size).reshape(-1, n, size)


@pytest.mark.parametrize(("reference", "window", "memory"), [(364, 7, 0.7), (120, 20, 0.0)])
def test_false_alarms_are_as_rare_as_stated(reference: int, window: int, memory: float) -> None:
    stated, trials, false = 0.05, 150, 0
    rng = np.random.default_rng(7)
    for seed in range(trials):
        # Thirty days between them: the window is of the same world, and no neighbor.
        counts = days(rng, reference + 30 + window, memory)
        train, live = counts[:, :reference], counts[:, -window:].sum(axis=1)
        rows = int(live[0].sum())
        usual = {
            str(f): usual_distances(str(f), train[f], "js", length=window, rows=rows, seed=seed)
            for f in range(len(train))
        }
        limit = thresholds(usual, rows, stated)
        false += any(apart("js", live[f], train[f].sum(axis=0)) > limit[str(f)] for f in range(8))
    # 150 trials of 0.05: at most 16 in 99.9 of 100 cases.
    assert false <= 16


def test_a_planted_shift_passes_them() -> None:
    rng = np.random.default_rng(3)
    counts = days(rng, 180, 0.7)
    usual = {
        str(f): usual_distances(str(f), counts[f], "js", length=15, rows=600, seed=0)
        for f in range(8)
    }
    limit = thresholds(usual, 600, 0.05)
    shifted = np.searchsorted(EDGES, rng.normal(size=600) + 1.0)
    live = np.bincount(shifted, minlength=len(EDGES) + 1)
    assert apart("js", live, counts[0].sum(axis=0)) > limit["0"]


def test_a_reference_without_blocks_has_no_threshold() -> None:
    assert thresholds({"x": np.array([0.1])}, 100, 0.05) == {}
    empty = usual_distances("x", np.zeros((60, 4), int), "js", length=8, rows=100, seed=0)
    assert len(empty) == 0
    constant = np.zeros((60, 3), int)
    constant[:, 1] = 100
    still = usual_distances("x", constant, "js", length=8, rows=100, seed=0)
    assert np.all(still == 0)
    assert 0 <= thresholds({"x": still}, 100, 0.05)["x"] < 0.01


def test_the_trigamma_function_is_inverted() -> None:
    for x in (1e-3, 0.1, 1.0, 30.0):
        assert polygamma(1, _trigamma_inverse(x)) == pytest.approx(x)


def test_blocks_are_windows_or_shorter() -> None:
    assert block_length(7 * DAY_S, DAY_S, 364) == 7
    assert block_length(30 * DAY_S, DAY_S, 120) == 20
    assert block_length(60, DAY_S, 120) == 1


def year(n: int = 20_000) -> pa.Table:
    rng = np.random.default_rng(0)
    seconds = np.sort(rng.integers(0, 364 * DAY_S, n)) + 1_356_998_400  # 2013-01-01
    time = seconds.astype("datetime64[s]")
    day = (time.astype("datetime64[D]") - np.datetime64("2013-01-01")).astype(int)
    month = time.astype("datetime64[M]").astype(int) % 12 + 1
    return pa.table(
        {
            "time": pa.array(time, pa.timestamp("s")),
            "month": pa.array(month),
            "day_of_year": pa.array(day + 1),
            "day": pa.array(
                (time.astype("datetime64[D]") - time.astype("datetime64[M]")).astype(int) + 1
            ),
            "weekday": pa.array((day + 1) % 7),
            "hour": pa.array(seconds // 3600 % 24),
            "month_name": pa.array(np.array(list("JFMAmjlASOND"))[month - 1]),
            "temperature": pa.array(np.sin(day / 58) * 10 + rng.normal(size=n) * 4),
            "noise": pa.array(rng.normal(size=n)),
            "const": pa.array(np.ones(n)),
        }
    )


@pytest.mark.parametrize(
    ("window_days", "clock"),
    [
        (30, {"time", "month", "day_of_year", "month_name"}),
        (7, {"time", "month", "day_of_year", "month_name", "day"}),
        (1, {"time", "month", "day_of_year", "month_name", "day", "weekday"}),
    ],
)
def test_the_clock_is_what_a_window_fixes(window_days: int, clock: set[str]) -> None:
    table = year()
    bins = [fit_bins(name, table.column(name).combine_chunks()) for name in table.column_names]
    slots = min(1024, 364 * 8 // window_days)
    tally = SlotCounts(
        tuple(b for b in bins if b), "time", 1_356_998_400.0, 364 * DAY_S / slots, slots
    )
    (batch,) = table.combine_chunks().to_batches()
    slotted = Slotted(tally, tally.add(tally.empty(), batch))
    assert set(clock_features(slotted, table, window_days * DAY_S)) == clock


def batches() -> list[pa.RecordBatch]:
    (batch,) = year(900).combine_chunks().to_batches()
    holes = pa.RecordBatch.from_pylist([dict.fromkeys(batch.schema.names)] * 5, schema=batch.schema)
    return [batch.slice(0, 300), batch.slice(300, 0), holes, batch.slice(300, 600)]


def slots_of_year() -> SlotCounts:
    table = year(900)
    bins = [fit_bins(name, table.column(name).combine_chunks()) for name in table.column_names]
    return SlotCounts(tuple(b for b in bins if b), "time", 1_356_998_400.0, 5.0 * DAY_S, 70)


def test_slots_hold_the_laws_of_a_tally() -> None:
    check_tally(slots_of_year, batches())
    assert tally_from_json(tally_to_json(slots_of_year())) == slots_of_year()


@pytest.mark.parametrize(
    ("column", "labels"),
    [
        (pa.array(["b", "a", "b", None]), ["'b'", "'a'", "'b'", "missing"]),
        (pa.array([1, 2, 2, None]), ["1", "2", "2", "missing"]),
        (pa.array([True, False, None]), ["true", "false", "missing"]),
        (pa.array([0.5, float("nan")]), ["0.5", "missing"]),
        (pa.array(["x"]).dictionary_encode(), ["'x'"]),
    ],
)
def test_bins_say_what_they_hold(column: pa.Array, labels: list[str]) -> None:
    bins = fit_bins("c", column)
    assert bins is not None
    assert [bins.label(int(place)) for place in bins.places(column)] == labels
    assert Bins.from_json(bins.to_json()) == bins


def test_bins_beyond_training() -> None:
    bins = fit_bins("c", pa.array(np.arange(1000.0)))
    assert bins is not None
    places = bins.places(pa.array([-1.0, 0.0, 999.0, 1000.0]))
    assert [bins.label(int(p)) for p in places] == [
        "below 0",
        "from 0 to 49.95",
        "from 949.05 to 999",
        "above 999",
    ]
    counts = np.bincount(bins.places(pa.array(np.arange(1000.0))), minlength=bins.size)
    assert counts[1:-2].min() == counts[1:-2].max() == 50
    assert fit_bins("c", pa.array([[1], [2]])) is None
    assert fit_bins("c", pa.array([], pa.float64())).size == 2  # type: ignore[union-attr]
