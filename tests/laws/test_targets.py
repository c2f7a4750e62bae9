"""Every target keeps the contract; and the suite rejects one that does not."""

from __future__ import annotations

import pytest

from rueda.artifacts.deployment import Traffic
from rueda.kernel.digest import Digest
from rueda.kernel.errors import NotFound
from rueda.kernel.home import Home
from rueda.kernel.plugins import load_plugin
from rueda.testing.target import check_target


def test_the_local_target(home: Home) -> None:
    first, second = (
        {
            "name": "m",
            "traffic": Traffic.whole("m", Digest(mark * 64)).write(home.store).digest,
        }
        for mark in "ab"
    )
    check_target(lambda: load_plugin("target", "local")(home), "m", first, second)


def test_a_target_that_forgets_is_rejected() -> None:
    class Forgetful:
        def __init__(self) -> None:
            self._stands: dict[str, object] = {}

        def apply(self, deployment):
            self._stands[deployment["name"]] = dict(deployment)
            return self.status(deployment["name"])

        def status(self, name):
            if name not in self._stands:
                raise NotFound("nothing")
            return self._stands[name]

    with pytest.raises((AssertionError, NotFound)):
        check_target(Forgetful, "m", {"name": "m", "n": 1}, {"name": "m", "n": 2})
