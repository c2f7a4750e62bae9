"""Metadata: what ``GET /v2`` and ``GET /v2/models/NAME`` say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import version

from rueda.kernel.digest import Json
from rueda.serving.loaded import Live
from rueda.serving.protocols.v2.answer import output_tensors
from rueda.serving.protocols.v2.infer import input_tensors


@cache
def server_version() -> str:
    """The version of Rueda that answers."""
    return version("rueda")


def server_metadata(models: Sequence[str]) -> dict[str, Json]:
    """Name, version and extensions of the server, and its models."""
    return {
        "name": "rueda",
        "version": server_version(),
        "extensions": ["binary_tensor_data"],
        "models": list(models),
    }


def model_metadata(live: Live, refused: Mapping[str, Json] | None) -> dict[str, Json]:
    """The tensors of the stable release, and beyond the protocol: its signature, its task, the
    releases that answer and their weights, and a release that was refused.
    """
    release = live.stable.release
    shares = (share.percent for share in live.traffic.shares)
    return {
        "name": live.traffic.name,
        "versions": [version.rpartition("@")[2] for version in live.versions],
        "platform": "rueda",
        "inputs": input_tensors(live.stable.reader),
        "outputs": output_tensors(release),
        "task": release.task,
        "classes": list(release.classes),
        "signature": release.signature.to_json(),
        "weights": dict(zip(live.versions, shares, strict=True)),
        "refused": refused,
    }
