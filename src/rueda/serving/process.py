"""Process: the inference server from its start to its last answer."""

from __future__ import annotations

import asyncio
import contextlib
import importlib.util
import ipaddress
import signal
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType

import uvicorn

from rueda.artifacts.rows import Unknown
from rueda.artifacts.version import standing
from rueda.kernel.errors import NotFound, SpecError
from rueda.kernel.home import Home
from rueda.serving.application import Application
from rueda.serving.endpoint import Endpoint
from rueda.serving.follow import Follower
from rueda.serving.lightness import without_pandas
from rueda.serving.loaded import Opener
from rueda.serving.log import PredictionLog
from rueda.serving.meter import Meter
from rueda.serving.routes import VertexRoutes

_CONNECTIONS = 1_000


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """How to serve.

    Attributes
    ----------
    hosts
        ``Host`` headers to answer besides the server's own; ``*`` answers all. Needed outside
        loopback, where a name cannot be known.
    wait
        Start although nothing has been promoted yet.
    durable
        Answer only when the prediction would survive a power cut.
    refuse
        Refuse requests while the prediction log cannot be written, rather than lose lines.
    drain_s
        How long to answer after SIGTERM while readiness is off, so that clients can go elsewhere.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    hosts: tuple[str, ...] = ()
    unknown: Unknown = "other"
    wait: bool = False
    durable: bool = False
    refuse: bool = False
    drain_s: float = 0.5
    vertex: VertexRoutes = field(default_factory=VertexRoutes)


def port_of(environment: Mapping[str, str]) -> int:
    """The port that the environment asks for: ``AIP_HTTP_PORT``, then ``PORT``, then 8080."""
    for name in ("AIP_HTTP_PORT", "PORT"):
        if text := environment.get(name):
            if text.isdigit() and int(text) < 65_536:
                return int(text)
            raise SpecError(f"{name} is no port", expected="a number from 0 to 65535", got=text)
    return 8080


def vertex_routes(environment: Mapping[str, str]) -> VertexRoutes:
    """The routes that Vertex AI sets, or its defaults."""
    return VertexRoutes(
        environment.get("AIP_HEALTH_ROUTE") or "/health",
        environment.get("AIP_PREDICT_ROUTE") or "/predict",
    )


def serve(
    home: Home,
    names: Sequence[str],
    options: ServeOptions,
    *,
    opener: Opener | None = None,
    started: Callable[[str], None] = lambda _: None,
) -> int:
    """Answer until SIGTERM or Ctrl-C; then drain, make the log durable, and return 0.

    Parameters
    ----------
    names
        Models: ``NAME`` follows ``NAME@live``; ``NAME@3`` or ``NAME@champion`` follow that ref.
    opener
        Opens a release by its digest; default: from the home's store.
    started
        Called with the address once connections are accepted.

    Raises
    ------
    NotFound
        Nothing is called so (unless ``options.wait``).
    SpecError
        The address cannot be used.
    """
    without_pandas()
    # Bound first: a taken port is an error before anything is loaded.
    listener = _bind(options)
    port = listener.getsockname()[1]
    meter = Meter()
    endpoints = {}
    try:
        for reference in names:
            endpoint = _endpoint(home, reference, options, opener or _from_store(home), meter)
            endpoints[endpoint.name] = endpoint
        application = Application(endpoints, meter, _hosts(options, port), options.vertex)
        for endpoint in endpoints.values():
            endpoint.follower.start()
        server = _Server(_configuration(application), application, options.drain_s)
        started(f"http://{_literal(options.host)}:{port}")
        server.run(sockets=[listener])
    finally:
        listener.close()
        for endpoint in endpoints.values():
            endpoint.close()
    return 0


class _Server(uvicorn.Server):
    """Uvicorn, which on SIGTERM first says that it is going, and then goes."""

    def __init__(self, config: uvicorn.Config, application: Application, drain_s: float) -> None:
        super().__init__(config)
        self._application = application
        self._drain_s = drain_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002
        if self._application.draining:
            self.should_exit = self.force_exit = True
            return
        self._application.drain()
        delay_s = 0.0 if sig == signal.SIGINT else self._drain_s
        # Signals arrive between bytecodes of the main thread, where the loop runs.
        asyncio.get_running_loop().call_later(delay_s, self._leave)

    def _leave(self) -> None:
        self.should_exit = True

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Take the signals, and do not raise them again: a drained server ends well."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def _configuration(application: Application) -> uvicorn.Config:
    fast = importlib.util.find_spec("httptools") is not None
    loop = "uvloop" if importlib.util.find_spec("uvloop") is not None else "asyncio"
    return uvicorn.Config(
        application.edge,
        http="httptools" if fast else "h11",
        loop=loop,
        ws="none",
        lifespan="off",
        interface="asgi3",
        access_log=False,
        log_config=None,
        log_level="warning",
        proxy_headers=False,
        server_header=False,
        date_header=False,
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=30,
    )


def _endpoint(
    home: Home, reference: str, options: ServeOptions, opener: Opener, meter: Meter
) -> Endpoint:
    name, _, alias = reference.partition("@")
    ref = f"{name}@{alias or 'live'}"
    known = standing(home.ledger, ref) or (not alias and standing(home.ledger, f"{name}@champion"))
    if not known and not options.wait:
        raise NotFound(
            f"nothing of {reference!r} is live",
            expected="a model that was promoted",
            got=reference,
            do=f"run the lifecycle, or `rueda promote {name} VERSION`; or wait for it with --wait",
        )
    follower = Follower(home, name, ref, opener, unknown=options.unknown)
    folder = home.logs / name
    log = PredictionLog(folder, durable=options.durable, refuse=options.refuse)
    return Endpoint(follower, log, folder, meter)


def _from_store(home: Home) -> Opener:
    from rueda.artifacts.release import Release

    return lambda digest: Release.open(home.store, digest)


def _bind(options: ServeOptions) -> socket.socket:
    if not _is_loopback(options.host) and not options.hosts:
        raise SpecError(
            f"a server at {options.host} can be reached from elsewhere",
            expected="the host names that it is to answer",
            got="none",
            do="give --allow-host NAME:PORT (several times), or --allow-host '*' behind a proxy",
        )
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((options.host, options.port))
        # Connections that come before the loop runs wait in the queue instead of being refused.
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise SpecError(
            f"cannot listen at {options.host}:{options.port}",
            got=error.strerror or str(error),
            do="choose another with --port (0 takes a free one)",
        ) from error
    return listener


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hosts(options: ServeOptions, port: int) -> frozenset[bytes] | None:
    if "*" in options.hosts:
        return None
    own = {f"127.0.0.1:{port}", f"localhost:{port}", f"[::1]:{port}"}
    if port == 80:
        own |= {"127.0.0.1", "localhost", "[::1]"}
    return frozenset(name.lower().encode() for name in own | set(options.hosts))


def _literal(host: str) -> str:
    return f"[{host}]" if ":" in host else host
