"""Going back to a revision with another python, on real conda: noarch packages move with it, and pip's are told."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.request import RollbackRequest
from condatui_sandbox import Sandbox
from condatui_sandbox.catalogue import CataloguePackage
from condatui_sandbox.channels import write_archive
from condatui_sandbox.layout import Interpreter
from condatui_sandbox.packages import python_files
from support.dying_job import carried_out, workbench_of
from support.prefixes import FakePrefix
from support.sandboxes import conda, copy_sandbox, give_own_channels, manifest

OTHER = "3.98"
"""A python that the channel gets for this: the same interpreter, but site-packages of its own."""


def add_python(channel: Path) -> None:
    """Put the other python into a channel, with what the one of the sandbox needs."""
    index = channel / "linux-64/repodata.json"
    known = json.loads(index.read_text())
    (mine,) = (each for each in known["packages.conda"].values() if each["name"] == "python")
    running = Interpreter.running()
    other = Interpreter(executable=running.executable, version=f"{OTHER}.1", movable=running.movable)
    package = CataloguePackage(
        name="python", version=other.version, build="h0_0_cpython", depends=tuple(mine["depends"])
    )
    known["packages.conda"][package.file_name] = write_archive(index.parent, package, [*python_files(other, 9000)])
    index.unlink()  # the original has a link to it
    index.write_text(json.dumps(known))


@pytest.fixture(scope="module")
def moved(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """A sandbox with an environment whose python has moved since pip had installed something in it, and again after."""
    copied = copy_sandbox(sandbox, tmp_path_factory.mktemp("python") / "sandbox", [])
    add_python(give_own_channels(copied, sandbox) / "conda-forge")
    prefix = copied.root_prefix / "envs" / "moves"
    minor = Interpreter.running().minor
    conda(copied, "create", "-p", str(prefix), "--offline", "--yes", f"python={minor}", "tqdm")
    FakePrefix(prefix, minor).pip_install("einops", "0.8.0")
    conda(copied, "install", "-p", str(prefix), "--offline", "--yes", f"python={OTHER}")
    FakePrefix(prefix, OTHER).pip_install("timm", "1.0.12")
    yield copied


def test_conda_has_moved_it(moved: Sandbox) -> None:
    prefix = moved.root_prefix / "envs/moves"
    assert (prefix / f"lib/python{OTHER}/site-packages/tqdm").is_dir()
    assert not (prefix / f"lib/python{Interpreter.running().minor}/site-packages/tqdm").exists()


async def test_noarch_packages_move_back_and_what_pip_has_installed_stays(moved: Sandbox) -> None:
    prefix, minor = moved.root_prefix / "envs/moves", Interpreter.running().minor
    mine, theirs = (prefix / f"lib/python{each}/site-packages" for each in (minor, OTHER))
    of_pip = {path: state for path, state in manifest(prefix).items() if "einops" in path or "timm" in path}
    request = RollbackRequest(prefix=str(prefix), revision=0, offline=True)
    plan = await workbench_of(moved).jobs.plan(request)
    assert plan.blockers == ()
    assert [(each.name, each.change) for each in plan.moves] == [("python", "down")]
    assert plan.rollback
    assert any(each.startswith("tqdm-") for each in plan.rollback.added), "it is linked again"
    (warning,) = (each for each in plan.warnings if each.id == "python-moves")
    assert (warning.evidence, plan.confirm) == (("timm",), "moves")
    job = await carried_out(moved, request)
    assert job.state == "done", job.end
    assert (mine / "tqdm/__init__.py").is_file()
    assert not [*theirs.glob("tqdm/*.py")]
    assert {path: state for path, state in manifest(prefix).items() if path in of_pip} == of_pip
    contents = read_prefix(str(prefix))
    assert [each.name for each in contents.pip_distributions] == ["einops"], "its python reads it again"
    assert [each.names for each in contents.stale_site_packages] == [("timm 1.0.12",)]
    assert dict(contents.history.requested) == {"python": f"python={minor}", "tqdm": "tqdm"}
