"""Plugins: found by entry point, loaded on first use."""

from __future__ import annotations

from importlib.metadata import EntryPoint

import pytest

from rueda.kernel import plugins
from rueda.kernel.errors import MissingExtra, UnknownName
from rueda.stores.local import LocalStore


def test_a_plugin_is_loaded_by_its_name() -> None:
    assert plugins.load_plugin("store", "local") is LocalStore


@pytest.mark.parametrize("seam", plugins.SEAMS)
def test_every_seam_has_an_implementation(seam: str) -> None:
    assert plugins.plugins(seam)


def test_a_name_that_nobody_offers() -> None:
    with pytest.raises(UnknownName, match="did you mean 'local'"):
        plugins.load_plugin("store", "locale")


def test_a_plugin_whose_package_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("ray", "a_package_that_is_absent:RayEngine", "rueda.engine")
    monkeypatch.setattr(plugins, "plugins", lambda seam: {"ray": point})
    with pytest.raises(MissingExtra) as caught:
        plugins.load_plugin("engine", "ray")
    assert "a_package_that_is_absent" in caught.value.what
    assert caught.value.do == "pip install 'rueda[ray]'"
    assert isinstance(caught.value.__cause__, ImportError)
