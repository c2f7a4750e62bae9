"""Prepare: the steps from raw columns to the model's matrix, fitted on the training rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rueda.kernel.artifact import Artifact
from rueda.kernel.errors import SpecError
from rueda.kernel.stage import Context, Stage

if TYPE_CHECKING:
    from rueda.artifacts.preparation.step import Step


@dataclass(frozen=True, init=False)
class Prepare:
    """Turn raw columns into numbers that a model can learn from.

    Parameters
    ----------
    steps
        ``Impute``, ``Scale``, ``OneHot``, ``Ordinal``, ``Dates`` and ``Drop``, in the order of
        their application. Without any, the steps are chosen by what the training rows hold
        (``rueda.artifacts.preparation.auto``).

    Notes
    -----
    Features are all columns but label and key. Each step is fitted on training rows that went
    through the steps before it; the holdout is never looked at.
    """

    steps: tuple[Step, ...]

    def __init__(self, *steps: Step) -> None:
        for step in steps:
            if isinstance(step, type) or not hasattr(step, "fit"):
                raise SpecError(
                    "Prepare takes steps",
                    expected="Impute(…), Scale(…), OneHot(…), Ordinal(…), Dates(…) or Drop(…)",
                    got=repr(step)[:80],
                    do="write the step with its brackets",
                )
        object.__setattr__(self, "steps", steps)


def prepare(spec: Prepare, inputs: Mapping[str, Artifact], context: Context) -> dict[str, Artifact]:
    """Fit ``spec`` on the training side of the dataset."""
    import pyarrow as pa

    from rueda.artifacts.dataset import Dataset
    from rueda.artifacts.preparation.auto import automatic_steps
    from rueda.artifacts.preparation.fit import fit_preparation
    from rueda.artifacts.preparation.preparation import write_preparation
    from rueda.artifacts.profile import Profile

    dataset = Dataset.open(context.store, inputs["dataset"])
    schema = pa.schema([dataset.schema.field(name) for name in dataset.features])
    chunks = dataset.split("train").chunks
    steps = spec.steps
    if not steps:
        profile = Profile.open(context.store, inputs["profile"])
        steps = automatic_steps(schema, profile.columns, profile.rows)
    preparation = fit_preparation(steps, schema, chunks, context.engine)
    return {"preparation": write_preparation(context.store, preparation)}


PREPARE = Stage(
    name="prepare",
    version=1,
    needs=("dataset", "profile"),
    makes=("preparation",),
    run=prepare,
    distributions=("numpy", "pyarrow"),
)
