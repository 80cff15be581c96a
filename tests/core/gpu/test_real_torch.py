"""The check of a real torch, where one can be had.

A torch beside condatui is taken (`pip install torch` into the same virtual environment), or one in the directory that
`CONDATUI_TEST_TORCH` names, for the Python that runs the tests:

    pip install --target /tmp/torch --index-url https://download.pytorch.org/whl/cpu torch
    CONDATUI_TEST_TORCH=/tmp/torch make test

Else these tests are skipped.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from datetime import datetime, timezone
from pathlib import Path

import pytest

from condatui_core.gpu.check import GpuCheck
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import GpuResult
from condatui_core.records.gpu_probe import Imported, Over
from condatui_core.settings import Locations, Settings
from condatui_sandbox import Sandbox
from support.fake_torch import real_environment, site_packages
from support.sandboxes import manifest


def _found() -> Path | None:
    """The directory in which a torch lies that this Python could import."""
    if named := os.environ.get("CONDATUI_TEST_TORCH"):
        return Path(named)
    spec = importlib.util.find_spec("torch")
    return Path(spec.origin).parent.parent if spec and spec.origin else None


FOUND = _found()
pytestmark = pytest.mark.skipif(FOUND is None, reason="there is no torch: see the top of this file")


@pytest.fixture
def prefix(sandbox: Sandbox, tmp_path: Path) -> Path:
    """An environment that has all that lies beside torch and nothing else, by symlinks."""
    assert FOUND is not None
    made = real_environment(sandbox, tmp_path)
    own = site_packages(made)
    shutil.rmtree(own)
    own.mkdir()
    for path in FOUND.iterdir():
        (own / path.name).symlink_to(path)
    return made


async def _check(prefix: Path, directory: Path) -> GpuResult:
    locations = Locations(home=directory, config=directory, cache=directory / "cache", state=directory)
    environ = {"PATH": os.environ["PATH"]}
    check = GpuCheck(Settings(), locations, environ=environ, clock=lambda: datetime.now(timezone.utc))
    await check.driver()  # asked once a session, whatever is checked
    *_, result = [each async for each in check.check([Environment(name="env", prefix=str(prefix))])]
    assert isinstance(result, GpuResult)
    return result


async def test_what_it_is_and_whether_it_works(prefix: Path, tmp_path: Path) -> None:
    real = (site_packages(prefix) / "torch").resolve()
    before = manifest(prefix), manifest(real)
    result = await _check(prefix, tmp_path)
    assert (manifest(prefix), manifest(real)) == before
    verdict, [run] = result.main.verdict, result.main.runs
    assert isinstance(run.stages[-1], Over)
    (imported,) = [stage for stage in run.stages if isinstance(stage, Imported)]
    assert imported.version == result.static.torch.version == result.main.version
    driver = result.driver
    assert driver is not None
    if result.static.torch.kind == "cpu":
        assert verdict.id == ("cpu-on-gpu" if driver.present else "cpu-build")
        assert verdict.message.startswith(f"PyTorch {imported.version} (CPU build)") or driver.present
    elif not driver.present:
        assert verdict.id == "no-gpu"
    else:
        assert result.main.build_cuda


async def test_it_takes_hardly_longer_than_the_import(prefix: Path, tmp_path: Path) -> None:
    def seconds_to_import() -> float:
        begun = time.monotonic()
        subprocess.run([f"{prefix}/bin/python", "-I", "-B", "-c", "import torch"], check=True, timeout=300)
        return time.monotonic() - begun

    seconds_to_import()  # from here on it is in memory
    importing = min(seconds_to_import() for _ in range(2))
    checking = min([(await _check(prefix, tmp_path)).seconds for _ in range(2)])
    assert checking - importing < 2, f"import torch: {importing:.2f} s, check: {checking:.2f} s"
