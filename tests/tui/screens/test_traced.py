"""In the tab Slim: running a command, what it has used, and making a slimmed copy."""

from __future__ import annotations

from textwrap import dedent

import pytest
from msgspec.structs import replace
from textual.widgets import Input

from condatui_core.analyses.slimming.classes import USUAL
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.records.request import SlimRequest
from condatui_core.records.usage import Blind, PackageUsage, Usage
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import ROOT, inventory, loaded, package
from support.pilots import Driver, opened
from support.slimmings import slimming

HUB, OTHER = f"{ROOT}/envs/hub", f"{ROOT}/envs/other"
USAGE = Usage(
    command=("python", "app.py"),
    end="exited",
    exit_code=0,
    seconds=1.2,
    packages=(
        PackageUsage(name="numpy", source="conda", use="used", bytes=5_000_000, files=3, example="lib/a.py"),
        PackageUsage(name="libblas", source="conda", use="needed", bytes=2000, needed_by="numpy"),
        PackageUsage(name="jupyter", source="conda", use="never", bytes=9_000_000),
    ),
    blind=(Blind(id="not-python", message="\x1b[2Jbash: not Python."), Blind(id="cut-off", message="More.")),
)


def workbench(usage: Usage | CondatuiError = USAGE, *, waits: bool = False, ascii_only: bool = False) -> FakeWorkbench:
    machine = inventory(loaded("hub", [package("numpy")]), loaded("other"))
    made = FakeWorkbench(machine, settings=Settings(watch_seconds=0, ascii=ascii_only))
    made.slim = {HUB: slimming(HUB), OTHER: slimming(OTHER)}
    made.traces.usage, made.traces.waits = usage, waits
    return made


async def run(driver: Driver, command: str) -> None:
    await driver.press("!")
    assert "Run in hub" in driver.text
    driver.app.screen.query_one("LinePanel Input", Input).value = command
    await driver.press("enter")


async def test_80_columns_say_what_was_used() -> None:
    async with opened(workbench=workbench(), size=(80, 24)) as driver:
        await run(driver, "python app.py")
        await driver.until(lambda: "9.0 M" in driver.text)
        assert "\n".join(driver.text.splitlines()[11:]) == dedent("""\
            ─ Packages 1 ─ Channels ─ Disk ─ Health ─ GPU ─ History ─ Slim ─────────── hub ─
             ✓ python app.py ended after 1.2 s.
             use     package  by      size  because of
            ▏used    numpy    conda  5.0 M  lib/a.py and 2 files more
             needed  libblas  conda  2.0 K  numpy needs it
             never   jupyter  conda  9.0 M


             used 1 (5.0 M) · needed 1 (2.0 K) · never 1 (9.0 M)
             lib/a.py and 2 files more
             \\x1b[2Jbash: not Python. (and 1 note more: condatui slim --run tells them)
             used 1 (5.0 M) · needed 1 (2.0 K) · never 1 (9.0 M): python app.py ended afte…
             M slimmed copy  ! run  O used  space mark  c compare  n clone  ? help""")


@pytest.mark.parametrize("size", [(60, 20), (200, 55)])
@pytest.mark.parametrize("ascii_only", [False, True])
async def test_it_fits_every_terminal(size: tuple[int, int], ascii_only: bool) -> None:
    async with opened(workbench=workbench(ascii_only=ascii_only), size=size) as driver:
        await run(driver, "python app.py")
        await driver.until(lambda: "9.0 M" in driver.text)
        assert all(len(line) <= size[0] for line in driver.text.splitlines())
        assert driver.text.isascii() or not ascii_only


async def test_a_command_runs_beside_the_screens_until_it_is_stopped() -> None:
    made = workbench(waits=True)
    async with opened(workbench=made) as driver:
        await run(driver, "python 'my app.py'")
        await driver.until(lambda: "runs." in driver.text and "x stops it before" in driver.text)
        assert [each.command for each in made.traces.runs] == [("python", "my app.py")]
        await driver.press("j")
        assert driver.cursor == OTHER, "the keys go on"
        await run_in_other(driver)
        assert len(made.traces.runs) == 1 and "runs already" in driver.text
        await driver.press("k", "x")
        await driver.until(lambda: "was stopped after 1.2 s." in driver.text)
        assert "numpy" in driver.text


async def run_in_other(driver: Driver) -> None:
    await driver.press("!")
    driver.app.screen.query_one("LinePanel Input", Input).value = "python"
    await driver.press("enter")


async def test_leaving_ends_the_command() -> None:
    made = workbench(waits=True)
    async with opened(workbench=made) as driver:
        await run(driver, "python app.py")
        await driver.until(lambda: made.traces.runs)
    assert made.traces.ended == 1


async def test_modules_are_only_imported() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await run(driver, "import numpy, a.b")
        await driver.until(lambda: made.traces.runs)
        assert (made.traces.runs[0].modules, made.traces.runs[0].command) == (("numpy", "a.b"), ())


async def test_one_key_turns_between_classes_and_packages() -> None:
    async with opened(workbench=workbench()) as driver:
        await driver.press("left_square_bracket", "O")
        assert "No command has been run" in driver.text
        await run(driver, "python app.py")
        await driver.until(lambda: "numpy needs it" in driver.text)
        await driver.press("O")
        assert "byte code" in driver.text and "numpy needs it" not in driver.text
        await driver.press("O", "enter", "j", "y")
        assert driver.app.clipboard == "libblas"


async def test_what_fails_says_its_last_words_and_what_cannot_be_run_says_why() -> None:
    failed = replace(USAGE, exit_code=3, last_lines=("Traceback", "\x1b[1mValueError: no model"))
    made = workbench(failed)
    async with opened(workbench=made, size=(100, 30)) as driver:
        await run(driver, "python app.py")
        await driver.until(lambda: "ended with exit code 3" in driver.text)
        assert "\\x1b[1mValueError: no model" in driver.text
        made.traces.usage = UsageError("`nosuch` cannot be started in hub.", "No such file")
        await run(driver, "nosuch")
        await driver.until(lambda: "`nosuch` cannot be started in hub: No such file" in driver.text)
        await run(driver, "python 'x")
        assert "quotation mark that is not closed" in driver.text


# A slimmed copy


async def test_a_form_makes_a_slimmed_copy_of_what_a_service_hardly_misses() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await driver.press("left_square_bracket", "M")
        assert "Make a slimmed copy of hub" in driver.text
        assert "hub-slim" in driver.text and "risk none or low" in driver.text and "which are" not in driver.text
        await driver.press("enter")
        await driver.until(lambda: made.jobs.requests)
        assert made.jobs.requests == [SlimRequest(source=HUB, target=f"{ROOT}/envs/hub-slim", classes=USUAL)]


async def test_after_a_run_the_copy_keeps_what_the_run_has_used() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await driver.press("M")
        assert "keep what ran" not in driver.text, "nothing has been run"
        await driver.press("escape")
        await run(driver, "python app.py")
        await driver.until(lambda: "numpy needs it" in driver.text)
        await driver.press("M")
        assert "what the run has used" in driver.text
        assert "the run never touched jupyter" in driver.text
        await driver.press("enter")
        await driver.until(lambda: made.jobs.requests)
        target = f"{ROOT}/envs/hub-slim"
        kept = SlimRequest(source=HUB, target=target, classes=USUAL, keep=("numpy", "libblas"))
        assert made.jobs.requests == [kept]


async def test_who_does_not_want_what_ran_to_be_kept_says_so() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await run(driver, "python app.py")
        await driver.until(lambda: "numpy needs it" in driver.text)
        await driver.press("M", "tab", "tab", "tab", "n", "enter")
        await driver.until(lambda: made.jobs.requests)
        (request,) = made.jobs.requests
        assert isinstance(request, SlimRequest) and request.keep == ()


async def test_classes_can_be_typed_and_packages_named() -> None:
    made = workbench()
    async with opened(workbench=made) as driver:
        await driver.press("M", "tab", "t")
        assert "which are" in driver.text
        for name, text in (("typed", "tests, header"), ("leave_out", "jupyter black")):
            driver.app.screen.query_one(f"#field-{name}", Input).value = text
        await driver.press("enter")
        assert "`header` is no class. Did you mean `headers`?" in driver.text
        driver.app.screen.query_one("#field-typed", Input).value = "tests,headers"
        await driver.press("enter")
        await driver.until(lambda: made.jobs.requests)
        (request,) = made.jobs.requests
        assert isinstance(request, SlimRequest)
        assert (request.classes, request.leave_out) == (("tests", "headers"), ("jupyter", "black"))
