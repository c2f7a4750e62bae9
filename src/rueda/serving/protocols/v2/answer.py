"""Answer: the tensors that ``infer`` answers with, as JSON or as bytes behind the JSON.

``label`` and ``scores``, or ``value``; and for each row the ``id`` of its prediction and the
``release`` that gave it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from rueda.artifacts.strict_json import Fault, Refused, brief, pointer
from rueda.kernel.digest import Json
from rueda.serving.answer import Answered
from rueda.serving.loaded import Live, Servable
from rueda.serving.protocols.v1 import class_name
from rueda.serving.protocols.v2.datatype import label_datatype, to_bytes
from rueda.serving.protocols.wire import Written, members

_JSON = (b"content-type", b"application/json")
_OCTETS = (b"content-type", b"application/octet-stream")


@dataclass(frozen=True, slots=True)
class Chosen:
    """An output that is wanted, and whether as bytes."""

    name: str
    binary: bool


def output_tensors(release: Servable) -> list[Mapping[str, Json]]:
    """The outputs as the model's metadata describes them."""
    names = _names(release)
    shapes = {"scores": [-1, len(release.classes)]}
    return [
        {"name": name, "datatype": kind, "shape": shapes.get(name, [-1])}
        for name, kind in names.items()
    ]


def read_choice(tree: Mapping[str, Json], live: Live) -> list[Chosen]:
    """The outputs that a request asks for: all, unless it lists some."""
    parameters = tree.get("parameters")
    binary = _flag(parameters, "binary_data_output", "/parameters", otherwise=False)
    names = _names(live.stable.release)
    outputs = tree.get("outputs")
    if outputs is None or outputs == []:
        return [Chosen(name, binary) for name in names]
    if not isinstance(outputs, list):
        raise Refused([Fault("wrong-type", "/outputs", "a list of objects", brief(outputs))])
    return [
        _chosen(output, names, f"/outputs/{number}", binary)
        for number, output in enumerate(outputs)
    ]


def _chosen(tree: Json, names: Mapping[str, str], where: str, binary: bool) -> Chosen:
    members(tree, ("name",), ("parameters",), where)
    name = tree["name"]
    if not isinstance(name, str) or name not in names:
        expected = f"one of {', '.join(names)}"
        raise Refused([Fault("unknown-output", f"{where}/name", expected, brief(name))])
    parameters = tree.get("parameters")
    place = f"{where}/parameters"
    chosen = Chosen(name, _flag(parameters, "binary_data", place, otherwise=binary))
    for key in parameters or ():
        if key == "classification" or key.startswith("shared_memory"):
            fault = Fault("unknown-parameter", place + pointer(key), "binary_data", brief(key))
            raise Refused([fault])
    return chosen


def _flag(parameters: Json, name: str, where: str, *, otherwise: bool) -> bool:
    """A parameter of the binary extension; others are hints, which cannot change an answer."""
    if parameters is not None and not isinstance(parameters, dict):
        raise Refused([Fault("wrong-type", where, "an object", brief(parameters))])
    value = (parameters or {}).get(name, otherwise)
    if not isinstance(value, bool):
        raise Refused([Fault("wrong-type", where + pointer(name), "true or false", brief(value))])
    return value


def write_answer(live: Live, name: str, chosen: Sequence[Chosen], answered: Answered) -> Written:
    """The tensors ``chosen``; ``name`` is the id that the client gave its request."""
    datatypes = _names(live.stable.release)
    outputs, blobs = [], []
    for output in chosen:
        tensor, blob = _tensor(output, datatypes[output.name], answered)
        outputs.append(tensor)
        blobs.append(blob)
    releases = sorted(set(answered.versions))
    tree: dict[str, Json] = {"model_name": live.traffic.name}
    if len(releases) == 1:
        tree["model_version"] = releases[0].rpartition("@")[2]
    if name:
        tree["id"] = name
    tree["parameters"] = {
        "release": ", ".join(releases),
        "prediction_id": answered.predictions[0].id,
    }
    tree["outputs"] = outputs
    head = msgspec.json.encode(tree)
    if not any(output.binary for output in chosen):
        return head, (_JSON,)
    length = (b"inference-header-content-length", str(len(head)).encode())
    return b"".join([head, *blobs]), (_OCTETS, length)


def _tensor(output: Chosen, datatype: str, answered: Answered) -> tuple[dict[str, Json], bytes]:
    values = _values(output.name, datatype, answered)
    shape = [len(answered.predictions)]
    if output.name == "scores":
        shape.append(len(answered.classes))
    tree: dict[str, Json] = {"name": output.name, "datatype": datatype, "shape": shape}
    if not output.binary:
        return {**tree, "data": values}, b""
    blob = to_bytes(values, datatype)
    return {**tree, "parameters": {"binary_data_size": len(blob)}}, blob


def _values(name: str, datatype: str, answered: Answered) -> Sequence[Json]:
    predictions = answered.predictions
    if name == "label":
        labels = [p.answer.label for p in predictions]
        return [class_name(c) for c in labels] if datatype == "BYTES" else labels
    if name == "scores":
        return [score for p in predictions for score in p.answer.scores]
    if name == "value":
        return [p.answer.value for p in predictions]
    return [p.id for p in predictions] if name == "id" else answered.versions


def _names(release: Servable) -> dict[str, str]:
    """The outputs and their types."""
    said = (
        {"value": "FP64"}
        if release.task == "regression"
        else {"label": label_datatype(release.classes), "scores": "FP64"}
    )
    return {**said, "id": "BYTES", "release": "BYTES"}
