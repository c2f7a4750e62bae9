"""Routes: what a path asks for, of which model, in which protocol."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class VertexRoutes:
    """The routes that Vertex AI chooses (``AIP_HEALTH_ROUTE``, ``AIP_PREDICT_ROUTE``)."""

    health: str = "/health"
    predict: str = "/predict"


@dataclass(frozen=True, slots=True)
class Route:
    """What is asked for (``verb``). No model means the only one; no version, what is live."""

    verb: str
    model: str = ""
    version: str = ""
    protocol: str = ""


NOWHERE = Route("other")

_M = r"(?P<model>[^/:]+)"
_V = r"(?:/versions/(?P<version>[^/:]+))?"
_PLACES = r"/v1/projects/[^/:]+/locations/[^/:]+/endpoints/"

_FIXED = {
    "/": Route("alive"),
    "/health": Route("ready"),
    "/ping": Route("ready"),
    "/version": Route("version"),
    "/metrics": Route("metrics"),
    "/openapi.json": Route("openapi"),
    "/invocations": Route("predict", protocol="mlflow"),
    "/v1/models": Route("models"),
    "/v2": Route("server"),
    "/v2/health/live": Route("live"),
    "/v2/health/ready": Route("ready"),
    "/v2/models": Route("models"),
}
_PATTERNS = [
    (re.compile(pattern), route)
    for pattern, route in [
        (f"/v1/models/{_M}:predict", Route("predict", protocol="v1")),
        (f"/v1/models/{_M}:label", Route("label")),
        (f"/v1/models/{_M}", Route("ready")),
        (f"/v2/models/{_M}{_V}/infer", Route("predict", protocol="v2")),
        (f"/v2/models/{_M}{_V}/ready", Route("ready")),
        (f"/v2/models/{_M}{_V}", Route("describe")),
        (f"{_PLACES}{_M}:(?:predict|rawPredict)", Route("predict", protocol="vertex")),
    ]
]


class Routes:
    """The routes of one server."""

    def __init__(self, vertex: VertexRoutes) -> None:
        self._fixed: Mapping[str, Route] = {
            **_FIXED,
            vertex.health: Route("ready"),
            vertex.predict: Route("predict", protocol="container"),
        }
        # A request pays a look-up, not eight patterns; strangers' paths push one another out.
        self.find = lru_cache(maxsize=256)(self._find)

    def _find(self, path: str) -> Route:
        if path in self._fixed:
            return self._fixed[path]
        for pattern, route in _PATTERNS:
            if match := pattern.fullmatch(path):
                found = match.groupdict()
                return replace(route, model=found["model"], version=found.get("version") or "")
        return NOWHERE
