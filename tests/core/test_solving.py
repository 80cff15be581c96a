"""Whether conda can still build what a file describes: what it is asked, and what its answers mean."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from condatui_core.conda.commands import Caller
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.environment_files.reading import read_environment_file, stated_channels
from condatui_core.proc.child import ChildTimedOutError
from condatui_core.proc.runner import Answer
from condatui_core.records.installation import ChannelConfig, Installation
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.solution import Solution
from condatui_core.solving import SolvingConda, solve, spec_of
from support.inventories import CONDA_FORGE, package, pip_package

CONFIG = ChannelConfig()


@pytest.mark.parametrize(
    "spec",
    [
        "numpy", "numpy=1.26", "numpy==1.26.4", "numpy 1.26.4", "numpy=1.26.4=py311_0", "numpy 1.26.4 py311*",
        "numpy>=1.20,<2", "numpy 1.26.*", "numpy 1.20|1.26", "numpy ~=1.20", "numpy ^1.2$", "numpy !=1.2",
        "conda-forge::numpy", "defaults::numpy=1", "conda-forge/noarch::six", "numpy[build=*cuda*]",
        "numpy>=1[build_number='>=2',md5=" + "0" * 32 + "]", "numpy[sha256=" + "a" * 64 + "]", "numpy=*",
    ],
)  # fmt: skip
def test_conda_is_asked_for_what_the_file_asks_for(spec: str) -> None:
    entry = conda_entry(spec, CONFIG)
    assert entry is not None
    assert conda_entry(spec_of(entry.cell), CONFIG) == entry


# conda's answers


SOLVED = {
    "success": True,
    "actions": {
        "LINK": [{"name": "numpy", "version": "2.0", "build_string": "h0_0", "base_url": CONDA_FORGE}],
        "FETCH": [{"name": "numpy", "dist_name": "numpy-2.0-h0_0", "size": 1000}],
    },
}
REFUSED = {"success": False, "exception_name": "LibMambaUnsatisfiableError", "message": "they do not go together"}
UNREACHABLE = {"success": False, "exception_name": "CondaHTTPError", "message": "no route"}


class Asked:
    """A conda that has an answer without the network, and one with it."""

    def __init__(self, offline: object, online: object) -> None:
        self.answers = {True: offline, False: online}
        self.commands: list[tuple[str, ...]] = []
        self.environ: Mapping[str, str] = {}

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        self.commands.append(tuple(argv))
        self.environ = environ
        found = self.answers["--offline" in argv]
        if isinstance(found, Exception):
            raise found
        done = isinstance(found, dict) and found.get("success")
        return Answer(argv=tuple(argv), exit_code=0 if done else 1, stdout=json.dumps(found))


def a_conda(runner: Asked, home: Path) -> SolvingConda:
    variables = {"CONDA_PREFIX": "/elsewhere", "CONDA_OVERRIDE_CUDA": "12.4", "PYTHONPATH": "/x"}
    return SolvingConda(
        installation=Installation(executable="/c/bin/conda", root_prefix="/c"),
        caller=Caller(variables, home, 1),
        runner=runner,
        channels=CONFIG,
        pkgs_dirs=(str(home / "pkgs"),),
        platform="linux-64",
    )


async def solved(runner: Asked, home: Path, text: str, name: str = "e.yml", *, offline: bool = False) -> Solution:
    file = home / name
    file.write_text(text)
    contents = PrefixContents(packages=(package("numpy", "1.26"), package("zlib")), distributions=(pip_package("x"),))
    listing = read_environment_file(file, CONFIG, "linux-64")
    return await solve(contents, listing, stated_channels(file), a_conda(runner, home), offline=offline)


YML = "channels: [conda-forge, nodefaults]\ndependencies:\n- numpy>=1\n- pip: [x, y]\n"


def index(home: Path) -> None:
    """Let the cache have the index of conda-forge."""
    (home / "pkgs" / "cache").mkdir(parents=True)
    (home / "pkgs" / "cache" / "a.info.json").write_text(json.dumps({"url": f"{CONDA_FORGE}/linux-64"}))
    (home / "pkgs" / "cache" / "a.json").touch()


async def test_yes_says_what_would_differ_and_conda_is_asked_apart_from_the_user(tmp_path: Path) -> None:
    conda = Asked(SOLVED, None)
    found = await solved(conda, tmp_path, YML)
    assert (found.solvable, found.solved, found.offline) == (True, True, True)
    assert [(each.name, each.kind) for each in found.differs] == [("numpy", "version"), ("zlib", "extra")]
    assert (found.to_download, found.download_bytes) == (("numpy-2.0-h0_0",), 1000)
    assert found.not_part == ("What pip is asked for is not part of this: 2 distributions.",)
    [(program, create, _, place, *options)] = conda.commands
    assert (program, create) == ("/c/bin/conda", "create")
    assert not os.path.lexists(os.path.dirname(place)) and not place.startswith(str(tmp_path / "pkgs"))
    assert " ".join(options) == (
        "--dry-run --json --yes --no-default-packages --offline --override-channels --channel conda-forge -- numpy>=1"
    )
    assert "CONDA_PREFIX" not in conda.environ and "PYTHONPATH" not in conda.environ
    assert conda.environ["CONDA_OVERRIDE_CUDA"] == "12.4"


async def test_no_by_the_caches_is_asked_again_of_the_channels(tmp_path: Path) -> None:
    index(tmp_path)
    conda = Asked(REFUSED, SOLVED)
    assert (await solved(conda, tmp_path, YML)).solvable is True
    assert len(conda.commands) == 2
    found = await solved(Asked(REFUSED, REFUSED), tmp_path, YML)
    assert (found.solvable, found.offline, found.reason) == (False, False, ("they do not go together",))
    # Where the channels cannot be reached, what the caches say is the answer.
    found = await solved(Asked(REFUSED, UNREACHABLE), tmp_path, YML)
    assert (found.solvable, found.offline) == (False, True)


async def test_without_an_index_no_is_no_answer(tmp_path: Path) -> None:
    found = await solved(Asked(REFUSED, None), tmp_path, YML, offline=True)
    assert (found.solvable, found.reason[0]) == (None, f"No cache of this machine has the index of {CONDA_FORGE}.")
    index(tmp_path)
    found = await solved(Asked(REFUSED, None), tmp_path, YML, offline=True)
    assert (found.solvable, found.indexes[0].at is not None) == (False, True)


@pytest.mark.parametrize("failure", [UNREACHABLE, ChildTimedOutError(("conda",), 600)])
async def test_a_conda_that_cannot_say_is_no_refusal(tmp_path: Path, failure: object) -> None:
    found = await solved(Asked(failure, failure), tmp_path, YML)
    assert found.solvable is None and found.reason


async def test_a_password_in_a_line_is_not_handed_on(tmp_path: Path) -> None:
    conda = Asked(SOLVED, SOLVED)
    await solved(conda, tmp_path, "name: x\ndependencies:\n- https://me:secret@host/lab::numpy\n- zlib\n")
    assert conda.commands[0][-2:] == ("https://host/lab::numpy", "zlib")


async def test_a_file_of_pip_asks_nothing_of_conda(tmp_path: Path) -> None:
    found = await solved(Asked(SOLVED, SOLVED), tmp_path, "rich==13.0\n", "requirements.txt")
    assert (found.solvable, found.reason) == (None, ("The file asks nothing of conda.",))


async def test_a_list_of_archives_is_looked_up_in_the_caches(tmp_path: Path) -> None:
    cached, other = (f"{CONDA_FORGE}/linux-64/{name}-1.0-h0_0.conda" for name in ("cached", "other"))
    (tmp_path / "pkgs").mkdir()
    (tmp_path / "pkgs" / "cached-1.0-h0_0.conda").write_bytes(b"x")
    conda = Asked(None, None)
    found = await solved(conda, tmp_path, f"@EXPLICIT\n{cached}\n", "x.txt")
    assert (found.solvable, found.solved, found.to_download) == (True, False, ())
    found = await solved(conda, tmp_path, f"@EXPLICIT\n{cached}\n{other}\n", "x.txt")
    assert (found.solvable, found.to_download) == (None, ("other-1.0-h0_0",))
    found = await solved(conda, tmp_path, f"@EXPLICIT\n{cached}\n# no URL for: lost=1.0=0\n", "x.txt")
    assert found.solvable is False and found.reason[0].startswith("lost-1.0-0: no cache has it")
    assert conda.commands == []
