"""Who watches a run: what happens is told as it happens, and nobody has to listen."""

from __future__ import annotations

from typing import Protocol


class Watch(Protocol):
    """Told of each stage's beginning, progress and end. Calls come from the thread that runs the
    stage.
    """

    def began(self, stage: str) -> None: ...

    def progress(self, stage: str, done: float, total: float | None, note: str) -> None: ...

    def waits(self, stage: str, holder: str) -> None: ...

    def ended(self, stage: str, state: str, seconds: float, note: str) -> None: ...


class Silence:
    """The watch that says nothing."""

    def began(self, stage: str) -> None: ...

    def progress(self, stage: str, done: float, total: float | None, note: str) -> None: ...

    def waits(self, stage: str, holder: str) -> None: ...

    def ended(self, stage: str, state: str, seconds: float, note: str) -> None: ...
