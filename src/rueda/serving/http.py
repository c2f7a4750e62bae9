"""HTTP: the ASGI edge. Bodies are capped before they are read, hosts and origins are checked, and
whatever goes wrong leaves as ``application/problem+json``.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import msgspec

from rueda.artifacts.strict_json import Fault, Refused
from rueda.kernel.errors import RuedaError
from rueda.serving.meter import Meter
from rueda.serving.routes import Route

BODY_BYTES = 4 * 2**20

Headers = Sequence[tuple[bytes, bytes]]
Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

_JSON_ONLY = frozenset({b"application/json"})
_JSON = (b"content-type", b"application/json")
_PROBLEM = (b"content-type", b"application/problem+json")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request, its body not yet read."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    receive: Receive

    @property
    def kind(self) -> bytes:
        """The media type of the body; empty when it is not named."""
        return self.headers.get(b"content-type", b"").partition(b";")[0].strip().lower()

    async def body(self, kinds: Set[bytes] = _JSON_ONLY, limit: int = BODY_BYTES) -> bytes:
        """The whole body; nothing of one that says beforehand that it is too large.

        Raises
        ------
        Refused
            It is none of ``kinds``, compressed, or larger than ``limit``.
        """
        kind = self.kind
        if kind not in kinds:
            expected = ", ".join(sorted(_shown(known) for known in kinds if known))
            raise _fault("wrong-media-type", expected, _shown(kind) or "nothing", 415)
        coding = self.headers.get(b"content-encoding", b"identity").lower()
        if coding != b"identity":
            raise _fault("wrong-encoding", "no content-encoding", _shown(coding), 415)
        length = self.headers.get(b"content-length", b"0")
        if length.isdigit() and int(length[:20]) > limit:
            raise _fault("body-too-large", f"at most {limit} bytes", f"{_shown(length)} bytes", 413)
        parts, size = [], 0
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            parts.append(message.get("body", b""))
            size += len(parts[-1])
            if size > limit:
                raise _fault("body-too-large", f"at most {limit} bytes", "more", 413)
            if not message.get("more_body"):
                return b"".join(parts)


class Disconnected(Exception):
    """The client hung up before its body was whole."""


@dataclass(frozen=True, slots=True)
class Response:
    """What to send."""

    body: bytes = b""
    status: int = 200
    headers: Headers = (_JSON,)

    @classmethod
    def json(cls, tree: object, *, status: int = 200, headers: Headers = ()) -> Response:
        """``tree`` as JSON. Numbers in it must be finite: msgspec would write null."""
        return cls(msgspec.json.encode(tree), status, (_JSON, *headers))

    @classmethod
    def text(cls, text: str) -> Response:
        kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
        return cls(text.encode(), headers=(kind,))

    @classmethod
    def problem(cls, tree: Mapping[str, object]) -> Response:
        status = tree["status"]
        assert isinstance(status, int)
        body = msgspec.json.encode({k: v for k, v in tree.items() if v != "" or k == "pointer"})
        headers: list[tuple[bytes, bytes]] = [_PROBLEM]
        if status in (429, 503):
            headers.append((b"retry-after", b"1"))
        return cls(body, status, headers)


Handle = Callable[[Request, Route], Awaitable[Response]]


@dataclass
class Edge:
    """The ASGI application: checks, then hands on to ``handle(request, find(path))``.

    Attributes
    ----------
    hosts
        The ``Host`` headers that are answered; None answers all.
    closing
        While set, each answer asks its client to open another connection: the server is going away.
    """

    handle: Handle
    find: Callable[[str], Route]
    hosts: frozenset[bytes] | None
    meter: Meter = field(default_factory=Meter)
    closing: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        headers = dict(scope["headers"])
        request = Request(scope["method"], scope["path"], headers, receive)
        route = self.find(request.path)
        try:
            response = self._stranger(headers) or await self.handle(request, route)
        except Disconnected:
            return
        except RuedaError as error:
            response = self._explained(error, route)
        # The last line of defense: a defect of ours answers 500 and is logged whole.
        except Exception:  # noqa: BLE001
            _log.exception("%s %s failed", request.method, request.path)
            response = _failure()
        spent_s = time.perf_counter() - start
        self.meter.request(route.verb, route.protocol, response.status, spent_s)
        await self._send(send, response)

    def _stranger(self, headers: Mapping[bytes, bytes]) -> Response | None:
        """The refusal of a request that came from another site, or by another name than ours."""
        if self.hosts is None:
            return None
        host = headers.get(b"host", b"").lower()
        if host not in self.hosts:
            return _refusal("unknown-host", "a host name of this server", _shown(host), 421)
        origin = headers.get(b"origin")
        if origin is not None and origin.lower().partition(b"://")[2] not in self.hosts:
            return _refusal("foreign-origin", "no page of another site", _shown(origin), 403)
        if headers.get(b"sec-fetch-site", b"none") not in (b"none", b"same-origin"):
            return _refusal("foreign-origin", "no page of another site", "cross-site", 403)
        return None

    def _explained(self, error: RuedaError, route: Route) -> Response:
        if not isinstance(error, Refused) and error.http_status >= 500:
            _log.error("%s", error)
        tree = error.problem()
        # The clients of V2 show this member, and nothing else.
        return Response.problem({**tree, "error": str(error)} if route.protocol == "v2" else tree)

    async def _send(self, send: Send, response: Response) -> None:
        headers = [*response.headers, (b"content-length", str(len(response.body)).encode())]
        # After 413 and 415 the body was not read: the connection holds the rest of it.
        if self.closing or response.status in (413, 415, 421, 403):
            headers.append((b"connection", b"close"))
        start = {"type": "http.response.start", "status": response.status, "headers": headers}
        await send(start)
        await send({"type": "http.response.body", "body": response.body})


def _failure() -> Response:
    return Response.problem(
        {"type": "urn:rueda:Defect", "title": "Defect", "status": 500, "detail": "a defect of ours"}
    )


def _fault(code: str, expected: str, got: str, status: int) -> Refused:
    return Refused([Fault(code, "", expected, got, status)])


def _refusal(code: str, expected: str, got: str, status: int) -> Response:
    return Response.problem(_fault(code, expected, got, status).problem())


def _shown(content: bytes) -> str:
    return content.decode("latin-1")[:100]
