from __future__ import annotations

import pytest

from condatui_core.records.installation import Installation, Kind, can_change, can_freeze


def installation(version: str, kind: Kind = "conda", error: str = "") -> Installation:
    return Installation(
        executable="/opt/conda/bin/conda", root_prefix="/opt/conda", version=version, kind=kind, error=error
    )


def test_since_when_conda_honours_frozen_environments() -> None:
    assert not can_freeze(installation("25.3.1"))
    assert can_freeze(installation("25.5.0"))
    assert can_freeze(installation("26.7.1+56.g1234abc"))
    assert not can_freeze(installation("2.3.0", "mamba"))
    assert not can_freeze(installation("26.7.1", "micromamba"))


@pytest.mark.parametrize("version", ["", "unknown", "4.8.3.post5+abc-dirty-!"])
def test_a_conda_of_unknown_version_is_not_trusted_with_anything_new(version: str) -> None:
    assert not can_freeze(installation(version))


def test_only_a_conda_that_works_changes_environments() -> None:
    assert can_change(installation("4.12.0"))
    assert not can_change(installation("2.3.0", "mamba"))
    assert not can_change(installation("24.7.1", error="It is not executable."))
