"""Evaluate: ten metrics with intervals, whole and over 200 slices, beside scikit-learn's values.

Run with ``python bench/evaluate.py``; CPU seconds of this process.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import sklearn.metrics as sk

from rueda.stages.s4_evaluate.slices import slice_metrics
from rueda.tallies.answers import Answers
from rueda.tallies.estimate import measurement
from rueda.tallies.metric import METRICS, measure

NAMES = [name for name, metric in METRICS.items() if "binary" in metric.tasks]


def main() -> None:
    for rows in (100_000, 1_000_000):
        answers, columns = made_up(rows)
        print(f"{rows:,} rows")
        report("10 metrics with intervals", lambda a=answers: judged(a))
        report(
            "the same over 200 slices",
            lambda a=answers, c=columns: slice_metrics(
                a, c, judged, "roc_auc", higher_is_better=True
            ),
        )
        truth, score = answers.truth, answers.scores[:, 1]
        report("roc_auc with its interval", lambda a=answers: fresh("roc_auc", a))
        report("scikit-learn, roc_auc", lambda t=truth, s=score: sk.roc_auc_score(t, s))
        report(
            "average_precision with its interval", lambda a=answers: fresh("average_precision", a)
        )
        report(
            "scikit-learn, average_precision",
            lambda t=truth, s=score: sk.average_precision_score(t, s),
        )
        report("log_loss with its interval", lambda a=answers: fresh("log_loss", a))
        report("scikit-learn, log_loss", lambda a=answers: sk.log_loss(a.truth, a.scores))


def made_up(rows: int) -> tuple[Answers, pa.Table]:
    random = np.random.default_rng(0)
    truth = random.integers(0, 2, rows)
    score = 1 / (1 + np.exp(-(random.normal(size=rows) + truth)))
    columns = {f"c{i}": random.integers(0, 20, rows) for i in range(10)}
    return Answers("binary", truth, np.column_stack([1 - score, score])), pa.table(columns)


def judged(answers: Answers) -> dict[str, dict[str, object]]:
    return {name: measurement(measure(name, answers), 0.95) for name in NAMES}


def fresh(name: str, answers: Answers) -> dict[str, object]:
    """Measured without the order of the scores that an earlier metric left behind."""
    again = Answers(answers.task, answers.truth, answers.scores)
    return measurement(measure(name, again), 0.95)


def report(what: str, run: Callable[[], object]) -> None:
    started = time.process_time()
    run()
    print(f"  {what:<38} {time.process_time() - started:7.3f} s")


if __name__ == "__main__":
    main()
