"""The protocols: one model, asked in each of them, says the same."""

from __future__ import annotations

import csv
import io
import json
import random
import struct

import numpy as np
import pytest
from tests.unit.serving.served import ROW, Served

from rueda.artifacts.predictions import account, read_predictions
from rueda.testing.marked import MarkedRelease

LIST = list(ROW.values())
NAMES = list(ROW)
PLACE = "/v1/projects/p/locations/europe-west4/endpoints/m"
INFER = "/v2/models/m/infer"
TYPES = {"x": "FP64", "k": "BYTES", "t": "BYTES"}


def tensors(*rows: dict) -> dict:
    return {
        "inputs": [
            {"name": n, "shape": [len(rows)], "datatype": d, "data": [row[n] for row in rows]}
            for n, d in TYPES.items()
        ]
    }


def changed(position: int, **members: object) -> dict:
    tree = tensors(ROW, ROW)
    tree["inputs"][position] |= members
    return tree


QUESTIONS = [
    ("v1", "/v1/models/m:predict", {"instances": [ROW]}),
    ("v1", "/v1/models/m:predict", {"instances": [LIST]}),
    ("v1", "/v1/models/m:predict", {"instances": [ROW], "parameters": None}),
    ("container", "/predict", {"instances": [ROW]}),
    ("vertex", PLACE + ":predict", {"instances": [ROW]}),
    ("vertex", PLACE + ":rawPredict", {"instances": [ROW]}),
    ("mlflow", "/invocations", {"dataframe_records": [ROW]}),
    ("mlflow", "/invocations", {"dataframe_split": {"columns": NAMES, "data": [LIST]}}),
    ("mlflow", "/invocations",
     {"dataframe_split": {"columns": NAMES[::-1], "index": [0], "data": [LIST[::-1]]}}),
    ("mlflow", "/invocations", {"instances": [ROW], "params": {}}),
    ("mlflow", "/invocations", {"inputs": {n: [v] for n, v in ROW.items()}}),
    ("mlflow", "/invocations", {"inputs": [ROW]}),
]  # fmt: skip


@pytest.mark.parametrize(("protocol", "path", "tree"), QUESTIONS)
def test_rows_in_any_form_get_the_same_answer(
    ready: Served, protocol: str, path: str, tree: dict
) -> None:
    status, headers, answer = ready.ask(path, tree)
    assert status == 200, answer
    (said,) = answer["predictions"]
    assert said["scores"] == {"false": 0.75, "true": 0.25}
    assert headers["rueda-release"] == said["release"] == "m@1"
    assert headers["rueda-prediction-id"] == said["id"]
    metrics = ready.ask("/metrics", method="GET")[2]
    assert f'{{route="predict",protocol="{protocol}",code="200"}} 1' in metrics
    ready.endpoint.close()
    logged = read_predictions(ready.home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    assert logged["id"].to_pylist() == [said["id"]]
    assert logged["row"].to_pylist()[0]["x"] == 1.5


def test_csv_is_read_by_the_signature(ready: Served) -> None:
    body = io.StringIO()
    csv.writer(body).writerows([["k", "t", "x"], ["1", ROW["t"], "2"], ["", "", ""]])
    content = body.getvalue().encode()
    status, _, answer = ready.ask("/invocations", body=content, content_type="text/csv")
    assert (status, len(answer["predictions"])) == (200, 2)
    ready.endpoint.close()
    logged = read_predictions(ready.home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    first, second = logged["row"].to_pylist()
    assert (first["x"], first["k"]) == (2.0, "1")
    assert second == {"x": None, "k": None, "t": None}


REFUSED = [
    ("/v1/models/m:predict", {"instances": [LIST, LIST[:2]]}, "ragged-row", "/instances/1"),
    ("/v1/models/m:predict", {"instances": [LIST, ROW]}, "ragged-row", "/instances/1"),
    ("/v1/models/m:predict", {"instances": [["1", "a", None]]}, "wrong-type", "/instances/0/0"),
    ("/v1/models/m:predict", {"instances": [ROW], "parameters": {"a": 1}}, "unknown-parameter",
     "/parameters/a"),
    (PLACE + ":predict", {"instances": [{**ROW, "x": True}]}, "wrong-type", "/instances/0/x"),
    ("/invocations", {}, "missing-member", ""),
    ("/invocations", {"inputs": [ROW], "instances": [ROW]}, "extra-member", ""),
    ("/invocations", {"rows": [ROW]}, "extra-member", "/rows"),
    ("/invocations", {"instances": [ROW], "params": {"a": 1}}, "unknown-parameter", "/params/a"),
    ("/invocations", {"dataframe_records": [{**ROW, "x": "1"}]}, "wrong-type",
     "/dataframe_records/0/x"),
    ("/invocations", {"dataframe_split": {"columns": ["x", "k", "k"], "data": []}},
     "duplicate-column", "/dataframe_split/columns/2"),
    ("/invocations", {"dataframe_split": {"columns": ["k", "t"], "data": []}}, "missing-column",
     "/dataframe_split/columns"),
    ("/invocations", {"dataframe_split": {"columns": NAMES[::-1], "data": [LIST]}}, "wrong-type",
     "/dataframe_split/data/0/2"),
    ("/invocations", {"dataframe_split": {"columns": NAMES, "data": []}}, "no-rows",
     "/dataframe_split/data"),
    ("/invocations", {"inputs": {"x": [1], "k": ["a"], "t": []}}, "wrong-length", "/inputs/t"),
    ("/invocations", {"inputs": {"x": [1], "k": ["a"], "t": 5}}, "wrong-type", "/inputs/t"),
    ("/invocations", {"inputs": {"x": [1, "1"], "k": ["a"] * 2, "t": [None] * 2}}, "wrong-type",
     "/inputs/x/1"),
    (INFER, {}, "missing-member", "/inputs"),
    (INFER, {"inputs": []}, "missing-column", "/inputs"),
    (INFER, {**tensors(ROW), "id": 5}, "wrong-type", "/id"),
    (INFER, {**tensors(ROW), "model": "m"}, "extra-member", "/model"),
    (INFER, {**tensors(ROW), "model_name": "n"}, "wrong-model", "/model_name"),
    (INFER, {"inputs": tensors(ROW)["inputs"][:2]}, "missing-column", "/inputs"),
    (INFER, {"inputs": [*tensors(ROW)["inputs"], tensors(ROW)["inputs"][0]]}, "duplicate-column",
     "/inputs/3/name"),
    (INFER, changed(0, name="y"), "extra-column", "/inputs/0/name"),
    (INFER, changed(0, datatype="FP32"), "wrong-datatype", "/inputs/0/datatype"),
    (INFER, changed(0, shape=[2, 1]), "wrong-shape", "/inputs/0/shape"),
    (INFER, changed(0, shape=[True]), "wrong-shape", "/inputs/0/shape"),
    (INFER, changed(0, shape=[10**6]), "too-many-rows", "/inputs/0/shape"),
    (INFER, changed(0, shape=[3]), "wrong-length", "/inputs/0/data"),
    (INFER, changed(1, shape=[1], data=["a"]), "wrong-shape", "/inputs/1/shape"),
    (INFER, changed(0, data=5), "wrong-type", "/inputs/0/data"),
    (INFER, changed(0, data=[1.0, "1"]), "wrong-type", "/inputs/0/data/1"),
    (INFER, changed(1, data=["a", 1]), "wrong-type", "/inputs/1/data/1"),
    (INFER, changed(2, data=["2013-07-01T05:00:00Z", "soon"]), "bad-time", "/inputs/2/data/1"),
    (INFER, changed(0, parameters={"shared_memory_region": "r"}), "unknown-parameter",
     "/inputs/0/parameters/shared_memory_region"),
    (INFER, changed(0, parameters={"binary_data_size": 16}), "extra-member", "/inputs/0/data"),
    (INFER, {**tensors(ROW), "outputs": [{"name": "odds"}]}, "unknown-output", "/outputs/0/name"),
    (INFER, {**tensors(ROW), "parameters": {"binary_data_output": 1}}, "wrong-type",
     "/parameters/binary_data_output"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "tree", "code", "pointer"), REFUSED)
def test_what_does_not_fit_is_refused_with_its_place(
    ready: Served, path: str, tree: dict, code: str, pointer: str
) -> None:
    status, headers, problem = ready.ask(path, tree)
    assert (problem["code"], problem["pointer"]) == (code, pointer)
    assert status == (413 if code == "too-many-rows" else 422)
    assert headers["content-type"] == "application/problem+json"
    assert account(ready.home.logs / "m").predictions == 0


@pytest.mark.parametrize(
    ("content", "status", "code", "pointer"),
    [
        (b"", 422, "missing-column", ""),
        (b"x,k,t\r\n", 422, "no-rows", ""),
        (b"x,k,t\r\n1,a\r\n", 422, "ragged-row", "/0"),
        (b"x,k,k\r\n", 422, "duplicate-column", "/k"),
        (b"x,k,t\r\n1,a,\r\none,a,\r\n", 422, "wrong-type", "/1/x"),
        (b"x,k,t\r\n1e999,a,\r\n", 422, "non-finite", "/0/x"),
        (b"x,k,t\r\n1,\xff,\r\n", 400, "not-utf-8", ""),
        (b'x,k,t\r\n1,"a"b,\r\n', 400, "malformed-csv", ""),
    ],
)
def test_csv_that_does_not_fit(
    ready: Served, content: bytes, status: int, code: str, pointer: str
) -> None:
    found, _, problem = ready.ask("/invocations", body=content, content_type="text/csv")
    assert (found, problem["code"], problem["pointer"]) == (status, code, pointer)


def test_tensors_out_are_those_that_the_metadata_promises(ready: Served) -> None:
    _, _, described = ready.ask("/v2/models/m", method="GET")
    assert {t["name"]: t["datatype"] for t in described["inputs"]} == TYPES
    status, headers, answer = ready.ask(INFER, {**tensors(ROW, ROW), "id": "mine"})
    assert (status, answer["id"], answer["model_version"]) == (200, "mine", "1")
    assert [(t["name"], t["datatype"]) for t in answer["outputs"]] == [
        (t["name"], t["datatype"]) for t in described["outputs"]
    ]
    found = {t["name"]: (t["shape"], t["data"]) for t in answer["outputs"]}
    assert found["label"] == ([2], [False, False])
    assert found["scores"] == ([2, 2], [0.75, 0.25, 0.75, 0.25])
    assert found["release"] == ([2], ["m@1", "m@1"])
    assert found["id"][1][0] == answer["parameters"]["prediction_id"]
    assert headers["rueda-prediction-id"] == found["id"][1][0]


def test_outputs_are_chosen_by_name(ready: Served) -> None:
    tree = {**tensors(ROW), "outputs": [{"name": "scores"}]}
    assert [t["name"] for t in ready.ask(INFER, tree)[2]["outputs"]] == ["scores"]


def binary(*parts: bytes, **more: object) -> tuple[bytes, dict]:
    """Three tensors of two rows as bytes."""
    inputs = [
        {"name": n, "shape": [2], "datatype": d, "parameters": {"binary_data_size": len(part)}}
        for (n, d), part in zip(TYPES.items(), parts, strict=True)
    ]
    head = json.dumps({"inputs": inputs, **more}).encode()
    return head + b"".join(parts), {"inference_header_content_length": str(len(head))}


def text(*values: bytes) -> bytes:
    return b"".join(struct.pack("<I", len(v)) + v for v in values)


NUMBERS = struct.pack("<dd", 1.5, 2.5)
MOMENTS = text(*[ROW["t"].encode()] * 2)


def test_tensors_as_bytes(ready: Served) -> None:
    body, headers = binary(
        NUMBERS, text(b"", "ü".encode()), MOMENTS, parameters={"binary_data_output": True}
    )
    status, found, content = ready.ask(INFER, body=body, content_type="", **headers)
    assert status == 200, content
    length = int(found["inference-header-content-length"])
    start, scores = length, None
    for tensor in json.loads(content[:length])["outputs"]:
        size = tensor["parameters"]["binary_data_size"]
        if tensor["name"] == "scores":
            scores = np.frombuffer(content[start : start + size], "<f8").reshape(tensor["shape"])
        start += size
    assert start == len(content)
    assert scores is not None
    assert scores.tolist() == [[0.75, 0.25]] * 2
    ready.endpoint.close()
    logged = read_predictions(ready.home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    assert [row["k"] for row in logged["row"].to_pylist()] == ["", "ü"]


@pytest.mark.parametrize(
    ("parts", "status", "code", "pointer"),
    [
        ((NUMBERS[:8], text(b"", b""), MOMENTS), 422, "wrong-length", "/inputs/0/data"),
        ((NUMBERS, text(b""), MOMENTS), 422, "wrong-length", "/inputs/1/data"),
        ((NUMBERS, text(b"", b"") + b"x", MOMENTS), 422, "wrong-length", "/inputs/1/data"),
        ((NUMBERS, b"\xff\xff\xff\xff", MOMENTS), 422, "wrong-length", "/inputs/1/data"),
        ((NUMBERS, text(b"", b"\xff"), MOMENTS), 400, "bad-text", "/inputs/1/data/1"),
        ((struct.pack("<dd", 1, float("nan")), text(b"", b""), MOMENTS), 422, "non-finite",
         "/inputs/0/data/1"),
    ],
)  # fmt: skip
def test_bytes_that_do_not_fit(
    ready: Served, parts: tuple[bytes, ...], status: int, code: str, pointer: str
) -> None:
    body, headers = binary(*parts)
    found, _, problem = ready.ask(INFER, body=body, **headers)
    assert (found, problem["code"], problem["pointer"]) == (status, code, pointer)


@pytest.mark.parametrize("length", ["x", "-1", "9" * 23, "0" * 5000, ""])
def test_a_length_of_the_json_that_is_none(ready: Served, length: str) -> None:
    status, _, problem = ready.ask(INFER, tensors(ROW), inference_header_content_length=length)
    assert (status, problem["code"]) == (400, "wrong-length")


@pytest.mark.parametrize(
    ("path", "tree", "code"),
    [
        (INFER, {**tensors(ROW), "id": "\ud800"}, "bad-text"),
        (INFER, changed(0, parameters={"shared_memory\ud800": 1}), "unknown-parameter"),
        (INFER, changed(0, name="\ud800"), "extra-column"),
        (INFER, {**tensors(ROW), "\ud800": 1}, "extra-member"),
        (INFER, {**tensors(ROW), "outputs": [{"name": "\ud800"}]}, "unknown-output"),
        ("/invocations", {"inputs": {"\ud800": [1]}}, "extra-column"),
        ("/invocations", {"inputs": [ROW], "params": {"\ud800": 1}}, "unknown-parameter"),
        ("/invocations", {"inputs": {str(i): [1] for i in range(10**5)}}, "extra-column"),
        ("/invocations", {"instances": [["a"]] * 10**5}, "too-many-rows"),
        ("/invocations", {"instances": [json.loads("[" * 80 + "]" * 80)]}, "too-deep"),
    ],
)
def test_what_was_made_to_hurt(ready: Served, path: str, tree: dict, code: str) -> None:
    status, _, problem = ready.ask(path, tree)
    assert problem["code"] == code
    assert status < 500
    assert len(problem["errors"]) <= 100


def test_a_table_of_empty_lines_is_not_read_to_its_end(ready: Served) -> None:
    body = b"x,k,t" + b"\n" * 10**6
    assert ready.ask("/invocations", body=body, content_type="text/csv")[2]["code"] in (
        "ragged-row",
        "too-many-rows",
    )
    wide = b"," * 10**6
    _, _, problem = ready.ask("/invocations", body=wide, content_type="text/csv")
    assert problem["code"] == "extra-column"


def test_bytes_that_belong_to_no_tensor(ready: Served) -> None:
    body, headers = binary(NUMBERS, text(b"", b""), MOMENTS)
    status, _, problem = ready.ask(INFER, body=body + b"x", **headers)
    assert (status, problem["code"]) == (422, "wrong-length")


def test_nulls_are_null_in_json_and_a_second_tensor_beside_bytes(ready: Served) -> None:
    assert ready.ask(INFER, changed(0, data=[1.5, None]))[0] == 200
    marked = tensors(ROW, ROW)
    marks = {"name": "x:null", "shape": [2], "datatype": "BOOL", "data": [False, True]}
    marked["inputs"].append(marks)
    assert ready.ask(INFER, marked)[0] == 200
    marks["data"] = [0, 1]
    assert ready.ask(INFER, marked)[2]["pointer"] == "/inputs/3/data/0"
    ready.endpoint.close()
    logged = read_predictions(ready.home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    assert [row["x"] for row in logged["row"].to_pylist()] == [1.5, None] * 2


def test_a_version_can_be_asked_for(served: Served) -> None:
    served.live(served.release(0.25), served.release(0.75), 0)
    for number, positive in (("1", 0.25), ("2", 0.75)):
        path = f"/v2/models/m/versions/{number}"
        _, headers, answer = served.ask(path + "/infer", tensors(ROW))
        assert answer["outputs"][1]["data"] == [1 - positive, positive]
        assert (answer["model_version"], headers["rueda-release"]) == (number, f"m@{number}")
        assert served.ask(path + "/ready", method="GET")[0] == 200
        assert number in served.ask(path, method="GET")[2]["versions"]
    assert served.ask("/v2/models/m/versions/3/infer", tensors(ROW))[0] == 404
    assert served.ask("/v2/models/m/versions/3/ready", method="GET")[0] == 404


def test_a_version_that_fails_is_not_answered_by_another(served: Served) -> None:
    served.live(served.release(0.25), served.release(0.75, fault="raise"), 0)
    status, _, problem = served.ask("/v2/models/m/versions/2/infer", tensors(ROW))
    assert (status, problem["got"]) == (503, "exception")
    assert served.ask("/v2/models/m/versions/1/infer", tensors(ROW))[0] == 200
    assert account(served.home.logs / "m").predictions == 1


def test_the_answers_of_the_service_carry_its_names(ready: Served) -> None:
    _, headers, answer = ready.ask(PLACE + ":predict", {"instances": [ROW]})
    assert answer["modelVersionId"] == "1" == headers["x-vertex-ai-model-version-id"]
    assert answer["model"] == "projects/p/locations/europe-west4/models/m"
    assert headers["x-vertex-ai-model"] == answer["model"]
    split = PLACE.replace("/p/", "/p\r\nx y/") + ":rawPredict"
    assert "\r" not in ready.ask(split, {"instances": [ROW]})[1]["x-vertex-ai-model"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", {"status": "alive"}),
        ("/v1/models", {"models": ["m"]}),
        ("/v2/models", {"models": ["m"]}),
        ("/v1/models/m", {"name": "m", "ready": True}),
        ("/v2/models/m/ready", {"name": "m", "ready": True}),
        ("/v2/models/m/versions/1/ready", {"name": "m", "ready": True}),
        ("/v2/health/live", {"live": True}),
        ("/v2/health/ready", {"ready": True}),
        ("/ping", {"ready": True}),
        ("/health", {"ready": True}),
    ],
)
def test_what_is_asked_without_a_body(ready: Served, path: str, expected: dict) -> None:
    assert ready.ask(path, method="GET")[::2] == (200, expected)
    assert ready.ask(path, method="POST", body=b"{}")[0] == 405


def test_a_server_says_its_version(ready: Served) -> None:
    text = ready.ask("/version", method="GET")[2]
    assert text == ready.ask("/v2", method="GET")[2]["version"]


def _seeds() -> list[tuple[str, bytes, dict]]:
    body, headers = binary(NUMBERS, text(b"a", "ü".encode()), MOMENTS)
    split = {"dataframe_split": {"columns": NAMES, "data": [LIST]}, "params": {}}
    table = f'x,k,t\r\n1.5,"a",{ROW["t"]}\r\n'.encode()
    chosen = {**tensors(ROW, ROW), "id": "a", "outputs": [{"name": "scores", "parameters": {}}]}
    return [
        (INFER, json.dumps(chosen).encode(), {}),
        (INFER, body, headers),
        ("/invocations", json.dumps(split).encode(), {}),
        ("/invocations", table, {"content_type": "text/csv"}),
        ("/v1/models/m:predict", json.dumps({"instances": [LIST] * 2}).encode(), {}),
    ]


@pytest.mark.parametrize("seed", range(5))
def test_random_bytes_never_give_5xx(ready: Served, seed: int) -> None:
    dice = random.Random(seed)
    path, good, headers = _seeds()[seed]
    assert ready.ask(path, body=good, **headers)[0] == 200
    for _ in range(300):
        body = bytearray(good)
        for _ in range(dice.randrange(1, 4)):
            place = dice.randrange(len(body))
            cut = dice.randrange(place, min(len(body), place + 6))
            body[place:cut] = dice.choice(
                [b"", b"\x00", b"\xff", b'"', b"[]", b"{}", b"null", b"NaN", b"1e999", b"\\ud800"]
            )
        status, _, answer = ready.ask(path, body=bytes(body), **headers)
        assert status in (200, 400, 413, 422), (bytes(body), answer)
