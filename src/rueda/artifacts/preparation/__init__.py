"""Preparation: raw columns in, the float32 matrix of a model out; fitting and applying together."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rueda.artifacts.preparation.dates import Dates
    from rueda.artifacts.preparation.drop import Drop
    from rueda.artifacts.preparation.fit import fit_preparation
    from rueda.artifacts.preparation.impute import Impute
    from rueda.artifacts.preparation.one_hot import OneHot
    from rueda.artifacts.preparation.ordinal import Ordinal
    from rueda.artifacts.preparation.preparation import Preparation, write_preparation
    from rueda.artifacts.preparation.scale import Scale

__all__ = [
    "Dates",
    "Drop",
    "Impute",
    "OneHot",
    "Ordinal",
    "Preparation",
    "Scale",
    "fit_preparation",
    "write_preparation",
]

_MODULES = {
    "Dates": "dates",
    "Drop": "drop",
    "Impute": "impute",
    "OneHot": "one_hot",
    "Ordinal": "ordinal",
    "Preparation": "preparation",
    "Scale": "scale",
    "fit_preparation": "fit",
    "write_preparation": "preparation",
}


def __getattr__(name: str) -> Any:
    """Load on first use: declaring a step must not cost the import of numpy."""
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
