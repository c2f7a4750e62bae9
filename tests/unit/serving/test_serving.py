"""The inference server's application, called without sockets."""

from __future__ import annotations

import asyncio
import json
import random
import time
from pathlib import Path

import pytest
from tests.unit.serving.served import PREDICT, ROW, Served

from rueda.artifacts.predictions import account, read_failures, read_labels, read_predictions
from rueda.artifacts.version import standing
from rueda.kernel.home import Home
from rueda.kernel.record import Note
from rueda.serving.application import Application
from rueda.serving.endpoint import Endpoint
from rueda.serving.follow import REFUSED, Follower
from rueda.serving.log import PredictionLog
from rueda.serving.meter import Meter
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import promote


def test_before_a_release_is_loaded_it_says_so(served: Served) -> None:
    assert served.ask("/v2/health/live", method="GET")[0] == 200
    assert served.ask("/v2/health/ready", method="GET")[0] == 503
    status, headers, problem = served.ask(tree={"instances": [ROW]})
    assert (status, headers["retry-after"]) == (503, "1")
    assert "still loading" in problem["got"]


def test_an_answer_carries_label_scores_id_and_release(ready: Served) -> None:
    status, headers, answer = ready.ask(tree={"instances": [ROW, ROW]})
    assert status == 200
    first, second = answer["predictions"]
    assert first["label"] is False
    assert first["scores"] == {"false": 0.75, "true": 0.25}
    assert first["release"] == "m@1" == headers["rueda-release"]
    assert first["id"] != second["id"]
    assert headers["rueda-prediction-id"] == first["id"]
    ready.endpoint.close()
    table = read_predictions(ready.home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    assert table["id"].to_pylist() == [first["id"], second["id"]]
    assert table["event_at"].to_pylist()[0].isoformat() == "2013-07-01T05:00:00+00:00"
    assert table["row"].to_pylist()[0]["x"] == 1.5


def test_the_routes_of_vertex_and_of_open_inference(ready: Served) -> None:
    assert ready.ask("/predict", {"instances": [ROW], "parameters": {}})[0] == 200
    assert ready.ask("/health", method="GET")[0] == 200
    assert ready.ask("/v2/models/m/ready", method="GET")[0] == 200
    described = ready.ask("/v2/models/m", method="GET")[2]
    assert described["versions"] == ["1"]
    assert [f["name"] for f in described["signature"]["inputs"]] == ["x", "k", "t"]
    assert ready.ask("/v2", method="GET")[2]["models"] == ["m"]


@pytest.mark.parametrize(
    ("path", "method", "status"),
    [
        ("/nowhere", "GET", 404),
        ("/v1/models/other:predict", "POST", 404),
        ("/v1/models/m:explode", "POST", 404),
        (PREDICT, "GET", 405),
        (PREDICT, "TRACE", 405),
        ("/metrics", "POST", 405),
        ("/v1/models/../etc/passwd:predict", "POST", 404),
    ],
)
def test_what_is_not_there(ready: Served, path: str, method: str, status: int) -> None:
    found, headers, problem = ready.ask(path, method=method, body=b"{}")
    assert (found, headers["content-type"]) == (status, "application/problem+json")
    assert problem["status"] == status


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        (b"{", 400, "malformed-json", ""),
        (b"[]", 422, "wrong-type", ""),
        (b"{}", 422, "missing-member", "/instances"),
        (b'{"instances":[],"x":1}', 422, "extra-member", "/x"),
        (b'{"instances":[]}', 422, "no-rows", "/instances"),
        (b'{"instances":[{"x":NaN,"k":null,"t":null}]}', 422, "non-finite", "/instances/0/x"),
        (b'{"instances":[{"x":1e999,"k":null,"t":null}]}', 422, "non-finite", "/instances/0/x"),
        (b'{"instances":[{"x":1,"x":1,"k":"","t":null}]}', 400, "duplicate-key", "/instances/0/x"),
        (b'{"instances":[{"x":"1","k":"","t":null}]}', 422, "wrong-type", "/instances/0/x"),
        (b'{"instances":[{"k":"","t":null}]}', 422, "missing-column", "/instances/0/x"),
    ],
)
def test_bad_input_is_refused_with_its_place(
    ready: Served, body: bytes, status: int, code: str, pointer: str
) -> None:
    found, headers, problem = ready.ask(body=body)
    assert (found, problem["code"], problem["pointer"]) == (status, code, pointer)
    assert headers["content-type"] == "application/problem+json"
    assert account(ready.home.logs / "m").predictions == 0


def test_a_batch_with_one_bad_row_is_refused_whole(ready: Served) -> None:
    status, _, problem = ready.ask(tree={"instances": [ROW] * 50 + [{**ROW, "x": True}]})
    assert (status, problem["pointer"]) == (422, "/instances/50/x")
    assert account(ready.home.logs / "m").predictions == 0


def test_a_large_body_is_refused_unread(ready: Served) -> None:
    status, headers, _ = ready.ask(body=b"x", content_length=str(10**9))
    assert (status, headers["connection"], ready.reads) == (413, "close", 0)
    chunks = [b" " * 2**20] * 100
    assert asyncio.run(ready.call(PREDICT, "POST", chunks, {}))[0] == 413
    assert ready.reads == 5


@pytest.mark.parametrize(
    "headers", [{"content_type": "text/plain"}, {"content_encoding": "gzip"}, {"content_type": ""}]
)
def test_only_plain_json_is_read(ready: Served, headers: dict) -> None:
    assert ready.ask(body=b"{}", **headers)[0] == 415


@pytest.mark.parametrize(
    "host",
    ["", "evil.example", "evil.example:8080", "127.0.0.1", "localhost", "127.0.0.1:80",
     "127.0.0.1:8080.evil.example", "0.0.0.0:8080", "[::]:8080", "127.1:8080", "2130706433:8080"],
)  # fmt: skip
@pytest.mark.parametrize("path", [PREDICT, "/metrics", "/v2/health/ready"])
def test_foreign_hosts_are_not_answered(ready: Served, host: str, path: str) -> None:
    assert ready.ask(path, host=host)[0] == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec_fetch_site": "cross-site"},
    ],
)
def test_pages_of_other_sites_are_not_answered(ready: Served, headers: dict) -> None:
    assert ready.ask(tree={"instances": [ROW]}, **headers)[0] == 403


def test_random_bytes_never_give_5xx(ready: Served) -> None:
    dice = random.Random(1)
    good = json.dumps({"instances": [ROW, {**ROW, "k": 'ü\\ " \u2028'}]}).encode()
    for _ in range(1500):
        body = bytearray(good)
        for _ in range(dice.randrange(1, 4)):
            place = dice.randrange(len(body))
            cut = dice.randrange(place, min(len(body), place + 6))
            body[place:cut] = dice.choice(
                [b"", b"\x00", b"\xff", b'"', b"{", b"[", b"NaN", b"1e999", b"-", b"\\ud800", b","]
            )
        status, _, answer = ready.ask(body=bytes(body))
        assert status in (200, 400, 422), (bytes(body), answer)


def test_labels_are_kept_by_id_and_checked(ready: Served) -> None:
    path = "/v1/models/m:label"
    assert ready.ask(path, {"labels": [{"id": "p", "value": True}]})[2] == {"accepted": 1}
    for value in (1, "true", None, [True]):
        status, _, problem = ready.ask(path, {"labels": [{"id": "p", "value": value}]})
        assert (status, problem["pointer"]) == (422, "/labels/0/value")
    for labels in ({}, [], [{}], [{"id": 5, "value": True}]):
        assert ready.ask(path, {"labels": labels})[0] == 422
    assert read_labels(ready.home.logs / "m")["value"].to_pylist() == [True]


def test_metrics_are_prometheus_text(ready: Served) -> None:
    ready.predict()
    text = ready.ask("/metrics", method="GET")[2]
    assert 'rueda_predictions_total{release="m@1"} 1' in text
    assert 'rueda_requests_total{route="predict",protocol="v1",code="200"} 1' in text
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(float(line.rpartition(" ")[2]) >= 0 for line in samples)


def test_a_poisoned_stable_release_gives_an_error_not_null(served: Served) -> None:
    served.release(0.5, fault="nan")
    promote(served.home, "m", "1", actor="test")
    served.endpoint.follower.look()
    status, _, problem = served.ask(tree={"instances": [ROW]})
    assert (status, problem["title"]) == (500, "NotFinite")


@pytest.mark.parametrize(
    ("fault", "reason"), [("nan", "non-finite"), ("raise", "exception"), ("hang", "late")]
)
def test_a_failing_candidate_is_answered_by_the_stable_release(
    served: Served, fault: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    sleep = time.sleep  # The hanging thread must end with the test.
    monkeypatch.setattr(time, "sleep", lambda s: sleep(min(s, 0.5)))
    served.live(served.release(0.25), served.release(0.75, fault=fault), 90)
    start = time.perf_counter()
    for _ in range(4):
        (answer,) = served.predict()
        assert (answer["release"], answer["scores"]["true"]) == ("m@1", 0.25)
    assert time.perf_counter() - start < 1
    served.endpoint.close()
    failures = read_failures(served.home.logs / "m")
    assert failures.num_rows >= 2
    assert set(failures["reason"].to_pylist()) <= {reason, "busy"}
    assert account(served.home.logs / "m").predictions == 4


def test_traffic_is_split_by_weight_and_whole_requests_go_one_way(served: Served) -> None:
    served.live(served.release(0.25), served.release(0.75), 30)
    heads = [served.predict(ROW, ROW, ROW) for _ in range(300)]
    assert all(len({a["release"] for a in answers}) == 1 for answers in heads)
    share = sum(answers[0]["release"] == "m@2" for answers in heads) / 300
    assert 0.2 < share < 0.4


def test_a_sticky_column_keeps_its_release_as_the_share_grows(served: Served) -> None:
    stable, candidate = served.release(0.25), served.release(0.75)
    rows = [{**ROW, "k": str(i)} for i in range(200)]
    seen: set[str] = set()
    for percent in (10, 40, 80):
        served.live(stable, candidate, percent, sticky="k")
        answers = served.predict(*rows)
        assert [a["release"] for a in served.predict(*rows)] == [a["release"] for a in answers]
        for answer in answers:
            assert answer["scores"]["true"] == {"m@1": 0.25, "m@2": 0.75}[answer["release"]]
        moved = {r["k"] for r, a in zip(rows, answers, strict=True) if a["release"] == "m@2"}
        assert seen <= moved
        assert abs(len(moved) / 2 - percent) < 15
        seen = moved


def test_a_release_that_fails_its_golden_sample_never_replaces_one_that_answers(
    ready: Served,
) -> None:
    ready.release(0.75, fault="golden")
    promote(ready.home, "m", "2", actor="test")
    assert not ready.endpoint.follower.look()
    assert ready.predict()[0]["release"] == "m@1"
    assert "golden" in ready.ask("/v2/models/m", method="GET")[2]["refused"]["reason"]
    (note,) = ready.home.ledger.find(Note, kind=REFUSED, subject="m")
    assert note.body["traffic"] == standing(ready.home.ledger, "m@live")
    promote(ready.home, "m", "1", actor="test")
    ready.endpoint.follower.look()
    assert ready.ask("/v2/models/m", method="GET")[2]["refused"] is None


def test_it_keeps_serving_while_the_ledger_is_away(
    ready: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise OSError("away")

    monkeypatch.setattr("rueda.serving.follow.standing", away)
    ready.endpoint.follower.start()
    time.sleep(0.3)
    assert ready.predict()[0]["release"] == "m@1"
    assert ready.endpoint.follower.missed_looks >= 2
    monkeypatch.undo()


def test_a_draining_server_is_not_ready_and_sends_its_clients_away(ready: Served) -> None:
    ready.app.drain()
    assert ready.ask("/v2/health/ready", method="GET")[0] == 503
    status, headers, _ = ready.ask(tree={"instances": [ROW]})
    assert (status, headers["connection"]) == (200, "close")


@pytest.mark.parametrize(("refuse", "status"), [(False, 200), (True, 503)])
def test_a_full_log_disk_counts_or_refuses(
    home: Home, monkeypatch: pytest.MonkeyPatch, refuse: bool, status: int
) -> None:
    follower = Follower(home, "m", "m@live", lambda d: MarkedRelease.open(home.store, d))
    log = PredictionLog(home.logs / "m", refuse=refuse)
    meter = Meter()
    endpoint = Endpoint(follower, log, home.logs / "m", meter)
    served = Served(home, endpoint, Application({"m": endpoint}, meter, None))
    served.release(0.25)
    promote(home, "m", "1", actor="test")
    follower.look()

    def full(file: int, content: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("rueda.artifacts.segment.os.write", full)
        assert served.ask(tree={"instances": [ROW, ROW]})[0] == status
    assert (log.counts.submitted, log.counts.logged, log.counts.unlogged) == (2, 0, 2)
    assert served.ask(tree={"instances": [ROW]})[0] == 200
    endpoint.close()
    found = account(home.logs / "m")
    assert (found.predictions, found.unlogged) == (1, 2)


def test_durable_answers_wait_for_their_fsync(home: Home, tmp_path: Path) -> None:
    log = PredictionLog(tmp_path, durable=True)
    synced: list[float] = []
    real = log._segment.sync

    def slow() -> int:
        time.sleep(0.2)
        reached = real()
        synced.append(time.perf_counter())
        return reached

    log._segment.sync = slow  # type: ignore[method-assign]

    async def one() -> float:
        await log.settled(log.keep([{"id": "p"}]))
        return time.perf_counter()

    assert asyncio.run(one()) > synced[0]
    log.close()
