"""The spec of register: how a model becomes a release."""

from __future__ import annotations

from dataclasses import dataclass

from rueda.kernel.errors import SpecError, UnknownName

FORMATS = ("auto", "onnx", "native")


@dataclass(frozen=True)
class Register:
    """Package the model with its preparation, prove that the package answers alike, and trace it.

    Parameters
    ----------
    name
        Names the model; the lifecycle fills it in.
    golden_rows
        How many rows the golden sample has: they are answered through the serving path and must
        equal the training path.
    tolerance
        The largest difference of a score that still counts as equal.
    format
        ``onnx``: serving needs no training library, or registration fails; ``native``: the
        trainer's own format; ``auto``: ``onnx`` where its answers are proved equal.
    """

    name: str = ""
    golden_rows: int = 256
    tolerance: float = 1e-6
    format: str = "auto"

    def __post_init__(self) -> None:
        if self.format not in FORMATS:
            raise UnknownName.among("format", self.format, FORMATS)
        if self.golden_rows < 1:
            raise SpecError(
                "a golden sample of no rows proves nothing",
                expected="golden_rows of 1 or more",
                got=str(self.golden_rows),
                do="leave golden_rows out for 256 rows",
            )
        if not 0 <= self.tolerance < 1:
            raise SpecError(
                "tolerance is a difference of scores",
                expected="a number from 0 to below 1",
                got=str(self.tolerance),
                do="leave tolerance out for 1e-6",
            )
