from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import pytest

from condatui_core.conda.discovery import find_installations, usual_places
from condatui_core.conda.roots import roots_among
from condatui_core.errors import CondaError
from condatui_core.proc.runner import Answer, CommandLog, ProcessRunner
from condatui_core.records.installation import Installation
from support.fake_conda import NOON, FakeRunner, answer, conda_client, installed, program


def says(text: str) -> FakeRunner:
    return FakeRunner({"--version": Answer(argv=("conda",), exit_code=0, stdout=text)})


async def found(
    tmp_path: Path,
    *given: str,
    environ: Mapping[str, str] | None = None,
    places: Sequence[object] = (),
    runner: FakeRunner | None = None,
) -> tuple[Installation, ...]:
    asking = conda_client(tmp_path, runner or FakeRunner({}), environ)
    return await find_installations(given, [str(place) for place in places], asking)


async def test_nothing_is_found_where_nothing_is(tmp_path: Path) -> None:
    assert await found(tmp_path, environ={"PATH": str(tmp_path), "CONDA_EXE": "/nowhere/conda"}) == ()


async def test_the_record_in_the_root_tells_the_version_without_a_process(tmp_path: Path) -> None:
    root = installed(tmp_path / "miniforge3", "24.7.1")
    (root / "conda-meta" / "conda-build-3.28.4-py311_0.json").touch()
    runner = FakeRunner({})
    (each,) = await found(tmp_path, places=[root], runner=runner)
    assert each == Installation(
        executable=str(root / "bin" / "conda"), root_prefix=str(root), version="24.7.1", found_by=str(root)
    )
    assert not runner.asked


@pytest.mark.parametrize("way", ["--conda", "$CONDA_EXE", "PATH", "MAMBA_ROOT_PREFIX"])
async def test_every_way_leads_to_it(tmp_path: Path, way: str) -> None:
    root = installed(tmp_path / "conda")
    executable = str(root / "bin" / "conda")
    given = [executable] if way == "--conda" else []
    environ = {
        "$CONDA_EXE": {"CONDA_EXE": executable},
        "PATH": {"PATH": f"/nowhere:relative::{root}/bin"},
        "MAMBA_ROOT_PREFIX": {"MAMBA_ROOT_PREFIX": str(root)},
    }.get(way, {})
    (each,) = await found(tmp_path, *given, environ=environ)
    assert (each.executable, each.root_prefix) == (executable, str(root))
    assert each.found_by == (str(root) if way == "MAMBA_ROOT_PREFIX" else way)


async def test_the_same_root_by_symlinks_condabin_and_path_is_one_installation(tmp_path: Path) -> None:
    root = installed(tmp_path / "real")
    program(root / "condabin" / "conda", "")
    (tmp_path / "link").symlink_to(root)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "conda").symlink_to(tmp_path / "link" / "bin" / "conda")
    environ = {"PATH": f"{tmp_path}/bin:{root}/condabin:{root}/bin", "CONDA_EXE": f"{tmp_path}/link/bin/conda"}
    (each,) = await found(tmp_path, environ=environ, places=[tmp_path / "link", root])
    assert each.root_prefix == str(root)
    assert each.found_by == "$CONDA_EXE"


async def test_what_the_user_gives_comes_first(tmp_path: Path) -> None:
    first, second = installed(tmp_path / "a"), installed(tmp_path / "b")
    environ = {"PATH": f"{first}/bin"}
    assert [each.root_prefix for each in await found(tmp_path, f"{second}/bin/conda", environ=environ)] == [
        str(second),
        str(first),
    ]


async def test_a_root_prefix_or_a_name_may_be_given_too(tmp_path: Path) -> None:
    root = installed(tmp_path / "home" / "conda")
    executable = str(root / "bin" / "conda")
    for given in (str(root), "~/conda"):
        assert [each.executable for each in await found(tmp_path, given)] == [executable]
    assert [each.executable for each in await found(tmp_path, "conda", environ={"PATH": f"{root}/bin"})] == [executable]


async def test_an_environment_with_conda_in_it_is_no_installation(tmp_path: Path) -> None:
    root = installed(tmp_path / "root")
    environment = installed(root / "envs" / "build", "4.12.0")
    (environment / "pkgs").rmdir()
    (each,) = await found(tmp_path, environ={"PATH": f"{environment}/bin"})
    assert (each.executable, each.version) == (str(root / "bin" / "conda"), "24.7.1")


async def test_nor_is_one_elsewhere_that_another_conda_made(tmp_path: Path) -> None:
    root = installed(tmp_path / "root")
    environment = installed(tmp_path / "data" / "build", "4.12.0")
    (environment / "pkgs").rmdir()
    (environment / "conda-meta" / "history").write_text(f"==> now <==\n# cmd: {root}/bin/conda create -p build conda\n")
    (each,) = await found(tmp_path, environ={"PATH": f"{environment}/bin"})
    assert each.root_prefix == str(root)


async def test_one_with_a_package_cache_of_its_own_is(tmp_path: Path) -> None:
    root = installed(tmp_path / "root")
    other = installed(root / "envs" / "other", "4.12.0")
    (each,) = await found(tmp_path, environ={"PATH": f"{other}/bin"})
    assert (each.root_prefix, each.version) == (str(other), "4.12.0")


async def test_and_the_user_may_insist(tmp_path: Path) -> None:
    root = installed(tmp_path / "root")
    environment = installed(root / "envs" / "build", "4.12.0")
    (environment / "pkgs").rmdir()
    (each,) = await found(tmp_path, f"{environment}/bin/conda")
    assert (each.root_prefix, each.version) == (str(environment), "4.12.0")


def test_in_an_environment_with_neither_cache_nor_environments_nothing_else_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = installed(tmp_path / "conda")
    plain, elsewhere = tmp_path / "conda/envs/one", tmp_path / "two"
    for each in (plain, elsewhere):
        (each / "conda-meta").mkdir(parents=True)
    seen: list[str] = []

    def noting(check: Callable[[str], bool], path: str) -> bool:
        seen.append(path)
        return check(path)

    for name in ("isdir", "isfile"):
        monkeypatch.setattr(os.path, name, partial(noting, getattr(os.path, name)))
    assert roots_among(map(str, (plain, elsewhere))) == (str(root),)
    inside = [path for path in seen if path.startswith((f"{plain}/", f"{elsewhere}/"))]
    assert inside == [f"{each}/{name}" for each in (plain, elsewhere) for name in ("pkgs", "envs")]


async def test_mamba_beside_conda_is_its_conda(tmp_path: Path) -> None:
    root = installed(tmp_path / "miniforge3")
    mamba = program(root / "bin" / "mamba", "")
    (each,) = await found(tmp_path, environ={"MAMBA_EXE": mamba})
    assert (each.executable, each.kind) == (str(root / "bin" / "conda"), "conda")


async def test_mamba_alone_is_a_mamba(tmp_path: Path) -> None:
    root = tmp_path / "mamba"
    mamba = program(root / "bin" / "mamba", "")
    (root / "conda-meta").mkdir()
    (root / "conda-meta" / "mamba-2.3.0-h1.json").touch()
    (each,) = await found(tmp_path, environ={"MAMBA_EXE": mamba})
    assert (each.executable, each.kind, each.version) == (mamba, "mamba", "2.3.0")


@pytest.mark.parametrize("where", ["home/micromamba", "home/.local/share/mamba", "set"])
async def test_micromamba_has_its_root_elsewhere(tmp_path: Path, where: str) -> None:
    micromamba = program(tmp_path / "home" / ".local" / "bin" / "micromamba", "")
    root = tmp_path / where
    (root / "envs").mkdir(parents=True)
    environ = {"MAMBA_ROOT_PREFIX": str(root)} if where == "set" else {}
    runner = says("2.3.0\n")
    (each,) = await found(tmp_path, environ=environ, places=usual_places(tmp_path / "home")[-2:], runner=runner)
    assert (each.executable, each.kind, each.version) == (micromamba, "micromamba", "2.3.0")
    assert each.root_prefix == str(root)
    assert runner.environ["MAMBA_ROOT_PREFIX"] == str(root)


async def test_micromamba_that_was_never_used_says_so_and_is_not_run(tmp_path: Path) -> None:
    micromamba = program(tmp_path / "bin" / "micromamba", "")
    runner = FakeRunner({})
    (each,) = await found(tmp_path, environ={"MAMBA_EXE": micromamba}, runner=runner)
    assert each.error == "It has no root prefix yet."
    assert not runner.asked


async def test_a_version_is_asked_for_once_as_long_as_the_file_stays_the_same(tmp_path: Path) -> None:
    root = installed(tmp_path / "conda", version="")
    runner = says("conda 24.7.1\n")
    for _ in range(2):
        (each,) = await found(tmp_path, str(root), runner=runner)
        assert each.version == "24.7.1"
    assert runner.asked == [(f"{root}/bin/conda", "--version")]
    program(root / "bin" / "conda", "echo another")
    await found(tmp_path, str(root), runner=runner)
    assert len(runner.asked) == 2


async def test_a_conda_outside_its_root_is_asked_for_it(tmp_path: Path) -> None:
    wrapper = program(tmp_path / "wrappers" / "conda", "")
    runner = FakeRunner(
        {
            "--version": Answer(argv=("conda",), exit_code=0, stdout="conda 24.7.1"),
            "--show": answer({"root_prefix": "/r"}),
        }
    )
    (each,) = await found(tmp_path, wrapper, runner=runner)
    assert (each.executable, each.root_prefix, each.version) == (wrapper, "/r", "24.7.1")


async def test_what_the_user_gave_and_is_not_there_says_so(tmp_path: Path) -> None:
    (each,) = await found(tmp_path, "/nowhere/bin/conda")
    assert (each.executable, each.error, each.found_by) == ("/nowhere/bin/conda", "It does not exist.", "--conda")


async def test_a_directory_and_a_file_that_is_not_executable_say_so(tmp_path: Path) -> None:
    root = installed(tmp_path / "conda")
    (root / "bin" / "conda").chmod(0o644)
    (tmp_path / "empty").mkdir()
    errors = [each.error for each in await found(tmp_path, str(tmp_path / "empty"), places=[root])]
    assert errors == ["It is a directory without a conda in it.", "It is not executable."]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo hello", "There is no version in it."),
        ("exec sleep 600", "did not answer within 0.3 seconds"),
        ("kill -9 $$", "killed by signal 9"),
        ("echo broken >&2; exit 1", "broken"),
        ("head -c 5000000 /dev/zero", "not understood"),
    ],
    ids=["garbage", "hangs", "killed", "fails", "5 MB"],
)
async def test_one_that_is_broken_has_an_error(tmp_path: Path, script: str, words: str) -> None:
    root = installed(tmp_path / "conda", version="", script=script)
    runner = ProcessRunner(CommandLog(), lambda: NOON, grace=0.2)
    asking = conda_client(tmp_path, runner, {"PATH": os.environ["PATH"]}, seconds=0.3 if "sleep" in script else 20)
    (each,) = await find_installations([str(root)], [], asking)
    assert words in each.error
    assert each.root_prefix == str(root)
    assert "\n" not in each.error


async def test_one_that_fails_is_asked_again_next_time(tmp_path: Path) -> None:
    root = installed(tmp_path / "conda", version="")
    (broken,) = await found(tmp_path, str(root), runner=FakeRunner({"--version": CondaError("no")}))
    (works,) = await found(tmp_path, str(root), runner=says("conda 24.7.1"))
    assert (broken.error, works.error) == ("no", "")
