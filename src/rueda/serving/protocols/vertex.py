"""Vertex: the path of the Vertex AI service itself, for clients that were written against it.

``POST /v1/projects/P/locations/L/endpoints/NAME:predict``, and ``:rawPredict``. The service's own
additions stand in the body, where ``predict`` looks for them, and in the headers, where
``rawPredict`` does.
"""

from __future__ import annotations

from rueda.serving.answer import Answered
from rueda.serving.http import Request
from rueda.serving.loaded import Live
from rueda.serving.protocols.v1 import JSON, read_instances, write_predictions
from rueda.serving.protocols.wire import Asked, Wire, Written


def _read(live: Live, request: Request, content: bytes) -> Asked:
    asked = read_instances(live, content)
    parent = request.path.removeprefix("/v1/").rpartition("/endpoints/")[0]
    return Asked(asked.rows, asked.batch, lambda answered: _write(answered, live, parent))


def _write(answered: Answered, live: Live, parent: str) -> Written:
    name, _, number = answered.versions[0].rpartition("@")
    model = f"{parent}/models/{live.traffic.name}"
    body, headers = write_predictions(
        answered,
        deployedModelId=number,
        model=model,
        modelDisplayName=name,
        modelVersionId=number,
    )
    return body, (
        *headers,
        (b"x-vertex-ai-deployed-model-id", number.encode()),
        (b"x-vertex-ai-model", _visible(model)),
        (b"x-vertex-ai-model-version-id", number.encode()),
    )


def _visible(text: str) -> bytes:
    """``text`` fit for a header: a path may hold anything, a line end among it."""
    return "".join(c if " " < c < "\x7f" else "?" for c in text).encode()


VERTEX = Wire("vertex", JSON, _read)
