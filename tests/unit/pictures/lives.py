"""A life with everything in it, small: what the tests of pictures look at."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from rueda.pictures.lineage import Node
from rueda.pictures.report import Life
from rueda.tallies.profile import ProfileTally

NASTY = '</script><img src=x onerror="alert(1)">&'


def profile() -> dict[str, Any]:
    rng = np.random.default_rng(6)
    batch = pa.record_batch(
        {
            "number": rng.normal(size=500),
            "few": rng.integers(0, 5, 500),
            "word": [f"w{i}" for i in rng.poisson(3, 500)],
            NASTY: [NASTY, *[""] * 499],
            "moment": pa.array(rng.integers(0, 10**15, 500), pa.timestamp("us", tz="UTC")),
            "flag": rng.random(500) < 0.5,
            "constant": [1.5] * 500,
            "missing": pa.nulls(500, pa.float64()),
            "nested": [[1]] * 500,
        }
    )
    tally = ProfileTally.of_schema(batch.schema)
    return tally.result(tally.add(tally.empty(), batch))


def metric(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"value": None, "low": None, "high": None, "reason": "one class only"}
    return {"value": value, "low": value - 0.01, "high": value + 0.01}


def scorecard() -> dict[str, Any]:
    rates = np.linspace(0, 1, 1_001)
    roc = {
        "class": True,
        "false_positive_rate": (rates**2).tolist(),
        "true_positive_rate": rates.tolist(),
        "threshold": (1 - rates).tolist(),
    }
    bins = [
        {"said": s, "true": s, "low": s - 0.02, "high": s + 0.02, "rows": 9} for s in (0.2, 0.6)
    ]
    return {
        "task": "binary",
        "classes": [False, True],
        "primary": "roc_auc",
        "rows": 900,
        "metrics": {"roc_auc": metric(0.74), "log_loss": metric(0.4), "brier": metric(None)},
        "baseline": {"roc_auc": metric(0.5), "log_loss": metric(0.5)},
        "champion": None,
        "slices": [
            {"slice": f"word = {name}", "column": "word", "rows": 60, "metrics": {"roc_auc": one}}
            for name, one in ((NASTY, metric(0.7)), ("b", metric(0.75)), ("c", metric(None)))
        ],
        "verdict": "yes",
        "sentence": "roc_auc is at least 0.6.",
        "curves": {
            "roc": [roc],
            "calibration": bins,
            "confusion": {"classes": [False, True], "counts": [[700, 50], [90, 60]]},
        },
    }


def window(number: int) -> dict[str, Any]:
    far = {"measure": "js", "value": 0.02 * number, "threshold": 0.05}
    return {
        "month": f"2013-{number:02d}",
        "predictions": 4_000,
        "labeled": 3_900,
        "drift": {
            "number": {**far, "verdict": "yes" if number > 2 else "no"},
            "word": {"measure": "js", "value": None, "threshold": None, "verdict": "cannot tell"},
        },
        "quality": {"roc_auc": metric(0.74 - 0.01 * number)},
        "clock": ["month"],
        "alarms": [{"sentence": f"number drifted {NASTY}"}] if number > 2 else [],
        "rollout": ["the canary goes on to 50 %"] if number == 3 else [],
        "turn": {"gate": {"verdict": "no", "sentence": NASTY}} if number > 2 else None,
    }


def life() -> Life:
    return Life(
        name=NASTY,
        windows=[window(number) for number in (1, 2, 3, 4)],
        profile=profile(),
        scorecard=scorecard(),
        trials=[
            {"number": i, "params": {"rate": 0.1 * i}, "score": 0.7 + 0.01 * i, "seconds": 1.0}
            for i in range(4)
        ],
        params={"rate": 0.1 * 3},
        live="flight-delay@2",
        nodes=[Node("d", "dataset", NASTY), Node("m", "model"), Node("r", "release", live=True)],
        edges=[("d", "m"), ("m", "r"), ("d", "r"), ("r", "unknown")],
        decisions=[
            {"at": "2026-11-23T12:00:00Z", "what": "gate", "verdict": "no", "sentence": NASTY}
        ],
    )
