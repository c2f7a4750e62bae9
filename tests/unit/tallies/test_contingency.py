"""Contingency keeps the laws, and says what scikit-learn says; one that breaks a law is found."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import mutual_info_score, roc_auc_score

from rueda.kernel.tally import State, reduce_pairwise
from rueda.tallies.code import MOST
from rueda.tallies.contingency import Contingency
from rueda.testing.tally import check_tally

ROWS = 4_000
FEATURES = ("number", "group", "flag", "many", "moment", "nothing")


@pytest.fixture
def rows() -> pa.RecordBatch:
    dice = np.random.default_rng(1)
    label = dice.random(ROWS) < 0.3
    number = dice.normal(size=ROWS) + label
    number[::50] = np.nan
    group = np.where(dice.random(ROWS) < 0.5, "a", np.where(label, "é", ""))
    day = dt.datetime(2024, 1, 1)
    return pa.RecordBatch.from_pydict(
        {
            "number": pa.array([*number[:-1], None]),
            "group": pa.array([None, *group[1:]]),
            "flag": pa.array(dice.random(ROWS) < 0.5),
            "many": pa.array([f"t{place % 2000}" for place in range(ROWS)]),
            "moment": pa.array([day if place % 3 else None for place in range(ROWS)]),
            "nothing": pa.nulls(ROWS),
            "label": pa.array([None if place % 40 == 7 else x for place, x in enumerate(label)]),
            "word": pa.array(np.where(label, "yes", "no")),
            "amount": pa.array(number.round(3) * 100),
        }
    )


def parts(rows: pa.RecordBatch) -> list[pa.RecordBatch]:
    return [rows.slice(0, 5), rows.slice(5, 0), rows.slice(5, 1500), rows.slice(1505)]


@pytest.mark.parametrize("label", ["label", "word", "amount", "many", "nothing", "moment"])
def test_laws(rows: pa.RecordBatch, label: str) -> None:
    features = tuple(name for name in FEATURES if name != label)
    check_tally(lambda: Contingency(features, label), parts(rows))


class Forgets(Contingency):
    """Takes the left side for all there is."""

    def merge(self, left: State, right: State) -> State:
        return left if any(part["counts"].sum() for part in left.values()) else right


def test_a_tally_that_breaks_a_law_is_found(rows: pa.RecordBatch) -> None:
    with pytest.raises(AssertionError):
        check_tally(lambda: Forgets(("number", "flag"), "label"), parts(rows))


def test_categories_say_what_scikit_learn_says(rows: pa.RecordBatch) -> None:
    found = answers(rows, "word")["group"]
    texts = ["<none>", *rows["group"].to_pylist()[1:]]
    words = rows["word"].to_pylist()
    shared = mutual_info_score(texts, words)
    whole = mutual_info_score(words, words)
    chance = (len(set(texts)) - 1) / (2 * ROWS)
    assert found["explained"] == pytest.approx((shared - chance) / whole, rel=1e-9)


def test_the_order_of_numbers_says_what_scikit_learn_says(rows: pa.RecordBatch) -> None:
    table = rows.to_pandas()
    known = table["number"].notna()
    auc = roc_auc_score(table["word"][known] == "yes", table["number"][known])
    # Numbers are known to 6 %, so that some order is lost.
    assert answers(rows, "word")["number"]["auc"] == pytest.approx(auc, abs=0.005)


def test_a_quantity_is_explained_by_its_variance() -> None:
    dice = np.random.default_rng(2)
    cause = dice.integers(0, 10, ROWS)
    amount = cause + dice.normal(size=ROWS) + 50
    rows = pa.RecordBatch.from_pydict({"cause": cause, "chance": dice.random(ROWS), "y": amount})
    found = Contingency(("cause", "chance"), "y")
    result = found.result(found.add(found.empty(), rows))
    groups = [amount[cause == value] for value in range(10)]
    within = sum(((group - group.mean()) ** 2).sum() for group in groups)
    share = 1 - within / ((amount - amount.mean()) ** 2).sum()
    assert result["cause"]["explained"] == pytest.approx(share, abs=0.03)
    assert result["chance"]["explained"] < 0.02


def test_what_is_missing_together_is_counted(rows: pa.RecordBatch) -> None:
    found = answers(rows, "label")
    table = rows.to_pandas()
    for name in FEATURES:
        missing, unlabeled = table[name].isna(), table["label"].isna()
        assert found[name]["missing"] == missing.sum()
        assert found[name]["label_missing"] == unlabeled.sum()
        assert found[name]["both_missing"] == (missing & unlabeled).sum()


def test_chance_explains_nothing_however_many_the_values() -> None:
    dice = np.random.default_rng(3)
    values = [f"v{n}" for n in dice.integers(0, MOST - 24, ROWS)]
    rows = pa.RecordBatch.from_pydict({"x": values, "y": dice.random(ROWS) < 0.5})
    tally = Contingency(("x",), "y")
    assert tally.result(tally.add(tally.empty(), rows))["x"]["explained"] < 0.1


def test_no_rows_explain_nothing(rows: pa.RecordBatch) -> None:
    found = answers(rows.slice(0, 0), "label")
    assert all(column["explained"] is None for column in found.values())


def answers(rows: pa.RecordBatch, label: str) -> dict:
    tally = Contingency(FEATURES, label)
    states = [tally.add(tally.empty(), part) for part in parts(rows)]
    return tally.result(reduce_pairwise(tally, states))
