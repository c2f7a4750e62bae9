"""The laws of targets."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from rueda.kernel.digest import Json
from rueda.kernel.errors import NotFound
from rueda.kernel.seams import Target


def check_target(
    make: Callable[[], Target], name: str, first: Mapping[str, Json], second: Mapping[str, Json]
) -> None:
    """Hold ``make()`` to the contract of ``Target``.

    Parameters
    ----------
    make
        A target on which nothing is deployed as ``name``; called again, it reaches the same place.
    first, second
        Two deployments of ``name`` that differ.

    Raises
    ------
    AssertionError
        A law does not hold.
    """
    target = make()
    assert isinstance(target, Target), "a target has apply and status"
    try:
        target.status(name)
    except NotFound:
        pass
    else:
        raise AssertionError("status of what was never applied must raise NotFound")
    stands = target.apply(first)
    assert target.status(name) == stands, "apply gives what stands"
    assert target.apply(first) == stands, "apply is idempotent"
    assert make().status(name) == stands, "what stands does not live in the object"
    changed = target.apply(second)
    assert changed != stands, "another deployment changes what stands"
    assert target.apply(first) == stands, "what was applied before can be applied again"
