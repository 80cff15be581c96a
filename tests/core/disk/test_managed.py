"""What the records claim before anything is measured."""

from __future__ import annotations

import pytest

from condatui_core.disk.usage import ManagedSizes
from condatui_core.records.package import PackageRecord
from support.inventories import inventory, loaded, package, pip_package

SIZES = ManagedSizes(
    inventory(
        loaded("a", [package("both", installed_bytes=100), package("mine", installed_bytes=10)]),
        loaded(
            "b",
            [package("both", installed_bytes=100), package("mine", "2.0", installed_bytes=1000)],
            [pip_package("wheel", installed_bytes=7)],
        ),
    )
)
A, B = "/opt/miniforge3/envs/a", "/opt/miniforge3/envs/b"


def test_the_same_package_is_taken_for_the_same_files() -> None:
    assert (SIZES.use_of(A).total, SIZES.use_of(A).exclusive) == (110, 10)
    assert (SIZES.use_of(B).total, SIZES.use_of(B).exclusive) == (1107, 1007)


def test_what_only_the_selection_has_goes_with_it_once() -> None:
    assert SIZES.frees([A, B]) == 100 + 10 + 1000 + 7
    assert SIZES.frees([]) == 0


@pytest.mark.parametrize(
    ("other", "exclusive"),
    [
        (package("a", base_url="https://prefix.dev/conda-forge"), 0),
        (package("a", base_url="https://host.example/own", md5="00"), 0),
        (package("a", base_url="https://host.example/own"), 1000),
    ],
)
def test_one_package_is_the_same_by_whichever_url_of_its_channel(other: PackageRecord, exclusive: int) -> None:
    sizes = ManagedSizes(inventory(loaded("a", [package("a", md5="00")]), loaded("b", [other])))
    assert sizes.use_of(A).exclusive == exclusive
