"""Stage: artifacts to artifacts, pure; and the context that it runs in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from rueda.kernel.artifact import Artifact
from rueda.kernel.seams import Engine, Store


class Progress(Protocol):
    """Where a stage says how far it is; quiet by default."""

    def __call__(self, done: float, total: float | None, note: str = "") -> None: ...


def silent(done: float, total: float | None, note: str = "") -> None:
    """The progress that nobody watches."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a stage may touch besides its inputs. Nothing in it may change the result, except
    ``seed``.

    Attributes
    ----------
    store, engine
        Where bytes live and who computes.
    project
        The folder of the user's lifecycle; relative paths in specs start here.
    scratch
        A folder for temporary files, removed after the stage.
    seed
        The seed of everything random.
    progress
        Called now and then; may raise KeyboardInterrupt to cancel.
    """

    store: Store
    engine: Engine
    project: Path
    scratch: Path
    seed: int = 0
    progress: Progress = silent


@dataclass(frozen=True, slots=True)
class Stage:
    """What the wheel knows of a stage: its name and version, what it needs and makes, and the pure
    function.

    ``run(spec, inputs, context)`` takes the artifacts named in ``needs`` (those in ``optional`` may
    be absent) and gives exactly those in ``makes``. ``version`` grows whenever the same inputs
    would give other outputs. ``distributions`` are the installed packages whose code the stage runs
    whatever its spec says.
    """

    name: str
    version: int
    needs: tuple[str, ...]
    makes: tuple[str, ...]
    run: Callable[[Any, Mapping[str, Artifact], Context], Mapping[str, Artifact]]
    optional: tuple[str, ...] = ()
    distributions: tuple[str, ...] = field(default=())
