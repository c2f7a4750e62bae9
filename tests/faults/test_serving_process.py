"""A real server under load: swaps, rollbacks, SIGTERM, kill -9; counted to the request."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import pytest

from rueda.artifacts.deployment import Deployment, Guard
from rueda.artifacts.predictions import account, read_predictions
from rueda.artifacts.version import standing
from rueda.kernel.home import Home
from rueda.kernel.record import RefMove
from rueda.server.rollout import advance
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import apply_deployment, promote, register_version, rollback

ROW = {"x": 1.5, "k": "a", "t": "2013-07-01T05:00:00Z"}
MARKS = {"m@1": 0.25, "m@2": 0.75}


def register(home: Home, mark: float, **meta) -> None:
    release = MarkedRelease.write(home.store, "m", mark, **meta)
    register_version(home, release, actor="test", why="")


class Server:
    """A server process for the model ``m`` of ``home``."""

    def __init__(self, home: Home, *modes: str) -> None:
        command = [sys.executable, "-m", "rueda.testing.marked", str(home.folder), "m", *modes]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout
        self.port = int(self.process.stdout.readline().rsplit(":", 1)[1])
        while self.get("/v2/health/ready") != 200:
            time.sleep(0.02)

    def get(self, path: str) -> int:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", path)
        status = connection.getresponse().status
        connection.close()
        return status

    def end(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        code = self.process.wait(timeout=20)
        assert self.process.stdout
        self.process.stdout.close()
        return code


@dataclass
class Load:
    """Clients that ask without pause, each on its own connection, until they are told to go
    elsewhere or their connection breaks; counts what was lost.
    """

    port: int
    rows: int = 1
    clients: int = 4
    seen: Counter = field(default_factory=Counter)
    ids: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    mixed: list[object] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> Load:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._all()))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _all(self) -> None:
        await asyncio.gather(*(self._client() for _ in range(self.clients)))

    async def _client(self) -> None:
        body = json.dumps({"instances": [ROW] * self.rows}).encode()
        head = (
            f"POST /v1/models/m:predict HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        ).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        while not self._stop.is_set():
            try:
                writer.write(head + body)
                answer = await reader.readuntil(b"\r\n\r\n")
                length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                content = await reader.readexactly(length)
            except (OSError, asyncio.IncompleteReadError) as error:
                self.failed.append(repr(error))
                break
            self._count(answer, content)
            if b"connection: close" in answer.lower():
                break
            await asyncio.sleep(0.002)
        writer.close()

    def _count(self, head: bytes, content: bytes) -> None:
        if not head.startswith(b"HTTP/1.1 200"):
            self.failed.append(content.decode())
            return
        predictions = json.loads(content)["predictions"]
        releases = {p["release"] for p in predictions}
        header = head.split(b"rueda-release: ")[1].split(b"\r\n")[0].decode()
        right = all(p["scores"]["true"] == MARKS[p["release"]] for p in predictions)
        if len(releases) != 1 or {header} != releases or not right:
            self.mixed.append(content)
        self.seen[header] += 1
        self.ids.extend(p["id"] for p in predictions)


@pytest.fixture
def two(home: Home) -> Home:
    """A home with m@1 (live) and m@2, whose answers show which of them gave them."""
    for mark in MARKS.values():
        register(home, mark)
    promote(home, "m", "1", actor="test")
    return home


@pytest.fixture
def server(two: Home) -> Iterator[Server]:
    running = Server(two)
    yield running
    running.end(signal.SIGKILL)


def visible(load: Load, version: str) -> float:
    """Seconds until clients see ``version``."""
    start, before = time.perf_counter(), load.seen[version]
    while load.seen[version] == before:
        assert time.perf_counter() - start < 5
        time.sleep(0.002)
    return time.perf_counter() - start


def test_swaps_under_load_lose_no_request_and_mix_no_answer(two: Home, server: Server) -> None:
    slowest = 0.0
    with Load(server.port, rows=5) as load:
        visible(load, "m@1")
        for number in range(20):
            version = "21"[number % 2]
            promote(two, "m", version, actor="test")
            slowest = max(slowest, visible(load, f"m@{version}"))
        rollback(two, "m", actor="test")
        slowest = max(slowest, visible(load, "m@2"))
    assert load.failed == []
    assert load.mixed == []
    assert min(load.seen["m@1"], load.seen["m@2"]) > 50
    assert slowest <= 1.0
    assert server.end() == 0
    logged = read_predictions(two.logs / "m")["id"].to_pylist()
    assert sorted(logged) == sorted(load.ids)


def test_the_load_would_notice_a_mixed_answer() -> None:
    load = Load(0)
    mixed = [
        {"id": "a", "release": "m@1", "scores": {"true": 0.25}},
        {"id": "b", "release": "m@2", "scores": {"true": 0.25}},
    ]
    load._count(
        b"HTTP/1.1 200 OK\r\nrueda-release: m@1\r\n", json.dumps({"predictions": mixed}).encode()
    )
    assert len(load.mixed) == 1


def test_sigterm_drains_without_a_failed_request(two: Home, server: Server) -> None:
    with Load(server.port, clients=8) as load:
        visible(load, "m@1")
        time.sleep(0.3)
        start = time.perf_counter()
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert server.get("/v2/health/ready") == 503
        assert server.process.wait(timeout=10) == 0
        assert time.perf_counter() - start < 5
    assert load.failed == []
    assert sorted(read_predictions(two.logs / "m")["id"].to_pylist()) == sorted(load.ids)


def test_a_second_sigterm_ends_it_within_a_second(server: Server) -> None:
    server.process.send_signal(signal.SIGTERM)
    time.sleep(0.1)
    start = time.perf_counter()
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(timeout=10) == 0
    assert time.perf_counter() - start < 1


@pytest.mark.parametrize("modes", [(), ("durable",)])
def test_kill_loses_no_logged_row_and_logs_none_twice(two: Home, modes: tuple[str, ...]) -> None:
    acknowledged: list[str] = []
    for _ in range(4):
        running = Server(two, *modes)
        with Load(running.port, rows=3) as load:
            visible(load, "m@1")
            time.sleep(0.3)
            running.end(signal.SIGKILL)
        assert len(load.failed) <= load.clients
        acknowledged += load.ids
    logged = read_predictions(two.logs / "m")["id"].to_pylist()
    assert len(set(logged)) == len(logged)
    assert set(acknowledged) <= set(logged)
    # Logged and not acknowledged: at most what was in flight.
    assert len(logged) - len(acknowledged) <= 4 * 4 * 3
    assert account(two.logs / "m").unlogged == 0


def canary(home: Home, **candidate) -> None:
    register(home, 0.75, **candidate)
    wish = Deployment(
        "m", "promote", _version(home, 2), (20, 100), "good", guard=Guard(minimum=50, shift=0.9)
    )
    assert apply_deployment(home, wish.write(home.store), actor="test").action == "canary"


def _version(home: Home, number: int):
    return standing(home.ledger, f"m@{number}")


def roll(home: Home) -> str:
    """Look at the rollout until it ends; how it ended."""
    for _ in range(200):
        step = advance(home, "m")
        if step.action in ("promoted", "rolled-back"):
            return step.action
        time.sleep(0.1)
    raise AssertionError(step)


@pytest.fixture
def one(home: Home) -> Home:
    register(home, 0.25)
    promote(home, "m", "1", actor="test")
    return home


def test_a_healthy_candidate_becomes_champion(one: Home) -> None:
    running = Server(one)
    try:
        with Load(running.port) as load:
            visible(load, "m@1")
            canary(one)
            assert roll(one) == "promoted"
            visible(load, "m@2")
    finally:
        running.end(signal.SIGKILL)
    assert (load.failed, load.mixed) == ([], [])
    assert standing(one.ledger, "m@champion") == _version(one, 2)


@pytest.mark.parametrize("fault", ["nan", "raise", "hang"])
def test_a_poisoned_candidate_is_rolled_back_and_no_user_notices(one: Home, fault: str) -> None:
    running = Server(one)
    try:
        with Load(running.port) as load:
            visible(load, "m@1")
            canary(one, fault=fault)
            start = time.perf_counter()
            assert roll(one) == "rolled-back"
            assert time.perf_counter() - start < 10
            time.sleep(0.3)
    finally:
        running.end(signal.SIGKILL)
    assert (load.failed, load.mixed) == ([], [])
    assert set(load.seen) == {"m@1"}
    assert standing(one.ledger, "m@champion") == _version(one, 1)
    assert "failed" in one.ledger.find(RefMove, limit=1, name="m@live")[0].why


def test_a_server_that_is_killed_during_a_canary_comes_back_to_the_same_weights(one: Home) -> None:
    running = Server(one)
    canary(one)
    running.end(signal.SIGKILL)
    again = Server(one)
    try:
        with Load(again.port) as load:
            visible(load, "m@1")
            visible(load, "m@2")
            assert roll(one) == "promoted"
    finally:
        again.end(signal.SIGKILL)
    assert load.failed == []


def test_the_serving_path_loads_no_dataframe_and_no_trainer(two: Home, tmp_path: Path) -> None:
    script = """
import sys
from rueda.serving import process
from rueda.testing import marked
import rueda.cli.serve
import asyncio, json
from pathlib import Path
from rueda.kernel.home import open_home
from rueda.serving.endpoint import Endpoint
from rueda.serving.follow import Follower
from rueda.serving.http import Request
from rueda.serving.lightness import without_pandas
from rueda.serving.log import PredictionLog
from rueda.serving.meter import Meter
from rueda.serving.protocols.v1 import V1
without_pandas()
home = open_home(Path(sys.argv[1]))
follower = Follower(home, "m", "m@live", lambda d: marked.MarkedRelease.open(home.store, d))
follower.look()
endpoint = Endpoint(follower, PredictionLog(home.logs / "m"), home.logs / "m", Meter())
body = json.dumps({"instances": [json.loads(sys.argv[2])] * 200}).encode()
async def receive():
    return {"type": "http.request", "body": body}
request = Request("POST", "/", {b"content-type": b"application/json"}, receive)
assert asyncio.run(endpoint.predict(V1, request)).status == 200
endpoint.close()
heavy = {"pandas", "polars", "sklearn", "scipy", "skl2onnx", "duckdb", "optuna", "rich"}
print(sorted(heavy & set(sys.modules)))
"""
    command = [sys.executable, "-c", script, str(two.folder), json.dumps(ROW)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
