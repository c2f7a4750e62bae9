"""Needs: the packages that a serving image holds, in the versions that were proved."""

from __future__ import annotations

from importlib.metadata import version

SERVING = ("msgspec", "numpy", "onnxruntime", "pyarrow", "rueda", "sqlalchemy", "uvicorn")
"""What a serving image holds."""

NATIVE = ("scikit-learn", "scipy", "skops")
"""What it holds besides, for a model in scikit-learn's own format."""


def requirements(packaged: str) -> list[str]:
    """The exact versions that answer as proved."""
    names = SERVING if packaged == "onnx" else (*SERVING, *NATIVE)
    return [f"{name}=={version(name)}" for name in sorted(names)]
