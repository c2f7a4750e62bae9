"""Application: the routes of the inference server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from rueda.kernel.errors import NotFound
from rueda.serving.endpoint import Endpoint
from rueda.serving.http import Edge, Request, Response
from rueda.serving.meter import Meter


@dataclass(frozen=True, slots=True)
class VertexRoutes:
    """The routes that Vertex AI chooses (``AIP_HEALTH_ROUTE``, ``AIP_PREDICT_ROUTE``)."""

    health: str = "/health"
    predict: str = "/predict"


@dataclass
class Application:
    """The models of one server, behind their routes.

    ====================================  =================================================
    ``POST /v1/models/NAME:predict``      predictions (KServe V1; also ``AIP_PREDICT_ROUTE``)
    ``POST /v1/models/NAME:label``        labels, by the ids of their predictions
    ``GET /v2/health/live``, ``/ready``   200 while it runs; while every model can answer
    ``GET /v2/models/NAME``               signature, releases, weights
    ``GET /metrics``                      Prometheus
    ====================================  =================================================
    """

    endpoints: Mapping[str, Endpoint]
    meter: Meter
    hosts: frozenset[bytes] | None
    vertex: VertexRoutes = field(default_factory=VertexRoutes)
    draining: bool = False
    edge: Edge = field(init=False)

    def __post_init__(self) -> None:
        self.edge = Edge(self._handle, self._route, self.hosts, self.meter)

    def drain(self) -> None:
        """Say that this server is going away; it answers until its clients have gone."""
        self.draining = True
        self.edge.closing = True

    async def _handle(self, request: Request) -> Response:
        verb, model = self._verb(request)
        allowed = "POST" if verb in ("predict", "label") else "GET"
        if verb == "":
            raise NotFound(f"there is nothing at {request.path[:200]}", do="see GET /v2")
        if request.method != allowed and not (allowed == "GET" and request.method == "HEAD"):
            return _wrong_method(request.method, allowed)
        if verb == "predict":
            return await self._endpoint(model).predict(await request.body())
        if verb == "label":
            return await self._endpoint(model).label(await request.body())
        if verb == "describe":
            return self._endpoint(model).describe()
        if verb == "ready":
            return self._ready(model)
        if verb == "metrics":
            gauges = [g for endpoint in self.endpoints.values() for g in endpoint.gauges()]
            return Response.text(self.meter.text(gauges), "metrics")
        if verb == "live":
            return Response.json({"live": True}, route="live")
        return Response.json({"name": "rueda", "models": sorted(self.endpoints)}, route="server")

    def _route(self, request: Request) -> str:
        return self._verb(request)[0] or "other"

    def _verb(self, request: Request) -> tuple[str, str]:
        """What ``request`` asks for, and of which model."""
        path = request.path
        fixed = {
            self.vertex.predict: "predict",
            self.vertex.health: "ready",
            "/v2/health/live": "live",
            "/v2/health/ready": "ready",
            "/metrics": "metrics",
            "/v2": "server",
        }
        if path in fixed:
            return fixed[path], ""
        if path.startswith("/v1/models/"):
            name, _, verb = path.removeprefix("/v1/models/").rpartition(":")
            return (verb, name) if verb in ("predict", "label") else ("", "")
        if path.startswith("/v2/models/"):
            name, _, rest = path.removeprefix("/v2/models/").partition("/")
            return {"": "describe", "ready": "ready"}.get(rest, ""), name
        return "", ""

    def _endpoint(self, name: str) -> Endpoint:
        if not name and len(self.endpoints) == 1:
            return next(iter(self.endpoints.values()))
        if name not in self.endpoints:
            raise NotFound(
                f"this server has no model {name[:100]!r}", expected=", ".join(self.endpoints)
            )
        return self.endpoints[name]

    def _ready(self, name: str) -> Response:
        asked: Sequence[Endpoint] = (
            [self._endpoint(name)] if name else list(self.endpoints.values())
        )
        ready = not self.draining and all(e.follower.live is not None for e in asked)
        return Response.json({"ready": ready}, status=200 if ready else 503, route="ready")


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
    return Response(
        problem.body, 405, (*problem.headers, (b"allow", allowed.encode())), problem.route
    )
