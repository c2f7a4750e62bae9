"""Shown: a picture that a notebook draws by itself, and that can be had as data, SVG or PNG."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from rueda.kernel.digest import Json
from rueda.pictures.render import png, svg
from rueda.pictures.theme import Spec


@dataclass(frozen=True)
class Shown:
    """A Vega-Lite picture with its data inside.

    Attributes
    ----------
    spec
        The whole picture as JSON.
    """

    spec: Spec

    def save(self, path: Path | str) -> Path:
        """Write the picture to ``path`` as what its ending says: ``.svg``, or else PNG."""
        path = Path(path)
        if path.suffix == ".svg":
            path.write_text(svg(self.spec), encoding="utf-8")
        else:
            path.write_bytes(png(self.spec))
        return path

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Json]:
        del include, exclude
        return {"image/svg+xml": svg(self.spec), "text/plain": f"a {self.spec.get('title', '')}"}
