"""A server in the process of its test, called without sockets."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass

from rueda.artifacts.deployment import Share, Traffic
from rueda.artifacts.version import standing
from rueda.kernel.digest import Digest
from rueda.kernel.home import Home
from rueda.serving.application import Application
from rueda.serving.endpoint import Endpoint
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import register_version

PREDICT = "/v1/models/m:predict"
ROW = {"x": 1.5, "k": "a", "t": "2013-07-01T05:00:00Z"}
HOSTS = frozenset({b"127.0.0.1:8080", b"localhost:8080"})


@dataclass
class Served:
    """A server in this process, with its home."""

    home: Home
    endpoint: Endpoint
    app: Application

    def release(self, mark: float, **meta) -> Digest:
        release = MarkedRelease.write(self.home.store, "m", mark, **meta)
        register_version(self.home, release, actor="test", why="")
        return release.digest

    def live(self, stable: Digest, candidate: Digest, percent: float, **more) -> None:
        traffic = Traffic("m", (Share(stable, 100 - percent), Share(candidate, percent)), **more)
        before = standing(self.home.ledger, "m@live")
        artifact = traffic.write(self.home.store)
        self.home.ledger.move("m@live", artifact.digest, expect=before, actor="test")
        self.endpoint.follower.look()

    def ask(self, path=PREDICT, tree=None, *, method="POST", body=None, **headers):
        body = json.dumps(tree).encode() if body is None and tree is not None else body or b""
        return asyncio.run(self.call(path, method, [body], headers))

    def predict(self, *rows) -> list[dict]:
        status, _, answer = self.ask(tree={"instances": list(rows or [ROW])})
        assert status == 200, answer
        return answer["predictions"]

    async def call(self, path, method, parts, headers, pauses=None):
        given = {"host": "127.0.0.1:8080", "content-type": "application/json", **headers}
        named = [(k.replace("_", "-").encode(), v.encode()) for k, v in given.items()]
        scope = {"type": "http", "method": method, "path": path, "headers": named}
        waiting = list(parts)
        self.reads = 0
        sent = []

        async def receive():
            self.reads += 1
            return {
                "type": "http.request",
                "body": waiting.pop(0),
                "more_body": bool(waiting),
            }

        async def send(message):
            sent.append(message)

        await self.app.edge(scope, receive, send)
        start, end = sent
        content = end["body"]
        found = {k.decode(): v.decode() for k, v in start["headers"]}
        if "json" in found["content-type"]:
            content = json.loads(content)
        elif found["content-type"].startswith("text/"):
            content = content.decode()
        return start["status"], found, content
