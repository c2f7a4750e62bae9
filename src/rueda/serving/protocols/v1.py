"""V1: KServe's first protocol, which is also that of Vertex AI's containers.

``{"instances": [{…}, …]}`` is answered by ``{"predictions": [{…}, …]}``, in the same order.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from rueda.artifacts.predictions import Prediction
from rueda.artifacts.strict_json import parse_json
from rueda.kernel.digest import Json
from rueda.serving.answer import Answered
from rueda.serving.http import Request
from rueda.serving.loaded import Live
from rueda.serving.protocols.places import from_rows
from rueda.serving.protocols.wire import Asked, Wire, Written, members, no_parameters

JSON = frozenset({b"application/json"})
_HEADERS = ((b"content-type", b"application/json"),)


def read_instances(live: Live, content: bytes) -> Asked:
    """``{"instances": [rows]}``: objects, or lists of values in the order of the signature."""
    tree = parse_json(content)
    members(tree, ("instances",), ("parameters",))
    no_parameters(tree, "parameters")
    rows, batch = from_rows(live.stable.reader, tree["instances"], "/instances")
    return Asked(rows, batch, write_predictions)


def write_predictions(answered: Answered, **more: Json) -> Written:
    """``{"predictions": [one object a row]}``, and ``more``."""
    return msgspec.json.encode({"predictions": plain(answered), **more}), _HEADERS


def plain(answered: Answered) -> list[dict[str, Json]]:
    """Each answer as an object: label and scores, or value; the prediction's id; its release."""
    names = [class_name(c) for c in answered.classes]
    return [
        {**_said(p, names), "id": p.id, "release": version}
        for p, version in zip(answered.predictions, answered.versions, strict=True)
    ]


def class_name(label: Json) -> str:
    """``label`` as the key of its score."""
    if isinstance(label, bool):
        return "true" if label else "false"
    return str(label)


def _said(prediction: Prediction, names: Sequence[str]) -> dict[str, Json]:
    answer = prediction.answer
    if answer.value is not None:
        return {"value": answer.value}
    return {"label": answer.label, "scores": dict(zip(names, answer.scores, strict=True))}


def _read(live: Live, _: Request, content: bytes) -> Asked:
    return read_instances(live, content)


V1 = Wire("v1", JSON, _read)
CONTAINER = Wire("container", JSON, _read)
"""Vertex AI asks the container at ``AIP_PREDICT_ROUTE``."""
