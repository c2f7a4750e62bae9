"""A served model ``m``, before and after its first promotion."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.serving.served import HOSTS, Served

from rueda.kernel.home import Home
from rueda.serving.application import Application
from rueda.serving.endpoint import Endpoint
from rueda.serving.follow import Follower
from rueda.serving.lightness import without_pandas
from rueda.serving.log import PredictionLog
from rueda.serving.meter import Meter
from rueda.testing.marked import MarkedRelease
from rueda.wheel.promotion import promote


@pytest.fixture
def served(home: Home) -> Iterator[Served]:
    without_pandas()
    follower = Follower(home, "m", "m@live", lambda d: MarkedRelease.open(home.store, d))
    meter = Meter()
    endpoint = Endpoint(follower, PredictionLog(home.logs / "m"), home.logs / "m", meter)
    yield Served(home, endpoint, Application({"m": endpoint}, meter, HOSTS))
    endpoint.close()


@pytest.fixture
def ready(served: Served) -> Served:
    served.release(0.25)
    promote(served.home, "m", "1", actor="test")
    assert served.endpoint.follower.look()
    return served
