"""Lifecycles for tests of the wheel: stages that count how often they run, and do nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rueda.kernel.artifact import Artifact, write_artifact
from rueda.kernel.stage import Context, Stage
from rueda.lifecycle import STAGE_NAMES


@dataclass(frozen=True)
class Plain:
    """The spec of a counting stage."""

    value: int = 0


@dataclass
class CountingLifecycle:
    """Seven stages, each of which takes what the one before made; ``ran`` lists those that ran.

    ``act`` is called inside each stage with its name: to fail, to wait, to die.
    """

    project: Path
    name: str = "counting"
    values: dict[str, int] = field(default_factory=dict)
    act: Callable[[str], None] = lambda _: None
    ran: list[str] = field(default_factory=list)
    extract: object = None

    def stages(self) -> Iterator[tuple[Stage, object]]:
        before: tuple[str, ...] = ()
        for name in STAGE_NAMES:
            yield Stage(name, 1, before, (f"{name}-made",), self._run(name)), self._spec(name)
            before = (f"{name}-made",)

    def _spec(self, name: str) -> Plain:
        return Plain(self.values.get(name, 0))

    def _run(
        self, name: str
    ) -> Callable[[object, Mapping[str, Artifact], Context], dict[str, Artifact]]:
        def run(
            spec: Plain, inputs: Mapping[str, Artifact], context: Context
        ) -> dict[str, Artifact]:
            self.ran.append(name)
            self.act(name)
            took = {key: artifact.digest for key, artifact in inputs.items()}
            meta = {"value": spec.value, "stage": name, **took}
            return {
                f"{name}-made": write_artifact(context.store, "plain", {"file": b"x" * 100}, meta)
            }

        return run


def slowly(seconds: float) -> Callable[[str], None]:
    """An act that takes its time."""
    return lambda _: time.sleep(seconds)
