"""The byte form of tally states, and the tree that states are merged in."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from rueda.kernel.tally import dump_state, load_state, reduce_pairwise
from rueda.testing.engine import Tree

ARRAYS = hnp.arrays(
    dtype=st.sampled_from(["<i8", "<f8", "<f4", "<u1", "?", "<M8[us]", ">f8", ">i4"]),
    shape=hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
)
STATES = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=20
)


@given(STATES)
def test_plain_states_survive_their_byte_form(state: object) -> None:
    assert load_state(dump_state(state)) == state


@given(ARRAYS)
def test_arrays_survive_with_their_bits_type_and_shape(array: np.ndarray) -> None:
    (back,) = load_state(dump_state([array]))
    assert back.dtype == array.dtype.newbyteorder("<")
    assert back.shape == array.shape
    assert back.tobytes() == array.astype(back.dtype).tobytes()
    assert back.flags.writeable


def test_the_layout_of_an_array_in_memory_does_not_show() -> None:
    array = np.arange(12.0).reshape(3, 4)
    assert dump_state(np.asfortranarray(array)) == dump_state(array)
    assert dump_state(array[:, ::2]) == dump_state(array[:, ::2].copy())
    assert dump_state(array.astype(">f8")) == dump_state(array)


def test_the_order_of_keys_does_not_show() -> None:
    assert dump_state({"b": 1, "a": {"d": 2, "c": 3}}) == dump_state(
        {"a": {"c": 3, "d": 2}, "b": 1}
    )


def test_what_no_state_may_hold_is_refused() -> None:
    with pytest.raises(TypeError, match="a tally state cannot hold a object"):
        dump_state([object()])


def test_an_extension_that_nobody_knows_is_refused() -> None:
    content = msgspec.msgpack.encode(msgspec.msgpack.Ext(7, b""))
    with pytest.raises((ValueError, msgspec.ValidationError), match="unknown extension 7"):
        load_state(content)


@pytest.mark.parametrize(
    ("count", "tree"),
    [
        (0, ""),
        (1, "0"),
        (2, "(0 1)"),
        (3, "((0 1) 2)"),
        (4, "((0 1) (2 3))"),
        (5, "(((0 1) (2 3)) 4)"),
        (6, "(((0 1) (2 3)) (4 5))"),
        (7, "(((0 1) (2 3)) ((4 5) 6))"),
        (11, "((((0 1) (2 3)) ((4 5) (6 7))) ((8 9) 10))"),
    ],
)
def test_the_pairwise_tree(count: int, tree: str) -> None:
    assert reduce_pairwise(Tree(), [str(i) for i in range(count)]) == tree


@given(st.integers(0, 200), st.integers(0, 5))
def test_aligned_runs_are_subtrees(count: int, power: int) -> None:
    states = [str(i) for i in range(count)]
    runs = [states[start : start + 2**power] for start in range(0, count, 2**power)]
    assert reduce_pairwise(Tree(), [reduce_pairwise(Tree(), run) for run in runs]) == (
        reduce_pairwise(Tree(), states)
    )
