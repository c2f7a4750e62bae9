"""F7 and F8: torn and flipped artifacts are found before they are used, all of them."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from rueda.artifacts.dataset import Dataset, write_dataset
from rueda.kernel.artifact import Artifact, read_file, read_manifest, write_artifact
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt, NotFound
from rueda.kernel.seams import Store
from rueda.stores.local import LocalStore

PAGE = 4096
FLIPS = 1000
CUTS = 20


@pytest.fixture
def dataset(store: LocalStore) -> Artifact:
    numbers = np.random.default_rng(0).standard_normal(20_000)
    batch = pa.record_batch({"x": numbers, "y": (numbers > 0).astype(np.int64)})
    return write_dataset(store, batch.schema, {"train": [batch]}, label="y")


@pytest.fixture
def model(store: LocalStore) -> Artifact:
    weights = np.random.default_rng(1).standard_normal(5_000).tobytes()
    return write_artifact(store, "model", {"model.onnx": weights}, {"trainer": "sklearn"})


def blobs(store: Store, *artifacts: Artifact) -> list[Digest]:
    """The manifests of ``artifacts`` and everything in them."""
    found = [artifact.digest for artifact in artifacts]
    for artifact in artifacts:
        found += [file.digest for file in read_manifest(store, artifact).files]
    return found


def use(store: Store, dataset: Artifact, model: Artifact) -> None:
    """What a stage does with them."""
    opened = Dataset.open(store, dataset)
    for split in ("train", "holdout"):
        opened.split(split).to_arrow()
    read_file(store, read_manifest(store, model), "model.onnx")


@contextmanager
def damaged(store: LocalStore, digest: Digest, content: bytes) -> Iterator[None]:
    path = store.folder / digest[:2] / digest[2:]
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(content)
    yield
    path.write_bytes(whole)


def content_of(store: LocalStore, digest: Digest) -> bytes:
    return (store.folder / digest[:2] / digest[2:]).read_bytes()


def test_f8_every_flipped_bit_is_found(
    store: LocalStore, dataset: Artifact, model: Artifact
) -> None:
    dice = random.Random(8)
    targets = blobs(store, dataset, model)
    assert len(targets) >= 4, "manifests, a schema, data, a model"
    found = 0
    for number in range(FLIPS):
        digest = targets[number % len(targets)]
        flipped = bytearray(content_of(store, digest))
        bit = dice.randrange(len(flipped) * 8)
        flipped[bit // 8] ^= 1 << bit % 8
        with damaged(store, digest, bytes(flipped)):
            with pytest.raises(Corrupt) as caught:
                use(store, dataset, model)
            found += digest in caught.value.expected
    use(store, dataset, model)
    assert found == FLIPS
    print(f"F8: {found} of {FLIPS} single-bit flips were found before use")


def test_f7_every_torn_artifact_is_found(
    store: LocalStore, dataset: Artifact, model: Artifact
) -> None:
    for digest in blobs(store, dataset, model):
        whole = content_of(store, digest)
        for number in range(CUTS):
            with damaged(store, digest, whole[: len(whole) * number // CUTS]):
                expect_corrupt(store, dataset, model, digest)
        for start in range(0, len(whole), PAGE):
            zeroed = whole[:start] + bytes(len(whole[start : start + PAGE])) + whole[start + PAGE :]
            with damaged(store, digest, zeroed):
                expect_corrupt(store, dataset, model, digest)
    use(store, dataset, model)


def expect_corrupt(store: Store, dataset: Artifact, model: Artifact, digest: Digest) -> None:
    with pytest.raises(Corrupt) as caught:
        use(store, dataset, model)
    assert caught.value.expected == f"sha256 {digest}"
    assert caught.value.got.startswith("sha256 ")
    assert "restore" in caught.value.do


def test_f7_a_leftover_is_reclaimed_and_never_read(
    store: LocalStore, dataset: Artifact, model: Artifact
) -> None:
    leftover = store.folder / "drafts" / "0123456789abcdef0123456789abcdef"
    leftover.write_bytes(content_of(store, model.digest)[:100])
    use(store, dataset, model)
    LocalStore(store.folder)
    assert not leftover.exists()
    use(store, dataset, model)


def test_f7_a_blob_that_is_gone_is_missed(
    store: LocalStore, dataset: Artifact, model: Artifact
) -> None:
    os.unlink(store.folder / model.digest[:2] / model.digest[2:])
    with pytest.raises(NotFound, match=model.digest):
        use(store, dataset, model)


def test_these_checks_find_a_store_that_does_not_verify(
    store: LocalStore, dataset: Artifact, model: Artifact, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Planted: a bit of the model's weights, which parse whatever they are."""
    monkeypatch.setattr(LocalStore, "open", _unverified)
    (weights,) = (file.digest for file in read_manifest(store, model).files)
    whole = content_of(store, weights)
    with damaged(store, weights, bytes([whole[0] ^ 1]) + whole[1:]):
        use(store, dataset, model)


def _unverified(store: LocalStore, digest: Digest) -> object:
    return Path(store.folder / digest[:2] / digest[2:]).open("rb")
