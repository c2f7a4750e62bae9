"""Stage 1, extract: a source becomes a dataset, its profile, its schema and its anomalies."""

from rueda.stages.s1_extract.opening import open_source
from rueda.stages.s1_extract.spec import ByColumn, ByKey, ByTime, Extract
from rueda.stages.s1_extract.stage import EXTRACT

__all__ = ["EXTRACT", "ByColumn", "ByKey", "ByTime", "Extract", "open_source"]
