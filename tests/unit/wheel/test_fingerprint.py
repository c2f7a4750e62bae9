"""Fingerprints of specs: what is the same, what differs, and what is refused."""

from __future__ import annotations

import datetime
import enum
import functools
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pytest

from rueda.kernel.artifact import Artifact
from rueda.kernel.digest import Digest, digest_json
from rueda.kernel.errors import NotCanonical
from rueda.kernel.stage import Context, Stage
from rueda.wheel.fingerprint import encode_spec, explain, stage_key


class Color(enum.Enum):
    RED = "r"


@dataclass(frozen=True)
class Gate:
    metric: str
    value: float


@dataclass(frozen=True)
class Spec:
    gates: tuple[Gate, ...] = ()
    extra: Any = None
    workers: int = field(default=1, metadata={"fingerprint": False})


def nothing(spec: Any, inputs: Mapping[str, Artifact], context: Context) -> dict[str, Artifact]:
    return {}


STAGE = Stage("train", 1, ("dataset",), ("model",), nothing)


def encoded(value: object) -> Any:
    return encode_spec(Spec(extra=value), Path("/nowhere"))["extra"]


def test_a_spec_is_its_type_and_its_fields() -> None:
    spec = Spec(gates=(Gate("roc_auc", 0.68),), extra={"a": [1, None, True]}, workers=8)
    assert encode_spec(spec, Path("/nowhere")) == {
        "type": f"{__name__}:Spec",
        "gates": [{"type": f"{__name__}:Gate", "metric": "roc_auc", "value": 0.68}],
        "extra": {"a": [1, None, True]},
    }


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Color.RED, {"enum": f"{__name__}:Color", "value": "RED"}),
        (PurePosixPath("a/b.csv"), "a/b.csv"),
        (Path("/nowhere/a/b.csv"), "a/b.csv"),
        (np.float64(0.25), 0.25),
        (np.int32(3), 3),
        (np.bool_(True), True),
        (np.str_("s"), "s"),
        ({"b", "a"}, {"set": ["a", "b"]}),
        (datetime.date(2013, 9, 1), {"date": "2013-09-01"}),
        (math.log1p, {"function": "math:log1p"}),
        (np.log1p, {"function": "numpy:log1p"}),
        ({0: 1, 1: 2}, {"dict": [[0, 1], [1, 2]]}),
    ],
)
def test_values_have_one_form(value: object, form: object) -> None:
    assert encoded(value) == form


def test_one_and_one_point_zero_differ() -> None:
    # To scikit-learn max_features=1 is one column and 1.0 is all of them.
    assert digest_json(encoded(1)) != digest_json(encoded(1.0))


def test_a_mapping_cannot_pass_for_something_else() -> None:
    assert encoded({"function": "math:log1p"}) != encoded(math.log1p)
    assert encoded({"float": 1}) != encoded(1.0)


def test_the_order_of_keys_does_not_matter() -> None:
    assert digest_json(encoded({"a": 1, "b": 2})) == digest_json(encoded({"b": 2, "a": 1}))


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, object(), b"bytes", iter([]), np.zeros(3), {"x": [object()]}],
    ids=["nan", "inf", "object", "bytes", "iterator", "array", "deep"],
)
def test_what_has_no_form_is_refused_with_its_place(value: object) -> None:
    with pytest.raises(NotCanonical, match=r"spec\.extra"):
        encoded(value)


def test_the_refusal_names_the_place_inside_the_stage() -> None:
    with pytest.raises(NotCanonical, match=r"train\.extra\.callback\[1\] cannot be part"):
        stage_key(STAGE, Spec(extra={"callback": [1, object()]}), {}, Path("/nowhere"))


def test_a_value_that_contains_itself_is_refused() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(NotCanonical, match="fingerprint"):
        encoded(loop)


def test_a_lambda_whose_source_cannot_be_read_is_refused() -> None:
    unreadable = eval("lambda x: x + 1")
    with pytest.raises(NotCanonical, match=r"spec\.extra, cannot be read"):
        encoded(unreadable)


def test_a_model_is_described_by_its_trainer() -> None:
    from sklearn.linear_model import LogisticRegression

    one = stage_key(STAGE, Spec(extra=LogisticRegression(C=2.0)), {}, Path("/nowhere"))
    same = stage_key(STAGE, Spec(extra=LogisticRegression(C=2.0)), {}, Path("/nowhere"))
    other = stage_key(STAGE, Spec(extra=LogisticRegression(C=3.0)), {}, Path("/nowhere"))
    assert one == same
    assert one.digest != other.digest
    assert one.parts["environment"]["scikit-learn"]
    assert one.parts["environment"]["numpy"], "what a distribution requires is reached"
    assert "uvicorn" not in one.parts["environment"]
    assert explain(one.parts, other.parts) == ["spec.extra.params.C: 2.0 → 3.0"]


def test_a_partial_is_its_function_and_arguments() -> None:
    form = encoded(functools.partial(math.pow, 2))
    assert form == {"partial": {"function": "math:pow"}, "args": [2], "keywords": {}}


def test_a_key_is_the_digest_of_its_parts() -> None:
    key = stage_key(STAGE, Spec(), {"dataset": Digest("ab" * 32)}, Path("/nowhere"))
    assert key.digest == digest_json(key.parts)
    assert set(key.parts) == {"stage", "version", "spec", "inputs", "code", "environment"}
    assert key.parts["environment"]["python"] == f"{sys.version_info[0]}.{sys.version_info[1]}"


def test_worker_counts_do_not_matter() -> None:
    one = stage_key(STAGE, Spec(workers=1), {}, Path("/nowhere"))
    assert one == stage_key(STAGE, Spec(workers=5), {}, Path("/nowhere"))


def test_explain_says_what_differs_in_plain_sentences() -> None:
    old = {
        "stage": "evaluate",
        "version": 1,
        "spec": {"gates": [{"type": "rueda:AtLeast", "value": 0.68}], "seed": {"float": 1}},
        "inputs": {"dataset": "3f9c" + "0" * 60},
        "code": {"helpers:clean": "aa", "helpers:gone": "bb"},
        "environment": {"scikit-learn": "1.9.1"},
    }
    new = {
        "stage": "evaluate",
        "version": 1,
        "spec": {"gates": [{"type": "rueda:AtLeast", "value": 0.7}], "seed": 1},
        "inputs": {"dataset": "81aa" + "0" * 60, "champion": "77bb" + "0" * 60},
        "code": {"helpers:clean": "ab", "helpers:new": "cc"},
        "environment": {"scikit-learn": "1.9.2", "joblib": "1.6.0"},
    }
    assert explain(old, new) == [
        "code of helpers.clean changed",
        "code of helpers.gone is gone",
        "code of helpers.new is new",
        "environment: joblib none → 1.6.0",
        "environment: scikit-learn 1.9.1 → 1.9.2",
        "input champion: none → 77bb…",
        "input dataset: 3f9c… → 81aa…",
        "spec.gates[0].value: 0.68 → 0.7",
        "spec.seed: 1.0 → 1",
    ]
    assert explain(old, old) == []


def test_explain_shows_a_whole_new_gate() -> None:
    old = {"spec": {"gates": []}}
    new = {"spec": {"gates": [{"type": "rueda:AtLeast", "metric": "roc_auc", "value": 0.7}]}}
    assert explain(old, new) == ["spec.gates: [] → [AtLeast(metric='roc_auc', value=0.7)]"]
