"""The environment: distributions that code can reach, with their versions."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from rueda.wheel.environment import distributions_of, environment


def install(site: Path, name: str, version: str, *lines: str, module: str = "") -> None:
    """Write what an installer leaves behind."""
    for old in site.glob(f"{name}-*.dist-info/*"):
        old.unlink()
        old.parent.rmdir() if not any(old.parent.iterdir()) else None
    folder = site / f"{name}-{version}.dist-info"
    folder.mkdir(parents=True)
    asked = "".join(f"{line}\n" for line in lines)
    (folder / "METADATA").write_text(f"Name: {name}\nVersion: {version}\n{asked}\ntext\n")
    module = module or name
    (site / f"{module}.py").write_text("")
    (folder / "RECORD").write_text(f"{module}.py,,\n{folder.name}/METADATA,,\n")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    return folder


def test_a_version_that_changes_is_seen(site: Path) -> None:
    install(site, "zebra", "1.0")
    assert environment(["zebra"])["zebra"] == "1.0"
    install(site, "zebra", "1.1")
    assert environment(["zebra"])["zebra"] == "1.1"


def test_requirements_are_followed_and_extras_only_when_asked(site: Path) -> None:
    install(
        site,
        "zebra",
        "1.0",
        "Requires-Dist: stripes[bold]>=2",
        "Requires-Dist: hooves; extra == 'run'",
        "Requires-Dist: nowhere-to-be-found",
    )
    install(site, "stripes", "2.5", 'Requires-Dist: ink ; extra == "bold"')
    install(site, "hooves", "3.0")
    install(site, "ink", "4.0")
    found = environment(["Zebra"])
    assert {n: found.get(n) for n in ("zebra", "stripes", "ink", "hooves")} == {
        "zebra": "1.0",
        "stripes": "2.5",
        "ink": "4.0",
        "hooves": None,
    }
    assert environment(["zebra[run]"])["hooves"] == "3.0"
    assert "nowhere-to-be-found" not in found


def test_the_module_names_its_distribution(site: Path) -> None:
    install(site, "Py_Zebra", "1.0", module="zebra_module")
    assert distributions_of("zebra_module") == {"py-zebra"}
    assert distributions_of("sklearn") == {"scikit-learn"}
    assert distributions_of("yaml") == {"pyyaml"}
    assert distributions_of("json") == frozenset()


def test_rueda_counts_by_its_own_version_alone() -> None:
    found = environment([])
    assert found.keys() == {"python", "rueda"}
    assert found["rueda"] == metadata.version("rueda")


def test_versions_agree_with_the_installed_metadata() -> None:
    found = environment(["scikit-learn", "polars"])
    named = {n: v for n, v in found.items() if n != "python"}
    assert named == {name: metadata.version(name) for name in named}
    assert {"numpy", "scipy", "joblib", "threadpoolctl"} <= named.keys()
