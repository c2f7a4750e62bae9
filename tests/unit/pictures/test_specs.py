"""Every picture compiles, draws what it was given, and fits the look of the page."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import vl_convert

from rueda.kernel.errors import MissingExtra
from rueda.pictures.calibration import calibration_picture
from rueda.pictures.confusion import confusion_picture
from rueda.pictures.drift import drift_picture
from rueda.pictures.histogram import column_histogram
from rueda.pictures.intervals import metric_picture, slices_picture
from rueda.pictures.quality import quality_picture
from rueda.pictures.render import VEGA_LITE, png, svg
from rueda.pictures.roc import POINTS, roc_picture
from rueda.pictures.theme import Spec
from rueda.pictures.trials import trials_picture

from .lives import life, metric, profile, scorecard, window

CARD = scorecard()
COLUMNS = profile()["columns"]
BINS = COLUMNS["number"]["histogram"]["counts"]


def _quality() -> list[dict[str, Any]]:
    told = [{"window": window(n)["month"], "rows": 9, "event": "", **metric(0.7)} for n in (1, 2)]
    return [*told, {"window": "2013-03", "rows": 0, "event": "retrained", **metric(None)}]


def _drift() -> list[dict[str, Any]]:
    return [{"window": window(n)["month"], "drift": window(n)["drift"]} for n in (1, 3)]


# The picture, and how many marks of which kind must show.
PICTURES: dict[str, tuple[Spec, str, int]] = {
    **{
        f"histogram of {name}": (column_histogram(name, column, 500), "rect_bar", bars)
        for name, column, bars in (
            ("number", COLUMNS["number"], int(np.count_nonzero(BINS))),
            ("few", COLUMNS["few"], 5),
            ("moment", COLUMNS["moment"], 20),
            ("word", COLUMNS["word"], min(12, COLUMNS["word"]["distinct"])),
            ("flag", COLUMNS["flag"], 2),
            ("constant", COLUMNS["constant"], 1),
        )
    },
    "roc": (roc_picture(CARD["curves"]["roc"]), "line", 2),
    "calibration": (calibration_picture(CARD["curves"]["calibration"]), "symbol", 2),
    "calibration of a regression": (
        calibration_picture([{"said": 1.0, "true": 3.0, "rows": 4}] * 3), "symbol", 3,
    ),
    "confusion": (confusion_picture(CARD["curves"]["confusion"]), "rect", 4),
    "metric": (metric_picture("auc", metric(0.7), metric(0.5), metric(0.6)), "symbol", 3),
    "metric alone": (metric_picture("auc", metric(0.7)), "symbol", 1),
    "slices": (slices_picture(CARD["slices"], "roc_auc", 0.74), "symbol", 2),
    "drift": (drift_picture(_drift()), "rect", 2),
    "quality": (quality_picture(_quality(), "roc_auc", 0.74), "symbol", 2),
    "trials": (trials_picture(life().trials, "roc_auc", life().params), "symbol", 5),
}  # fmt: skip


def _marks(drawn: str, kind: str) -> int:
    """How many marks of ``kind`` an SVG shows, outside axes and legends."""
    groups = re.findall(r'<g class="mark-(\w+) role-mark[^"]*"[^>]*>(.*?)</g>', drawn, re.DOTALL)
    wanted = kind.partition("_")[0]
    paths = [path for name, inner in groups if name == wanted for path in _shapes(inner)]
    return len(paths)


def _shapes(inner: str) -> Iterator[str]:
    for path in re.findall(r'<path[^>]* d="([^"]*)"', inner):
        if "NaN" not in path and not re.search(r"h0v|v0h", path):
            yield path


@pytest.mark.parametrize("name", PICTURES)
def test_draws_what_it_was_given(name: str) -> None:
    spec, kind, number = PICTURES[name]
    assert _marks(svg(spec), kind) == number


@pytest.mark.parametrize("name", PICTURES)
def test_is_plain_json_with_words_and_without_colors(name: str) -> None:
    spec = PICTURES[name][0]
    text = json.dumps(spec, allow_nan=False)
    assert spec["description"]
    assert "#" not in text.replace("word = </script", ""), "colors belong to the theme"
    assert spec["width"] == "container"


@pytest.mark.parametrize("dark", [False, True])
def test_renders_to_png(dark: bool) -> None:
    content = png(PICTURES["roc"][0], width=320, scale=1, dark=dark)
    assert content.startswith(b"\x89PNG")


def test_a_long_curve_is_thinned_but_keeps_its_ends() -> None:
    points = roc_picture(CARD["curves"]["roc"])["layer"][1]["data"]["values"]
    assert len(points) <= POINTS + 1
    assert (points[0]["alarms"], points[-1]["alarms"]) == (0.0, 1.0)


def test_many_features_are_cut_to_the_farthest() -> None:
    told = {
        f"f{i}": {"measure": "js", "value": i / 100, "threshold": 0.5, "verdict": "no"}
        for i in range(50)
    }
    spec = drift_picture([{"window": "a", "drift": told}])
    assert {cell["feature"] for cell in spec["data"]["values"]} == {f"f{i}" for i in range(20, 50)}


def test_the_converter_knows_the_language() -> None:
    assert VEGA_LITE in vl_convert.get_vegalite_versions()


def test_without_the_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vl_convert", None)
    with pytest.raises(MissingExtra, match=r"rueda\[pictures\]"):
        svg(PICTURES["roc"][0])
