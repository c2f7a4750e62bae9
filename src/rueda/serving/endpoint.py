"""Endpoint: one model of a server: what it follows, its log, and its answers."""

from __future__ import annotations

import asyncio
import math
import secrets
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from rueda.artifacts.predictions import Label, write_labels
from rueda.artifacts.strict_json import Fault, Refused, brief, parse_json
from rueda.kernel.digest import Json
from rueda.kernel.errors import NotFound, StoreError
from rueda.kernel.record import utc_text
from rueda.serving.answer import Answered, Answerer
from rueda.serving.follow import Follower
from rueda.serving.http import Request, Response
from rueda.serving.loaded import Live
from rueda.serving.log import PredictionLog
from rueda.serving.meter import Meter
from rueda.serving.protocols.v2.metadata import model_metadata
from rueda.serving.protocols.wire import Wire, members

_LARGE_BYTES = 65_536
_LABELS = 100_000


class NotReady(StoreError):
    """No release is loaded yet."""


class Endpoint:
    """Answers for one model.

    Parameters
    ----------
    follower
        Says what is live.
    log
        Keeps each prediction before it is answered.
    folder
        Where labels are kept.
    """

    def __init__(self, follower: Follower, log: PredictionLog, folder: Path, meter: Meter) -> None:
        self.name = follower.name
        self.follower = follower
        self.log = log
        self._folder = folder
        self._meter = meter
        self._answerer = Answerer()

    async def predict(self, wire: Wire, request: Request, version: str = "") -> Response:
        """The answer to ``request``, which is written in the protocol ``wire``.

        Parameters
        ----------
        version
            The version that is to answer, by its number; empty leaves it to the split.
        """
        live = self.live(version)
        content = await request.body(wire.kinds)
        asked = await _apart(len(content), lambda: wire.read(live, request, content))
        answered = await self._answerer.answer(live, secrets.token_hex(12), asked.rows, asked.batch)
        if version and answered.failures:
            self._give_up(answered, version)
        ticket = self.log.keep([*answered.predictions, *answered.failures])
        self._count(answered)
        body, kind = asked.write(answered)
        headers = (
            *kind,
            (b"rueda-release", ", ".join(sorted(set(answered.versions))).encode()),
            (b"rueda-prediction-id", answered.predictions[0].id.encode()),
        )
        await self.log.settled(ticket)
        return Response(body, headers=headers)

    async def label(self, content: bytes) -> Response:
        """Keep ``{"labels": [{"id": …, "value": …}, …]}``: what turned out to be true."""
        labels = _labels(self.live(), parse_json(content))
        loop = asyncio.get_running_loop()
        kept = await loop.run_in_executor(None, write_labels, self._folder, labels)
        self._meter.labels[self.name] += kept
        return Response.json({"accepted": kept})

    def describe(self, version: str = "") -> Response:
        """Tensors, signature, releases and their weights, and a release that was refused."""
        return Response.json(model_metadata(self.live(version), self.follower.refused))

    def live(self, version: str = "") -> Live:
        """What is live now; a request takes it once, and keeps it to its end.

        Raises
        ------
        NotReady
            Nothing is loaded yet.
        NotFound
            ``version``, a number, is not among what is live.
        """
        live = self.follower.live
        if live is None:
            raise NotReady(
                f"no release of {self.name!r} is loaded",
                got=str((self.follower.refused or {}).get("reason", "still loading")),
                do="wait until GET /v2/health/ready answers 200",
            )
        if not version:
            return live
        if (only := live.only(version)) is None:
            raise NotFound(
                f"version {version[:40]!r} of {self.name!r} is not live",
                expected=", ".join(live.versions),
            )
        return only

    def gauges(self) -> list[tuple[str, dict[str, str], float]]:
        """Name, labels and value of what `/metrics` shows of this model."""
        model = {"model": self.name}
        counts = self.log.counts
        return [
            ("rueda_ready", model, float(self.follower.live is not None)),
            ("rueda_swaps_total", model, self.follower.swaps),
            ("rueda_refused_release", model, float(self.follower.refused is not None)),
            ("rueda_log_submitted_total", model, counts.submitted),
            ("rueda_log_logged_total", model, counts.logged),
            ("rueda_log_unlogged_total", model, counts.unlogged),
            ("rueda_log_failed_syncs_total", model, self.log.failed_syncs),
        ]

    def close(self) -> None:
        """Stop following, and make the log durable."""
        self.follower.stop()
        self._answerer.close()
        self.log.close()

    def _give_up(self, answered: Answered, version: str) -> NoReturn:
        """Refuse what another version would have answered in the place of the one asked for."""
        self.log.keep(answered.failures)
        self._count(replace(answered, versions=()))
        raise NotReady(
            f"version {version} of {self.name!r} failed to answer",
            got=answered.failures[0].failed,
            do=f"ask POST /v2/models/{self.name}/infer, which another release answers then",
        )

    def _count(self, answered: Answered) -> None:
        for version in answered.versions:
            self._meter.predictions[version] += 1
        for failure in answered.failures:
            self._meter.failures[failure.release[:12], failure.failed] += 1


async def _apart(size: int, work: Callable[[], Any]) -> Any:
    """The result of ``work``; of a large body from a thread, so that small ones do not wait."""
    if size < _LARGE_BYTES:
        return work()
    return await asyncio.get_running_loop().run_in_executor(None, work)


def _labels(live: Live, tree: Json) -> list[Label]:
    members(tree, ("labels",), ())
    items = tree["labels"]
    if not isinstance(items, list) or not 0 < len(items) <= _LABELS:
        expected = f"a list of 1 to {_LABELS} objects"
        raise Refused([Fault("wrong-type", "/labels", expected, brief(items))])
    at = utc_text()
    faults: list[Fault] = []
    labels = []
    for number, item in enumerate(items):
        if fault := _label_fault(live, item, f"/labels/{number}"):
            faults.append(fault)
        else:
            labels.append(Label(item["id"], item["value"], at))
    if faults:
        raise Refused(faults)
    return labels


def _label_fault(live: Live, item: Json, where: str) -> Fault | None:
    if not isinstance(item, dict) or set(item) != {"id", "value"}:
        return Fault("wrong-type", where, "an object with id and value", brief(item))
    if not isinstance(item["id"], str) or not 0 < len(item["id"]) <= 100:
        return Fault("wrong-type", where + "/id", "the id of a prediction", brief(item["id"]))
    value, release = item["value"], live.stable.release
    if release.task == "regression":
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not math.isfinite(value):
            return Fault("wrong-type", where + "/value", "a finite number", brief(value))
    elif not any(type(value) is type(c) and value == c for c in release.classes):
        return Fault(
            "unknown-category", where + "/value", f"one of {list(release.classes)}", brief(value)
        )
    return None
