"""Stage 4, evaluate: a model is judged on the holdout, slice by slice, and against the champion."""

from rueda.stages.s4_evaluate.gates import AtLeast, AtMost, NotWorseThan
from rueda.stages.s4_evaluate.spec import Evaluate
from rueda.stages.s4_evaluate.stage import EVALUATE

__all__ = ["EVALUATE", "AtLeast", "AtMost", "Evaluate", "NotWorseThan"]
