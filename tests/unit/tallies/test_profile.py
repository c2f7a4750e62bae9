"""The profile says what DuckDB says, exactly or within its stated errors."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from rueda.kernel.digest import canonical_json
from rueda.kernel.errors import SchemaMismatch
from rueda.kernel.tally import dump_state, load_state, reduce_pairwise
from rueda.tallies.profile import ProfileTally
from rueda.tallies.quantiles import RELATIVE_ERROR


def profile(table: pa.Table, chunk: int = 7_000) -> dict[str, Any]:
    tally = ProfileTally.of_schema(table.schema)
    batches = table.combine_chunks().to_batches(max_chunksize=chunk)
    state = reduce_pairwise(tally, [tally.add(tally.empty(), batch) for batch in batches])
    result = tally.result(load_state(dump_state(state)))
    canonical_json(result)
    return result


def column(values: Any, type_: pa.DataType | None = None) -> dict[str, Any]:
    array = values if isinstance(values, pa.Array) else pa.array(values, type_)
    answer: dict[str, Any] = profile(pa.table({"x": array}))["columns"]["x"]
    return answer


@pytest.fixture(scope="module")
def mixed() -> pa.Table:
    rng = np.random.default_rng(4)
    rows = 50_000
    some = rng.random(rows) < 0.1
    return pa.table(
        {
            "few": pa.array(rng.integers(1, 13, rows), pa.int16(), mask=some),
            "many": pa.array(rng.integers(-(10**9), 10**9, rows), mask=some),
            "normal": pa.array(rng.normal(100, 15, rows), mask=some),
            "rain": pa.array(np.where(rng.random(rows) < 0.9, 0.0, rng.random(rows))),
            "word": pa.array([f"w{i % 9_999}" for i in rng.zipf(1.3, rows)]),
            "flag": pa.array(rng.random(rows) < 0.3, mask=some),
            "moment": pa.array(
                rng.integers(1_356_998_400_000_000, 1_388_534_399_000_000, rows),
                pa.timestamp("us", tz="UTC"),
            ),
            "day": pa.array(rng.integers(15_000, 15_300, rows).astype(np.int32), pa.date32()),
        }
    )


NUMBERS = ("few", "many", "normal", "rain")


def test_against_duckdb(mixed: pa.Table) -> None:
    answer = profile(mixed)
    assert answer["rows"] == mixed.num_rows
    connection = duckdb.connect()
    connection.register("mixed", mixed)
    for name, said in answer["columns"].items():
        nulls, distinct = connection.execute(
            f'select count(*) - count("{name}"), count(distinct "{name}") from mixed'
        ).fetchall()[0]
        assert said["nulls"] == nulls
        assert abs(said["distinct"] - distinct) <= said["distinct_error"] * distinct
    for name in NUMBERS:
        said = answer["columns"][name]
        mean, std, skew, low, high = connection.execute(
            f'select avg("{name}"), stddev_samp("{name}"), skewness("{name}"), '
            f'min("{name}"), max("{name}") from mixed'
        ).fetchall()[0]
        assert said["mean"] == pytest.approx(mean, rel=1e-10, abs=1e-9)
        assert said["std"] == pytest.approx(std, rel=1e-10)
        assert said["skew"] == pytest.approx(skew, rel=1e-3, abs=1e-6)  # theirs is bias-corrected
        assert (said["min"], said["max"]) == (low, high)
        for q, value in said["quantiles"].items():
            (exact,) = connection.execute(
                f'select quantile_cont("{name}", {q}) from mixed'
            ).fetchall()[0]
            assert value == pytest.approx(exact, rel=RELATIVE_ERROR, abs=1e-6)


def test_few_values_are_exact(mixed: pa.Table) -> None:
    said = profile(mixed)["columns"]["few"]
    counts = duckdb.sql(
        "select few, count(*) n from mixed where few is not null group by 1"
    ).fetchall()
    expected = sorted(([v, n] for v, n in counts), key=lambda p: (-p[1], p[0]))
    assert said["top"] == expected
    assert (said["distinct"], said["distinct_error"], said["top_error"]) == (12, 0.0, 0)
    assert said["histogram"]["edges"] == [i + 0.5 for i in range(13)]
    assert said["histogram"]["counts"] == [n for _, n in sorted(counts)]


def test_top_words_and_their_error(mixed: pa.Table) -> None:
    said = profile(mixed)["columns"]["word"]
    truth = dict(duckdb.sql("select word, count(*) from mixed group by 1").fetchall())
    assert [w for w, _ in said["top"][:5]] == sorted(truth, key=lambda w: -truth[w])[:5]
    for word, count in said["top"]:
        assert count <= truth[word] <= count + said["top_error"]
    assert (said["min"], said["max"]) == (min(truth), max(truth))


def test_a_frequent_value_among_many_is_seen(mixed: pa.Table) -> None:
    value, count = profile(mixed)["columns"]["rain"]["top"][0]
    assert value == 0.0
    assert count == pytest.approx(45_000, rel=0.02)


def test_every_row_is_in_the_histogram(mixed: pa.Table) -> None:
    for name in (*NUMBERS, "moment", "day"):
        said = profile(mixed)["columns"][name]
        assert sum(said["histogram"]["counts"]) + said["nulls"] == mixed.num_rows
        assert len(said["histogram"]["edges"]) == len(said["histogram"]["counts"]) + 1


def test_times_are_rfc_3339(mixed: pa.Table) -> None:
    said = profile(mixed)["columns"]
    moments = np.sort(mixed["moment"].cast(pa.int64()).to_numpy())
    middle = dt.datetime.fromisoformat(said["moment"]["quantiles"]["0.5"])
    away = middle.timestamp() * 1e6 - float(np.median(moments))
    assert abs(away) <= (moments[-1] - moments[0]) / 2_000
    assert said["moment"]["min"].endswith("Z")
    assert dt.datetime.fromisoformat(said["moment"]["min"]).timestamp() * 1e6 == moments[0]
    assert said["moment"]["std"] == pytest.approx(np.std(moments, ddof=1) / 1e6, rel=1e-9)
    assert said["day"]["min"] == "2011-01-26"


def test_the_cut_into_chunks_changes_the_last_bits_at_most(mixed: pa.Table) -> None:
    one, other = profile(mixed, 50_000)["columns"], profile(mixed, 1_234)["columns"]
    for name in mixed.column_names:
        for key in ("type", "nulls", "distinct", "min", "max", "quantiles", "histogram"):
            assert one[name][key] == other[name][key]


def test_all_null() -> None:
    for type_ in (pa.float64(), pa.string(), pa.timestamp("s"), pa.bool_(), pa.null()):
        said = column([None] * 5, type_)
        assert (said["nulls"], said["distinct"], said["top"]) == (5, 0, [])
        assert [said[k] for k in ("mean", "std", "min", "max", "quantiles")] == [None] * 5


def test_one_row() -> None:
    said = column([4.5])
    assert (said["mean"], said["std"], said["min"], said["max"]) == (4.5, None, 4.5, 4.5)
    assert set(said["quantiles"].values()) == {4.5}
    assert said["histogram"]["counts"] == [1]


def test_what_is_not_finite_is_named() -> None:
    said = column([math.nan, math.inf, -math.inf, math.nan, 1.0, None])
    assert (said["nan"], said["infinite"], said["nulls"], said["distinct"]) == (2, 2, 1, 4)
    assert said["top"][0] == ["NaN", 2]
    assert ["Infinity", 1] in said["top"]
    assert (said["mean"], said["min"], said["max"]) == (1.0, 1.0, 1.0)


def test_many_values_with_infinities() -> None:
    said = column([*np.arange(10_000.0), math.inf, math.nan])
    assert (said["infinite"], said["nan"], said["max"]) == (1, 1, 9_999.0)
    assert said["mean"] == pytest.approx(4_999.5)


@pytest.mark.parametrize("rows", [2, 10_000])
def test_extreme_integers(rows: int) -> None:
    said = column([*range(rows), 2**63 - 1, -(2**63)])
    assert (said["min"], said["max"]) == (str(-(2**63)), str(2**63 - 1))
    assert column([2**53])["max"] == 2**53
    assert sum(said["histogram"]["counts"]) == rows + 2


@pytest.mark.parametrize("rows", [2, 10_000])
def test_extreme_floats(rows: int) -> None:
    said = column([*np.linspace(-1, 1, rows), 1e308, -1e308])
    assert (said["min"], said["max"]) == (-1e308, 1e308)
    assert abs(said["mean"]) < 1e308 * 1e-15
    assert sum(said["histogram"]["counts"]) == rows + 2


def test_words_of_all_sorts() -> None:
    said = column(["", "", "😀", "é", "e\u0301", None, "x" * 100_000])
    assert said["top"][0] == ["", 2]
    assert said["distinct"] == 5
    assert said["max"] == "😀"
    assert ["x" * 256 + "…", 1] in said["top"]


def test_a_million_different_values() -> None:
    numbers = pa.array(np.random.default_rng(1).permutation(1_000_000))
    table = pa.table({"id": numbers, "name": numbers.cast(pa.string())})
    for said in profile(table, 131_072)["columns"].values():
        assert said["distinct"] == pytest.approx(1_000_000, rel=said["distinct_error"])
        assert said["distinct_error"] <= 0.04
        assert said["top"] == []


def test_decimals_booleans_bytes_and_lists() -> None:
    assert column(pa.array([1, 3]).cast(pa.decimal128(30, 2)))["mean"] == 2.0
    flag = column([True, True, False, None])
    assert (flag["mean"], flag["top"], flag["min"]) == (
        pytest.approx(2 / 3),
        [[True, 2], [False, 1]],
        False,
    )
    raw = column([b"", b"abc", None])
    assert (raw["mean"], raw["max"], raw["distinct"]) == (1.5, 3, None)
    assert column([[1], None])["nulls"] == 1


def test_another_kind_of_column_is_refused() -> None:
    tally = ProfileTally((("x", "int64"),))
    with pytest.raises(SchemaMismatch, match="no column 'x'"):
        tally.add(tally.empty(), pa.record_batch({"y": [1]}))
    with pytest.raises(SchemaMismatch, match="holds no numbers"):
        tally.add(tally.empty(), pa.record_batch({"x": ["1"]}))
    with pytest.raises(SchemaMismatch, match="holds no strings"):
        ProfileTally((("x", "string"),)).add(
            ProfileTally((("x", "string"),)).empty(), pa.record_batch({"x": [1]})
        )
