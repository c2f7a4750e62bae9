"""Clients that others wrote, unchanged, against a server in its own process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rueda.artifacts.predictions import account, read_predictions
from rueda.kernel.home import Home
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import promote, register_version

WHEN = "2013-07-01T05:00:00Z"
ROW = {"x": 1.5, "k": "a", "t": WHEN}

KSERVE = """
import asyncio, sys
import numpy as np
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

url = sys.argv[1]
columns = {
    "x": ("FP64", np.array([1.5, 2.5])),
    "k": ("BYTES", np.array([b"a", b"b"], dtype=np.object_)),
    "t": ("BYTES", np.array([sys.argv[2].encode()] * 2, dtype=np.object_)),
}

async def main():
    first = InferenceRESTClient(RESTConfig(protocol="v1"))
    assert await first.is_server_live(url)
    assert await first.is_model_ready(url, "m")
    rows = {"instances": [{"x": 1.5, "k": "a", "t": sys.argv[2]}]}
    answer = await first.infer(url, rows, model_name="m")
    assert answer["predictions"][0]["scores"]["true"] == 0.25, answer
    second = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await second.is_server_live(url) and await second.is_server_ready(url)
    assert await second.is_model_ready(url, "m")
    for binary in (True, False):
        inputs = []
        for name, (datatype, values) in columns.items():
            tensor = InferInput(name, [2], datatype)
            tensor.set_data_from_numpy(values, binary_data=binary)
            inputs.append(tensor)
        request = InferRequest(model_name="m", infer_inputs=inputs, request_id="mine",
                               parameters={"binary_data_output": binary})
        answer = await second.infer(url, request, model_name="m")
        found = {output.name: output.as_numpy() for output in answer.outputs}
        assert found["scores"].tolist() == [[0.75, 0.25]] * 2, found

asyncio.run(main())
"""


@pytest.fixture
def address(home: Home) -> Iterator[str]:
    """A server that answers 0.25 for the model ``m``, version 1."""
    release = MarkedRelease.write(home.store, "m", 0.25)
    register_version(home, release, actor="test", why="")
    promote(home, "m", "1", actor="test")
    command = [sys.executable, "-m", "rueda.testing.marked", str(home.folder), "m"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            found = process.stdout.readline().strip()
            curl("--retry", "100", "--retry-delay", "1", f"{found}/v2/health/ready")
            yield found
        finally:
            process.terminate()


def curl(*words: str) -> str:
    command = ["curl", "--silent", "--show-error", "--fail-with-body", "--max-time", "60", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_triton(address: str, home: Home, binary: bool) -> None:
    from tritonclient import http as triton

    client = triton.InferenceServerClient(address.removeprefix("http://"))
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("m")
        assert client.is_model_ready("m", "1")
        assert not client.is_model_ready("m", "7")
        assert client.get_server_metadata()["extensions"] == ["binary_tensor_data"]
        columns = {
            "x": np.array([1.5, 2.5]),
            "k": np.array(["a", "ü"], dtype=np.object_),
            "t": np.array([WHEN, WHEN], dtype=np.object_),
            "k:null": np.array([False, True]),
        }
        datatypes = {t["name"]: t["datatype"] for t in client.get_model_metadata("m")["inputs"]}
        inputs = []
        for name, values in columns.items():
            tensor = triton.InferInput(name, [2], datatypes.get(name, "BOOL"))
            inputs.append(tensor.set_data_from_numpy(values, binary_data=binary))
        wanted = [
            triton.InferRequestedOutput(name, binary_data=binary)
            for name in ("scores", "label", "id")
        ]
        for outputs in (None, wanted):
            answer = client.infer("m", inputs, "1", outputs=outputs, request_id="mine")
            assert answer.as_numpy("scores").tolist() == [[0.75, 0.25]] * 2
            assert answer.as_numpy("label").tolist() == [False, False]
            assert answer.get_response()["id"] == "mine"
            (first, _) = answer.as_numpy("id").tolist()
            first = first.decode() if isinstance(first, bytes) else first
            assert answer.get_response()["parameters"]["prediction_id"] == first
        with pytest.raises(
            triton.InferenceServerException,
            match=r"^\[4\d\d\] wrong-datatype at /inputs/0/datatype",
        ):
            client.infer("m", [triton.InferInput("x", [1], "FP32").set_data_from_numpy(
                np.zeros(1, np.float32))])  # fmt: skip
    finally:
        client.close()
    logged = read_predictions(home.logs / "m", schema=MarkedRelease("m", 0).signature.schema)
    assert [row["k"] for row in logged["row"].to_pylist()] == ["a", None] * 2


@pytest.mark.skipif(
    "RUEDA_KSERVE_PYTHON" not in os.environ,
    reason="RUEDA_KSERVE_PYTHON names no Python that has kserve, which needs an environment alone",
)
def test_kserve(address: str, tmp_path: Path) -> None:
    command = [os.environ["RUEDA_KSERVE_PYTHON"], "-c", KSERVE, address, WHEN]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr


def test_curl(address: str, home: Home) -> None:
    json_kind = ("--header", "Content-Type: application/json", "--data")
    rows = json.dumps({"instances": [ROW]})
    place = f"{address}/v1/projects/p/locations/l/endpoints/m"
    for url, body in (
        (f"{address}/v1/models/m:predict", rows),
        (f"{address}/predict", rows),
        (f"{place}:predict", rows),
        (f"{place}:rawPredict", rows),
        (f"{address}/invocations", json.dumps({"dataframe_records": [ROW]})),
    ):
        (said,) = json.loads(curl(*json_kind, body, url))["predictions"]
        assert said["scores"]["true"] == 0.25
    table = f"x,k,t\n1.5,a,{WHEN}\n"
    csv_kind = ("--header", "Content-Type: text/csv", "--data-binary")
    (said,) = json.loads(curl(*csv_kind, table, f"{address}/invocations"))["predictions"]
    assert said["release"] == "m@1"
    for path in ("/ping", "/health", "/version", "/v2", "/v1/models"):
        curl(address + path)
    assert account(home.logs / "m").predictions == 6
