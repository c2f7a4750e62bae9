"""Describe: unfitted estimators as canonical JSON, for fingerprints and for people."""

from __future__ import annotations

import math
from types import BuiltinFunctionType, FunctionType
from typing import Any

import numpy as np

from rueda.kernel.digest import Json
from rueda.kernel.errors import NotCanonical


def describe_estimator(estimator: object) -> Json:
    """The class of ``estimator`` and its parameters, estimators inside it likewise.

    Raises
    ------
    NotCanonical
        A parameter is an object that has no canonical form.
    """
    kind = type(estimator)
    parameters = estimator.get_params(deep=False)  # type: ignore[attr-defined]
    return {
        "class": _name(kind),
        "params": {
            name: _value(value, f"{kind.__name__}.{name}")
            for name, value in sorted(parameters.items())
        },
    }


def describe_function(function: FunctionType) -> Json:
    """The name of ``function``; the wheel adds the digest of its code."""
    return {"function": f"{function.__module__}:{function.__qualname__}"}


def _value(value: object, where: str) -> Json:
    plain = value.item() if isinstance(value, np.generic) else value
    if hasattr(plain, "get_params") and not isinstance(plain, type):
        # An estimator, or the kernel of one.
        return describe_estimator(plain)
    if isinstance(plain, float) and not math.isfinite(plain):
        # SimpleImputer(missing_values=nan) is an ordinary parameter, and JSON has no NaN.
        return {"float": str(plain)}
    if plain is None or isinstance(plain, (bool, int, float, str)):
        return plain
    if isinstance(plain, (list, tuple)):
        return [_value(item, f"{where}[{i}]") for i, item in enumerate(plain)]
    if isinstance(plain, dict):
        # JSON's keys are strings; class_weight has numbers for keys.
        pairs = sorted(([repr(k), _value(v, f"{where}[{k!r}]")] for k, v in plain.items()))
        return {"dict": pairs}
    return _named(plain, where)


def _named(value: Any, where: str) -> Json:
    if isinstance(value, np.ndarray):
        return {"array": str(value.dtype), "values": _value(value.tolist(), where)}
    if isinstance(value, (FunctionType, BuiltinFunctionType)) and "<" not in value.__qualname__:
        return {"function": f"{value.__module__}:{value.__qualname__}"}
    if isinstance(value, np.ufunc):
        return {"function": f"numpy:{value.__name__}"}
    if isinstance(value, type):
        return {"class": _name(value)}
    if type(value).__module__.startswith("sklearn.") and hasattr(value, "__dict__"):
        # A splitter for cross-validation and its like: plain settings.
        return {"class": _name(type(value)), "state": _value(vars(value), where)}
    raise NotCanonical(
        f"the parameter {where} has no canonical form",
        expected="a plain value, an estimator, or a named top-level function",
        got=repr(value)[:80],
        do="give random_state a whole number, and functions a name at the top of a module",
    )


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"
