"""Promotion: numbers, refs, rollback, and what was live when."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest

from rueda.artifacts.deployment import Deployment, Traffic
from rueda.artifacts.version import standing, versions
from rueda.kernel.artifact import Artifact, write_artifact
from rueda.kernel.errors import Conflict, NotFound, RefMoved
from rueda.kernel.home import Home
from rueda.wheel.promotion import (
    apply_deployment,
    live,
    live_at,
    promote,
    register_version,
    release_of,
    resolve,
    rollback,
)


def make(home: Home, mark: int, name: str = "m") -> Artifact:
    release = write_artifact(home.store, "release", {}, {"name": name, "mark": mark})
    register_version(home, release, actor="test", why="")
    return release


def wish(home: Home, release: Artifact, decision: str = "promote", canary=(5, 25, 100)) -> Artifact:
    return Deployment("m", decision, release.digest, tuple(canary), "because").write(home.store)


def serve(home: Home) -> None:
    """Say, as a server does, that somebody answers for the model."""
    home.ledger.lease("serving/m/test", "test", 60)


def test_versions_count_from_one_and_a_release_keeps_its_number(home: Home) -> None:
    first, second = make(home, 1), make(home, 2)
    assert versions(home.ledger, "m") == {1: first.digest, 2: second.digest}
    assert register_version(home, first, actor="test", why="again") == 1
    make(home, 1, name="other")
    assert len(versions(home.ledger, "m")) == 2


def test_releases_registered_at_once_get_different_numbers(home: Home) -> None:
    with ThreadPoolExecutor(8) as pool:
        releases = list(pool.map(lambda mark: make(home, mark), range(12)))
    numbered = versions(home.ledger, "m")
    assert sorted(numbered) == list(range(1, 13))
    assert set(numbered.values()) == {r.digest for r in releases}


def test_the_first_deployment_is_promoted_at_once_and_the_second_starts_a_canary(
    home: Home,
) -> None:
    serve(home)
    first, second = make(home, 1), make(home, 2)
    done = apply_deployment(home, wish(home, first), actor="test")
    assert (done.action, done.champion, done.weights) == ("promoted", "m@1", {"m@1": 100})
    assert done.challenger is None
    done = apply_deployment(home, wish(home, second), actor="test")
    assert (done.action, done.champion, done.challenger) == ("canary", "m@1", "m@2")
    assert done.weights == {"m@1": 95, "m@2": 5}


def test_a_held_deployment_moves_the_challenger_alone(home: Home) -> None:
    first, second = make(home, 1), make(home, 2)
    apply_deployment(home, wish(home, first), actor="test")
    done = apply_deployment(home, wish(home, second, "hold"), actor="test")
    assert (done.action, done.champion, done.challenger) == ("held", "m@1", "m@2")
    assert done.weights == {"m@1": 100}


def test_a_deployment_that_was_rolled_back_stays_so_when_it_is_applied_again(home: Home) -> None:
    first, second = make(home, 1), make(home, 2)
    apply_deployment(home, wish(home, first), actor="test")
    again = wish(home, second, canary=(100,))
    assert apply_deployment(home, again, actor="test").champion == "m@2"
    assert rollback(home, "m", actor="test").champion == "m@1"
    assert apply_deployment(home, again, actor="test").action == "unchanged"
    assert standing(home.ledger, "m@champion") == first.digest


def test_without_a_server_a_deployment_is_promoted_at_once(home: Home) -> None:
    for mark in (1, 2):
        done = apply_deployment(home, wish(home, make(home, mark)), actor="test")
    assert (done.action, done.champion) == ("promoted", "m@2")


def test_rollback_of_a_canary_goes_to_the_stable_release(home: Home) -> None:
    serve(home)
    first, second = make(home, 1), make(home, 2)
    apply_deployment(home, wish(home, first), actor="test")
    apply_deployment(home, wish(home, second), actor="test")
    done = rollback(home, "m", actor="test", why="errors")
    assert (done.champion, done.weights) == ("m@1", {"m@1": 100})


def test_rolling_back_twice_does_not_return_to_what_was_left(home: Home) -> None:
    for mark in (1, 2, 3):
        make(home, mark)
        promote(home, "m", str(mark), actor="test")
    assert rollback(home, "m", actor="test").champion == "m@2"
    assert rollback(home, "m", actor="test").champion == "m@1"
    with pytest.raises(NotFound, match="no champion before"):
        rollback(home, "m", actor="test")


def test_a_version_promoted_again_by_hand_goes_back_to_the_one_before(home: Home) -> None:
    for mark in (1, 2):
        make(home, mark)
        promote(home, "m", str(mark), actor="test")
    promote(home, "m", "1", actor="test")
    assert rollback(home, "m", actor="test").champion == "m@2"


def test_promoting_against_another_expectation_names_the_winner(home: Home) -> None:
    for mark in (1, 2, 3):
        make(home, mark)
    promote(home, "m", "1", actor="ana")
    promote(home, "m", "2", actor="ben", expect="1")
    with pytest.raises(RefMoved) as caught:
        promote(home, "m", "3", actor="ana", expect="1")
    assert "m@2" in caught.value.got
    assert "ben" in caught.value.got


def test_a_mover_that_died_between_the_refs_is_caught_up(home: Home) -> None:
    first, second = make(home, 1), make(home, 2)
    promote(home, "m", "1", actor="test")
    cut_off = Traffic.whole("m", second.digest).write(home.store)
    before = standing(home.ledger, "m@live")
    home.ledger.move("m@live", cut_off.digest, expect=before, actor="test")
    assert standing(home.ledger, "m@champion") == first.digest
    apply_deployment(home, wish(home, first, "hold"), actor="test")
    assert standing(home.ledger, "m@champion") == second.digest


def test_what_was_live_when(home: Home) -> None:
    make(home, 1)
    make(home, 2)
    start = datetime.now(UTC)
    promote(home, "m", "1", actor="ana", why="first")
    between = datetime.now(UTC)
    promote(home, "m", "2", actor="ben")
    assert live_at(home, "m", between).weights == {"m@1": 100}
    assert live_at(home, "m", between).why == "first"
    assert live_at(home, "m").weights == {"m@2": 100}
    with pytest.raises(NotFound):
        live_at(home, "m", start - timedelta(seconds=1))
    assert live(home, "nobody") is None


@pytest.mark.parametrize(
    "text", ["m@2", "m@champion", "m", "models:/m/2", "models:/m@champion", "m@live"]
)
def test_names_of_one_release(home: Home, text: str) -> None:
    make(home, 1)
    second = make(home, 2)
    promote(home, "m", "2", actor="test")
    assert release_of(home, text) == second


def test_what_has_no_name_is_not_found(home: Home) -> None:
    for text in ("m@7", "nobody", "abcdef123"):
        with pytest.raises(NotFound):
            resolve(home, text)


def test_a_release_of_another_model_is_not_promoted(home: Home) -> None:
    make(home, 1, name="other")
    with pytest.raises(Conflict, match="not a registered version"):
        promote(home, "m", "other@1", actor="test")
