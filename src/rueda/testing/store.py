"""The laws of a Store: one function each, named by what it holds a store to."""

from __future__ import annotations

import hashlib
import io
import os
import tracemalloc
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import BinaryIO, TypeAlias, cast

from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt, NotFound
from rueda.kernel.seams import Blob, Store
from rueda.testing.streams import SourceFailed, Trickle, Zeros

Make: TypeAlias = Callable[[], Store]

Damage: TypeAlias = Callable[[Store, Digest, Callable[[bytes], bytes]], None]
"""``damage(store, digest, change)`` puts ``change(bytes)`` in the place of a blob's bytes, behind
the store's back.
"""

LARGE_BYTES = 96 * 2**20
MEMORY_BYTES = 64 * 2**20
SIZES = (0, 1, 4095, 4096, 1_000_003, 20 * 2**20)


def check_store(make: Make, damage: Damage | None = None) -> None:
    """Hold the stores that ``make`` gives to every law of the seam.

    Parameters
    ----------
    make
        Gives a new, empty store at each call.
    damage
        How to change the bytes of a blob behind the store's back; without it, the law that reading
        verifies is not checked.

    Raises
    ------
    AssertionError
        A law is broken.
    """
    for law in STORE_LAWS:
        law(make)
    if damage:
        for damage_law in DAMAGE_LAWS:
            damage_law(make, damage)


def gives_back_what_was_put(make: Make) -> None:
    store = make()
    for size in SIZES:
        content = os.urandom(size)
        blob = store.put(io.BytesIO(content))
        assert blob == _blob_of(content), "put names the bytes by their sha-256 and their number"
        assert store.has(blob.digest)
        assert _whole(store, blob.digest) == content, f"{size} bytes come back in one piece"
        assert _in_pieces(store, blob.digest) == content, f"{size} bytes come back in pieces"


def takes_every_kind_of_source(make: Make) -> None:
    """From where it stands, one that gives out little at a time, one that cannot be rewound."""
    for size in (3_000_000, 27_000_000):
        content = os.urandom(size)
        placed = io.BytesIO(b"before" + content)
        placed.seek(len(b"before"))
        for source in (placed, Trickle(content), Trickle(content, rewindable=True)):
            store = make()
            assert _put(store, source) == _blob_of(content)
            assert not source.closed, "the source belongs to the caller"
            assert _whole(store, _blob_of(content).digest) == content


def keeps_the_same_bytes_once(make: Make) -> None:
    store = make()
    large = os.urandom(20 * 2**20)
    for content in (b"twice", large):
        first = store.put(io.BytesIO(content))
        assert store.put(io.BytesIO(content)) == first
        assert _put(store, Trickle(content)) == first
    assert _listed(store) == {_blob_of(b"twice"), _blob_of(large)}


def says_what_is_absent(make: Make) -> None:
    store = make()
    known = store.put(io.BytesIO(b"known")).digest
    absent = _blob_of(b"absent").digest
    for name in (absent, "", ".", known[:63], known.upper(), "./" + known, "../" + known):
        assert not store.has(Digest(name)), f"{name!r} is not there"
        try:
            store.open(Digest(name)).close()
        except NotFound:
            continue
        raise AssertionError(f"open({name!r}) raises NotFound at once")


def keeps_nothing_of_a_source_that_fails(make: Make) -> None:
    for size in (100, 40 * 2**20):
        store = make()
        try:
            _put(store, Trickle(bytes(size), fail_at=size // 2))
        except SourceFailed:
            pass
        else:
            raise AssertionError("the error of a source passes through put")
        assert not _listed(store), "nothing of a source that failed is visible"
        assert store.put(io.BytesIO(bytes(size))) == _blob_of(bytes(size)), "and put works again"


def shows_nothing_before_it_is_whole(make: Make) -> None:
    content = os.urandom(40 * 2**20)
    digest = _blob_of(content).digest
    for rewindable in (True, False):
        store = make()
        seen: list[bool] = []
        look = partial(_look, store, digest, seen)
        _put(store, Trickle(content, watch=look, rewindable=rewindable))
        assert not any(seen), "a blob is visible only when its source was read to the end"


def takes_many_writers(make: Make) -> None:
    store = make()
    contents = [os.urandom(50_000) for _ in range(4)] * 4
    with ThreadPoolExecutor(8) as threads:
        blobs = list(threads.map(lambda content: store.put(io.BytesIO(content)), contents))
    assert blobs == [_blob_of(content) for content in contents]
    assert _listed(store) == set(blobs)
    for content, blob in zip(contents, blobs, strict=True):
        assert _whole(store, blob.digest) == content


def sweeps_what_nobody_keeps(make: Make) -> None:
    store = make()
    kept = {store.put(io.BytesIO(b"kept %d" % i)) for i in range(5)}
    swept = {store.put(io.BytesIO(b"swept %d" % i)) for i in range(5)}
    keep = {blob.digest for blob in kept}
    assert set(store.sweep(keep, dry_run=True)) == swept, "a dry run names what would go"
    assert _listed(store) == kept | swept, "a dry run removes nothing"
    assert set(store.sweep(keep, dry_run=False)) == swept, "a sweep names what went"
    assert _listed(store) == kept, "a sweep leaves what is kept, and only that"
    assert not any(store.has(blob.digest) for blob in swept)
    assert not set(store.sweep(keep, dry_run=False)), "a second sweep finds nothing"
    again = store.put(io.BytesIO(b"swept 0"))
    assert again in swept, "what was swept can be put again"
    assert store.has(again.digest)


def needs_constant_memory(make: Make) -> None:
    store = make()
    tracemalloc.start()
    try:
        blob = _put(store, Zeros(LARGE_BYTES))
        assert blob.size_bytes == LARGE_BYTES
        with store.open(blob.digest) as stream:
            while stream.read(2**20):
                pass
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MEMORY_BYTES, f"{LARGE_BYTES:,} bytes took {peak:,} bytes of memory"


def refuses_what_was_changed(make: Make, damage: Damage) -> None:
    """However the reader takes the bytes, the last of them never come out of a changed blob."""
    content = os.urandom(100_000)
    for change in (_flip_last, _flip_first, _cut, _extend, _empty):
        store = make()
        digest = store.put(io.BytesIO(content)).digest
        damage(store, digest, change)
        for read in (_whole, _in_pieces, _to_the_size):
            error = _corrupt(read, store, digest)
            assert error, f"{read.__name__} gave out a blob after {change.__name__}"
            assert digest in error.expected, "the error names the digest that was expected"
            assert error.got, "and the one that came"
            assert error.do, "and what to do"


STORE_LAWS: tuple[Callable[[Make], None], ...] = (
    gives_back_what_was_put,
    takes_every_kind_of_source,
    keeps_the_same_bytes_once,
    says_what_is_absent,
    keeps_nothing_of_a_source_that_fails,
    shows_nothing_before_it_is_whole,
    takes_many_writers,
    sweeps_what_nobody_keeps,
    needs_constant_memory,
)
DAMAGE_LAWS: tuple[Callable[[Make, Damage], None], ...] = (refuses_what_was_changed,)


def _blob_of(content: bytes) -> Blob:
    return Blob(Digest(hashlib.sha256(content).hexdigest()), len(content))


def _put(store: Store, source: io.RawIOBase | BinaryIO) -> Blob:
    return store.put(cast(BinaryIO, source))


def _listed(store: Store) -> set[Blob]:
    return set(store.sweep(frozenset(), dry_run=True))


def _look(store: Store, digest: Digest, seen: list[bool]) -> None:
    seen.append(store.has(digest) or bool(_listed(store)))


def _whole(store: Store, digest: Digest) -> bytes:
    with store.open(digest) as stream:
        return stream.read()


def _in_pieces(store: Store, digest: Digest) -> bytes:
    with store.open(digest) as stream:
        return b"".join(iter(lambda: stream.read(99_991), b""))


def _to_the_size(store: Store, digest: Digest) -> bytes:
    """As a reader does that knows how many bytes there are, and never asks for the end."""
    (size,) = (blob.size_bytes for blob in _listed(store) if blob.digest == digest)
    with store.open(digest) as stream:
        content = stream.read(size - size // 3) + stream.read(size // 3)
        return content if size else stream.read()


def _corrupt(
    read: Callable[[Store, Digest], bytes], store: Store, digest: Digest
) -> Corrupt | None:
    try:
        read(store, digest)
    except Corrupt as error:
        return error
    return None


def _flip_last(content: bytes) -> bytes:
    return content[:-1] + bytes([content[-1] ^ 1])


def _flip_first(content: bytes) -> bytes:
    return bytes([content[0] ^ 0x80]) + content[1:]


def _cut(content: bytes) -> bytes:
    return content[:-1]


def _extend(content: bytes) -> bytes:
    return content + b"\0"


def _empty(content: bytes) -> bytes:
    return content[:0]
