"""Step: what is declared, fitted on training rows, and then applied to every batch alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from importlib import import_module
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from rueda.kernel.digest import Json
from rueda.kernel.errors import SpecError, UnknownName

if TYPE_CHECKING:
    from rueda.artifacts.preparation.layout import Layout
    from rueda.artifacts.preparation.planes import Operation
    from rueda.tallies.column import ColumnTally

R = TypeVar("R")


class Gather(Protocol):
    """One pass over the training rows, with all earlier steps applied."""

    def __call__(self, tally: ColumnTally[R]) -> dict[str, R]: ...


class FittedStep(Protocol):
    """A step that knows its training rows. A frozen dataclass whose fields are plain JSON."""

    def bind(self, layout: Layout) -> Operation:
        """What the step does to the planes of a batch; ``layout`` is moved past the step.

        Columns that are not in ``layout`` are passed over: nothing downstream wanted them.
        """
        ...

    def describe(self) -> str:
        """One line that says what the step does to which columns."""
        ...


class Step(Protocol):
    """A step as the user declares it: a frozen dataclass."""

    def fit(self, layout: Layout, gather: Gather) -> FittedStep:
        """The step, fitted; ``layout`` is not changed.

        Raises
        ------
        UnknownName
            A column that it names is not there.
        SpecError
            A column is of a kind that it cannot work on.
        """
        ...


_FITTED = {
    "dates": "dates:FittedDates",
    "drop": "drop:FittedDrop",
    "impute": "impute:FittedImpute",
    "one_hot": "one_hot:FittedOneHot",
    "ordinal": "ordinal:FittedOrdinal",
    "scale": "scale:FittedScale",
}


def step_to_json(step: FittedStep) -> dict[str, Json]:
    """``step`` as plain JSON."""
    module = type(step).__module__.rpartition(".")[2]
    return {"step": module, **asdict(cast(Any, step))}


def step_from_json(tree: Mapping[str, Json]) -> FittedStep:
    """The step that ``step_to_json`` wrote; only the steps of this package are made."""
    fields = dict(tree)
    name = fields.pop("step")
    if name not in _FITTED:
        raise UnknownName.among("step", name, _FITTED)
    module, _, fitted = _FITTED[name].partition(":")
    package = __name__.rpartition(".")[0]
    return cast(FittedStep, getattr(import_module(f"{package}.{module}"), fitted)(**fields))


def declare(spec: object, columns: tuple[str, ...], **options: object) -> None:
    """Set the fields of the frozen ``spec``: columns are named without a keyword and a bracket."""
    for name in columns:
        if not isinstance(name, str):
            raise SpecError(
                f"{type(spec).__name__} takes names of columns",
                expected='strings, as in OneHot("carrier", "origin")',
                got=repr(name),
            )
    for name, value in {"columns": columns, **options}.items():
        object.__setattr__(spec, name, value)


def check_choice(spec: object, option: str, value: object, choices: tuple[str, ...]) -> None:
    """Refuse a ``value`` that is none of ``choices``."""
    if value not in choices:
        raise UnknownName.among(f"{option} of {type(spec).__name__}", str(value), choices)


def shorten(names: tuple[str, ...] | list[str], most: int = 6) -> str:
    """``names`` as one phrase of bounded length."""
    names = list(names)
    if len(names) <= most:
        return ", ".join(names) or "no column"
    return f"{', '.join(names[:most])} and {len(names) - most} more"
