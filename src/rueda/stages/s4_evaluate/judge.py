"""Judge: the evaluation itself, from a dataset, a preparation and a model to a scorecard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from rueda.artifacts.dataset import Dataset
from rueda.artifacts.model import Model
from rueda.artifacts.preparation.preparation import Preparation
from rueda.artifacts.scorecard import write_scorecard
from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Json
from rueda.kernel.errors import InputError, UnknownName
from rueda.kernel.stage import Context
from rueda.stages.s4_evaluate.curves import curves
from rueda.stages.s4_evaluate.fit import baseline, fit_verdict
from rueda.stages.s4_evaluate.holdout import Scored, align, sample, score_rows
from rueda.stages.s4_evaluate.slices import slice_columns, slice_metrics
from rueda.stages.s4_evaluate.spec import Evaluate
from rueda.stages.s4_evaluate.verdicts import Evidence, combine, judge
from rueda.tallies.answers import Answers
from rueda.tallies.estimate import Measured, Undefined, difference, measurement
from rueda.tallies.metric import BY_TASK, METRICS, check_task, measure

TRAINING_SAMPLE = 50_000


@dataclass(frozen=True)
class _Candidate:
    task: str
    classes: Sequence[Json]
    preparation: Preparation
    model: Model

    def score(self, batch: pa.RecordBatch) -> np.ndarray:
        return self.model.score(self.preparation.matrix(batch))


def evaluate(spec: Evaluate, inputs: Mapping[str, Artifact], context: Context) -> Artifact:
    """The scorecard of a model on the holdout of its dataset.

    Raises
    ------
    SpecError, UnknownName
        A metric is not for this task, or a slice names no column.
    UnfitData
        The model gives scores that are no numbers.
    """
    store = context.store
    dataset = Dataset.open(store, inputs["dataset"])
    model = Model.open(store, inputs["model"])
    preparation = Preparation.open(store, inputs["preparation"])
    candidate = _Candidate(model.task, model.classes, preparation, model)
    names = _names(spec, model.task)
    _check_slices(spec, dataset)
    context.progress(0, 4, "scoring the holdout")
    holdout, label = dataset.split("holdout"), str(dataset.label)
    scored = score_rows(holdout.batches(), label, candidate.score, model.task, model.classes)
    context.progress(1, 4, "scoring training rows")
    rows = sample(dataset.split("train"), TRAINING_SAMPLE)
    train = score_rows(rows, label, candidate.score, model.task, model.classes)
    context.progress(2, 4, "comparing with the champion")
    rival, absent = _champion(inputs.get("champion"), dataset, candidate, scored, context)
    context.progress(3, 4, "measuring")
    tree = _Judgement(spec, names, candidate, scored, train, rival, absent).to_json()
    columns = holdout.to_arrow([*spec.slices, *([dataset.key] if dataset.key else []), label])
    tree["slices"] = _slices(spec, names, scored, columns)
    if tree["champion"] is not None:
        tree["champion"]["release"] = inputs["champion"].digest
    context.progress(4, 4)
    return write_scorecard(store, tree, _kept(scored, columns, dataset.key, label))


@dataclass(frozen=True, eq=False)
class _Judgement:
    """Everything measured, from which the scorecard is written."""

    spec: Evaluate
    names: Sequence[str]
    candidate: _Candidate
    scored: Scored
    train: Scored
    rival: Answers | None
    absent: str

    def to_json(self) -> dict[str, Json]:
        spec, answers = self.spec, self.scored.answers
        mine = _measure_all(spec, self.names, answers)
        nothing = _measure_all(spec, self.names, baseline(self.train.answers, answers))
        theirs = _measure_all(spec, self.names, self.rival) if self.rival else None
        primary = self.names[0]
        evidence = Evidence(primary, len(answers), spec.confidence, mine, theirs, self.absent)
        gates = [judge(gate, evidence) for gate in spec.gates]
        verdict, sentence = combine(gates)
        seen = _measure_all(spec, [primary], self.train.answers)[primary]
        return {
            "task": self.candidate.task,
            "classes": list(self.candidate.classes),
            "primary": primary,
            "measured": list(self.names),
            "confidence": spec.confidence,
            "rows": len(answers),
            "unknown_labels": self.scored.strange,
            "metrics": _plain(mine, spec.confidence),
            "baseline": _plain(nothing, spec.confidence),
            "fit": fit_verdict(primary, seen, mine[primary], nothing[primary], spec.confidence),
            "gates": gates,
            "verdict": verdict,
            "sentence": sentence,
            "curves": curves(answers, self.candidate.classes, spec.confidence),
            "champion": None if theirs is None else _beside(mine, theirs, spec.confidence),
        }


def _names(spec: Evaluate, task: str) -> list[str]:
    """What is measured: what was asked for (or the usual), and what the gates need."""
    asked = list(spec.metrics or BY_TASK[task])
    gated = [gate.metric for gate in spec.gates if gate.metric is not None]
    names = list(dict.fromkeys([*asked, *gated]))
    for name in names:
        check_task(name, task)
    return names


def _check_slices(spec: Evaluate, dataset: Dataset) -> None:
    for name in spec.slices:
        if name not in dataset.schema.names:
            raise UnknownName.among("column", name, dataset.schema.names)


def _champion(
    release: Artifact | None,
    dataset: Dataset,
    candidate: _Candidate,
    scored: Scored,
    context: Context,
) -> tuple[Answers | None, str]:
    """The champion's answers to the very rows of ``scored``; or why there are none."""
    if release is None:
        return None, ""
    # Only here: a release brings its runtime with it.
    from rueda.artifacts.release import Release

    champion = Release.open(context.store, release)
    if champion.task != candidate.task:
        return None, f"it answers a {champion.task} task, this is {candidate.task}"
    try:
        scores = [champion.score(batch) for batch in dataset.split("holdout").batches()]
    except InputError as error:
        return None, error.what
    if not scores:
        return None, "the holdout has no rows"
    every = np.concatenate(scores)
    if candidate.task != "regression":
        every = align(every, champion.classes, candidate.classes)
    return Answers(candidate.task, scored.answers.truth, every[scored.rows]), ""


def _measure_all(spec: Evaluate, names: Sequence[str], answers: Answers) -> dict[str, Measured]:
    options = {"confidence": spec.confidence, "replicates": spec.replicates, "seed": spec.seed}
    return {name: measure(name, answers, **options) for name in names}


def _plain(measured: Mapping[str, Measured], confidence: float) -> dict[str, dict[str, Json]]:
    return {name: measurement(one, confidence) for name, one in measured.items()}


def _beside(
    mine: Mapping[str, Measured], theirs: Mapping[str, Measured], confidence: float
) -> dict[str, Json]:
    differences = {}
    for name, one in mine.items():
        other = theirs[name]
        if not isinstance(one, Undefined) and not isinstance(other, Undefined):
            differences[name] = measurement(difference(one, other), confidence)
    return {"metrics": _plain(theirs, confidence), "differences": differences}


def _slices(
    spec: Evaluate, names: Sequence[str], scored: Scored, columns: pa.Table
) -> list[dict[str, Json]]:
    return slice_metrics(
        scored.answers,
        slice_columns(spec.slices, scored.rows, columns),
        lambda answers: _plain(_measure_all(spec, names, answers), spec.confidence),
        names[0],
        higher_is_better=METRICS[names[0]].higher_is_better,
    )


def _kept(scored: Scored, columns: pa.Table, key: str | None, label: str) -> pa.Table:
    """The rows of ``Scorecard.holdout``."""
    judged = columns.take(pa.array(scored.rows))
    scores = scored.answers.scores
    width = 1 if scores.ndim == 1 else scores.shape[1]
    lists = pa.FixedSizeListArray.from_arrays(pa.array(scores.ravel()), width)
    kept = {"row": pa.array(scored.rows, pa.int64())}
    if key:
        kept["key"] = judged.column(key)
    kept["label"] = judged.column(label)
    return pa.table({**kept, "scores": lists.cast(pa.list_(pa.float64()))})
