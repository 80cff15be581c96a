from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from condatui_core.conda.client import CondaClient, ask, condarc_files, remembered
from condatui_core.conda.registry import environments_txt
from condatui_core.errors import CondaError
from condatui_core.proc.runner import Answer
from condatui_core.records.installation import Installation
from support.fake_conda import CONFIGURATION, NOON, FakeRunner, answer, conda_client, installed
from support.prefixes import make_prefix


@pytest.fixture
def conda(tmp_path: Path) -> Installation:
    root = installed(tmp_path / "conda")
    return Installation(executable=str(root / "bin" / "conda"), root_prefix=str(root), version="24.7.1")


def willing(conda: Installation) -> FakeRunner:
    shown = CONFIGURATION | {"envs_dirs": [f"{conda.root_prefix}/envs"]}
    return FakeRunner({"env list": answer({"envs": [conda.root_prefix]}), "config --show": answer(shown)})


async def test_conda_is_asked_for_its_environments_and_its_configuration(tmp_path: Path, conda: Installation) -> None:
    asked = await ask(conda, conda_client(tmp_path, willing(conda)))
    assert asked.facts.environments == (conda.root_prefix,)
    assert asked.facts.pkgs_dirs == ("/opt/conda/pkgs",)
    assert asked.facts.channels.channel_alias == "https://conda.anaconda.org"
    assert asked.problems == ()


@pytest.mark.parametrize("why", ["root", "an environment that is not mounted"])
async def test_it_is_not_asked_to_list_where_that_would_change_a_file(
    tmp_path: Path, conda: Installation, why: str
) -> None:
    runner = willing(conda)
    asking = conda_client(tmp_path, runner, euid=0 if why == "root" else 1000)
    if why != "root":
        environments_txt(tmp_path / "home").parent.mkdir()
        environments_txt(tmp_path / "home").write_text("/not/mounted/today\n")
    asked = await ask(conda, asking)
    assert [words[1] for words in runner.asked] == ["config"]
    assert (asked.problems, asked.facts.environments) == ((), ())
    assert asked.facts.envs_dirs


async def test_what_is_unmounted_while_it_lists_stays_registered(tmp_path: Path, conda: Installation) -> None:
    registered = environments_txt(tmp_path / "home")
    prefix = make_prefix(tmp_path / "disk/envs/nlp").path

    class Unmounting(FakeRunner):
        async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
            if "list" in argv:
                (tmp_path / "disk").rename(tmp_path / "unplugged")
                registered.write_text("")
            return await super().__call__(argv, environ=environ, seconds=seconds)

    asking = conda_client(tmp_path, Unmounting(willing(conda).answers))
    registered.parent.mkdir()
    registered.write_text(f"{prefix}\n")
    assert (await ask(conda, asking)).facts.environments
    assert registered.read_text() == f"{prefix}\n"


async def test_what_one_command_said_is_kept_when_the_other_fails(tmp_path: Path, conda: Installation) -> None:
    runner, error = willing(conda), CondaError("conda did not answer within 5 seconds.")
    runner.answers["env list"] = error
    asked = await ask(conda, conda_client(tmp_path, runner))
    assert (asked.problems, asked.facts.environments) == ((error,), ())
    assert asked.facts.envs_dirs == (f"{conda.root_prefix}/envs",)

    runner = willing(conda)
    runner.answers["config --show"] = answer({"message": "bad", "exception_name": "X"}, exit_code=1)
    asked = await ask(conda, conda_client(tmp_path, runner))
    assert [problem.title for problem in asked.problems] == ["conda could not show its configuration."]
    assert asked.facts.environments == (conda.root_prefix,)
    assert remembered(conda, conda_client(tmp_path, runner)) is None


async def test_mamba_is_asked_in_its_own_words(tmp_path: Path, conda: Installation) -> None:
    mamba = msgspec.structs.replace(conda, kind="micromamba")
    info = {"envs directories": ["/m/envs"], "package cache": ["/m/pkgs"]}
    runner = FakeRunner({"env list": answer({"envs": ["/m"]}), "info": answer(info)})
    asked = await ask(mamba, conda_client(tmp_path, runner))
    assert (asked.facts.environments, asked.facts.envs_dirs, asked.facts.pkgs_dirs) == (
        ("/m",),
        ("/m/envs",),
        ("/m/pkgs",),
    )


async def test_an_answer_is_remembered(tmp_path: Path, conda: Installation) -> None:
    asking = conda_client(tmp_path, willing(conda))
    assert remembered(conda, asking) is None
    asked = await ask(conda, asking)
    assert remembered(conda, asking) == asked.facts


Change = Callable[[CondaClient, Installation], object]


def made(*files: Path) -> None:
    for file in files:
        file.parent.mkdir()
        file.touch()


CHANGES: dict[str, Change] = {
    "a condarc appears": lambda who, conda: (who.caller.home / ".condarc").touch(),
    "a file in condarc.d": lambda who, conda: made(Path(conda.root_prefix) / "condarc.d" / "site.yml"),
    "an environment is registered": lambda who, conda: made(environments_txt(who.caller.home)),
    "an environment is made": lambda who, conda: (Path(conda.root_prefix) / "envs").mkdir(),
    "conda is replaced": lambda who, conda: Path(conda.executable).write_text("#!/bin/sh\n# new\n"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_it_is_forgotten_when_something_that_it_depends_on_changes(
    tmp_path: Path, conda: Installation, change: Change
) -> None:
    asking = conda_client(tmp_path, willing(conda))
    await ask(conda, asking)
    change(asking, conda)
    assert remembered(conda, asking) is None


async def test_another_release_asks_again(tmp_path: Path, conda: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    asking = conda_client(tmp_path, willing(conda))
    await ask(conda, asking)
    monkeypatch.setattr("condatui_core.__version__", "99")
    assert remembered(conda, asking) is None


async def test_it_is_forgotten_after_a_day_and_when_the_clock_went_back(tmp_path: Path, conda: Installation) -> None:
    runner = willing(conda)
    await ask(conda, conda_client(tmp_path, runner))
    for hours, known in ((23, True), (24, False), (-1, False)):
        later = conda_client(tmp_path, runner, now=NOON + timedelta(hours=hours))
        assert (remembered(conda, later) is not None) is known


@pytest.mark.parametrize(
    ("variable", "matters"),
    [("CONDA_ENVS_PATH", True), ("CONDARC", True), ("XDG_CONFIG_HOME", True), ("CONDA_PREFIX", False), ("LANG", False)],
)
async def test_it_depends_on_condas_variables_but_not_on_the_active_environment(
    tmp_path: Path, conda: Installation, variable: str, matters: bool
) -> None:
    await ask(conda, conda_client(tmp_path, willing(conda), {}))
    later = conda_client(tmp_path, willing(conda), {variable: "/somewhere"})
    assert (remembered(conda, later) is None) is matters


async def test_two_installations_do_not_share_an_answer(tmp_path: Path, conda: Installation) -> None:
    asking = conda_client(tmp_path, willing(conda))
    await ask(conda, asking)
    assert remembered(msgspec.structs.replace(conda, root_prefix="/other"), asking) is None
    assert remembered(msgspec.structs.replace(conda, version="25.1.0"), asking) is None


@pytest.mark.parametrize("content", [b"", b"junk", b"\x84\xa3key", msgspec.msgpack.encode({"key": 1})])
async def test_a_damaged_or_foreign_file_is_as_good_as_none(
    tmp_path: Path, conda: Installation, content: bytes
) -> None:
    asking = conda_client(tmp_path, willing(conda))
    await ask(conda, asking)
    (file,) = asking.cache.iterdir()
    file.write_bytes(content)
    assert remembered(conda, asking) is None
    asked = await ask(conda, asking)
    assert remembered(conda, asking) == asked.facts


async def test_a_cache_that_cannot_be_written_is_no_harm(tmp_path: Path, conda: Installation) -> None:
    (tmp_path / "cache").write_text("a file where the directory should be")
    asked = await ask(conda, conda_client(tmp_path, willing(conda)))
    assert not asked.problems


async def test_no_secret_is_written_and_nobody_else_can_read_it(tmp_path: Path, conda: Installation) -> None:
    asking = conda_client(tmp_path, willing(conda), {"CONDA_TOKEN": "tk-1234"})
    await ask(conda, asking)
    (file,) = asking.cache.iterdir()
    assert b"tk-1234" not in file.read_bytes()
    assert file.stat().st_mode & 0o077 == 0


async def test_paths_that_are_no_utf8_are_answered_though_not_remembered(tmp_path: Path, conda: Installation) -> None:
    runner = willing(conda)
    runner.answers["env list"] = answer({"envs": ["/data/caf\udce9"]})
    asked = await ask(conda, conda_client(tmp_path, runner))
    assert asked.facts.environments == ("/data/caf\udce9",)
    assert remembered(conda, conda_client(tmp_path, runner)) is None


def test_the_file_that_a_variable_names_may_begin_at_home() -> None:
    files = condarc_files("/conda", Path("/given"), {"CONDARC": "~/mine.yml", "MAMBARC": "/yours.yml"})
    assert {"/given/mine.yml", "/yours.yml"} <= set(files)
