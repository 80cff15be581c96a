"""When a shell with an environment opens, and when the workbench says why not; the line that activates it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path

import pytest

from condatui.services.shell_opener import open_shell
from condatui_core.settings import Locations
from support.fake_workbench import FakeWorkbench
from support.inventories import environment, inventory
from support.pilots import opened
from support.prefixes import make_prefix


def with_one(tmp_path: Path, **fields: object) -> FakeWorkbench:
    prefix = make_prefix(tmp_path / "with space")
    workbench = FakeWorkbench(inventory(environment("a", prefix=str(prefix), **fields)))
    workbench.locations = Locations(home=tmp_path, config=tmp_path, cache=tmp_path, state=tmp_path)
    return workbench


async def test_without_a_terminal_that_could_be_given_away_it_is_said_and_nothing_stays(tmp_path: Path) -> None:
    workbench = with_one(tmp_path)
    async with opened(workbench=workbench) as driver:
        await driver.press("o")
        await driver.until(lambda: "No shell can be opened here" in driver.text)
    assert [*workbench.locations.private.iterdir()] == []


@pytest.mark.parametrize(("code", "how"), [(0, "."), (3, " with exit code 3."), (-9, " by signal 9.")])
async def test_nothing_is_drawn_until_the_shell_ends_and_then_it_is_said_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, how: str
) -> None:
    """Textual keeps what is drawn while it is suspended, and waits for ever once it has kept thirty pieces."""
    drawn: list[bool] = []

    async def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
        drawn.append(not driver.app._batch_count)
        await driver.app.run_action("app.perform('shell')")  # a second key that came before the terminal was given away
        return code

    monkeypatch.setattr("condatui.services.shell_opener.run_in_foreground", run)
    async with opened(workbench=with_one(tmp_path)) as driver:
        monkeypatch.setattr(driver.app, "suspend", nullcontext)
        loads = driver.app.session.loads
        await driver.press("o")
        await driver.until(lambda: f"The shell in a has ended{how}" in driver.text)
        await driver.until(lambda: driver.app.session.loads > loads)
    assert drawn == [False]


async def test_a_shell_that_is_cancelled_leaves_no_files_even_if_its_end_is_cancelled_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workbench that has to end cancels its workers, and the event loop what is left of them."""
    begun = asyncio.Event()

    async def cancelled_before_it_begins(*_: object) -> None:
        raise asyncio.CancelledError

    async def run(argv: Sequence[str], environ: Mapping[str, str]) -> int:
        begun.set()
        await asyncio.Event().wait()
        return 0

    monkeypatch.setattr("condatui.services.shell_opener.run_in_foreground", run)
    workbench = with_one(tmp_path)
    async with opened(workbench=workbench) as driver:
        monkeypatch.setattr(driver.app, "suspend", nullcontext)
        session = driver.app.session
        opening = asyncio.create_task(open_shell(driver.app, session, session.inventory.environments[0]))
        await begun.wait()
        assert [*workbench.locations.private.iterdir()]
        with monkeypatch.context() as ending, pytest.raises(asyncio.CancelledError):
            ending.setattr(asyncio, "to_thread", cancelled_before_it_begins)
            opening.cancel()
            await opening
    assert [*workbench.locations.private.iterdir()] == []


@pytest.mark.parametrize("state", ["orphan", "missing", "unreadable"])
async def test_what_cannot_be_activated_says_so(tmp_path: Path, state: str) -> None:
    async with opened(workbench=with_one(tmp_path, state=state)) as driver:
        for action in ("shell", "copy.activation"):
            driver.place.say("")
            await driver.app.run_action(f"app.perform('{action}')")
            await driver.pilot.pause()
            assert f"a cannot be activated: its state is {state}." in driver.text


async def test_read_only_opens_none(tmp_path: Path) -> None:
    async with opened(workbench=with_one(tmp_path)) as driver:
        await driver.press("W", "o")
        await driver.until(lambda: "condatui is read-only: nothing is changed." in driver.text)


async def test_an_environment_that_has_gone_meanwhile_is_told(tmp_path: Path) -> None:
    workbench = with_one(tmp_path)
    async with opened(workbench=workbench) as driver:
        (tmp_path / "with space" / "conda-meta").rename(tmp_path / "elsewhere")
        await driver.press("o")
        await driver.until(lambda: "a is no environment (any more)" in driver.text)


async def test_the_activation_line_is_copied(tmp_path: Path) -> None:
    async with opened(workbench=with_one(tmp_path)) as driver:
        await driver.app.run_action("app.perform('copy.activation')")
        await driver.pilot.pause()
        assert driver.app.clipboard == f"conda activate '{tmp_path}/with space'"
