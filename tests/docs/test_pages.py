"""The pages and the code say the same: links, words, seams, errors, promises, docstrings."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from tests.docs.pages import PAGES, ROOT

import rueda
from rueda.cli.verbs import STAGE_VERBS, VERBS
from rueda.kernel import errors
from rueda.kernel.plugins import SEAMS
from rueda.lifecycle import STAGE_NAMES

SOURCE = ROOT / "src" / "rueda"
ERRORS = [
    thing
    for thing in vars(errors).values()
    if inspect.isclass(thing) and issubclass(thing, errors.RuedaError)
]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if not link.startswith(("http://", "https://", "#")):
            target = page.parent / link.partition("#")[0]
            assert target.exists(), f"{link} leads nowhere"


def test_every_stage_has_a_page() -> None:
    for stage in STAGE_NAMES:
        page = ROOT / "docs" / "how-to" / f"{stage}.md"
        assert f"rd.{stage.capitalize()}(" in page.read_text(encoding="utf-8")
    assert set(STAGE_VERBS) < set(STAGE_NAMES)


def test_every_seam_has_its_section() -> None:
    page = (ROOT / "docs" / "how-to" / "write-your-own.md").read_text(encoding="utf-8")
    for seam in SEAMS:
        assert f"\n## {seam.capitalize()}\n" in page
        assert f"check_{seam}(" in page, "each block is held to the laws"


def test_every_error_has_its_advice() -> None:
    page = (ROOT / "docs" / "how-to" / "troubleshooting.md").read_text(encoding="utf-8")
    advised = set(re.findall(r"^\| `(\w+)` \|", page, re.M))
    assert advised == {error.__name__ for error in ERRORS} - {"RuedaError"}
    picture = inspect.cleandoc((errors.__doc__ or "").split("::", 1)[1])
    assert picture.strip() in page, "the tree is drawn as in the code"


def test_the_words_of_the_glossary_are_in_the_code() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    words = re.findall(r"\*\*([A-Za-z ]+?)\*\*", page)
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCE.rglob("*.py")).lower()
    assert len(words) > 12
    assert not [word for word in words if word.lower() not in code]


def test_promises_name_tests_that_exist() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 40
    for path, test in named:
        text = (ROOT / path).read_text(encoding="utf-8")
        assert not test or f"def {test}(" in text, f"{path} has no {test}"
    for variable in re.findall(r"`(RUEDA_\w+)", page):
        texts = (path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.py"))
        assert any(variable in text for text in texts), variable


def test_every_fault_that_is_promised_has_its_row() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    for fault in (1, 2, 3, 4, 6, 7, 8, 10, 11, 16, 17):
        assert f"| F{fault} |" in page


@pytest.mark.parametrize("name", rueda.__all__)
def test_public_names_are_documented(name: str) -> None:
    thing = getattr(rueda, name)
    assert inspect.getdoc(thing), name
    fields = [f for f in getattr(thing, "__dataclass_fields__", {}) if not f.startswith("_")]
    text = inspect.getdoc(thing) or ""
    if "Parameters\n---" in text:
        assert not [field for field in fields if not re.search(rf"\b{field}\b", text)]


def modules_with_examples() -> list[str]:
    """The modules of Rueda in which an example stands; adapters of absent extras are skipped."""
    found = []
    for module in pkgutil.walk_packages(rueda.__path__, "rueda."):
        path = SOURCE.parent / Path(*module.name.split("."))
        file = path / "__init__.py" if module.ispkg else path.with_suffix(".py")
        if ">>> " in file.read_text(encoding="utf-8"):
            found.append(module.name)
    return found


@pytest.mark.parametrize("name", modules_with_examples())
def test_examples_in_docstrings_run(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    module: ModuleType = importlib.import_module(name)
    failed, tried = doctest.testmod(module)
    assert tried
    assert not failed


def test_the_reference_is_written_from_the_code(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "docs" / "reference.py", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    python = (tmp_path / "python.md").read_text(encoding="utf-8")
    assert not [name for name in rueda.__all__ if f"## rd.{name}\n" not in python]
    commands = (tmp_path / "commands.md").read_text(encoding="utf-8")
    assert not [verb for verb in VERBS if f"## rueda {verb}\n" not in commands]
    tree = (tmp_path / "errors.md").read_text(encoding="utf-8")
    assert not [error for error in ERRORS if f"| `{error.__name__}` |" not in tree]


def test_the_picture_of_the_readme_can_be_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "docs"))
    pictures = importlib.import_module("pictures")
    month = {
        "month": "2013-05",
        "predictions": 3000,
        "labeled": 2931,
        "drift": {"temp": {"verdict": "yes"}},
        "quality": {"roc_auc": {"value": 0.731, "low": 0.708, "high": 0.753}},
        "alarms": [{"sentence": "temp drifted"}],
        "rollout": [],
        "turn": None,
    }
    svg = pictures.draw([month])
    assert "temp&#160;drifted" in svg
    assert "url(http" not in svg, "it loads nothing from elsewhere"
