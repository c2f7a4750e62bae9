"""The terminal as a new user meets it: init, run, the listings, and mistakes."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest

from rueda.cli.verbs import VERBS


@pytest.fixture
def customers(folder: Path) -> Path:
    rng = np.random.default_rng(0)
    rows = 1200
    spent = rng.gamma(2, 50, rows)
    left = np.where(spent + rng.normal(0, 40, rows) < 60, "yes", "no")
    table = pa.table(
        {
            "customer_id": np.arange(rows),
            "plan": rng.choice(["small", "large"], rows),
            "spent": spent,
            "left": left,
        }
    )
    pa.csv.write_csv(table, folder / "customers.csv")
    return folder


def test_from_a_file_to_a_registered_model(customers: Path, rueda: Callable) -> None:
    said = rueda("init", "--data", "customers.csv", "--label", "left").out
    assert "next: rueda run" in said
    written = (customers / "lifecycle.py").read_text()
    assert 'key="customer_id"' in written
    assert "HistGradientBoostingClassifier" in written
    rueda("run")
    models = rueda("models", "--json").json["models"]
    assert [m["version"] for m in models] == ["customers@1"]
    assert "champion" in models[0]["aliases"]
    assert rueda("runs", "--json").json["runs"][0]["state"] == "succeeded"
    live = rueda("live", "customers", "--json").json
    assert "customers@1" in json.dumps(live)
    shown = rueda("show", "customers@champion", "--json").json
    assert shown["version"] == "customers@1"
    assert {"value", "low", "high"} <= set(shown["metrics"]["log_loss"])
    assert (
        "# " in rueda("show", "customers@1").out or "customers" in rueda("show", "customers@1").out
    )
    assert rueda("fsck", "--json").json["sound"]


def test_init_refuses_to_overwrite_and_offers_the_right_column(
    customers: Path, rueda: Callable
) -> None:
    told = rueda("init", "--data", "customers.csv", "--label", "lefd", code=2)
    assert "did you mean 'left'" in told.err
    assert not (customers / "lifecycle.py").exists()
    rueda("init", "--data", "customers.csv", "--label", "left")
    before = (customers / "lifecycle.py").read_text()
    told = rueda("init", "--data", "customers.csv", "--label", "plan", code=2)
    assert "--force" in told.err
    assert (customers / "lifecycle.py").read_text() == before


def test_every_verb_has_help(rueda: Callable) -> None:
    overview = rueda("--help").out
    for verb in VERBS:
        assert f" {verb} " in overview
        assert "usage: rueda " + verb in rueda(verb, "--help").out


def test_an_unknown_command_offers_the_right_one(rueda: Callable) -> None:
    assert "did you mean 'models'" in rueda("model", code=2).err


def test_a_wrong_command_line_is_told_like_any_mistake(rueda: Callable) -> None:
    told = rueda("why", "trian", "--json", code=2)
    assert "did you mean 'train'?" in told.json["error"]["do"]
    assert told.json["error"]["expected"].startswith("rueda why")
    assert "required: --data, --label" in rueda("init", code=2).err
    assert "unrecognized arguments: --jsn" in rueda("run", "--jsn", code=2).err


def test_no_lifecycle_here(rueda: Callable) -> None:
    told = rueda("run", code=2)
    assert "there is no lifecycle.py" in told.err
    assert "rueda init" in told.err


def test_a_misspelled_name_in_the_file(folder: Path, rueda: Callable) -> None:
    (folder / "lifecycle.py").write_text("import rueda as rd\nlifecycle = rd.Lifecycel()\n")
    assert "did you mean 'Lifecycle'" in rueda("run", code=2).err
    (folder / "lifecycle.py").write_text("import rueda as rd\nrd.Extract('x.csv', lable='y')\n")
    told = rueda("run", code=2)
    assert "Extract has no argument 'lable'" in told.err
    assert "line 2" in told.err
    assert "did you mean 'label'?" in told.err
    assert "Traceback" not in told.err
    (folder / "lifecycle.py").write_text("import rueda as rd\nrd.Lifecycle('x')\n")
    told = rueda("run", code=2)
    assert "Lifecycle lacks 'extract' and 'train'" in told.err
    assert "Lifecycle(name=…, extract=…, train=…)" in told.err
    (folder / "lifecycle.py").write_text(
        "from sklearn.linear_model import Ridge\nmodel = Ridge(alfa=2)\n"
    )
    assert "did you mean 'alpha'?" in rueda("run", code=2).err


def test_json_errors_are_one_object(rueda: Callable) -> None:
    told = rueda("run", "--json", code=2)
    assert told.json["error"]["title"] == "MissingInput"


def test_plugins_and_doctor(rueda: Callable) -> None:
    found = rueda("plugins", "--json").json["plugins"]
    assert {"store", "ledger", "engine", "source", "trainer"} <= {p["seam"] for p in found}
    checks = rueda("doctor", "--json").json["checks"]
    assert all(check["ok"] for check in checks), checks


@pytest.mark.skipif(
    os.getuid() == 0, reason="root may write everywhere; F5 covers read-only mounts"
)
def test_a_folder_that_cannot_be_written(customers: Path, rueda: Callable) -> None:
    rueda("init", "--data", "customers.csv", "--label", "left")
    customers.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        told = rueda("run", code=1)
    finally:
        customers.chmod(stat.S_IRWXU)
    assert "cannot be written" in told.err


def test_ctrl_c_ends_within_a_second_and_is_recorded(customers: Path, rueda: Callable) -> None:
    rueda("init", "--data", "customers.csv", "--label", "left")
    text = (customers / "lifecycle.py").read_text()
    text = text.replace(
        "HistGradientBoostingClassifier())",
        "HistGradientBoostingClassifier(max_iter=100000, early_stopping=False))",
    )
    (customers / "lifecycle.py").write_text(text)
    process = subprocess.Popen(
        [sys.executable, "-m", "rueda.cli.main", "run"],
        cwd=customers,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while "train" not in _running(rueda) and time.monotonic() < deadline:
        time.sleep(0.3)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    began = time.monotonic()
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130, err
    assert time.monotonic() - began < 5, "a loaded machine is slow, but not this slow"
    assert "interrupted" in err
    assert "Traceback" not in err
    assert rueda("runs", "--json").json["runs"][0]["state"] == "cancelled"


def _running(rueda: Callable) -> list[str]:
    shown = rueda("show", "--json", code=None)
    if shown.code != 0:
        return []
    return [s["stage"] for s in shown.json["stages"] if s["state"] == "running"]
