"""What a place says of itself: its own keys first, and counts of what it shows."""

from __future__ import annotations

import pytest
from rich.text import Text

from condatui.view_models.details.channels import ChannelsModel
from condatui.view_models.details.health import health_blocks
from condatui.view_models.verification import VerifiedFile
from condatui.widgets.detail_pane import DetailPane
from condatui_core.records.drift import Drift, Verification
from condatui_core.records.installation import ChannelConfig
from support.inventories import NOW, finding, inventory, loaded, package, pip_package, research
from support.pilots import opened
from support.words import words

OWN = {
    "packages": "where else",
    "disk": "browse",
    "health": "verify",
    "gpu": "check",
    "history": "roll back",
    "slim": "slimmed copy",
}


@pytest.mark.parametrize("tab", OWN)
async def test_a_tab_with_keys_of_its_own_names_them_first(tab: str) -> None:
    async with opened(inventory(research()), size=(80, 24)) as driver:
        await driver.press(*["]"] * DetailPane.TABS.index(tab), "tab")
        assert OWN[tab] in driver.text.splitlines()[-1][:40]


async def test_a_comparison_names_its_own_keys_first_and_not_the_one_that_led_there() -> None:
    async with opened(inventory(loaded("a", [package("x")]), loaded("b")), size=(80, 24)) as driver:
        await driver.press("a", "c")
        await driver.until(lambda: "reference" in driver.text)
        hints = driver.text.splitlines()[-1]
        assert hints.split()[:2] == ["f", "kind"]
        assert "c compare" not in hints
        assert "] next" in hints
        assert "w save" in hints


def test_an_environment_that_has_drifted_is_not_called_good() -> None:
    found = Verification(drift=(Drift(name="a", kind="missing", source="conda"),), compared=1)
    blocks = health_blocks(loaded("x"), NOW, words=words, verified=VerifiedFile(file="/x.yml", found=found))
    text = Text("\n").join(block.text for block in blocks).plain
    assert "All good" not in text
    assert "Apart from that, nothing worth a finding." in text


async def test_the_tab_of_channels_counts_its_rows() -> None:
    pip = [pip_package(kind, origin=kind) for kind in ("index", "local", "editable", "vcs")]
    mixed = loaded("mix", [package("a")], pip, channels=(("conda-forge", 1), ("pypi", 4)))
    assert len(ChannelsModel(mixed, ChannelConfig())) == 5
    async with opened(inventory(mixed)) as driver:
        assert "Channels 5" in driver.text


@pytest.mark.parametrize(
    ("message", "beside"), [("short", True), ("as long as it takes to be cut beside details", False)]
)
async def test_a_wide_terminal_cuts_no_findings_for_the_details(message: str, beside: bool) -> None:
    found = loaded("nlp", [package("a")], findings=(finding(message.replace(" ", "-"), "error", message),))
    async with opened(inventory(found), size=(200, 55)) as driver:
        assert driver.place.has_class("-wide") is beside
