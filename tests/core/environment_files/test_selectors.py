"""Lines that apply to some platforms only."""

from __future__ import annotations

import pytest

from condatui_core.environment_files.selectors import Target, applies, apply_selectors, selects, stated_python

LINUX, MAC, WINDOWS = (Target(platform=each, python="3.11.9") for each in ("linux-64", "osx-arm64", "win-64"))


@pytest.mark.parametrize(
    ("selector", "on"),
    [
        ("linux", (True, False, False)),
        ("unix", (True, True, False)),
        ("win", (False, False, True)),
        ("not win", (True, True, False)),
        ("osx and arm64", (False, True, False)),
        ("linux64 or win64", (True, False, True)),
        ("x86_64", (True, False, True)),
        ("(linux or osx) and not aarch64", (True, True, False)),
        ("a note", (None, None, None)),
        ("linux and cuda", (None, None, None)),
        ("__import__('os').system('true')", (None, None, None)),
        ("(" * 150, (None, None, None)),
        ("not " * 100 + "linux", (None, None, None)),
    ],
)
def test_selectors(selector: str, on: tuple[bool | None, ...]) -> None:
    assert tuple(selects(selector, each) for each in (LINUX, MAC, WINDOWS)) == on


def test_lines_for_other_platforms_are_blanked_and_told() -> None:
    text = "a:\n  - one  # [win]\n  - two  # [unix]\n  - three  # [a note]\n  - four[extra]  # five\n"
    assert apply_selectors(text, LINUX) == (text.replace("  - one  # [win]", ""), ("one  # [win]",))
    assert apply_selectors(text, Target()) == (text, ())


@pytest.mark.parametrize(
    ("marker", "on"),
    [
        ("", (True, True, True)),
        ('python_version < "3.8"', (False, False, False)),
        ('python_version >= "3.11"', (True, True, True)),
        ('python_full_version == "3.11.9"', (True, True, True)),
        ('sys_platform == "darwin"', (False, True, False)),
        ('platform_machine == "x86_64"', (True, False, False)),
        ('platform_system != "Windows" and os_name == "posix"', (True, True, False)),
        ('extra == "test"', (False, False, False)),
        ("nonsense", (None, None, None)),
    ],
)
def test_markers(marker: str, on: tuple[bool | None, ...]) -> None:
    assert tuple(applies(marker, each) for each in (LINUX, MAC, WINDOWS)) == on


def test_a_marker_is_open_where_python_or_the_platform_is() -> None:
    assert applies('python_version < "3.8"', Target(platform="linux-64")) is None
    assert applies('sys_platform == "linux"', Target(platform="linux-64")) is True
    assert applies('sys_platform == "linux"', Target()) is None


@pytest.mark.parametrize(
    ("constraint", "python"),
    [
        ("=3.11", "3.11"),
        ("3.11.9", "3.11.9"),
        ("3.12*", "3.12"),
        ("=3.12.*", "3.12"),
        (">=3.9", ""),
        ("*", ""),
        ("3", ""),
    ],
)
def test_the_python_that_a_file_names(constraint: str, python: str) -> None:
    assert stated_python(constraint) == python
