from __future__ import annotations

from collections.abc import Callable

import pytest

from condatui_core.conda.abilities import (
    can_change,
    can_export,
    can_export_formats,
    can_freeze,
    can_give_details,
    can_give_sizes,
    can_list_sha256,
    clones_conda,
)
from condatui_core.records.installation import Installation, Kind


def installation(version: str, kind: Kind = "conda", error: str = "") -> Installation:
    return Installation(
        executable="/opt/conda/bin/conda", root_prefix="/opt/conda", version=version, kind=kind, error=error
    )


@pytest.mark.parametrize(
    ("can", "before", "since"),
    [
        (can_export, "24.1.2", "24.3.0"),
        (can_list_sha256, "24.7.1", "24.9.0"),
        (can_freeze, "25.3.1", "25.5.0"),
        (can_export_formats, "25.5.1", "25.7.0"),
        (clones_conda, "25.5.1", "25.7.0"),
        (can_give_details, "25.9.1", "25.11.0"),
        (can_give_sizes, "25.11.1", "26.1.0"),
    ],
)
def test_what_conda_has_learnt_and_when(can: Callable[[Installation], bool], before: str, since: str) -> None:
    assert not can(installation(before))
    assert can(installation(since))
    assert can(installation("26.7.1+56.g1234abc"))
    assert not can(installation("2.3.0", "mamba"))
    assert not can(installation("26.7.1", "micromamba"))


@pytest.mark.parametrize("version", ["", "unknown", "4.8.3.post5+abc-dirty-!"])
def test_a_conda_of_unknown_version_is_not_trusted_with_anything_new(version: str) -> None:
    assert not can_export(installation(version))


def test_only_a_conda_that_works_changes_environments() -> None:
    assert can_change(installation("4.12.0"))
    assert not can_change(installation("2.3.0", "mamba"))
    assert not can_change(installation("24.7.1", error="It is not executable."))
