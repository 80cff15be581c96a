"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import logging
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import HealthCheck, settings

from condatui_core.log import LogFile
from condatui_sandbox import Sandbox, ScaleTree, build_sandbox, build_scale
from condatui_sandbox.environments import relist_gone
from condatui_sandbox.layout import Layout
from support.other_workers import WithoutOtherWorkers
from support.sandboxes import copy_sandbox
from support.scratch import MEMORY, roomy_memory
from support.tiers import choose_tier, examples

# Where PYTHONDONTWRITEBYTECODE is set, each worker would put the assertions of all tests together again, and each
# process that a test starts would compile condatui again. Those processes themselves still write nothing.
sys.dont_write_bytecode = False


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Choose the tier, heed signals, and let copies of the sandbox lie in memory if it has room, or in `--basetemp`."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup, or in the background of a script
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    gc.disable()  # until all tests are collected: nothing of it is garbage, and looking for some takes long
    choose_tier(thorough=bool(config.getoption("--thorough")))
    any_load = [HealthCheck.too_slow]  # how long a made-up input takes says how busy the machine is
    settings.register_profile("tier", suppress_health_check=any_load, deadline=None, max_examples=examples(200))
    settings.load_profile("tier")
    if config.option.basetemp is None and (memory := roomy_memory()):
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(memory))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a test that waits for a screen or for the disk leaves its core to another.

    More would take turns at the cores, and each has to import and collect all tests first.
    """
    return (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """Let no collection of garbage go through all of the tests again."""
    gc.freeze()
    gc.enable()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--thorough` runs the tests of `make test-thorough` as well."""
    parser.addoption("--thorough", action="store_true", help="run the tests of the thorough tier as well")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Number bytes: compressed ones have the time in them, and all workers must collect the same tests."""
    return argname if isinstance(val, bytes) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the thorough tier out where nobody asks for it, and order the rest so that workers stay busy."""
    by_name = any("::" in each for each in config.invocation_params.args)
    if not config.getoption("--thorough") and not by_name:
        left_out = [item for item in items if item.get_closest_marker("thorough")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if not item.get_closest_marker("thorough")]
    _order(items)


def _order(items: list[pytest.Item]) -> None:
    """Let one worker build the sandbox while the others run long files that need none, instead of waiting for it."""
    files: dict[Path, list[pytest.Item]] = {}
    for item in items:
        files.setdefault(item.path, []).append(item)
    waiting = [path for path, tests in files.items() if any("sandbox" in _fixtures(test) for test in tests)]
    others = [path for path in files if path not in set(waiting) and path.parent.name in _LONG]
    others.sort(key=lambda path: len(files[path]), reverse=True)
    first = [*waiting[:1], *others[: 2 * pytest_xdist_auto_num_workers()]]
    items[:] = [test for path in dict.fromkeys([*first, *files]) for test in files[path]]


_LONG = ("panels", "screens")
"""The directories of the tests that open the whole workbench."""


def _fixtures(item: pytest.Item) -> Collection[str]:
    return item.fixturenames if isinstance(item, pytest.Function) else ()


@pytest.fixture(scope="session")
def sandbox(pytestconfig: pytest.Config) -> Sandbox:
    """A real conda with real environments, kept from run to run: tests only read it."""
    assert pytestconfig.cache is not None
    return build_sandbox(pytestconfig.cache.mkdir("sandbox"))


@pytest.fixture(autouse=True)
def _conda_has_forgotten_nothing(request: pytest.FixtureRequest) -> None:
    """Whoever asks conda for its environments makes it drop the one that is gone: list it again for each test."""
    if "sandbox" in request.fixturenames:
        relist_gone(Layout(request.getfixturevalue("sandbox").directory))


@pytest.fixture(autouse=True, scope="session")
def _no_settings_of_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("condatui_core.settings.SERVER_SETTINGS", os.path.join(os.devnull, "none"))
        yield


@pytest.fixture(autouse=True, scope="session")
def _no_processes_of_other_workers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        if "PYTEST_XDIST_WORKER" in os.environ:
            worker = psutil.Process()
            patch.setattr(psutil, "process_iter", WithoutOtherWorkers(worker, psutil.Process(worker.ppid())))
        yield


@pytest.fixture(autouse=True)
def _no_log_outlives_its_test() -> Iterator[None]:
    yield
    root = logging.getLogger()
    for handler in root.handlers[:]:
        if isinstance(handler, LogFile):
            root.removeHandler(handler)
    for name in ("condatui", "condatui_core", "condatui_sandbox"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A directory in memory for a test that copies the sandbox, if there is room, and on a disk for any other."""
    if MEMORY not in tmp_path.parents or "sandbox" in request.fixturenames:
        return tmp_path
    path: Path = request.getfixturevalue("disk_path")
    return path


@pytest.fixture
def disk_path(request: pytest.FixtureRequest) -> Iterator[Path]:
    """A directory on a disk, where a directory takes bytes as well; a failed test leaves it."""
    failed = request.session.testsfailed
    directory = Path(tempfile.mkdtemp(prefix=re.sub(r"\W", "_", request.node.name)[:30]))
    yield directory
    if request.session.testsfailed == failed:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture
def sandbox_copy(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Sandbox]:
    """Make a copy of the sandbox with base and the named environments, for a test that changes them."""

    def copy(*names: str) -> Sandbox:
        return copy_sandbox(sandbox, tmp_path / "sandbox", names)

    return copy


@pytest.fixture(scope="session")
def scale_tree(tmp_path_factory: pytest.TempPathFactory) -> ScaleTree:
    """Three small made-up environments that share most of their thirty packages; tests only read it."""
    return build_scale(tmp_path_factory.mktemp("scale"), environments=3, packages=30, seed=7, files=(3, 8))
