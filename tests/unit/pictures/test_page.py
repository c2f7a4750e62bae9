"""A page is one file: nothing is fetched, no text becomes markup, only its own scripts run."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import json
import re
import sys
from pathlib import Path

import pytest

from rueda.pictures import page
from rueda.pictures.markup import badge, lines, measured_text, number_text, text_of
from rueda.pictures.page import NO_PICTURES, Beside, Fold, Picture, Section, Table, Tiles
from rueda.pictures.report import Life, life_sections, lifecycle_report, window_name
from rueda.pictures.theme import picture

from .lives import NASTY, life, metric, scorecard


class Outline(html.parser.HTMLParser):
    """What a browser would see: elements, attributes, and the content of scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.words += data


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> str:
    path = lifecycle_report(life(), tmp_path_factory.mktemp("report") / "report.html")
    return path.read_text(encoding="utf-8")


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """The extra is not installed."""
    page._bundle.cache_clear()
    monkeypatch.setitem(sys.modules, "vl_convert", None)


@pytest.fixture(autouse=True)
def _forget(request: pytest.FixtureRequest) -> object:
    yield
    if "bare" in request.fixturenames:
        page._bundle.cache_clear()


def test_nothing_is_fetched(whole: str) -> None:
    seen = Outline(whole)
    allowed = {"meta", "script", "style", "a", "html", "svg", "div", "link", "img", "iframe"}
    for tag, attributes in seen.tags:
        assert tag not in {"link", "img", "iframe", "object", "embed"} & allowed
        assert "src" not in attributes
        assert not attributes.get("href") or str(attributes["href"]).startswith("#")


def test_no_text_becomes_markup(whole: str) -> None:
    seen = Outline(whole)
    assert not [tag for tag, attributes in seen.tags if "onerror" in attributes]
    assert seen.words.count(NASTY) >= 6, "title, alarm, gate, lineage, decision, column"


def test_only_its_own_scripts_may_run(whole: str) -> None:
    seen = Outline(whole)
    kinds = [a.get("type") for tag, a in seen.tags if tag == "script"]
    (policy,) = [a["content"] for tag, a in seen.tags if a.get("http-equiv")]
    assert policy is not None
    assert "unsafe-eval" not in policy
    assert policy.startswith("default-src 'none'")
    allowed = set(re.findall(r"'sha256-([^']+)'", policy))
    runs = [s for s, kind in zip(seen.scripts, kinds, strict=True) if kind != "application/json"]
    digests = {base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in runs}
    assert digests == allowed
    assert len(runs) == 2


def test_every_picture_has_its_numbers_in_the_page(whole: str) -> None:
    seen = Outline(whole)
    ids = [a["id"] for tag, a in seen.tags if tag == "script" and "id" in a]
    named = [a["data-picture"] for tag, a in seen.tags if "data-picture" in a]
    assert ids == ["look", *named]
    for script in seen.scripts[: len(ids)]:
        json.loads(script)


def test_all_sections_are_there_and_listed(whole: str) -> None:
    titles = re.findall(r"<h2>(\w+)</h2>", whole)
    assert titles == [
        "Summary", "Data", "Model", "Slices", "Drift", "Quality", "Lineage", "Decisions",
    ]  # fmt: skip
    anchors = re.findall(r'href="#(s\d)"', whole)
    assert anchors == [f"s{n}" for n in range(8)]
    assert all(f'<section id="{anchor}">' in whole for anchor in anchors)


def test_the_same_life_gives_the_same_bytes(whole: str, tmp_path: Path) -> None:
    again = lifecycle_report(life(), tmp_path / "report.html")
    assert again.read_text(encoding="utf-8") == whole
    assert list(tmp_path.iterdir()) == [again], "no draft is left"


@pytest.mark.usefixtures("bare")
def test_without_the_extra_the_tables_stand_alone(tmp_path: Path) -> None:
    text = lifecycle_report(life(), tmp_path / "report.html").read_text(encoding="utf-8")
    seen = Outline(text)
    assert NO_PICTURES in seen.words
    assert "data-picture" not in text
    assert "0.74" in seen.words
    assert not [a for tag, a in seen.tags if tag == "script" and a.get("type") is None]
    assert len(text) < 60_000


@pytest.mark.parametrize(
    ("given", "titles"),
    [
        (Life("x"), []),
        (Life("x", scorecard=scorecard()), ["Summary", "Model", "Slices"]),
        (Life("x", windows=[{"start": "2026-01-01T00:00:00Z", "predictions": 3, "labeled": 0}]),
         ["Summary"]),
    ],
)  # fmt: skip
def test_what_is_not_known_is_left_out(given: Life, titles: list[str]) -> None:
    assert [section.title for section in life_sections(given)] == titles


@pytest.mark.parametrize(
    ("start", "end", "name"),
    [
        ("2013-05-01", "2013-06-01", "2013-05"),
        ("2013-12-01", "2014-01-01", "2013-12"),
        ("2013-05-01", "2013-05-08", "2013-05-01"),
        ("2013-05-15", "2013-06-15", "2013-05-15"),
    ],
)
def test_a_window_is_called_by_its_month(start: str, end: str, name: str) -> None:
    told = {"start": f"{start}T00:00:00.000000Z", "end": f"{end}T00:00:00.000000Z"}
    assert window_name(told) == name


def test_a_regression_has_no_roc_curve() -> None:
    card = scorecard() | {"primary": "rmse", "metrics": {"rmse": metric(3.0)}, "slices": []}
    card["curves"] = {"calibration": [{"said": 1.0, "true": 2.0, "rows": 5}]}
    (_, model) = life_sections(Life("x", scorecard=card))
    assert isinstance(model.blocks[2], Beside)
    assert len(model.blocks[2].blocks) == 1


def test_blocks() -> None:
    spec = picture("t", "words")
    text = page.page_html(
        "<t>",
        [
            Section(
                "s",
                [
                    "a & b",
                    Tiles([(12_345, "rows")]),
                    Fold("<more>", [Picture(spec, Table(("n",), [(1.5,)], caption="<c>"))]),
                    Table(("a", "b"), [("x", 1), (None, None)]),
                ],
                lead="<lead>",
            )
        ],
    )
    for shown in ("a &amp; b", "12,345", "&lt;more&gt;", "&lt;c&gt;", "&lt;lead&gt;"):
        assert shown in text
    assert '<td class="number">1.5</td>' in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"), (0.74213, "0.7421"), (12.6391, "12.64"), (2013.0, "2013"),
        (1.23456e-9, "1.23e-09"), (123456.7, "123,457"), (-3.5, "-3.5"), (2e12, "2e+12"),
        (999.95, "1000"),
    ],
)  # fmt: skip
def test_numbers_as_people_read_them(value: float, text: str) -> None:
    assert number_text(value) == text


def test_cells() -> None:
    assert text_of(None) == '<span class="none">–</span>'
    assert text_of(True) == "yes"
    assert text_of(9_999) == "9999"
    assert text_of("<") == "&lt;"
    assert 'class="badge good"' in badge("yes").html
    assert lines([]) is None
    assert measured_text(0.74, 0.728, 0.752) == "0.740 (0.728 to 0.752)"
    assert measured_text(1500.0, 1400.0, 1600.0) == "1500 (1400 to 1600)"
    assert measured_text(0.74, None, None) == "0.74"
