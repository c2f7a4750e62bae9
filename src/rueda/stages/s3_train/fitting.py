"""Fitting: one call of a trainer, and what is said when it raises."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from rueda.kernel.digest import Json
from rueda.kernel.errors import RuedaError, UserCodeError
from rueda.kernel.seams import Fitted, Trainer
from rueda.stages.s3_train.label import Label


def fit_once(
    trainer: Trainer,
    model: object,
    params: Mapping[str, Json],
    matrix: np.ndarray,
    label: Label,
    seed: int,
) -> Fitted:
    """One fit; what the estimator raises comes back as the user's error, its traceback kept."""
    try:
        return trainer.fit(model, params, matrix, label.numbers, task=label.task, seed=seed)
    except RuedaError:
        raise
    except Exception as error:
        raise UserCodeError(
            f"{getattr(model, '__name__', type(model).__name__)} failed to fit",
            expected=f"a fit on {matrix.shape[0]:,} rows x {matrix.shape[1]} features, "
            f"task {label.task}, params {dict(params)}",
            got=f"{type(error).__name__}: {error}",
            do=_advice(error, matrix),
        ) from error


def _advice(error: Exception, matrix: np.ndarray) -> str:
    if "nan" in str(error).lower() and np.isnan(matrix).any():
        return "the matrix holds nulls: if the model takes none, add Impute() at the end of Prepare"
    return "read the traceback; `rueda train --debug` runs just this stage under a debugger"
