"""The same build from another channel: no name tells it, so an update looks at the channels themselves."""

from __future__ import annotations

from condatui_core.actions.update.another_channel import from_another_channel, not_come
from condatui_core.conda.parsers import SolvedPackage, Transaction
from condatui_core.records.prefix import PrefixContents
from support.inventories import package

FORGE, MAIN = "https://conda.anaconda.org/conda-forge", "https://repo.anaconda.com/pkgs/main"
BEFORE = PrefixContents(packages=(package("numpy", "1.26.4", FORGE), package("six", "1.16", FORGE)))


def solved(name: str, version: str, base_url: str) -> SolvedPackage:
    return SolvedPackage(name=name, version=version, build="h0_0", base_url=base_url)


def test_only_what_keeps_its_name_and_changes_its_channel_is_found() -> None:
    transaction = Transaction(
        added=(
            solved("numpy", "1.26.4", f"{MAIN}/linux-64"),
            solved("six", "1.16", "https://conda.anaconda.org/conda-forge/noarch"),
            solved("new", "1.0", MAIN),
        )
    )
    assert from_another_channel(BEFORE, transaction) == (("numpy-1.26.4-h0_0", MAIN),)


def test_a_mirror_is_no_other_channel() -> None:
    mirrored = solved("numpy", "1.26.4", "https://mirrors.example.edu/anaconda/cloud/conda-forge")
    assert from_another_channel(BEFORE, Transaction(added=(mirrored,))) == ()


def test_what_has_not_come_is_told() -> None:
    swaps = (("numpy-1.26.4-h0_0", MAIN), ("six-1.16-h0_0", FORGE), ("gone-1-0", FORGE))
    assert not_come(BEFORE, swaps) == ["numpy-1.26.4-h0_0", "gone-1-0"]
