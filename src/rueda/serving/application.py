"""Application: the models of the inference server, behind their routes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from rueda.kernel.errors import NotFound
from rueda.serving.endpoint import Endpoint
from rueda.serving.http import Edge, Request, Response
from rueda.serving.meter import Meter
from rueda.serving.openapi import openapi_document
from rueda.serving.protocols.mlflow import MLFLOW
from rueda.serving.protocols.v1 import CONTAINER, V1
from rueda.serving.protocols.v2.infer import V2
from rueda.serving.protocols.v2.metadata import server_metadata, server_version
from rueda.serving.protocols.vertex import VERTEX
from rueda.serving.routes import Route, Routes, VertexRoutes

_WIRES = {wire.name: wire for wire in (V1, CONTAINER, VERTEX, V2, MLFLOW)}
_POSTED = ("predict", "label")


@dataclass
class Application:
    """The models of one server, behind their routes.

    =============================================  ============================================
    ``POST /v1/models/NAME:predict``               predictions: KServe V1; ``AIP_PREDICT_ROUTE``
    ``POST /v2/models/NAME[/versions/N]/infer``    predictions: Open Inference Protocol V2
    ``POST /invocations``                          predictions: MLflow, SageMaker
    ``POST /v1/projects/…/endpoints/NAME:predict``  predictions: the Vertex AI service's own path
    ``POST /v1/models/NAME:label``                 labels, by the ids of their predictions
    ``GET /``, ``/v2/health/live``                 200 while it runs
    ``GET /ping``, ``/health``, ``/v2/health/ready``  200 while every model can answer
    ``GET /v2``, ``/v1/models``, ``/v2/models``    the server; its models
    ``GET /v2/models/NAME[/versions/N]``           tensors, signature, releases, weights
    ``GET /version``, ``/metrics``                 the version as text; Prometheus
    ``GET /openapi.json``                          how to ask, by the models' signatures
    =============================================  ============================================
    """

    endpoints: Mapping[str, Endpoint]
    meter: Meter
    hosts: frozenset[bytes] | None
    vertex: VertexRoutes = field(default_factory=VertexRoutes)
    draining: bool = False
    edge: Edge = field(init=False)

    def __post_init__(self) -> None:
        self.edge = Edge(self._handle, Routes(self.vertex).find, self.hosts, self.meter)
        self._said: Mapping[str, Callable[[Route], Response]] = {
            "ready": self._ready,
            "describe": lambda route: self._endpoint(route.model).describe(route.version),
            "alive": lambda _: Response.json({"status": "alive"}),
            "live": lambda _: Response.json({"live": True}),
            "server": lambda _: Response.json(server_metadata(sorted(self.endpoints))),
            "models": lambda _: Response.json({"models": sorted(self.endpoints)}),
            "version": lambda _: Response.text(server_version()),
            "openapi": lambda _: self._openapi(),
            "metrics": lambda _: self._metrics(),
        }

    def drain(self) -> None:
        """Say that this server is going away; it answers until its clients have gone."""
        self.draining = True
        self.edge.closing = True

    async def _handle(self, request: Request, route: Route) -> Response:
        allowed = "POST" if route.verb in _POSTED else "GET"
        if route.verb not in self._said and allowed == "GET":
            raise NotFound(f"there is nothing at {request.path[:200]}", do="see GET /v2")
        if request.method != allowed and not (allowed == "GET" and request.method == "HEAD"):
            return _wrong_method(request.method, allowed)
        if route.verb == "predict":
            wire = _WIRES[route.protocol]
            return await self._endpoint(route.model).predict(wire, request, route.version)
        if route.verb == "label":
            return await self._endpoint(route.model).label(await request.body())
        return self._said[route.verb](route)

    def _openapi(self) -> Response:
        models = {name: self.endpoints[name].live() for name in sorted(self.endpoints)}
        return Response.json(openapi_document(models, server_version()))

    def _metrics(self) -> Response:
        gauges = [g for endpoint in self.endpoints.values() for g in endpoint.gauges()]
        return Response.text(self.meter.text(gauges))

    def _endpoint(self, name: str) -> Endpoint:
        if not name and len(self.endpoints) == 1:
            return next(iter(self.endpoints.values()))
        if name not in self.endpoints:
            asked = f"this server has no model {name[:100]!r}" if name else "which model is asked?"
            raise NotFound(
                asked, expected=", ".join(self.endpoints), do="name it in the path, see GET /v2"
            )
        return self.endpoints[name]

    def _ready(self, route: Route) -> Response:
        asked: Sequence[Endpoint] = (
            [self._endpoint(route.model)] if route.model else list(self.endpoints.values())
        )
        ready = not self.draining and all(e.follower.live is not None for e in asked)
        if ready and route.version:
            asked[0].live(route.version)
        named = {"name": route.model} if route.model else {}
        return Response.json({**named, "ready": ready}, status=200 if ready else 503)


def _wrong_method(method: str, allowed: str) -> Response:
    problem = Response.problem(
        {
            "type": "urn:rueda:wrong-method",
            "title": "wrong-method",
            "status": 405,
            "detail": f"{method} is not answered here",
            "expected": allowed,
        }
    )
    return Response(problem.body, 405, (*problem.headers, (b"allow", allowed.encode())))
