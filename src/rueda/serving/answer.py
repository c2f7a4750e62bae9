"""Answer: the rows of one request, by the releases that the split gives them.

A candidate that raises, is late, or answers with a number that is not finite is counted, and its
rows are answered by the stable release: whoever asked notices nothing.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from rueda.artifacts.predictions import Answer, Failure, Prediction
from rueda.artifacts.strict_json import Refused
from rueda.kernel.digest import Json
from rueda.kernel.errors import Defect, UnfitData
from rueda.kernel.record import utc_text
from rueda.serving.loaded import Live, Loaded
from rueda.serving.split import candidate_rows

BATCH_ROWS = 64
"""Rows from which a batch is scored in a thread, so that single rows beside it do not wait."""

_TRIALS = 2
_LEAST_DEADLINE_S = 0.05


class NotFinite(Defect):
    """A release answered with NaN or infinity; the answer was not given."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What came of one request: predictions in the order of its rows, and the failures on the
    way.
    """

    predictions: Sequence[Prediction]
    versions: Sequence[str]
    failures: Sequence[Failure]
    classes: Sequence[Json]


@dataclass
class Answerer:
    """Answers requests; made once for each model in a process."""

    _times_s: deque[float] = field(default_factory=lambda: deque(maxlen=256))
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(2, "batch"))
    _trials: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(_TRIALS, "candidate")
    )
    _busy: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_TRIALS))

    async def answer(
        self, live: Live, request: str, rows: Sequence[Mapping[str, Json]], batch: pa.RecordBatch
    ) -> Answered:
        """The answers to ``rows``, which ``batch`` holds as the stable release reads them.

        Raises
        ------
        NotFinite
            The stable release answered with a number that is not finite.
        """
        chosen = candidate_rows(live.traffic, request, rows)
        ids = [f"{request}-{i}" for i in range(len(rows))]
        found, failures = await self._candidate_part(live, ids, rows, chosen)
        rest = [i for i in range(len(rows)) if i not in found]
        if rest:
            part = batch if len(rest) == len(rows) else batch.take(pa.array(rest))
            scores, ms = await self._stable(live.stable, part)
            found.update(_predictions(live.stable, rest, ids, rows, part, scores, ms))
        names = {x.digest: x.version for x in (live.stable, live.candidate) if x is not None}
        ordered = [found[i] for i in range(len(rows))]
        versions = [names[prediction.release] for prediction in ordered]
        return Answered(ordered, versions, failures, live.stable.release.classes)

    async def _candidate_part(
        self,
        live: Live,
        ids: Sequence[str],
        rows: Sequence[Mapping[str, Json]],
        chosen: Sequence[bool],
    ) -> tuple[dict[int, Prediction], list[Failure]]:
        """The candidate's answers to the ``chosen`` rows by their position, or its failures."""
        candidate = live.candidate
        if candidate is None or not any(chosen):
            return {}, []
        picks = [i for i, is_chosen in enumerate(chosen) if is_chosen]
        try:
            # By its own signature: a candidate may take what the stable release does not.
            part = candidate.reader.batch([rows[i] for i in picks], limit=len(picks))
            scores, ms = await self._try(candidate, part)
        except (_Failed, Refused) as failed:
            reason = failed.reason if isinstance(failed, _Failed) else "refused"
            at = utc_text()
            return {}, [Failure(ids[i], at, candidate.digest, reason) for i in picks]
        return _predictions(candidate, picks, ids, rows, part, scores, ms), []

    async def _stable(self, loaded: Loaded, batch: pa.RecordBatch) -> tuple[np.ndarray, float]:
        if batch.num_rows < BATCH_ROWS:
            scores, ms = _timed(loaded, batch)
            self._times_s.append(ms / 1000)
        else:
            loop = asyncio.get_running_loop()
            scores, ms = await loop.run_in_executor(self._pool, _timed, loaded, batch)
        if not np.isfinite(scores).all():
            raise NotFinite(
                f"{loaded.version} answered with a number that is not finite",
                do="roll back with `rueda rollback`",
            )
        return scores, ms

    async def _try(self, loaded: Loaded, batch: pa.RecordBatch) -> tuple[np.ndarray, float]:
        """The candidate's scores inside its deadline, from a thread: it may hang or raise."""
        if not self._busy.acquire(blocking=False):
            raise _Failed("busy")
        try:
            trial = self._trials.submit(_timed, loaded, batch)
        except RuntimeError:
            self._busy.release()
            raise _Failed("busy") from None
        trial.add_done_callback(lambda _: self._busy.release())
        try:
            scores, ms = await asyncio.wait_for(
                asyncio.shield(asyncio.wrap_future(trial)), self._deadline_s(batch.num_rows)
            )
        except TimeoutError:
            raise _Failed("late") from None
        except UnfitData:
            raise _Failed("non-finite") from None
        # A candidate may raise anything at all; it is counted, and the stable release answers.
        except Exception:  # noqa: BLE001
            raise _Failed("exception") from None
        if scores.shape[0] != batch.num_rows or not np.isfinite(scores).all():
            raise _Failed("non-finite")
        return scores, ms

    def _deadline_s(self, rows: int) -> float:
        slowest = sorted(self._times_s)[int(len(self._times_s) * 0.99)] if self._times_s else 0.0
        return max(3 * slowest, _LEAST_DEADLINE_S) + rows * 0.0005

    def close(self) -> None:
        """Let the threads go; one that hangs is left behind."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._trials.shutdown(wait=False, cancel_futures=True)


class _Failed(Exception):
    def __init__(self, reason: str) -> None:
        self.reason = reason


def _timed(loaded: Loaded, batch: pa.RecordBatch) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    scores = np.asarray(loaded.release.score(batch), dtype=np.float64)
    return scores, (time.perf_counter() - start) * 1000


def _predictions(
    loaded: Loaded,
    places: Sequence[int],
    ids: Sequence[str],
    rows: Sequence[Mapping[str, Json]],
    batch: pa.RecordBatch,
    scores: np.ndarray,
    ms: float,
) -> dict[int, Prediction]:
    """The rows at ``places``, which ``batch`` and ``scores`` hold in this order, as predictions."""
    at, spent = utc_text(), round(ms, 4)
    regression = scores.ndim == 1
    answers = [
        Answer([number], value=number) if regression else Answer(number, label=label)
        for number, label in zip(scores.tolist(), loaded.labels(scores), strict=True)
    ]
    events = loaded.event_times(batch)
    return {
        i: Prediction(ids[i], at, event, loaded.digest, rows[i], answer, spent)
        for i, event, answer in zip(places, events, answers, strict=True)
    }
