"""Stage 2, prepare: a dataset to the fitted preparation that training and serving share."""

from rueda.stages.s2_prepare.stage import PREPARE, Prepare

__all__ = ["PREPARE", "Prepare"]
