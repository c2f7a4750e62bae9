"""Rueda: the whole life of a machine-learning model, and round again."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from rueda.artifacts.preparation import Dates, Drop, Impute, OneHot, Ordinal, Scale
    from rueda.kernel.errors import RuedaError
    from rueda.kernel.home import Home, open_home
    from rueda.stages.s1_extract import ByColumn, ByKey, ByTime, Extract
    from rueda.stages.s2_prepare import Prepare
    from rueda.stages.s3_train import Choice, Float, Int, Train
    from rueda.stages.s4_evaluate import AtLeast, AtMost, Evaluate, NotWorseThan
    from rueda.stages.s5_register import Register
    from rueda.stages.s6_deploy import Deploy
    from rueda.stages.s7_monitor import Monitor, OnAlarm
    from rueda.wheel.lifecycle import Lifecycle

_WHERE = {
    "Lifecycle": "rueda.wheel.lifecycle",
    "Extract": "rueda.stages.s1_extract",
    "ByTime": "rueda.stages.s1_extract",
    "ByKey": "rueda.stages.s1_extract",
    "ByColumn": "rueda.stages.s1_extract",
    "Prepare": "rueda.stages.s2_prepare",
    "Impute": "rueda.artifacts.preparation",
    "Scale": "rueda.artifacts.preparation",
    "OneHot": "rueda.artifacts.preparation",
    "Ordinal": "rueda.artifacts.preparation",
    "Dates": "rueda.artifacts.preparation",
    "Drop": "rueda.artifacts.preparation",
    "Train": "rueda.stages.s3_train",
    "Float": "rueda.stages.s3_train",
    "Int": "rueda.stages.s3_train",
    "Choice": "rueda.stages.s3_train",
    "Evaluate": "rueda.stages.s4_evaluate",
    "AtLeast": "rueda.stages.s4_evaluate",
    "AtMost": "rueda.stages.s4_evaluate",
    "NotWorseThan": "rueda.stages.s4_evaluate",
    "Register": "rueda.stages.s5_register",
    "Deploy": "rueda.stages.s6_deploy",
    "Monitor": "rueda.stages.s7_monitor",
    "OnAlarm": "rueda.stages.s7_monitor",
    "Home": "rueda.kernel.home",
    "open_home": "rueda.kernel.home",
    "RuedaError": "rueda.kernel.errors",
}

__all__ = [  # noqa: RUF022 - in the order of a lifecycle
    "Lifecycle",
    "Extract", "ByTime", "ByKey", "ByColumn",
    "Prepare", "Impute", "Scale", "OneHot", "Ordinal", "Dates", "Drop",
    "Train", "Float", "Int", "Choice",
    "Evaluate", "AtLeast", "AtMost", "NotWorseThan",
    "Register",
    "Deploy",
    "Monitor", "OnAlarm",
    "Home", "open_home", "RuedaError",
]  # fmt: skip


def __getattr__(name: str) -> object:
    if name in _WHERE:
        value: object = getattr(importlib.import_module(_WHERE[name]), name)
        globals()[name] = value
        return value
    if name.startswith("_"):
        raise AttributeError(f"module 'rueda' has no attribute {name!r}")
    from rueda.kernel.errors import UnknownName

    # hasattr() and tab completion ask for names that are not there: that must stay an
    # AttributeError.
    raise AttributeError(str(UnknownName.among("name in rueda", name, _WHERE)))


def __dir__() -> list[str]:
    return sorted([*globals(), *_WHERE])
