"""The code digest: it changes with what a stage's functions reach, and with nothing else."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from rueda.kernel.errors import NotCanonical
from rueda.kernel.stage import Stage
from rueda.wheel.fingerprint import stage_key

STAGE = Stage("train", 1, (), (), lambda spec, inputs, context: {})
Project = Callable[..., dict[str, Any]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """Write files (``a_in_b`` stands for ``a/b.py``), run ``lifecycle.py`` afresh, and give the
    parts of the key of its ``spec``.
    """
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def write(**files: str) -> dict[str, Any]:
        for name, text in files.items():
            path = tmp_path / (name.replace("_in_", "/") + ".py")
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        for name in set(sys.modules) - before:
            if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
                del sys.modules[name]
        importlib.invalidate_caches()
        module = load(tmp_path / "lifecycle.py")
        return stage_key(STAGE, module.spec, {}, tmp_path).parts

    yield write
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    sys.dont_write_bytecode, kept = True, sys.dont_write_bytecode
    spec.loader.exec_module(module)
    sys.dont_write_bytecode = kept
    return module


BASE = {
    "lifecycle": "from first import clean\nGATE = 0.68\nspec = {'f': clean}\n",
    "first": "import second\ndef clean(x):\n    return second.middle(x)\n"
    "def other(x):\n    return 1\n",
    "second": "from third import deep as bottom\ndef middle(x):\n    return bottom(x)\n",
    "third": "LIMIT = 3\nUNUSED = 4\ndef deep(x):\n    return x + LIMIT\n",
}


def test_reached_symbols_are_named(project: Project) -> None:
    assert {k for k in project(**BASE)["code"] if ":" in k} == {
        "first:clean",
        "first:second",
        "second:middle",
        "second:bottom",
        "third:deep",
        "third:LIMIT",
    }


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("third", "x + LIMIT", "x - LIMIT"),
        ("third", "LIMIT = 3", "LIMIT = 5"),
        ("third", "LIMIT = 3", "LIMIT = 3\nLIMIT += 1"),
        ("third", "UNUSED = 4", "globals()['LIMIT'] = 4 if LIMIT else 5"),
        ("second", "deep as bottom", "UNUSED as bottom"),
        ("first", "def clean(x):", "def clean(x, y=2):"),
        ("first", "def clean(x):", "@second.bottom\ndef clean(x):"),
        ("lifecycle", "'f'", "'g'"),
    ],
)
def test_what_is_reached_changes_the_key(project: Project, file: str, old: str, new: str) -> None:
    before = project(**BASE)
    if new.startswith("@"):
        BASE_THIRD = BASE["third"].replace("return x + LIMIT", "return x")
        before = project(**{**BASE, "third": BASE_THIRD})
        after = project(
            **{**BASE, "third": BASE_THIRD, file: BASE[file].replace(old, new)},
        )
    else:
        after = project(**{**BASE, file: BASE[file].replace(old, new)})
    assert after != before


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("third", "return x + LIMIT", "# why\n    return (x +\n            LIMIT)"),
        ("third", "def deep(x):\n", "\n\n\ndef deep(x):\n    '''What it does.'''\n"),
        ("third", "LIMIT = 3\nUNUSED = 4\n", "UNUSED = 4\nLIMIT = 3\n"),
        ("third", "UNUSED = 4", "UNUSED = 5"),
        ("third", "UNUSED = 4", "def unused(): return LIMIT"),
        ("third", "UNUSED = 4", "import json\njson.dumps({})"),
        ("first", "return 1", "return 2"),
        ("lifecycle", "GATE = 0.68", "GATE = 0.70"),
        ("lifecycle", "GATE = 0.68", "import rueda as rd\ngates = [clean]\n"),
    ],
)
def test_what_is_not_reached_does_not(project: Project, file: str, old: str, new: str) -> None:
    before = project(**BASE)
    assert project(**{**BASE, file: BASE[file].replace(old, new)}) == before


def changed(project: Project, files: dict[str, str], file: str, old: str, new: str) -> bool:
    before = project(**files)
    assert old in files[file]
    return bool(project(**{**files, file: files[file].replace(old, new)}) != before)


def test_a_gate_in_the_lifecycle_is_not_code_of_a_function_there(project: Project) -> None:
    files = {
        "lifecycle": "def clean(x):\n    return x\nlifecycle = dict(gate=0.68, f=clean)\n"
        "spec = lifecycle['f']\nif __name__ == '__main__':\n    print(lifecycle)\n"
    }
    assert not changed(project, files, "lifecycle", "0.68", "0.70")
    assert changed(project, files, "lifecycle", "return x", "return -x")


@pytest.mark.parametrize(
    "act",
    [
        "CONFIG.update(a={})",
        "CONFIG['a'] = {}",
        "CONFIG.a = {}",
        "for k in range({}):\n    CONFIG[k] = k",
        "if CONFIG:\n    CONFIG = {{'a': {}}}",
        "try:\n    CONFIG['a'] = {}\nexcept KeyError:\n    pass",
        "def fill():\n    CONFIG['a'] = {}\nfill(CONFIG) if CONFIG else fill()",
    ],
)
def test_statements_that_act_on_a_reached_global_count(project: Project, act: str) -> None:
    files = {
        "lifecycle": "from other import f\nspec = [f]\n",
        "other": "class Bag(dict): pass\nCONFIG = Bag()\n"
        + act.format(1)
        + "\ndef f():\n    return CONFIG\n",
    }
    assert changed(project, files, "other", act.format(1), act.format(2))


def test_a_method_changes_its_class(project: Project) -> None:
    files = {
        "lifecycle": "from shapes import Scale\nspec = Scale(2)\n",
        "shapes": "from dataclasses import dataclass\nfrom ground import Base\n"
        "@dataclass(frozen=True)\nclass Scale(Base):\n    by: int\n    def f(self): return 1\n",
        "ground": "class Base:\n    def g(self): return 1\n",
    }
    assert changed(project, files, "shapes", "return 1", "return 2")
    assert changed(project, files, "ground", "return 1", "return 2")
    assert changed(project, files, "lifecycle", "Scale(2)", "Scale(3)")


def test_bound_methods_of_values(project: Project) -> None:
    files = {
        "lifecycle": "from shapes import Scale\nspec = [Scale(2).f]\n",
        "shapes": "from dataclasses import dataclass\n"
        "@dataclass(frozen=True)\nclass Scale:\n    by: int\n    def f(self): return 1\n",
    }
    assert changed(project, files, "shapes", "return 1", "return 2")
    assert changed(project, files, "lifecycle", "Scale(2)", "Scale(3)")


def test_lambdas_are_told_apart_on_one_line(project: Project) -> None:
    files = {
        "lifecycle": "N = 1\nspec = {'a': lambda x: x + N, 'b': lambda x: x}; other = lambda: 5\n"
    }
    assert changed(project, files, "lifecycle", "x + N", "x - N")
    assert changed(project, files, "lifecycle", "N = 1", "N = 2")
    assert not changed(project, files, "lifecycle", "lambda: 5", "lambda: 6")
    assert not changed(project, files, "lifecycle", "lambda x: x + N", "lambda x: (x  + N)")


def test_closures_count_by_their_values(project: Project) -> None:
    files = {
        "lifecycle": "from make import above\nspec = above(3)\n",
        "make": "def above(n):\n    def f(x, y=n):\n        return x > n\n    return f\n",
    }
    assert changed(project, files, "lifecycle", "above(3)", "above(4)")
    assert changed(project, files, "make", "x > n", "x >= n")


def test_lambdas_of_one_function_are_told_apart(project: Project) -> None:
    files = {
        "lifecycle": "from make import pair\nspec = pair()[0]\n",
        "make": "def pair():\n    return (lambda x: 1), (lambda x: 2)\n",
    }
    assert changed(project, files, "lifecycle", "[0]", "[1]")


def test_a_closure_over_an_arbitrary_object_is_refused(project: Project) -> None:
    with pytest.raises(NotCanonical, match=r"train\.n cannot be part"):
        project(lifecycle="def make(n):\n    return lambda x: n\nspec = make(object())\n")


def test_partials_count_by_function_and_arguments(project: Project) -> None:
    files = {
        "lifecycle": "from functools import partial as p\nfrom other import f\n"
        "spec = p(f, 2, k=3)\n",
        "other": "def f(*a, **k):\n    return 1\n",
    }
    assert changed(project, files, "lifecycle", "2,", "4,")
    assert changed(project, files, "lifecycle", "k=3", "k=4")
    assert changed(project, files, "other", "return 1", "return 2")


def test_a_decorated_function_brings_its_decorator(project: Project) -> None:
    files = {
        "lifecycle": "from deco import twice\n@twice\ndef f(x):\n    return 1\nspec = f\n",
        "deco": "import functools\ndef twice(g):\n    @functools.wraps(g)\n"
        "    def inner(x):\n        return g(x) * 2\n    return inner\n",
    }
    assert changed(project, files, "lifecycle", "return 1", "return 3")
    assert changed(project, files, "deco", "* 2", "* 3")


PACKAGE = {
    "lifecycle": "import pkg.clean\nfrom pkg import shout\n"
    "spec = [shout, lambda x: pkg.clean.tidy(x)]\n",
    "pkg_in___init__": "from .voice import shout\nEXTRA = 1\n",
    "pkg_in_voice": "from . import clean as c\ndef shout(x):\n    return c.tidy(x) + 1\n"
    "def mute(): pass\n",
    "pkg_in_clean": "def tidy(x):\n    from .deep import at_last\n    return at_last(x)\n"
    "def no(): pass\n",
    "pkg_in_deep": "from .stars import *\ndef at_last(x):\n    return x + STAR\n",
    "pkg_in_stars": "STAR = 1\nMOON = 2\n",
}


@pytest.mark.parametrize(
    ("file", "old", "new", "reached"),
    [
        ("pkg_in_voice", "+ 1", "+ 2", True),
        ("pkg_in_voice", "pass", "return 1", False),
        ("pkg_in_clean", "return at_last(x)", "return 2", True),
        ("pkg_in_clean", "pass", "return 1", False),
        ("pkg_in_deep", "x + STAR", "x - STAR", True),
        ("pkg_in_stars", "STAR = 1", "STAR = 2", True),
        ("pkg_in_stars", "MOON = 2", "MOON = 3", False),
        ("pkg_in___init__", "EXTRA = 1", "EXTRA = 2", False),
    ],
)
def test_packages_relative_imports_and_stars(
    project: Project, file: str, old: str, new: str, reached: bool
) -> None:
    assert changed(project, PACKAGE, file, old, new) is reached


def test_a_module_used_as_a_value_is_reached_whole(project: Project) -> None:
    files = {
        "lifecycle": "import other\ndef f(n):\n    return getattr(other, n)\nspec = f\n",
        "other": "A = 1\n",
    }
    assert changed(project, files, "other", "A = 1", "A = 2")


def test_a_parameter_hides_the_global_of_its_name(project: Project) -> None:
    files = {"lifecycle": "x = 1\ny = 1\ndef f(x):\n    return [y for y in x]\nspec = f\n"}
    assert not changed(project, files, "lifecycle", "x = 1", "x = 2")
    assert not changed(project, files, "lifecycle", "\ny = 1", "\ny = 2")


def test_a_comprehension_hides_nothing_outside_itself(project: Project) -> None:
    files = {"lifecycle": "y = 1\ndef f(x):\n    return [y for y in x] + [y]\nspec = f\n"}
    assert changed(project, files, "lifecycle", "y = 1", "y = 2")


def test_libraries_used_by_reached_code_join_the_environment(project: Project) -> None:
    files = {
        "lifecycle": "import numpy as np\nimport polars\n"
        "def f(x):\n    return np.log(x)\nspec = f\n"
    }
    environment = project(**files)["environment"]
    assert "numpy" in environment
    assert "polars" not in environment, "imported, but not by what is reached"


def test_code_of_a_model_class_of_the_user_counts(project: Project) -> None:
    files = {
        "lifecycle": "from mine import Mine\nfrom sklearn.pipeline import make_pipeline\n"
        "spec = make_pipeline(Mine())\n",
        "mine": "from sklearn.base import BaseEstimator, ClassifierMixin\n"
        "class Mine(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, X, y):\n        return self\n",
    }
    assert changed(project, files, "mine", "return self", "return self or 1")


def test_a_file_that_does_not_parse_is_named(project: Project, tmp_path: Path) -> None:
    files = {
        "lifecycle": "def f():\n    import broken\n    broken.g()\nspec = f\n",
        "broken": "def (",
    }
    with pytest.raises(NotCanonical, match=r"broken\.py"):
        project(**files)


def test_functions_typed_at_a_prompt(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook's functions have no file: their cells are remembered by linecache."""
    import linecache

    def key(source: str) -> dict[str, Any]:
        main = ModuleType("__main__")
        monkeypatch.setitem(sys.modules, "__main__", main)
        lines = source.splitlines(keepends=True)
        linecache.cache["<cell 1>"] = (len(source), None, lines, "<cell 1>")
        exec(compile(source, "<cell 1>", "exec"), vars(main))
        return stage_key(STAGE, {"f": main.f}, {}, Path("/nowhere")).parts

    source = "N = 1\ndef g(x):\n    return x + N\ndef f(x):\n    return g(x)\n"
    before = key(source)
    assert key(source.replace("\n    return g", "  # comment\n    return g")) == before
    assert key(source.replace("N = 1", "N = 2")) != before
    assert key(source.replace("x + N", "x - N")) != before
    with pytest.raises(NotCanonical, match="N"):
        key(source.replace("N = 1", "N = object()"))
