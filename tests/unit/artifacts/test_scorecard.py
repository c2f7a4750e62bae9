"""Scorecard: opened as it was written, and shown as a table."""

from __future__ import annotations

import pyarrow as pa
import pytest

from rueda.artifacts.scorecard import Scorecard, number_text, write_scorecard
from rueda.kernel.artifact import read_manifest
from rueda.kernel.digest import Json
from rueda.kernel.errors import NotCanonical
from rueda.kernel.seams import Store

HOLDOUT = pa.table({"row": [0, 1], "label": [True, False], "scores": [[0.1, 0.9], [0.8, 0.2]]})


def tree(value: float | None = 0.7) -> dict[str, Json]:
    metric = {"value": value, "low": 0.6, "high": 0.8}
    return {
        "task": "binary", "classes": [False, True], "primary": "roc_auc", "rows": 2,
        "measured": ["roc_auc", "brier"], "metrics": {"roc_auc": metric, "brier": metric},
        "baseline": {"roc_auc": metric, "brier": metric}, "slices": [], "gates": [],
        "fit": {"verdict": "sound", "sentence": "sound"}, "verdict": "yes",
        "sentence": "a <b>bold</b> claim", "curves": {}, "champion": None, "unknown_labels": 0,
    }  # fmt: skip


def test_what_is_written_is_read(store: Store) -> None:
    artifact = write_scorecard(store, tree(), HOLDOUT)
    card = Scorecard.open(store, artifact)
    assert card == Scorecard.open(store, artifact.digest)
    assert list(card.metrics) == ["roc_auc", "brier"]
    assert (card.verdict, card.rows, card.to_json()["unknown_labels"]) == ("yes", 2, 0)
    assert card.holdout.equals(HOLDOUT)
    assert read_manifest(store, artifact).meta["metrics"]["roc_auc"]["value"] == 0.7


def test_it_shows_itself_and_escapes_what_it_shows(store: Store) -> None:
    page = Scorecard.open(store, write_scorecard(store, tree(None), HOLDOUT))._repr_html_()
    assert "roc_auc" in page
    assert "–" in page
    assert "<b>" not in page


def test_nan_is_refused(store: Store) -> None:
    with pytest.raises(NotCanonical):
        write_scorecard(store, tree(float("nan")), HOLDOUT)


def test_numbers_have_four_digits() -> None:
    assert [number_text(x) for x in (0.123456, 12345.6, None)] == ["0.1235", "12,346", "–"]
