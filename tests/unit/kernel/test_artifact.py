"""Artifacts: written whole, read back verified, named by what is in them."""

from __future__ import annotations

import hashlib
import io
import json
from pathlib import Path

import pytest

from rueda.kernel.artifact import (
    Artifact,
    Manifest,
    open_file,
    read_bytes,
    read_file,
    read_manifest,
    write_artifact,
)
from rueda.kernel.digest import Digest
from rueda.kernel.errors import Corrupt, NotCanonical, NotFound
from rueda.kernel.seams import Blob
from rueda.stores.local import LocalStore


def test_files_and_meta_come_back(store: LocalStore, tmp_path: Path) -> None:
    path = tmp_path / "from.bin"
    path.write_bytes(b"from a path")
    blob = store.put(io.BytesIO(b"from a blob"))
    artifact = write_artifact(
        store, "thing", {"b": b"from bytes", "a": path, "c": blob}, {"rows": 3, "of": ["x"]}
    )
    manifest = read_manifest(store, artifact)
    assert manifest.kind == artifact.kind == "thing"
    assert manifest.meta == {"rows": 3, "of": ["x"]}
    assert [file.name for file in manifest.files] == ["a", "b", "c"]
    assert read_file(store, manifest, "a") == b"from a path"
    assert read_file(store, manifest, "b") == b"from bytes"
    with open_file(store, manifest, "c") as stream:
        assert stream.read() == b"from a blob"
    assert read_manifest(store, artifact.digest) == manifest


def test_the_digest_is_that_of_the_manifest_in_canonical_json(store: LocalStore) -> None:
    artifact = write_artifact(store, "thing", {"x": b"1"}, {"z": 1, "a": None})
    content = read_bytes(store, artifact.digest)
    assert hashlib.sha256(content).hexdigest() == artifact.digest
    assert json.loads(content) == {
        "format": 1,
        "kind": "thing",
        "files": [{"name": "x", "size": 1, "digest": hashlib.sha256(b"1").hexdigest()}],
        "meta": {"z": 1, "a": None},
    }


def test_the_same_content_is_the_same_artifact(store: LocalStore) -> None:
    one = write_artifact(store, "thing", {"x": b"1", "y": b"2"}, {"a": 1, "b": 2.0})
    two = write_artifact(store, "thing", {"y": b"2", "x": b"1"}, {"b": 2, "a": 1})
    assert one == two


@pytest.mark.parametrize(
    ("kind", "files", "meta"),
    [
        ("other", {"x": b"1"}, {"a": 1}),
        ("thing", {"x": b"2"}, {"a": 1}),
        ("thing", {"y": b"1"}, {"a": 1}),
        ("thing", {"x": b"1"}, {"a": 2}),
        ("thing", {"x": b"1", "y": b""}, {"a": 1}),
    ],
)
def test_other_content_is_another_artifact(
    store: LocalStore, kind: str, files: dict[str, bytes], meta: dict[str, int]
) -> None:
    one = write_artifact(store, "thing", {"x": b"1"}, {"a": 1})
    assert write_artifact(store, kind, files, meta).digest != one.digest


def test_meta_without_a_canonical_form_makes_no_artifact(store: LocalStore) -> None:
    with pytest.raises(NotCanonical):
        write_artifact(store, "thing", {}, {"score": float("nan")})


def test_a_file_that_is_not_there_is_named(store: LocalStore) -> None:
    manifest = read_manifest(store, write_artifact(store, "thing", {"a": b"", "b": b""}, {}))
    with pytest.raises(NotFound) as caught:
        manifest.file("c")
    assert caught.value.expected == "a, b"
    assert caught.value.got == "c"


def test_an_artifact_that_is_not_there(store: LocalStore) -> None:
    with pytest.raises(NotFound):
        read_manifest(store, Digest("0" * 64))


def test_a_manifest_of_a_later_format_is_refused() -> None:
    content = Manifest("thing").to_bytes().replace(b'"format":1', b'"format":2')
    with pytest.raises(Corrupt) as caught:
        Manifest.from_bytes(content)
    assert caught.value.do == "upgrade Rueda"


def test_a_manifest_survives_its_byte_form(store: LocalStore) -> None:
    manifest = read_manifest(store, write_artifact(store, "thing", {"ä/ö": b"1"}, {"é": "ü"}))
    assert Manifest.from_bytes(manifest.to_bytes()) == manifest


@pytest.mark.parametrize("which", ["manifest", "file"])
def test_a_changed_bit_is_found(store: LocalStore, which: str) -> None:
    artifact = write_artifact(store, "thing", {"x": b"content"}, {})
    file = read_manifest(store, artifact).file("x")
    digest = artifact.digest if which == "manifest" else file.digest
    path = store.folder / digest[:2] / digest[2:]
    path.chmod(0o644)
    path.write_bytes(bytes([path.read_bytes()[0] ^ 1]) + path.read_bytes()[1:])
    with pytest.raises(Corrupt, match=digest):
        read_file(store, read_manifest(store, artifact), "x")


def test_an_artifact_says_what_it_is() -> None:
    assert str(Artifact("model", Digest("ab" * 32))) == "model abababababab"


def test_a_blob_is_not_put_again(store: LocalStore) -> None:
    absent = Blob(Digest("1" * 64), 5)
    artifact = write_artifact(store, "thing", {"x": absent}, {})
    assert read_manifest(store, artifact).file("x").size_bytes == 5
