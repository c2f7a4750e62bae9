"""Marked: a release that answers its mark, or misbehaves on demand: for tests of servers and
rollouts, where each answer must show which release gave it.
"""

from __future__ import annotations

import sys
import time as clock
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from rueda.artifacts.signature import Field, Signature
from rueda.kernel.artifact import Artifact, read_manifest, write_artifact
from rueda.kernel.digest import Digest, Json
from rueda.kernel.errors import Corrupt
from rueda.kernel.seams import Store

SIGNATURE = Signature(
    (Field("x", "double"), Field("k", "string"), Field("t", "timestamp[us, tz=UTC]")), ()
)


@dataclass(frozen=True)
class MarkedRelease:
    """Scores each row ``mark`` (a probability), and does what ``fault`` says.

    Attributes
    ----------
    fault
        ``none``; ``nan``, ``raise``, ``hang``, ``slow``: the ``share`` of answers that are so;
        ``golden``: it fails its golden sample.
    spread
        How far scores vary around ``mark``, evenly.
    """

    name: str
    mark: float
    fault: str = "none"
    share: float = 1.0
    spread: float = 0.0
    task: str = "binary"
    classes: Sequence[Json] = (False, True)
    threshold: float = 0.5
    time: str | None = "t"
    signature: Signature = SIGNATURE
    _random: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @classmethod
    def write(cls, store: Store, name: str, mark: float, **meta: Json) -> Artifact:
        """A release artifact that ``open`` understands."""
        return write_artifact(store, "release", {}, {"name": name, "mark": mark, **meta})

    @classmethod
    def open(cls, store: Store, digest: Digest) -> MarkedRelease:
        meta: Mapping[str, Any] = read_manifest(store, digest).meta
        return cls(**meta)

    def score(self, batch: pa.RecordBatch) -> np.ndarray:
        if self.fault != "none" and self._random.random() < self.share:
            if self.fault == "raise":
                raise RuntimeError("a fault on demand")
            if self.fault in ("hang", "slow"):
                clock.sleep(60 if self.fault == "hang" else 0.03)
        noise = self.spread * (self._random.random(batch.num_rows) - 0.5)
        positive = np.clip(self.mark + noise, 0.0, 1.0)
        if self.fault == "nan" and self._random.random() < self.share:
            positive[:] = np.nan
        return np.column_stack([1 - positive, positive])

    def check_golden(self) -> None:
        """Raise Corrupt if the fault is ``golden``."""
        if self.fault == "golden":
            raise Corrupt("the golden sample is answered otherwise than at registration")


def main(arguments: Sequence[str]) -> int:
    """``python -m rueda.testing.marked HOME NAME [durable]``: serve marked releases; the address
    goes to standard output.
    """
    from rueda.kernel.home import open_home
    from rueda.serving.process import ServeOptions, serve

    folder, name, *modes = arguments
    home = open_home(Path(folder))
    return serve(
        home,
        [name],
        ServeOptions(port=0, wait=True, durable="durable" in modes),
        opener=lambda digest: MarkedRelease.open(home.store, digest),
        started=lambda address: print(address, flush=True),  # noqa: T201
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
