"""A profile is kept with its state, and profiles other rows alike."""

from __future__ import annotations

import pyarrow as pa

from rueda.artifacts.profile import Profile, write_profile
from rueda.kernel.seams import Store
from rueda.kernel.tally import dump_state
from rueda.tallies.distance import distance
from rueda.tallies.profile import ProfileTally

ROWS = pa.record_batch({"x": [1.5, 2.5, None], "<b>": ["a", "<i>", "a"]})


def _written(store: Store) -> Profile:
    tally = ProfileTally.of_schema(ROWS.schema)
    state = tally.add(tally.empty(), ROWS)
    return Profile.open(store, write_profile(store, tally, state))


def test_opens_as_it_was_written(store: Store) -> None:
    profile = _written(store)
    tally = ProfileTally.of_schema(ROWS.schema)
    state = tally.add(tally.empty(), ROWS)
    assert profile.artifact.kind == "profile"
    assert profile.rows == 3
    assert profile.tally == tally
    assert dump_state(profile.state) == dump_state(state)
    assert profile.to_json() == tally.result(state)
    assert Profile.open(store, profile.artifact.digest).columns == profile.columns


def test_the_same_rows_give_the_same_artifact(store: Store) -> None:
    assert _written(store).artifact == _written(store).artifact


def test_other_rows_are_compared_through_the_state(store: Store) -> None:
    profile = _written(store)
    live = profile.tally.add(profile.tally.empty(), ROWS)
    for name in profile.columns:
        kept, new = profile.state["columns"][name], live["columns"][name]
        assert distance("js", kept, new) == 0.0


def test_shows_itself_with_names_escaped(store: Store) -> None:
    shown = _written(store)._repr_html_()
    assert "&lt;b&gt;" in shown
    assert "<b>" not in shown
