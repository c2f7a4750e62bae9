"""Fit: the training rows through the preparation into a trainer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from rueda.artifacts.dataset import Dataset, Split
from rueda.artifacts.model import write_model
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.trials import without_costs, write_trials
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json
from rueda.kernel.errors import MissingExtra, SpecError
from rueda.kernel.meter import Meter
from rueda.kernel.plugins import load_plugin, plugins
from rueda.kernel.seams import Trainer
from rueda.kernel.stage import Context
from rueda.stages.s3_train.fitting import fit_once
from rueda.stages.s3_train.label import read_label

if TYPE_CHECKING:
    from rueda.stages.s3_train.spec import Train


def fit(
    spec: Train, dataset: Artifact, preparation: Artifact, context: Context
) -> dict[str, Artifact]:
    """Search if asked to, then fit on all training rows."""
    opened = Dataset.open(context.store, dataset)
    prepared = Preparation.open(context.store, preparation)
    rows = opened.split("train")
    if opened.label is None:
        raise SpecError(
            "the dataset has no label",
            expected='Extract(…, label="…")',
            got="label=None",
            do="name the column to predict in the extract stage",
        )
    name, trainer = find_trainer(spec.model)
    label = read_label(opened.label, _column(rows, opened.label), spec.task)
    matrix = training_matrix(prepared, rows)
    seed = context.seed + spec.seed
    trials: list[dict[str, Json]] = []
    params: dict[str, Json] = {}
    if spec.search:
        from rueda.stages.s3_train.search import search

        moments = _moments(rows, opened.time)
        params, trials = search(spec, trainer, matrix, label, moments, seed, context.progress)
    with Meter() as meter:
        fitted = fit_once(trainer, spec.model, params, matrix, label, seed)
    cost = {
        "seconds": meter.seconds,
        "cpu_seconds": meter.cpu_seconds,
        "peak_bytes": meter.peak_bytes,
    }
    if not trials:
        trials = [{"number": 0, "params": {}, "score": None, **cost, "state": "complete"}]
    context.progress(1, 1, f"fitted {type(spec.model).__name__} on {len(matrix):,} rows")
    model = write_model(
        context.store,
        fitted,
        trainer=name,
        task=label.task,
        classes=label.classes,
        features=prepared.outputs,
        params=params,
        trials=[without_costs(trial) for trial in trials],
        model=trainer.describe(spec.model),
        rows=len(matrix),
        seed=seed,
    )
    return {"model": model, "trials": write_trials(context.store, trials, cost)}


def find_trainer(model: object) -> tuple[str, Trainer]:
    """The first installed trainer that accepts ``model``.

    Raises
    ------
    SpecError
        None does.
    """
    names = sorted(plugins("trainer"))
    absent = []
    for name in names:
        try:
            trainer = load_plugin("trainer", name)()
        except MissingExtra as missing:
            absent.append(f"{missing.what}: {missing.do}")
            continue
        if trainer.accepts(model):
            return name, trainer
    raise SpecError(
        f"no trainer takes a {type(model).__module__}.{type(model).__qualname__}",
        expected=f"a model of {', '.join(names)}",
        got=repr(model)[:80],
        do="; ".join(absent) or "use an estimator of scikit-learn, or write a trainer plugin",
    )


def training_matrix(preparation: Preparation, rows: Split) -> np.ndarray:
    """All rows of a side as one float32 matrix."""
    matrix = np.empty((rows.rows, len(preparation.outputs)), dtype=np.float32)
    wanted = [field.name for field in preparation.inputs]
    start = 0
    for batch in rows.batches(wanted):
        matrix[start : start + batch.num_rows] = preparation.matrix(batch)
        start += batch.num_rows
    return matrix


def _column(rows: Split, name: str) -> list[Any]:
    return [batch.column(name) for batch in rows.batches([name])]


def _moments(rows: Split, time: str | None) -> np.ndarray | None:
    """The time of each row as a sortable number; None without a time column."""
    if time is None:
        return None
    return np.asarray(rows.to_arrow([time]).column(time).to_numpy())
