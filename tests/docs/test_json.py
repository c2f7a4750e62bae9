"""What ``--json`` prints has the documented shape: every documented name is there, of its type."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import blocks

from rueda.cli.verbs import VERBS

SHAPES = {
    block.mark.removeprefix("shape: "): json.loads(block.body)
    for block in blocks("json", mark="shape: ")
}
COMMANDS = {
    "profile": ["profile", "customers.csv", "--label", "left"],
    "validate": ["validate", "customers.csv", "--schema", "schema.yaml"],
    "run": ["run"],
    "runs": ["runs"],
    "show version": ["show", "customers@1"],
    "show artifact": ["show", "DATASET"],
    "why": ["why", "train"],
    "models": ["models"],
    "live": ["live", "customers"],
    "promote": ["promote", "customers", "1"],
    "rollout": ["rollout", "customers"],
    "monitor": ["monitor"],
    "predict": ["predict", "customers", "customers.csv", "out.csv"],
    "label": ["label", "customers", "labels.csv"],
    "init": ["init", "elsewhere", "--data", "customers.csv", "--label", "left"],
    "report": ["report"],
    "fsck": ["fsck"],
    "plugins": ["plugins"],
    "doctor": ["doctor"],
    "error": ["show", "nobody@1"],
}


@pytest.mark.parametrize("shape", COMMANDS)
def test_the_documented_shape_is_printed(
    shape: str, lived: Path, rueda_in: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    words = COMMANDS[shape]
    if "DATASET" in words:
        shown = json.loads(rueda_in(lived, "show", "--json").stdout)
        words = ["show", shown["stages"][0]["outputs"]["dataset"]]
    done = rueda_in(lived, *words, "--json")
    printed = json.loads(done.stdout)
    assert not differences(SHAPES[shape], printed), printed
    assert (done.returncode == 0) == (shape != "error"), done.stderr


def test_every_command_has_a_shape() -> None:
    told = {word for shape in SHAPES for word in shape.split()}
    same = {"extract", "prepare", "train", "evaluate", "register", "deploy"} | {"rollback", "show"}
    assert set(VERBS) - told - same == set()
    assert set(SHAPES) - set(COMMANDS) == {"serve"}, "serve is checked by tests/play"


def test_a_renamed_or_retyped_name_is_found() -> None:
    shape = {"a": {"NAME": "…"}, "b": [{"c": 0}], "d": None}
    assert not differences(shape, {"a": {"x": "y"}, "b": [{"c": 1.5, "more": 1}], "d": 3})
    assert differences(shape, {"a": {"x": "y"}, "b": [{"see": 1}], "d": 3}) == ["b[0].c is absent"]
    assert differences(shape, {"a": {"x": 1}, "b": [], "d": 3}) == ["a.x is int, not str"]


def differences(shape: Any, value: Any, at: str = "") -> list[str]:
    """Where ``value`` lacks what ``shape`` promises."""
    if shape is None or value is None:
        return []
    if isinstance(shape, dict) and isinstance(value, dict):
        if len(shape) == 1 and next(iter(shape)).isupper():
            shape = dict.fromkeys(value, next(iter(shape.values())))
        absent = [f"{at}{name} is absent" for name in shape if name not in value]
        inner = [(name, shape[name], value[name]) for name in shape if name in value]
        return absent + [d for n, s, v in inner for d in differences(s, v, f"{at}{n}.")]
    if isinstance(shape, list) and isinstance(value, list):
        place = at.removesuffix(".")
        pairs = [(i, shape[0], v) for i, v in enumerate(value)] if shape else []
        return [d for i, s, v in pairs for d in differences(s, v, f"{place}[{i}].")]
    numbers = (int, float)
    same = isinstance(value, numbers if type(shape) in numbers else type(shape))
    kinds = f"is {type(value).__name__}, not {type(shape).__name__}"
    return [] if same else [f"{at.removesuffix('.')} {kinds}"]
