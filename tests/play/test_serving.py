"""A prediction request, end to end: trained, served, logged, labeled, rolled back."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from rueda.artifacts.predictions import read_labels, read_predictions, rows_of
from rueda.artifacts.release import Release
from rueda.kernel.home import open_home
from rueda.wheel.promotion import release_of

LIFECYCLE = """
import rueda as rd
from sklearn.ensemble import HistGradientBoostingClassifier
model = HistGradientBoostingClassifier(max_iter={trees})
lifecycle = rd.Lifecycle(
    name="late",
    extract=rd.Extract("flights.csv", label="late", key="id", time="when"),
    train=rd.Train(model),
    evaluate=rd.Evaluate(gates=[rd.AtLeast("roc_auc", 0.5)]),
)
"""


def write_flights(path: Path, rows: int) -> None:
    dice = random.Random(1)
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "when", "carrier", "miles", "temp", "late"])
        for i in range(rows):
            carrier, miles = dice.choice(["UA", "DL", "ÅÄ"]), dice.randrange(100, 3000)
            temp = "" if dice.random() < 0.1 else round(dice.gauss(15, 8), 2)
            late = dice.random() < (0.2 + 0.4 * (carrier == "UA") + miles / 10_000)
            when = f"2013-0{1 + i * 6 // rows}-{1 + i % 28:02d} {i % 24:02d}:00:00"
            writer.writerow([i, when, carrier, miles, temp, str(late).lower()])


class Served:
    """`rueda serve late` in the user's folder."""

    def __init__(self, folder: Path) -> None:
        environment = {k: v for k, v in os.environ.items() if k != "RUEDA_HOME"}
        command = [sys.executable, "-m", "rueda.cli.main", "serve", "late", "--port", "0", "--json"]
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout
        address = json.loads(self.process.stdout.readline())["address"]
        self.connection = HTTPConnection("127.0.0.1", int(address.rsplit(":", 1)[1]), timeout=30)
        while self.ask("GET", "/v2/health/ready")[0] != 200:
            time.sleep(0.02)

    def ask(self, method: str, path: str, tree: object = None) -> tuple[int, dict]:
        body = None if tree is None else json.dumps(tree)
        self.connection.request(method, path, body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        return answer.status, json.loads(answer.read())

    def predict(self, rows: list[dict]) -> list[dict]:
        status, answer = self.ask("POST", "/v1/models/late:predict", {"instances": rows})
        assert status == 200, answer
        return answer["predictions"]

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=20)
        assert self.process.stdout
        self.process.stdout.close()
        self.connection.close()
        return code


@pytest.fixture
def turned(folder: Path, rueda: Callable) -> Path:
    write_flights(folder / "flights.csv", 1200)
    (folder / "lifecycle.py").write_text(LIFECYCLE.format(trees=10))
    rueda("run")
    return folder


@pytest.fixture
def served(turned: Path) -> Iterator[Served]:
    running = Served(turned)
    yield running
    if running.process.poll() is None:
        running.end()


def requests(folder: Path, rows: int) -> list[dict]:
    """The first rows of the file as a client sends them."""
    with (folder / "flights.csv").open(newline="") as file:
        return [
            {
                "when": row["when"].replace(" ", "T"),
                "carrier": row["carrier"],
                "miles": int(row["miles"]),
                "temp": float(row["temp"]) if row["temp"] else None,
            }
            for _, row in zip(range(rows), csv.DictReader(file), strict=False)
        ]


def test_the_life_of_a_prediction(turned: Path, rueda: Callable, served: Served) -> None:
    rows = requests(turned, 300)
    online = served.predict(rows)
    home = open_home(turned / ".rueda")
    release = Release.open(home.store, release_of(home, "late"))

    # The same bits online, in a file and in code.
    rueda("predict", "late", "flights.csv", "out.jsonl", "--keep", "id")
    offline = [json.loads(x) for x in (turned / "out.jsonl").read_text().splitlines()[:300]]
    assert [a["score_true"] for a in offline] == [a["scores"]["true"] for a in online]
    assert [a["label"] for a in offline] == [a["label"] for a in online]
    logged = read_predictions(home.logs / "late", schema=release.signature.schema)
    assert logged["id"].to_pylist() == [a["id"] for a in online]
    batch = rows_of(logged).combine_chunks().to_batches()[0]
    assert release.score(batch)[:, 1].tolist() == [a["scores"]["true"] for a in online]
    assert logged["event_at"].to_pylist()[0].isoformat() == "2013-01-01T00:00:00+00:00"

    # One row refused refuses its batch, and names the place.
    broken = [*rows[:3], {**rows[3], "miles": "900"}]
    status, problem = served.ask("POST", "/predict", {"instances": broken})
    assert (status, problem["pointer"]) == (422, "/instances/3/miles")

    # Labels come later: over HTTP, and from a file.
    labels = [{"id": a["id"], "value": True} for a in online[:10]]
    assert served.ask("POST", "/v1/models/late:label", {"labels": labels})[1] == {"accepted": 10}
    with (turned / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("id", "value"), (online[10]["id"], "false")])
    assert rueda("label", "late", "labels.csv", "--json").json["accepted"] == 1
    assert read_labels(home.logs / "late")["value"].to_pylist() == [True] * 10 + [False]

    # A second turn, while a server answers, starts a canary; by hand it goes up and back.
    (turned / "lifecycle.py").write_text(LIFECYCLE.format(trees=20))
    rueda("run")
    assert rueda("live", "late", "--json").json["weights"] == {"late@1": 95, "late@2": 5}
    assert rueda("rollout", "late", "--json").json["action"] == "stayed"
    assert rueda("promote", "late", "2", "--json").json["champion"] == "late@2"
    assert wait_for(served, rows[:1], "late@2") < 1
    conflict = rueda("promote", "late", "2", "--expect", "1", "--json", code=None)
    assert conflict.code == 2
    assert "late@2" in conflict.json["error"]["got"]
    assert rueda("rollback", "late", "--why", "a test", "--json").json["champion"] == "late@1"
    assert wait_for(served, rows[:1], "late@1") < 1
    assert rueda("live", "late", "--json").json["why"] == "a test"

    # Running again turns nothing over: the rollback stands.
    rueda("run")
    assert rueda("live", "late", "--json").json["weights"] == {"late@1": 100}
    maps = Path(f"/proc/{served.process.pid}/maps").read_text()
    assert not [name for name in ("pandas", "polars", "sklearn", "scipy") if f"/{name}/" in maps]
    assert served.end() == 0


def wait_for(served: Served, rows: list[dict], version: str) -> float:
    """Seconds until a client sees ``version``."""
    start = time.perf_counter()
    while served.predict(rows)[0]["release"] != version:
        time.sleep(0.01)
    return time.perf_counter() - start


def test_mistakes_of_the_terminal(turned: Path, rueda: Callable) -> None:
    assert "nothing of 'nobody' is live" in rueda("serve", "nobody", code=2).err
    assert "can be reached" in rueda("serve", "late", "--host", "0.0.0.0", code=2).err
    assert "cannot listen" in rueda("serve", "late", "--host", "192.0.2.1",
                                    "--allow-host", "x", code=2).err  # fmt: skip
    assert "no file" in rueda("predict", "late", "nowhere.csv", "out.csv", code=2).err
    assert "nothing is called" in rueda("predict", "late@9", "flights.csv", "o.csv", code=2).err
    assert "no champion before" in rueda("rollback", "late", code=2).err
    assert "cannot be read" in rueda("live", "late", "--at", "yesterday", code=2).err
    assert "nothing of" in rueda("live", "late", "--at", "2013-01-01", code=2).err
    (turned / "broken.csv").write_text("when,carrier,miles,temp\n2013-01-01 00:00:00,UA,far,1\n")
    done = rueda("predict", "late", "broken.csv", "out.csv", "--json", code=3).json
    assert (done["predicted"], done["quarantined"]) == (0, 1)
