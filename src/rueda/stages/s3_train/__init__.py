"""Stage 3, train: a dataset and its preparation to a model, with the trials that led to it."""

from rueda.stages.s3_train.space import Choice, Float, Int
from rueda.stages.s3_train.spec import Train
from rueda.stages.s3_train.stage import TRAIN

__all__ = ["TRAIN", "Choice", "Float", "Int", "Train"]
