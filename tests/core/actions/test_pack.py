"""Packing real environments: every format is unpacked again, and its python runs."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from condatui_core.actions.pack import perform as pack_perform
from condatui_core.actions.pack import plan as pack_plan
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import UsageError
from condatui_core.prefixes.last_used import OwnUses
from condatui_core.records.environment import LastUsed
from condatui_core.records.job import Outcome, Plan
from condatui_core.records.request import PackRequest
from condatui_sandbox import Sandbox
from support.contexts import context_of
from support.plain_work import PlainWork
from support.sandboxes import manifest
from support.tiers import thorough

_TOOLS = {"zip": "unzip", "tar.bz2": "bzip2", "tar.xz": "xz", "tar.zst": "zstd"}


def _request(prefix: Path, file: Path, **fields: object) -> PackRequest:
    return PackRequest(prefix=str(prefix), file=str(file), **fields)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def context(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> JobContext:
    """The sandbox as it is loaded, once for all tests that only read it."""
    own = {"CONDATUI_HOME": str(tmp_path_factory.mktemp("own"))}
    return asyncio.run(context_of(sandbox, environ=own))


async def _pack(request: PackRequest, context: JobContext) -> Outcome:
    plan = await pack_plan.plan(request, context)
    assert not plan.blockers, plan.blockers
    return await pack_perform.perform(plan, request, context, PlainWork())


def _receive(outcome: Outcome, directory: Path) -> None:
    """Run the lines for the receiver where nothing else is."""
    for line in outcome.receiver:
        done = subprocess.run(["/bin/sh", "-c", line], cwd=directory, capture_output=True, text=True, check=False)
        assert not done.returncode, f"{line}: {done.stderr}"


def _check(stated: Sequence[str], directory: Path) -> None:
    """Let sha256sum check what these files state."""
    for file in stated:
        subprocess.run(["sha256sum", "--check", "--strict", file], cwd=directory, capture_output=True, check=True)


def _python(prefix: Path, code: str) -> str:
    done = subprocess.run([str(prefix / "bin/python"), "-c", code], env={}, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _naming(directory: Path, text: str) -> list[str]:
    """Text files below a directory that name something."""
    found = []
    for path in directory.rglob("*"):
        if path.is_file() and not path.is_symlink():
            data = path.read_bytes()
            if text.encode() in data and b"\0" not in data:
                found.append(str(path.relative_to(directory)))
    return found


def _names(archive: str) -> list[str]:
    with tarfile.open(archive) as opened:
        return opened.getnames()


def _findings(plan: Plan) -> dict[str, str]:
    return {each.id: each.severity for each in (*plan.blockers, *plan.warnings)}


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("tar.gz", {"threads": 2, "level": 9}),
        *thorough(
            [
                ("zip", {}),
                ("no-archive", {}),
                ("tar.gz", {}),
                ("tar.bz2", {"level": 1, "threads": 2}),
                ("tar.xz", {"level": 0}),
                ("tar.zst", {"level": 19, "threads": 0}),
                ("tar", {}),
            ]
        ),
    ],
)
async def test_every_format_comes_back_to_life(
    form: str, more: dict[str, int], sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    if form in _TOOLS and not shutil.which(_TOOLS[form]):
        pytest.skip(f"{_TOOLS[form]} is not here")
    prefix = sandbox.prefixes["notebooks"]
    before = manifest(prefix)  # without what changes if the conda of another test links to a file
    request = _request(prefix, tmp_path / f"nb.{form}", **more)
    outcome = await _pack(request, context)
    stated = () if form == "no-archive" else (f"{request.file}.sha256",)
    assert outcome.files == (request.file, *stated)
    assert len(outcome.receiver) == 3
    _check(stated, tmp_path)
    _receive(outcome, tmp_path)
    unpacked = tmp_path / "notebooks"
    assert _python(unpacked, "import pandas, sys; print(sys.prefix, pandas.__file__.startswith(sys.prefix))") == (
        f"{unpacked} True"
    )
    assert not _naming(unpacked, str(prefix))
    assert manifest(prefix) == before
    assert sorted(os.listdir(tmp_path)) == sorted(["notebooks", *map(os.path.basename, outcome.files)])


async def test_a_directory_shares_no_file_with_the_package_cache(
    sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    """conda-unpack writes into files in place: a link would let it write into every environment."""
    await _pack(_request(sandbox.prefixes["notebooks"], tmp_path / "nb.no-archive"), context)
    files = [each for each in (tmp_path / "nb.no-archive").rglob("*") if each.is_file() and not each.is_symlink()]
    assert len(files) > 300
    assert {each.stat().st_nlink for each in files} == {1}
    assert not [each.name for each in (tmp_path / "nb.no-archive").iterdir() if each.name.startswith("tmp")]


async def test_a_parcel_is_packed_though_the_name_has_a_dash(
    sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    outcome = await _pack(_request(sandbox.prefixes["prod-frozen"], tmp_path / "p.parcel"), context)
    names = _names(outcome.files[0])
    assert names[0].startswith("prod_frozen-")
    assert any(name.endswith("/meta/parcel.json") for name in names)


async def test_what_has_a_place_needs_no_unpacking(sandbox: Sandbox, context: JobContext, tmp_path: Path) -> None:
    place = tmp_path / "far" / "env"
    request = _request(
        sandbox.prefixes["notebooks"], tmp_path / "nb.tar", dest_prefix=str(place), excludes=("share/*",)
    )
    outcome = await _pack(request, context)
    assert outcome.receiver[0] == f"mkdir -p {place}"
    _receive(Outcome(message="", receiver=outcome.receiver[:2]), tmp_path)
    assert _python(place, "import sys; print(sys.prefix)") == str(place)
    assert not (place / "bin/conda-unpack").exists()
    assert not list(place.glob("share/*"))


async def test_files_that_were_changed_are_packed_as_they_are_and_told(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    """Left to itself conda-pack takes what the package cache has, and says nothing."""
    sandbox = sandbox_copy("notebooks")
    prefix = sandbox.prefixes["notebooks"]
    changed = next(prefix.glob("lib/python*/site-packages/pandas/__init__.py"))
    changed.unlink()
    changed.write_text("edited = 'by hand'\n")
    context = await context_of(sandbox)
    request = _request(prefix, tmp_path / "nb.tar.gz")
    plan = await pack_plan.plan(request, context)
    (told,) = [each for each in plan.warnings if each.id == "changed-files"]
    assert told.evidence == (str(changed.relative_to(prefix)),)
    assert "1 have changed" in dict(plan.facts)["compared with the package cache"]
    _receive(await pack_perform.perform(plan, request, context, PlainWork()), tmp_path)
    assert _python(tmp_path / "notebooks", "import pandas; print(pandas.edited)") == "by hand"


async def test_what_pip_put_over_conda_comes_along(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("try-again-final-v2")
    prefix = sandbox.prefixes["try-again-final-v2"]
    context = await context_of(sandbox)
    request = _request(prefix, tmp_path / "x.tar.gz")
    plan = await pack_plan.plan(request, context)
    assert _findings(plan) == {"pip-over-conda": "warning", "changed-files": "warning"}
    (told,) = [each.message for each in plan.warnings if each.id == "pip-over-conda"]
    assert told == "pip has put numpy 2.0.2 over conda's 1.26.4: it is packed as it is now."
    _receive(await pack_perform.perform(plan, request, context, PlainWork()), tmp_path)
    assert _python(tmp_path / prefix.name, "import numpy; print(numpy.__version__)") == "2.0.2"


async def test_what_is_gone_for_another_reason_is_refused(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("try-again-final-v2")
    prefix = sandbox.prefixes["try-again-final-v2"]
    gone = next(prefix.glob("lib/python*/site-packages/pandas/__init__.py"))
    gone.unlink()
    plan = await pack_plan.plan(_request(prefix, tmp_path / "x.tar.gz"), await context_of(sandbox))
    (blocker,) = plan.blockers
    assert blocker.id == "missing-files"
    assert blocker.evidence[0].startswith("pandas ") and str(gone.relative_to(prefix)) in blocker.evidence[1]
    assert not [line for line in blocker.evidence if "numpy" in line]


async def test_what_is_installed_in_place_stays_behind_only_if_asked(
    sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    plan = await pack_plan.plan(_request(sandbox.prefixes["pip-mix"], tmp_path / "x.zip"), context)
    (editable,) = plan.blockers
    assert editable.id == "editable" and "segtools" in editable.message
    plan = await pack_plan.plan(
        _request(sandbox.prefixes["pip-mix"], tmp_path / "x.zip", ignore_editable=True), context
    )
    assert not plan.blockers and _findings(plan)["editable"] == "warning"


async def test_packing_an_environment_is_not_using_it(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("notebooks")  # the tests that run beside this one use the original
    prefix, context = sandbox.prefixes["notebooks"], await context_of(sandbox)
    await _pack(_request(prefix, tmp_path / "nb.tar"), context)
    seems = LastUsed(at=context.clock(), evidence="bin/python3.11 was read", reliable=True)
    environment = context.environment(str(prefix))
    assert environment is not None
    assert OwnUses(context.locations.own_uses).correct(str(prefix), seems) == environment.last_used


async def test_without_the_package_cache_it_packs_what_is_there(
    sandbox_copy: Callable[..., Sandbox], tmp_path: Path
) -> None:
    sandbox = sandbox_copy("notebooks")
    prefix = sandbox.prefixes["notebooks"]
    record = json.loads(next((prefix / "conda-meta").glob("pandas-*.json")).read_text())
    shutil.rmtree(record["link"]["source"])
    context = await context_of(sandbox)
    request = _request(prefix, tmp_path / "nb.tar.gz")
    plan = await pack_plan.plan(request, context)
    (told,) = plan.warnings
    assert told.id == "no-cache" and "pandas" in told.evidence[0]
    _receive(await pack_perform.perform(plan, request, context, PlainWork()), tmp_path)
    assert _python(tmp_path / "notebooks", "import pandas; print('there')") == "there"


async def test_secrets_and_pipes_are_told(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("train-pinned")
    prefix = sandbox.prefixes["train-pinned"]
    os.mkfifo(prefix / "lib" / "pipe")
    context = await context_of(sandbox)
    request = _request(prefix, tmp_path / "t.tar")
    plan = await pack_plan.plan(request, context)
    assert _findings(plan) == {"special-files": "warning", "variables": "warning"}
    assert not any("0123456789abcdef" in line for each in plan.warnings for line in (each.message, *each.evidence))
    await pack_perform.perform(plan, request, context, PlainWork())  # conda-pack alone would wait at the pipe for ever
    assert not any(name.endswith("/pipe") for name in _names(request.file))


async def test_the_plan_says_what_to_run_by_hand(sandbox: Sandbox, context: JobContext, tmp_path: Path) -> None:
    request = _request(sandbox.prefixes["notebooks"], tmp_path / "nb.tgz", threads=0, excludes=("*.pyc",), replace=True)
    plan = await pack_plan.plan(request, context)
    argv = plan.steps[0].argv
    assert argv[:3] == ("conda-pack", "--prefix", request.prefix)
    assert argv[argv.index("--format") + 1] == "tar.gz"
    assert argv[argv.index("--n-threads") + 1] == "-1"
    assert argv[-3:] == ("--exclude", "*.pyc", "--force")
    assert plan.bytes_needed and plan.packages > 10


@pytest.mark.parametrize(
    "fields",
    [
        {"format": "rar"},
        {"level": 10},
        {"format": "tar.bz2", "level": 0},
        {"format": "tar.zst", "level": 23},
        {"dest_prefix": "relative"},
        {"format": "parcel", "dest_prefix": "/opt/x"},
    ],
)
async def test_what_makes_no_sense_is_refused(
    fields: dict[str, object], sandbox: Sandbox, context: JobContext, tmp_path: Path
) -> None:
    with pytest.raises(UsageError):
        await pack_plan.plan(_request(sandbox.prefixes["notebooks"], tmp_path / "x.tar.gz", **fields), context)
