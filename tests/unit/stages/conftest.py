"""What tests of late stages need of the early ones: a release, put together by hand."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pytest

from rueda.artifacts.model import Model
from rueda.artifacts.preparation.preparation import FILE, Preparation
from rueda.artifacts.signature import Field, Signature
from rueda.kernel.artifact import Artifact, write_artifact
from rueda.kernel.digest import canonical_json
from rueda.kernel.seams import Store

MakeRelease = Callable[..., Artifact]


@pytest.fixture
def make_release() -> MakeRelease:
    """A function from a store, a dataset's schema, a preparation and a model to a release."""
    return release_of


def release_of(
    store: Store,
    schema: pa.Schema,
    preparation: Artifact,
    model: Artifact,
    time: str | None = None,
    more: tuple[str, ...] = (),
) -> Artifact:
    prepared, fitted = Preparation.open(store, preparation), Model.open(store, model)
    names = dict.fromkeys([*(f.name for f in prepared.inputs), *more])
    inputs = tuple(Field(name, str(schema.field(name).type)) for name in names)
    files = {
        FILE: canonical_json(prepared.to_json()),
        "signature.json": canonical_json(Signature(inputs, ()).to_json()),
        "golden.json": canonical_json({"rows": [], "scores": np.empty(0).tolist()}),
        "card.md": b"",
        **fitted.files,
    }
    meta = {
        "name": "test", "task": fitted.task, "classes": list(fitted.classes), "threshold": 0.5,
        "time": time, "trainer": fitted.trainer, "packaging": {"format": "native"}, "traces": {},
    }  # fmt: skip
    return write_artifact(store, "release", files, meta)
