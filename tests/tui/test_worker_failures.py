"""A worker that fails is told of on the screen, whoever has started it."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Coroutine, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

import condatui
from condatui.messages import JobsSeen
from condatui.screens.place import PlaceScreen
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from support.fake_workbench import FakeWorkbench
from support.inventories import environment, inventory, loaded, package
from support.pilots import opened

_OWNERS = {"_app": "CondatuiApp", "_screen": "PlaceScreen"}
"""What services are given to run their workers on."""


def _classes() -> dict[str, ast.ClassDef]:
    files = sorted(Path(condatui.__file__).parent.rglob("*.py"))
    trees = (ast.parse(file.read_text("utf-8")) for file in files)
    return {node.name: node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}


def _owners(classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    """The classes whose objects hear of a worker that does not end the app when it fails."""
    for name, each in classes.items():
        for call in ast.walk(each):
            if isinstance(call, ast.Call) and (owner := _owner(call)):
                yield _OWNERS.get(owner.attr, name) if isinstance(owner, ast.Attribute) else name


def _owner(call: ast.Call) -> ast.expr | None:
    """What owns the worker that is started here; None if this starts none."""
    if ast.unparse(call.func) == "start_worker":
        return call.args[0]
    return call.func if any(key.arg == "exit_on_error" for key in call.keywords) else None


def _family(name: str, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    """The class, what it is made from, and what is made from it."""
    yield name
    above = [name]
    while above:
        bases = (base.id for base in classes[above.pop()].bases if isinstance(base, ast.Name))
        found = [base for base in bases if base in classes]
        yield from found
        above += found
    yield from _made_from(name, classes)


def _made_from(name: str, classes: dict[str, ast.ClassDef]) -> Iterator[str]:
    for each, node in classes.items():
        if name in map(ast.unparse, node.bases):
            yield each
            yield from _made_from(each, classes)


def _hears(node: ast.ClassDef) -> bool:
    decorators = [
        ast.unparse(each) for item in node.body if isinstance(item, ast.FunctionDef) for each in item.decorator_list
    ]
    return "on(Worker.StateChanged)" in decorators


def test_whoever_starts_a_worker_hears_of_its_failure() -> None:
    classes = _classes()
    owners = set(_owners(classes))
    assert {"CondatuiApp", "PlaceScreen", "CompareScreen"} <= owners
    assert not {each for each in owners if not any(_hears(classes[one]) for one in _family(each, classes))}


def test_workers_begin_with_a_function() -> None:
    calls = (
        call
        for each in _classes().values()
        for call in ast.walk(each)
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "run_worker"
    )
    assert not [ast.unparse(call) for call in calls], "start_worker takes no coroutine, run_worker does"


async def test_a_worker_that_is_cancelled_before_it_begins_leaves_no_coroutine() -> None:
    made: list[int] = []
    done: list[int] = []

    async def work(number: int) -> None:
        done.append(number)

    class Noted(partial[Coroutine[Any, Any, None]]):
        def __call__(self) -> Coroutine[Any, Any, None]:
            made.extend(self.args)
            return super().__call__()

    async with opened(inventory()) as driver:
        for number in range(2):
            start_worker(driver.app, Noted(work, number), group="numbers", exclusive=True)
        await driver.until(lambda: bool(done))
    assert (made, done) == ([1], [1])


def _fail(*_: object, **__: object) -> None:
    raise LookupError("out of order")


async def test_a_comparison_that_fails_says_why_instead_of_being_at_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condatui.screens.compare.compare_subjects", _fail)
    known = inventory(loaded("a", [package("numpy", "1")]), loaded("b", [package("numpy", "2")]))
    async with opened(known, size=(160, 24)) as driver:
        await driver.press("a", "c")
        await driver.until(lambda: "out of order" in driver.text)
        assert "Reading and comparing" not in driver.text


async def test_a_file_that_cannot_be_saved_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("condatui.screens.compare_export.save", _fail)
    known = inventory(loaded("a", [package("numpy", "1")]), loaded("b", [package("numpy", "2")]))
    async with opened(known, size=(160, 24)) as driver:
        await driver.press("a", "c")
        await driver.until(lambda: "numpy" in driver.text)
        await driver.press("w", "enter")
        await driver.until(lambda: "It could not be saved." in driver.text)


async def test_what_fails_beside_a_place_is_told_there() -> None:
    async with opened(inventory(), size=(160, 24)) as driver:
        place = driver.app.screen
        assert isinstance(place, PlaceScreen)
        start_worker(place, _fail_later, group="breakdown")
        await driver.until(lambda: place.session.failure is not None)
        assert isinstance(place.session.failure, CondatuiError)
        assert "out of order" in place.session.failure.detail


async def test_jobs_that_cannot_be_settled_do_not_end_a_load_that_is_under_way(monkeypatch: pytest.MonkeyPatch) -> None:
    workbench = FakeWorkbench(inventory(environment("a")))
    async with opened(workbench=workbench, size=(160, 24)) as driver:
        session = driver.app.session
        monkeypatch.setattr(driver.app.job_monitor, "settle", _fail_later)
        workbench.script = (asyncio.Event(),)
        await driver.press("r")
        driver.app.post_message(JobsSeen())
        await driver.until(lambda: session.failure is not None)
        assert session.loading
        assert "Following the jobs failed." in driver.text


async def _fail_later() -> None:
    _fail()
