"""The laws of a Trainer: one function each, named by what it holds a trainer to."""

from __future__ import annotations

import os
import pickle
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np

from rueda.kernel.digest import Json, canonical_json
from rueda.kernel.errors import RuedaError, UnknownName
from rueda.kernel.seams import Fitted, Trainer

Make: TypeAlias = Callable[[], Trainer]

ROWS = 240
FLOAT32 = 1e-5
"""Models may compute in the matrix's float32."""


@dataclass(frozen=True)
class Sample:
    """A model that the trainer takes.

    Attributes
    ----------
    model
        Gives the unfitted model.
    task
        ``binary``, ``multiclass`` or ``regression``.
    parameters
        Parameters to set, none of them at the value that the model has.
    """

    model: Callable[[], object]
    task: str
    parameters: Mapping[str, Json] = field(default_factory=dict)


def check_trainer(make: Make, samples: Mapping[str, Sample]) -> None:
    """Hold the trainer that ``make`` gives to every law, with each of ``samples``.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for sample in samples.values():
        for law in TRAINER_LAWS:
            law(make, sample)


def knows_its_models(make: Make, sample: Sample) -> None:
    trainer = make()
    assert trainer.accepts(sample.model())
    for stranger in (None, 1, "model", object(), {"model": 1}):
        assert not trainer.accepts(stranger), f"{stranger!r} is of no family"


def describes_canonically(make: Make, sample: Sample) -> None:
    """Equal models have one description, in canonical JSON."""
    first = canonical_json(make().describe(sample.model()))
    assert first == canonical_json(make().describe(sample.model()))


def answers_in_shape(make: Make, sample: Sample) -> None:
    """Float64 probabilities that sum to one, or float64 predictions; one row like many."""
    matrix, label = rows_for(sample.task)
    fitted = _fit(make(), sample)
    scores = fitted.score(matrix)
    assert scores.dtype == np.float64
    assert np.isfinite(scores).all()
    if sample.task == "regression":
        assert scores.shape == (ROWS,)
    else:
        assert scores.shape == (ROWS, int(label.max()) + 1)
        assert np.allclose(scores.sum(axis=1), 1.0, rtol=0, atol=FLOAT32)
    assert np.allclose(fitted.score(matrix[5:6]), scores[5:6], rtol=FLOAT32, atol=FLOAT32)


def changes_no_argument(make: Make, sample: Sample) -> None:
    """Neither the model, nor the matrix, nor the label."""
    trainer, model = make(), sample.model()
    matrix, label = rows_for(sample.task)
    before = canonical_json(trainer.describe(model)), matrix.tobytes(), label.tobytes()
    trainer.fit(model, sample.parameters, matrix, label, task=sample.task, seed=3)
    after = canonical_json(trainer.describe(model)), matrix.tobytes(), label.tobytes()
    assert before == after


def fits_the_same_bits(make: Make, sample: Sample) -> None:
    """The same model, rows and seed give the same files."""
    assert dict(_fit(make(), sample).to_files()) == dict(_fit(make(), sample).to_files())


def comes_back_from_its_files(make: Make, sample: Sample) -> None:
    """Loaded, it answers the same bits."""
    matrix, _ = rows_for(sample.task)
    fitted = _fit(make(), sample)
    files = dict(fitted.to_files())
    assert np.array_equal(make().load(files).score(matrix), fitted.score(matrix))


def sets_parameters(make: Make, sample: Sample) -> None:
    """A parameter changes the model; one that does not exist is refused by name."""
    trainer = make()
    matrix, label = rows_for(sample.task)
    if sample.parameters:
        files = dict(_fit(trainer, sample).to_files())
        plain = trainer.fit(sample.model(), {}, matrix, label, task=sample.task, seed=3)
        assert dict(plain.to_files()) != files, "parameters are set"
    try:
        wrong = {"no_such_parameter": 1}
        trainer.fit(sample.model(), wrong, matrix, label, task=sample.task, seed=3)
    except UnknownName:
        return
    raise AssertionError("an unknown parameter is refused with UnknownName")


def runs_no_code_on_load(make: Make, sample: Sample) -> None:
    """A pickle in the place of any file is refused, and nothing in it runs."""
    files = dict(_fit(make(), sample).to_files())
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "ran"
        for name in files:
            planted = {**files, name: pickle.dumps(_Bomb(str(trace)))}
            try:
                make().load(planted)
            except (RuedaError, ValueError):
                pass
            else:
                raise AssertionError(f"{name}: a pickle was taken for a model")
            assert not trace.exists(), f"{name}: code in the file ran"


TRAINER_LAWS = (
    knows_its_models,
    describes_canonically,
    answers_in_shape,
    changes_no_argument,
    fits_the_same_bits,
    comes_back_from_its_files,
    sets_parameters,
    runs_no_code_on_load,
)


def rows_for(task: str) -> tuple[np.ndarray, np.ndarray]:
    """A float32 matrix and a label that can be learned from it."""
    drawn = np.random.default_rng(11)
    matrix = drawn.normal(size=(ROWS, 4)).astype(np.float32)
    signal = matrix[:, 0] + 0.5 * matrix[:, 1] + 0.3 * drawn.normal(size=ROWS)
    if task == "regression":
        return matrix, signal.astype(np.float64)
    edges = [0.0] if task == "binary" else [-0.5, 0.5]
    return matrix, np.digitize(signal, edges).astype(np.int64)


class _Bomb:
    """Unpickled, it makes a folder."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[[str], None], tuple[str]]:
        return os.mkdir, (self.path,)


def _fit(trainer: Trainer, sample: Sample) -> Fitted:
    matrix, label = rows_for(sample.task)
    return trainer.fit(sample.model(), sample.parameters, matrix, label, task=sample.task, seed=3)
