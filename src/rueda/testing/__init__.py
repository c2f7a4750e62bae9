"""The law suites: what every implementation of a seam promises, as code to run."""

from rueda.testing.engine import check_engine
from rueda.testing.ledger import check_ledger
from rueda.testing.source import check_source
from rueda.testing.store import check_store
from rueda.testing.tally import check_tally
from rueda.testing.trainer import check_trainer
from rueda.testing.transform import check_transform

__all__ = [
    "check_engine",
    "check_ledger",
    "check_source",
    "check_store",
    "check_tally",
    "check_trainer",
    "check_transform",
]
