"""Render: a picture as PNG or SVG bytes, without a browser."""

from __future__ import annotations

from types import ModuleType

from rueda.kernel.errors import MissingExtra
from rueda.pictures.theme import DARK, LIGHT, Spec, config

VEGA_LITE = "6.4"
"""The language version of the specs that ``rueda.pictures`` writes."""


def png(spec: Spec, *, width: int = 640, scale: float = 2.0, dark: bool = False) -> bytes:
    """``spec`` as a PNG image, ``width`` points wide.

    Raises
    ------
    MissingExtra
        The extra ``pictures`` is not installed.
    """
    content: bytes = converter().vegalite_to_png(
        _sized(spec, width), vl_version=VEGA_LITE, scale=scale, config=_config(dark)
    )
    return content


def svg(spec: Spec, *, width: int = 640, dark: bool = False) -> str:
    """``spec`` as SVG text, ``width`` points wide.

    Raises
    ------
    MissingExtra
        The extra ``pictures`` is not installed.
    """
    text: str = converter().vegalite_to_svg(
        _sized(spec, width), vl_version=VEGA_LITE, config=_config(dark)
    )
    return text


def converter() -> ModuleType:
    """The package that renders Vega-Lite.

    Raises
    ------
    MissingExtra
        The extra ``pictures`` is not installed.
    """
    try:
        import vl_convert
    except ImportError as error:
        raise MissingExtra(
            "pictures need the package vl-convert-python", do="pip install 'rueda[pictures]'"
        ) from error
    return vl_convert


def _sized(spec: Spec, width: int) -> Spec:
    return {**spec, "width": width} if spec.get("width") == "container" else spec


def _config(dark: bool) -> dict[str, object]:
    # A page has a ground of its own; an image file does not.
    return {**config(dark=dark), "background": (DARK if dark else LIGHT).paper}
