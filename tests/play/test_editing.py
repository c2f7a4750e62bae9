"""What a user edits decides what runs again: no more, and no less."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

LIFECYCLE = """
from helpers import make_model

import rueda as rd

lifecycle = rd.Lifecycle(
    name="edited",
    extract=rd.Extract("x.csv", label="y", schema="schema.yaml"),
    train=rd.Train(make_model()),
    evaluate=rd.Evaluate(metrics=["roc_auc"], gates=[rd.AtLeast("roc_auc", 0.55)]),
)
"""

HELPERS = '''
"""Where the model comes from."""
from sklearn.ensemble import HistGradientBoostingClassifier


def make_model():
    return HistGradientBoostingClassifier(max_iter=10)
'''


@pytest.fixture
def project(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000)
    y = (x + rng.normal(size=1000) > 0).astype(int)
    pa.csv.write_csv(pa.table({"x": x, "z": rng.normal(size=1000), "y": y}), folder / "x.csv")
    (folder / "lifecycle.py").write_text(LIFECYCLE)
    (folder / "helpers.py").write_text(HELPERS)
    return folder


def states(told: dict) -> list[str]:
    return [stage["state"] for stage in told["stages"]]


RAN, REUSED = "ran", "reused"


def test_the_shape_that_machines_read(project: Path, rueda: Callable) -> None:
    told = rueda("run", "--json").json
    names = ["extract", "prepare", "train", "evaluate", "register", "deploy", "monitor"]
    assert [stage["stage"] for stage in told["stages"]] == names
    for stage in told["stages"]:
        assert {"stage", "state", "key", "outputs", "seconds"} <= set(stage)
        assert all(len(digest) == 64 for digest in stage["outputs"].values())
    assert {"run", "lifecycle", "stages", "release", "gate"} <= set(told)
    assert told["lifecycle"] == "edited"
    assert set(told["gate"]) == {"verdict", "sentence"}
    assert told["release"] == told["stages"][4]["outputs"]["release"]


def test_editing_decides_what_runs(project: Path, rueda: Callable) -> None:
    assert states(rueda("run", "--json").json) == [RAN] * 7
    assert (project / "schema.yaml").exists()
    assert states(rueda("run", "--json").json) == [REUSED] * 7

    os.utime(project / "x.csv")
    assert states(rueda("run", "--json").json) == [REUSED] * 7, "touching a file re-runs nothing"

    commented = LIFECYCLE.replace("import rueda as rd", "import rueda as rd  # the platform")
    (project / "lifecycle.py").write_text("# A comment.\n" + commented)
    (project / "helpers.py").write_text(
        HELPERS.replace("(max_iter=10)", "(\n        max_iter=10\n    )")
    )
    assert states(rueda("run", "--json").json) == [REUSED] * 7, "comments and layout re-run nothing"

    (project / "lifecycle.py").write_text(LIFECYCLE.replace("0.55", "0.56"))
    told = rueda("run", "--json").json
    assert states(told)[:4] == [REUSED] * 3 + [RAN], "a gate re-runs evaluate and what follows"
    why = rueda("why", "evaluate", "--json").json
    assert any("0.55" in sentence and "0.56" in sentence for sentence in why["differences"])

    (project / "helpers.py").write_text(HELPERS.replace("max_iter=10", "max_iter=12"))
    assert states(rueda("run", "--json").json)[:4] == [REUSED, REUSED, RAN, RAN]

    with (project / "x.csv").open("a") as lines:
        lines.write("0.1,0.2,1\n")
    assert states(rueda("run", "--json").json)[0] == RAN


def test_fresh_runs_what_is_known(project: Path, rueda: Callable) -> None:
    rueda("run")
    told = rueda("run", "--fresh", "train", "--json").json
    assert states(told) == [REUSED, REUSED, RAN, REUSED, REUSED, REUSED, REUSED], "same bits again"
    assert states(rueda("run", "--fresh", "--json").json)[:4] == [RAN] * 4


def test_one_verb_a_stage(project: Path, rueda: Callable) -> None:
    told = rueda("prepare", "--json").json
    assert states(told) == [RAN, RAN] + ["skipped"] * 5
    told = rueda("evaluate", "--json").json
    assert states(told) == [REUSED, REUSED, RAN, RAN] + ["skipped"] * 3


def test_a_user_function_that_raises_shows_its_own_traceback(
    project: Path, rueda: Callable
) -> None:
    broken = HELPERS.replace("    return Hist", "    limit = {}['depth']\n    return Hist")
    (project / "helpers.py").write_text(broken)
    told = rueda("run", code=2)
    assert "limit = {}['depth']" in told.err
    assert "KeyError" in told.err
    assert "do:" in told.err
    assert "site-packages" not in told.err.split("UserCodeError")[0]


def test_a_turn_that_reuses_all_loads_nothing_to_work_with(project: Path, rueda: Callable) -> None:
    rueda("run")
    command = [sys.executable, "-X", "importtime", "-m", "rueda.cli.main", "run", "--json"]
    told = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    assert states(json.loads(told.stdout)) == [REUSED] * 7
    loaded = {line.rpartition("|")[2].strip() for line in told.stderr.splitlines()}
    assert "rueda.wheel.turn" in loaded
    assert not loaded & {"skops.io", "skl2onnx", "onnxruntime", "polars", "duckdb", "optuna"}


def test_a_training_function_that_raises_shows_its_own_line(project: Path, rueda: Callable) -> None:
    (project / "helpers.py").write_text(
        "def train(matrix, label):\n    return 1 / len(label[:0])\n"
    )
    text = LIFECYCLE.replace("make_model()", "train").replace("make_model", "train")
    (project / "lifecycle.py").write_text(text)
    told = rueda("run", code=2)
    assert "return 1 / len(label[:0])" in told.err
    assert "ZeroDivisionError" in told.err
    assert "rueda train --debug" in told.err
    assert "rueda/wheel" not in told.err, "no frame of ours"


def test_quiet_when_piped_and_json_on_standard_output_alone(project: Path, rueda: Callable) -> None:
    told = rueda("run", "--json")
    assert told.json
    assert told.err == ""
    assert "\x1b" not in rueda("run").out
