"""A project in which a model has lived for a while: the place where documented commands run."""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

ROWS = 600
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def rueda_in() -> Command:
    """Runs `rueda WORDS` in a folder."""
    environment = {name: value for name, value in os.environ.items() if name != "RUEDA_HOME"}
    environment |= {"OMP_WAIT_POLICY": "passive", "COLUMNS": "120"}

    def run(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "rueda.cli.main", *words],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def lived(tmp_path_factory: pytest.TempPathFactory, rueda_in: Command) -> Path:
    """A folder with customers.csv, its lifecycle, one version, predictions and labels."""
    folder = tmp_path_factory.mktemp("docs") / "project"
    folder.mkdir()
    rows = write_customers(folder / "customers.csv")
    for words in (["init", "--data", "customers.csv", "--label", "left"], ["run"]):
        done = rueda_in(folder, *words)
        assert done.returncode == 0, done.stderr
    ids = ask(folder, rows[:250])
    with (folder / "labels.csv").open("w", newline="") as file:
        labels = [(name, row["left"]) for name, row in zip(ids, rows, strict=False)]
        csv.writer(file).writerows([("id", "value"), *labels])
    return folder


def write_customers(path: Path) -> list[dict[str, object]]:
    """A table of customers, of whom some left."""
    dice = random.Random(1)
    rows = []
    for number in range(ROWS):
        plan, calls = dice.choice(["small", "large"]), dice.randrange(9)
        spent = round(dice.gammavariate(2, 50), 2)
        left = spent + 12 * (plan == "large") - 6 * calls + dice.gauss(0, 40) < 60
        rows.append(
            {
                "customer_id": number,
                "plan": plan,
                "spent": spent,
                "calls": calls,
                "left": "yes" if left else "no",
            }
        )
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    return rows


def ask(folder: Path, rows: list[dict[str, object]]) -> list[str]:
    """The ids of the predictions that a server gives about ``rows``."""
    command = [sys.executable, "-m", "rueda.cli.main", "serve", "customers", "--port", "0"]
    with subprocess.Popen([*command, "--json"], cwd=folder, stdout=subprocess.PIPE) as server:
        try:
            assert server.stdout is not None
            address = json.loads(server.stdout.readline())["address"]
            wait_until_ready(address)
            features = [{n: row[n] for n in ("plan", "spent", "calls")} for row in rows]
            request = urllib.request.Request(
                f"{address}/v1/models/customers:predict",
                json.dumps({"instances": features}).encode(),
                {"Content-Type": "application/json"},
            )
            with urllib.request.urlopen(request, timeout=60) as answer:
                return [prediction["id"] for prediction in json.load(answer)["predictions"]]
        finally:
            server.terminate()


def wait_until_ready(address: str) -> None:
    """Return when the server at ``address`` has its model; fail after a minute."""
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/v2/health/ready", timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            time.sleep(0.1)
        else:
            return
    raise TimeoutError(address)
