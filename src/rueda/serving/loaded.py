"""Loaded: a release in memory, verified, with all that answering a request needs of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

import numpy as np
import pyarrow as pa

from rueda.artifacts.deployment import Share, Traffic
from rueda.artifacts.rows import RowReader
from rueda.artifacts.signature import Signature
from rueda.kernel.digest import Digest, Json
from rueda.kernel.record import utc_text


class Servable(Protocol):
    """What serving asks of an opened release."""

    @property
    def name(self) -> str: ...
    @property
    def task(self) -> str: ...
    @property
    def classes(self) -> Sequence[Json]: ...
    @property
    def threshold(self) -> float: ...
    @property
    def signature(self) -> Signature: ...
    @property
    def time(self) -> str | None: ...

    def score(self, batch: pa.RecordBatch) -> np.ndarray:
        """Probabilities of shape (rows, classes); of a regression, values of shape (rows,)."""
        ...

    def check_golden(self) -> None:
        """Raise unless the golden sample gets the answers that it got at registration."""
        ...


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Opener = Callable[[Digest], Servable]


@dataclass(frozen=True, slots=True)
class Loaded:
    """One release, ready to answer. ``version`` is its public name, such as ``flight-delay@3``."""

    digest: Digest
    version: str
    release: Servable
    reader: RowReader

    def event_times(self, batch: pa.RecordBatch) -> list[str | None]:
        """The time column of each row as RFC 3339 in UTC; None where there is none."""
        name = self.release.time
        if name is None or name not in batch.schema.names:
            return [None] * batch.num_rows
        return _moments(batch.column(name))

    def labels(self, scores: np.ndarray) -> list[Json]:
        """The class of each row of ``scores``; of a regression, its value."""
        if scores.ndim == 1:
            return list(scores.tolist())
        classes = self.release.classes
        if self.release.task == "binary":
            above = scores[:, 1] >= self.release.threshold
            return [classes[1] if positive else classes[0] for positive in above.tolist()]
        return [classes[i] for i in scores.argmax(axis=1).tolist()]


@dataclass(frozen=True, slots=True)
class Live:
    """What a server answers with at one moment: never changed, only replaced as a whole."""

    digest: Digest
    traffic: Traffic
    stable: Loaded
    candidate: Loaded | None

    @property
    def versions(self) -> list[str]:
        return [self.stable.version, *([self.candidate.version] if self.candidate else [])]

    def only(self, number: str) -> Live | None:
        """The same with all traffic to one version; None when that is not among ``versions``."""
        wanted = f"{self.traffic.name}@{number}"
        if wanted == self.stable.version:
            traffic = Traffic.whole(self.traffic.name, self.stable.digest)
            return replace(self, traffic=traffic, candidate=None)
        if self.candidate is not None and wanted == self.candidate.version:
            shares = (Share(self.stable.digest, 0), Share(self.candidate.digest, 100))
            return replace(self, traffic=replace(self.traffic, shares=shares))
        return None


def _moments(column: pa.Array) -> list[str | None]:
    """``column`` as text. By way of integers: Arrow's own conversion imports pandas for some
    units.
    """
    kind = column.type
    if not pa.types.is_timestamp(kind) and not pa.types.is_date(kind):
        return [None] * len(column)
    ticks = column.cast(pa.timestamp("us", tz=getattr(kind, "tz", None)), safe=False)
    return [
        None if tick is None else utc_text(_EPOCH + timedelta(microseconds=tick))
        for tick in ticks.cast(pa.int64()).to_pylist()
    ]
