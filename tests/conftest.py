"""Fixtures that all tests share."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from condatui_core.log import LogFile
from condatui_sandbox import Sandbox, ScaleTree, build_sandbox, build_scale
from condatui_sandbox.environments import relist_gone
from condatui_sandbox.layout import Layout
from support.sandboxes import copy_sandbox


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two for each core: a test that waits for a screen to come to rest, or for the disk, leaves its core free."""
    return 2 * (os.cpu_count() or 1)


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
def sandbox_copy(sandbox: Sandbox, tmp_path: Path) -> Callable[..., Sandbox]:
    """Make a copy of the sandbox with base and the named environments, for a test that changes them."""

    def copy(*names: str) -> Sandbox:
        return copy_sandbox(sandbox, tmp_path / "sandbox", names)

    return copy


@pytest.fixture(scope="session")
def scale_tree(tmp_path_factory: pytest.TempPathFactory) -> ScaleTree:
    """Three small made-up environments that share most of their thirty packages; tests only read it."""
    return build_scale(tmp_path_factory.mktemp("scale"), environments=3, packages=30, seed=7, files=(3, 8))
