"""Artifacts: immutable things named by the digest of a manifest that lists their files."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from rueda.kernel.digest import Digest, Json, canonical_json
from rueda.kernel.errors import Corrupt, NotFound
from rueda.kernel.seams import Blob, Store

FORMAT = 1


@dataclass(frozen=True, slots=True)
class File:
    """One file of an artifact: its name inside it, its size and its digest."""

    name: str
    size_bytes: int
    digest: Digest


@dataclass(frozen=True, slots=True)
class Artifact:
    """The name of an immutable thing: what it is, and the digest of its manifest."""

    kind: str
    digest: Digest

    def __str__(self) -> str:
        return f"{self.kind} {self.digest[:12]}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an artifact consists of: files by name, and metadata (canonical JSON)."""

    kind: str
    files: tuple[File, ...] = ()
    meta: Mapping[str, Json] = field(default_factory=dict)

    def to_bytes(self) -> bytes:
        files = [{"name": f.name, "size": f.size_bytes, "digest": f.digest} for f in self.files]
        return canonical_json(
            {"format": FORMAT, "kind": self.kind, "files": files, "meta": self.meta}
        )

    @classmethod
    def from_bytes(cls, content: bytes) -> Manifest:
        tree = json.loads(content)
        if tree.get("format") != FORMAT:
            raise Corrupt(
                "an artifact manifest is in a format that this Rueda does not read",
                expected=f"format {FORMAT}",
                got=str(tree.get("format")),
                do="upgrade Rueda",
            )
        files = tuple(File(f["name"], f["size"], Digest(f["digest"])) for f in tree["files"])
        return cls(tree["kind"], files, tree["meta"])

    def file(self, name: str) -> File:
        """The file called ``name``.

        Raises
        ------
        NotFound
            The artifact has no such file.
        """
        for entry in self.files:
            if entry.name == name:
                return entry
        names = ", ".join(f.name for f in self.files)
        raise NotFound(f"the {self.kind} has no file {name!r}", expected=names, got=name)


def write_artifact(
    store: Store, kind: str, files: Mapping[str, bytes | Path | Blob], meta: Mapping[str, Json]
) -> Artifact:
    """Put ``files``, then their manifest, into ``store``; the artifact exists once this returns."""
    entries = []
    for name, content in sorted(files.items()):
        blob = _put(store, content)
        entries.append(File(name, blob.size_bytes, blob.digest))
    manifest = Manifest(kind, tuple(entries), meta)
    return Artifact(kind, store.put(io.BytesIO(manifest.to_bytes())).digest)


def _put(store: Store, content: bytes | Path | Blob) -> Blob:
    if isinstance(content, Blob):
        return content
    if isinstance(content, bytes):
        return store.put(io.BytesIO(content))
    with content.open("rb") as source:
        return store.put(source)


def read_manifest(store: Store, artifact: Artifact | Digest) -> Manifest:
    """The verified manifest of ``artifact``."""
    digest = artifact.digest if isinstance(artifact, Artifact) else artifact
    return Manifest.from_bytes(read_bytes(store, digest))


def read_bytes(store: Store, digest: Digest) -> bytes:
    """The whole verified content behind ``digest``: what is parsed is what was hashed."""
    with store.open(digest) as source:
        return source.read()


def open_file(store: Store, manifest: Manifest, name: str) -> BinaryIO:
    """A verifying stream over the file ``name`` of ``manifest``."""
    return store.open(manifest.file(name).digest)


def read_file(store: Store, manifest: Manifest, name: str) -> bytes:
    """The verified bytes of the file ``name`` of ``manifest``."""
    return read_bytes(store, manifest.file(name).digest)
