from __future__ import annotations

import pytest

from condatui_core.analyses.platforms import native_subdir


@pytest.mark.parametrize(
    ("system", "machine", "subdir"),
    [
        ("Linux", "x86_64", "linux-64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "arm64", "osx-arm64"),
        ("Darwin", "x86_64", "osx-64"),
        ("Windows", "AMD64", "win-64"),
    ],
)
def test_platforms_are_called_as_conda_calls_them(system: str, machine: str, subdir: str) -> None:
    assert native_subdir(system, machine) == subdir
