"""An environment is compared with what condatui has exported of it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare
from condatui_core.environment_files.export import export_text
from condatui_core.environment_files.reading import read_environment_file
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.request import ExportFormat
from support.prefixes import FakePrefix, make_prefix

CONFIG = ChannelConfig()
SITE = "lib/python3.11/site-packages"


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    """An environment in which pip has replaced packages of the same name and of another, and left something behind."""
    prefix = make_prefix(tmp_path / "env")
    prefix.python_package("tqdm", "4.0")
    shutil.rmtree(prefix.site_packages / "tqdm-4.0.dist-info")
    prefix.pip_install("tqdm", "5.0")
    prefix.package("pytorch", "2.1.0", files={f"{SITE}/torch-2.1.0.dist-info/METADATA": "Name: torch"})
    shutil.rmtree(prefix.site_packages / "torch-2.1.0.dist-info")
    prefix.pip_install("torch", "2.3.0")
    prefix.pip_install("idna", "2.50")
    prefix.python_package("idna", "3.10.1")
    prefix.pip_install("httpx", "0.27")
    return prefix


@pytest.mark.parametrize("form", ["yaml", "json"])
@pytest.mark.parametrize("builds", [True, False])
def test_an_environment_does_not_differ_from_its_own_export(
    prefix: FakePrefix, tmp_path: Path, form: ExportFormat, builds: bool
) -> None:
    contents = read_prefix(str(prefix))
    environment = Environment(prefix=str(prefix), name="env", contents=contents)
    file = tmp_path / f"environment.{form}"
    file.write_text(export_text(environment, CONFIG, format=form, builds=builds).text)
    here = environment_listing(str(prefix), "env", contents, CONFIG)
    there = read_environment_file(file, CONFIG, "linux-64")
    for columns in ((here, there), (there, here)):
        rows = compare(columns).rows
        assert [each.name for each in rows] == ["httpx", "idna", "python", "pytorch", "tqdm"]
        assert {each.status for each in rows} == {"same"}


def test_a_leftover_of_pip_is_neither_exported_nor_compared(prefix: FakePrefix) -> None:
    contents = read_prefix(str(prefix))
    text = export_text(Environment(prefix=str(prefix), name="env", contents=contents), CONFIG).text
    assert "idna=3.10.1=" in text and "idna==" not in text
    cells = [each.cell for each in environment_listing(str(prefix), "env", contents, CONFIG).entries]
    assert [each.version for each in cells if each.name == "idna"] == ["3.10.1"]


def test_a_file_that_puts_pip_over_conda_differs_from_an_environment_of_conda_alone(tmp_path: Path) -> None:
    prefix = make_prefix(tmp_path / "env")
    prefix.python_package("tqdm", "4.0")
    file = tmp_path / "environment.yml"
    file.write_text("dependencies: [python, tqdm=4.0, {pip: [tqdm==5.0]}]")
    here = environment_listing(str(prefix), "env", read_prefix(str(prefix)), CONFIG)
    rows = compare([here, read_environment_file(file, CONFIG, "linux-64")]).rows
    assert {each.name: each.status for each in rows} == {"python": "same", "tqdm": "version"}
