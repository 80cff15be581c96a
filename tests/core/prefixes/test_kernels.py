"""Jupyter kernels: which environment each starts, and whether that is gone."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from condatui_core.prefixes.kernels import read_kernels
from condatui_core.records.kernel import Kernel
from support.disk_trees import write
from support.kernels import make_kernel

USUAL = ".local/share/jupyter/kernels"


@pytest.fixture
def lab(tmp_path: Path) -> Path:
    """An environment with a python."""
    write(tmp_path / "envs/lab/conda-meta/history")
    write(tmp_path / "envs/lab/bin/python")
    return tmp_path / "envs/lab"


def kernels(home: Path, *prefixes: Path, environ: Mapping[str, str] | None = None) -> list[Kernel]:
    return list(read_kernels(map(str, prefixes), environ=environ or {}, home=home))


@pytest.mark.parametrize(
    ("environ", "place"),
    [
        ({}, USUAL),
        ({"XDG_DATA_HOME": "{}/data"}, "data/jupyter/kernels"),
        ({"JUPYTER_DATA_DIR": "{}/own"}, "own/kernels"),
        ({"JUPYTER_PATH": "{}/more:relative:{}/other"}, "other/kernels"),
        ({}, "Library/Jupyter/kernels"),
    ],
)
def test_a_kernel_of_the_user_is_found_with_the_environment_that_it_starts(
    tmp_path: Path, lab: Path, environ: dict[str, str], place: str
) -> None:
    directory = make_kernel(tmp_path / place / "lab", str(lab / "bin/python"), display_name="My Lab")
    given = {name: value.format(tmp_path, tmp_path) for name, value in environ.items()}
    assert kernels(tmp_path, lab, environ=given) == [
        Kernel(
            path=str(directory),
            name="lab",
            display_name="My Lab",
            program=str(lab / "bin/python"),
            prefix=str(lab),
        )
    ]


def test_a_kernel_in_an_environment_says_where_it_lies(tmp_path: Path, lab: Path) -> None:
    make_kernel(lab / "share/jupyter/kernels/python3", "python")
    (found,) = kernels(tmp_path, lab)
    assert (found.prefix, found.inside, found.gone) == (str(lab), str(lab), False)


def test_the_environment_is_found_through_links(tmp_path: Path, lab: Path) -> None:
    write(tmp_path / "venv/pyvenv.cfg")
    (tmp_path / "venv/bin").mkdir()
    (tmp_path / "venv/bin/python").symlink_to(lab / "bin/python")
    (tmp_path / "alias").symlink_to(lab)
    make_kernel(tmp_path / USUAL / "a", str(tmp_path / "venv/bin/python"))
    make_kernel(tmp_path / USUAL / "b", str(tmp_path / "alias/bin/python"))
    assert [(each.prefix, each.gone) for each in kernels(tmp_path, lab)] == [(str(lab), False)] * 2


def test_the_innermost_environment_counts(tmp_path: Path, lab: Path) -> None:
    make_kernel(tmp_path / USUAL / "lab", str(lab / "bin/python"))
    (found,) = kernels(tmp_path, lab, tmp_path)
    assert found.prefix == str(lab)


@pytest.mark.parametrize(
    ("program", "gone"),
    [
        ("{}/envs/old/bin/python", True),
        ("{}/envs/lab/bin/python3.9", False),
        ("{}/venv/bin/python", False),
        ("{}/unmounted/envs/x/bin/python", False),
        ("{}/link/bin/python", False),
        ("{}/loop/bin/python", False),
        ("{}/" + "long" * 100 + "/bin/python", False),
        ("{}/envs/lab/bin/broken", False),
        ("python3", False),
    ],
)
def test_a_kernel_is_dead_if_its_environment_is_gone(tmp_path: Path, lab: Path, program: str, gone: bool) -> None:
    write(tmp_path / "venv/pyvenv.cfg")
    (tmp_path / "unmounted").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "unmounted/envs/x")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (lab / "bin/broken").symlink_to(tmp_path / "nowhere")
    make_kernel(tmp_path / USUAL / "some", program.format(tmp_path))
    (found,) = kernels(tmp_path, lab)
    assert found.gone is gone


@pytest.mark.skipif(os.geteuid() == 0, reason="root may look everywhere")
def test_what_this_user_may_not_look_at_is_not_gone(tmp_path: Path) -> None:
    write(tmp_path / "other/envs/x/bin/python")
    make_kernel(tmp_path / USUAL / "some", str(tmp_path / "other/envs/x/bin/python"))
    (tmp_path / "other").chmod(0)
    (found,) = kernels(tmp_path)
    (tmp_path / "other").chmod(0o700)
    assert not found.gone


def test_what_is_no_kernel_is_passed_over(tmp_path: Path, lab: Path) -> None:
    place = tmp_path / USUAL
    make_kernel(place / "good", str(lab / "bin/python"))
    write(place / "text/kernel.json").write_text("not JSON")
    write(place / "list/kernel.json").write_text('{"argv": "python"}')
    os.mkfifo(write(place / "pipe/x").with_name("kernel.json"))
    write(place / "large/kernel.json", 2 << 20)
    make_kernel(place / "nul", "/envs/a\0b/bin/python")
    make_kernel(place / "long", "/a" * 20_000)
    (place / "empty").mkdir()
    (place / "nowhere").symlink_to(tmp_path / "nothing")
    (place / "again").symlink_to(place / "good")
    assert [each.name for each in kernels(tmp_path, lab)] == ["again"]


def test_without_arguments_it_is_no_kernel_of_anything(tmp_path: Path) -> None:
    write(tmp_path / USUAL / "none/kernel.json").write_text('{"argv": []}')
    (found,) = kernels(tmp_path)
    assert (found.program, found.prefix, found.gone) == ("", "", False)
