"""Search: the best parameters by Optuna's tree-structured Parzen estimator, seeded."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from rueda.kernel.digest import Json
from rueda.kernel.errors import MissingExtra, UnfitData, UserCodeError
from rueda.kernel.meter import Meter
from rueda.kernel.seams import Trainer
from rueda.kernel.stage import Progress
from rueda.stages.s3_train.fitting import fit_once
from rueda.stages.s3_train.folds import Fold, carve
from rueda.stages.s3_train.label import Label
from rueda.stages.s3_train.objective import Objective, objective_for
from rueda.stages.s3_train.space import Choice, Int, Space

if TYPE_CHECKING:
    from rueda.stages.s3_train.spec import Train

DEFAULT_TRIALS = 20
Trial = dict[str, Json]


@dataclass(frozen=True)
class Rows:
    """What a trial is fitted and judged on."""

    matrix: np.ndarray
    label: Label
    folds: list[Fold]


def search(
    spec: Train,
    trainer: Trainer,
    matrix: np.ndarray,
    label: Label,
    moments: np.ndarray | None,
    seed: int,
    progress: Progress,
) -> tuple[dict[str, Json], list[Trial]]:
    """The parameters with the best score, and all trials in order.

    A trial that raises is kept with its parameters and its error, and the search goes on.

    Raises
    ------
    MissingExtra
        Optuna is not installed.
    UserCodeError
        Every trial failed; the cause is what the last one raised.
    """
    optuna = _optuna()
    objective = objective_for(label.task, spec.metric)
    rows = Rows(matrix, label, _folds(label, moments, seed))
    study = optuna.create_study(
        direction="maximize" if objective.maximize else "minimize",
        sampler=optuna.samplers.TPESampler(seed=seed),
    )
    total = spec.trials or DEFAULT_TRIALS
    trials: list[Trial] = []
    failure: UserCodeError | None = None
    for number in range(total):
        asked = study.ask()
        params = {name: _suggest(asked, name, s) for name, s in (spec.search or {}).items()}
        trial, error = _try(spec.model, trainer, params, rows, objective, seed)
        trials.append({"number": number, **trial})
        failed = optuna.trial.TrialState.FAIL
        study.tell(asked, trial["score"], state=None if error is None else failed)
        failure = error or failure
        progress(number + 1, total, _note(number, trial, objective))
    done = [trial for trial in trials if trial["state"] == "complete"]
    if not done:
        assert failure is not None
        raise failure
    sign = -1 if objective.maximize else 1
    # `min` keeps the first of equals: the earliest trial wins.
    best = min(done, key=lambda trial: sign * trial["score"])
    return best["params"], trials


def _optuna() -> Any:
    try:
        import optuna
    except ImportError as error:
        raise MissingExtra(
            "a search needs the package optuna", do="pip install 'rueda[search]'"
        ) from error
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna


def _folds(label: Label, moments: np.ndarray | None, seed: int) -> list[Fold]:
    classes = label.task != "regression"
    folds = carve(label.numbers, classes=classes, moments=moments, seed=seed)
    if classes and any(len(np.unique(label.numbers[judge])) < 2 for _, judge in folds):
        raise UnfitData(
            "the rows that the search would judge on hold one class",
            expected="two classes or more among the validation rows",
            got=f"{len(folds[0][1]):,} rows of one class",
            do="search on more rows, or train without a search",
        )
    return folds


def _suggest(asked: Any, name: str, space: Space) -> Json:
    if isinstance(space, Choice):
        # Optuna's categories are plain hashable values; the place stands for any other.
        place = asked.suggest_categorical(name, range(len(space.options)))
        return space.options[place]
    if isinstance(space, Int):
        return asked.suggest_int(name, space.low, space.high, log=space.log)
    return asked.suggest_float(name, space.low, space.high, log=space.log)


def _try(
    model: object,
    trainer: Trainer,
    params: Mapping[str, Json],
    rows: Rows,
    objective: Objective,
    seed: int,
) -> tuple[Trial, UserCodeError | None]:
    error: UserCodeError | None = None
    score: float | None = None
    with Meter() as meter:
        try:
            score = _judge(model, trainer, params, rows, objective, seed)
        except UserCodeError as raised:
            error = raised
    trial: Trial = {
        "params": dict(params),
        "score": score,
        "seconds": meter.seconds,
        "cpu_seconds": meter.cpu_seconds,
        "peak_bytes": meter.peak_bytes,
        "state": "complete" if error is None else "failed",
    }
    return (trial if error is None else {**trial, "error": error.got}), error


def _judge(
    model: object,
    trainer: Trainer,
    params: Mapping[str, Json],
    rows: Rows,
    objective: Objective,
    seed: int,
) -> float:
    """The mean over the folds."""
    scores = []
    for fitting, judging in rows.folds:
        label = Label(rows.label.task, rows.label.classes, rows.label.numbers[fitting])
        fitted = fit_once(trainer, model, params, rows.matrix[fitting], label, seed)
        found = fitted.score(rows.matrix[judging])
        if label.classes and found.shape[1] < len(label.classes):
            # The last classes may be missing among the rows of a fold.
            found = np.pad(found, ((0, 0), (0, len(label.classes) - found.shape[1])))
        scores.append(objective.measure(rows.label.numbers[judging], found))
    mean = float(np.mean(scores))
    if not math.isfinite(mean):
        raise UserCodeError(
            f"{type(model).__name__} gave no finite {objective.name}",
            expected="finite scores",
            got=f"{objective.name} = {mean}",
            do=f"narrow the search: params were {dict(params)}",
        )
    return mean


def _note(number: int, trial: Trial, objective: Objective) -> str:
    if trial["score"] is None:
        return f"trial {number} failed: {trial['error']}"
    return f"trial {number}: {objective.name} {trial['score']:.5f}"
