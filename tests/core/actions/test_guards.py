"""What stands against an action, on prefixes made by hand and processes that really run."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest

from condatui_core.actions import guards
from condatui_core.actions.prefix_names import name_problem, prefix_problem
from condatui_core.actions.prefix_state import PrefixState, busy_condas, is_changing, uses_of
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import NoCondaError, RefusedError
from condatui_core.prefixes.processes import RunningProcess
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.remedy import NameConda, RemoveEnvironment
from support.contexts import made_context
from support.prefixes import make_prefix


class Machine:
    """A conda with one environment, `work`."""

    def __init__(self, directory: Path) -> None:
        self.root = make_prefix(directory / "miniforge3")
        self.prefix = make_prefix(self.root.path / "envs" / "work")
        self.conda = Installation(executable=f"{self.root}/bin/conda", root_prefix=str(self.root), version="24.7.1")
        self.environment = Environment(prefix=str(self.prefix), name="work", installation=str(self.root))
        self.facts = CondaFacts(envs_dirs=(f"{self.root}/envs",), pkgs_dirs=(f"{self.root}/pkgs",))
        self.home = directory

    def context(
        self, conda: Installation | None = None, environ: Mapping[str, str] = MappingProxyType({})
    ) -> JobContext:
        inventory = Inventory(environments=(self.environment,), installations=(conda or self.conda,))
        return made_context(
            inventory, self.home, environ=environ, euid=os.geteuid(), facts={str(self.root): self.facts}
        )

    async def against_change(self, **environ: str) -> list[str]:
        context = self.context(environ=environ)
        seen = await guards.observe_prefix(str(self.prefix), context)
        return ids(guards.blockers_to_change(seen, self.environment, context))

    async def against_making(self, prefix: str | Path) -> list[str]:
        context = self.context()
        seen = await guards.observe_prefix(str(prefix), context, installation=self.conda)
        return ids(guards.blockers_to_make(seen, context))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def ids(findings: Sequence[Finding]) -> list[str]:
    return [each.id for each in findings]


@contextmanager
def waiting(python: str, code: str = "", cwd: Path | None = None) -> Iterator[int]:
    """A process that has run some code and waits; gives its pid."""
    process = subprocess.Popen(
        [python, "-c", f"{code}\nprint(flush=True)\ninput()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cwd,
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
    finally:
        process.communicate(b"\n")


async def test_nothing_stands_against_an_environment_in_order(machine: Machine) -> None:
    assert await machine.against_change() == []


async def test_what_is_active_or_frozen_is_not_changed(machine: Machine) -> None:
    assert await machine.against_change(CONDA_PREFIX=str(machine.prefix)) == ["active"]
    machine.prefix.write("conda-meta/frozen", '{"message": "Serves the model."}')
    context = machine.context()
    seen = await guards.observe_prefix(str(machine.prefix), context)
    (blocker,) = guards.blockers_to_change(seen, machine.environment, context)
    assert (blocker.id, blocker.message) == ("frozen", "work is frozen: Serves the model.")


async def test_what_belongs_to_somebody_else_is_said_and_asked_for(machine: Machine) -> None:
    context = machine.context()
    seen = await guards.observe_prefix(str(machine.prefix), context)
    assert guards.warnings_to_change(seen, machine.environment, context) == ()
    others = replace(seen, owner_uid=os.geteuid() + 1, owner="ada")
    (warning,) = guards.warnings_to_change(others, machine.environment, context)
    assert (warning.id, warning.message) == ("other-owner", "work belongs to ada.")
    locked = replace(others, writable=False)
    (blocker,) = guards.blockers_to_change(locked, machine.environment, context)
    assert (blocker.id, blocker.message) == ("not-writable", "This user may not change work, which belongs to ada.")


async def test_base_is_not_changed(machine: Machine) -> None:
    context = machine.context()
    seen = await guards.observe_prefix(str(machine.root), context)
    assert ids(guards.blockers_to_change(seen, None, context)) == ["base"]


def test_what_is_no_environment_is_told_by_what_lies_there(tmp_path: Path) -> None:
    (tmp_path / "remains").mkdir()
    (tmp_path / "file").touch()
    told = {name: guards.no_environment(str(tmp_path / name)) for name in ("remains", "file", "gone")}
    assert told["remains"].remedy == RemoveEnvironment(prefix=str(tmp_path / "remains"))
    assert told["file"].message == f"{tmp_path / 'file'} is no directory."
    assert told["gone"].message == f"There is no environment at {tmp_path / 'gone'}."


async def test_what_is_gone_is_no_environment(machine: Machine, tmp_path: Path) -> None:
    context = machine.context()
    seen = await guards.observe_prefix(str(tmp_path / "gone"), context)
    assert ids(guards.blockers_to_change(seen, None, context)) == ["not-an-environment"]


async def test_a_link_is_seen_for_what_it_is(machine: Machine, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(machine.prefix.path)
    seen = await guards.observe_prefix(str(link), machine.context())
    assert (seen.symlink, seen.prefix, seen.real) == (True, str(link), str(machine.prefix))


async def test_a_process_that_runs_from_it_is_named(machine: Machine) -> None:
    python = machine.prefix.path / "bin" / "linked"
    python.symlink_to(sys.executable)
    context = machine.context()
    with waiting(str(python)) as pid:
        seen = await guards.observe_prefix(str(machine.prefix), context)
    (blocker,) = guards.blockers_to_change(seen, machine.environment, context)
    assert blocker.id == "in-use"
    assert f"pid {pid}" in blocker.message
    assert "input()" in blocker.message


async def test_a_process_that_works_in_it_is_no_more_than_a_warning(machine: Machine) -> None:
    context = machine.context()
    with waiting(sys.executable, cwd=machine.prefix.path) as pid:
        seen = await guards.observe_prefix(str(machine.prefix), context)
    assert guards.blockers_to_change(seen, machine.environment, context) == ()
    warning = guards.warnings_to_change(seen, machine.environment, context)[0]
    assert (warning.id, warning.severity) == ("in-use", "warning")
    assert str(pid) in warning.message


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process has mapped")
async def test_a_library_that_is_loaded_counts_as_use(machine: Machine) -> None:
    library = machine.prefix.write("lib/libtorch.so", b"x" * 4096)
    with waiting(
        sys.executable, f"import mmap; f = open({str(library)!r}); m = mmap.mmap(f.fileno(), 0, prot=1)"
    ) as pid:
        seen = await guards.observe_prefix(str(machine.prefix), machine.context())
    used = [(use.process.pid, use.way, use.path) for use in seen.uses]
    assert used == [(pid, "has loaded a library of it", str(library))]


def test_a_script_of_it_that_another_interpreter_runs_counts_as_use(machine: Machine) -> None:
    script = f"{machine.prefix}/bin/serve"
    process = RunningProcess(7, ("/usr/bin/python3",), "python serve", script=script)
    elsewhere = RunningProcess(8, ("/usr/bin/vi",), "vi x", directory="/")
    assert [(use.process.pid, use.path) for use in uses_of(str(machine.prefix), (process, elsewhere))] == [(7, script)]


def test_processes_that_cannot_be_looked_at_are_told_by_their_users(machine: Machine) -> None:
    context = machine.context()
    seen = PrefixState(prefix=str(machine.prefix), real=str(machine.prefix), exists=True, unseen=("ann", "bob"))
    told = guards.warnings_to_change(seen, machine.environment, context)
    assert [(each.severity, each.message) for each in told] == [
        ("note", "Whether processes of ann, bob use work cannot be seen.")
    ]


@pytest.mark.parametrize(
    ("command", "changing"),
    [
        ("/opt/c/bin/python /opt/c/bin/conda install numpy", True),
        ("/opt/c/bin/python -E -s -W ignore /opt/c/bin/conda --no-plugins create -n x", True),
        ("/opt/c/bin/python -m conda clean --all", True),
        ("/opt/c/bin/python /opt/c/bin/conda create -p /x --dry-run --json -- numpy", False),
        ("/opt/c/bin/mamba update --all", True),
        ("/opt/c/bin/python /opt/c/bin/conda env create -f x.yml", True),
        ("/opt/c/bin/python /opt/c/bin/conda env list --json", False),
        ("/opt/c/bin/python /opt/c/bin/conda list", False),
        ("/other/bin/python /other/bin/conda install numpy", False),
        ("/usr/bin/vi conda install", False),
    ],
)
def test_a_conda_that_changes_something_is_known_by_its_verb(command: str, changing: bool) -> None:
    arguments = tuple(command.split())
    assert is_changing(RunningProcess(7, arguments[:1], command, arguments=arguments), "/opt/c") is changing


def test_the_condas_that_condatui_runs_itself_are_waited_for_in_its_queue() -> None:
    command = ("/opt/c/bin/python", "/opt/c/bin/conda", "create", "-n", "x")

    def conda(pid: int, parent: int) -> RunningProcess:
        return RunningProcess(pid, command[:1], " ".join(command), arguments=command, parent=parent)

    own = RunningProcess(10, (), "pytest", arguments=("pytest",), parent=1)
    other = RunningProcess(20, (), "condatui", arguments=("/usr/bin/python", "/usr/bin/condatui"), parent=1)
    terminal = RunningProcess(40, (), "tmux", arguments=("tmux", "-L", "condatui", "new"), parent=1)
    stranger, beside = conda(31, 1), conda(41, 40)
    seen = (own, other, conda(11, 10), conda(12, 11), conda(21, 20), stranger, conda(32, 31), terminal, beside)
    assert list(busy_condas(seen, "/opt/c", own_pid=10)) == [stranger, beside]


def test_a_condatui_that_names_a_conda_and_a_verb_is_no_conda_at_work() -> None:
    line = ("/usr/bin/python", "/usr/bin/condatui", "--conda", "/opt/c/bin/conda", "remove", "nlp")
    own = RunningProcess(10, line[:1], " ".join(line), arguments=line, parent=1)
    assert is_changing(own, "/opt/c"), "by its words alone it is one"
    assert list(busy_condas((own,), "/opt/c", own_pid=10)) == []
    assert list(busy_condas((own,), "/opt/c", own_pid=99)) == []


@pytest.mark.parametrize("own_pid", [12, 99])
def test_what_a_condatui_is_started_by_is_no_conda_at_work(own_pid: int) -> None:
    words = ("--conda", "/opt/c/bin/conda", "remove", "nlp")

    def process(pid: int, *line: str) -> RunningProcess:
        return RunningProcess(pid, line[:1], " ".join(line), arguments=line, parent=pid - 1)

    wrappers = (
        process(10, "sudo", "timeout", "50", "condatui", *words),
        process(11, "timeout", "50", "condatui", *words),
    )
    condatui = process(12, "/usr/bin/python", "/usr/bin/condatui", *words)
    assert all(is_changing(each, "/opt/c") for each in wrappers), "by their words alone"
    assert list(busy_condas((*wrappers, condatui), "/opt/c", own_pid=own_pid)) == []


def test_a_conda_whose_script_runs_condatui_is_at_work() -> None:
    line = ("/opt/c/bin/python", "/opt/c/bin/conda", "install", "numpy")
    conda = RunningProcess(10, line[:1], " ".join(line), arguments=line, parent=1)
    own = RunningProcess(11, (), "condatui", arguments=("/usr/bin/python", "/usr/bin/condatui", "list"), parent=10)
    assert list(busy_condas((conda, own), "/opt/c", own_pid=11)) == [conda]


async def test_another_conda_at_work_stands_against_all_that_needs_conda(machine: Machine) -> None:
    context = machine.context()
    busy = replace(
        await guards.observe_prefix(str(machine.prefix), context),
        busy=(RunningProcess(7, (), "conda install numpy", "ann"),),
    )
    assert ids(guards.blockers_to_change(busy, machine.environment, context)) == ["conda-busy"]
    assert ids(guards.blockers_to_change(busy, machine.environment, context, with_conda=False)) == []


async def test_an_environment_is_changed_by_the_conda_that_owns_it(machine: Machine) -> None:
    for conda in (
        Installation(executable="/usr/bin/mamba", root_prefix=str(machine.root), version="2.0", kind="mamba"),
        Installation(executable="/other/bin/conda", root_prefix="/other", version="24.7.1"),
        Installation(executable="/bin/conda", root_prefix=str(machine.root), error="does not start"),
    ):
        assert ids(guards.no_conda(machine.context(conda), machine.environment)) == ["no-conda"]


async def test_nothing_stands_against_a_new_name(machine: Machine) -> None:
    assert await machine.against_making(f"{machine.root}/envs/new") == []
    assert await machine.against_making(machine.home / "far" / "away" / "env") == []


async def test_what_is_there_is_never_a_target(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(machine.prefix.path)
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "other-envs").symlink_to(machine.prefix.path.parent)
    for taken in (machine.prefix.path, *(tmp_path / each for each in ("link", "dangling", "file", "empty"))):
        assert await machine.against_making(taken) == ["target-exists"], taken
    assert await machine.against_making(tmp_path / "other-envs" / "work") == ["target-exists"]


async def test_below_a_file_nothing_is_made(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "there.yml").touch()
    seen = await guards.observe_prefix(str(tmp_path / "there.yml" / "env"), machine.context())
    (blocker,) = guards.place_not_writable(seen)
    assert (blocker.id, blocker.message) == ("no-directory", f"{tmp_path / 'there.yml'} is no directory.")


async def test_environments_are_not_made_inside_of_others_or_of_the_package_cache(machine: Machine) -> None:
    assert await machine.against_making(f"{machine.prefix}/envs/x") == ["inside-environment"]
    assert await machine.against_making(f"{machine.root}/lib/x") == ["inside-environment"]
    (machine.root.path / "pkgs").mkdir()
    assert "bad-name" in await machine.against_making(f"{machine.root}/pkgs/x")
    (machine.home / "in").symlink_to(machine.prefix.path / "lib")
    assert await machine.against_making(machine.home / "in" / "x") == ["inside-environment"]


@pytest.mark.skipif(os.geteuid() == 0, reason="an administrator may write everywhere")
async def test_where_this_user_may_not_write_nothing_is_made_or_changed(machine: Machine) -> None:
    for directory in (machine.prefix.meta, machine.prefix.path.parent):
        directory.chmod(0o555)
    try:
        assert await machine.against_change() == ["not-writable"]
        assert await machine.against_making(f"{machine.root}/envs/new") == ["not-writable"]
    finally:
        for directory in (machine.prefix.meta, machine.prefix.path.parent):
            directory.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("", "empty"),
        ("base", "conda calls its own"),
        ("a b", "` `"),
        ("../x", "`/`"),
        ("$(touch x)", "` `"),
        ("; rm", "` `"),
        ("-p", "option"),
        ("x" * 300, "255 bytes"),
        ("a\x1b[2Jb", "cannot be shown"),
        ("..", "directory"),
        ("a:b", "`:`"),
        (".nlp.condatui-removing-0123456789abcdef", "sets aside"),
    ],
)
async def test_names_that_would_be_trouble_are_refused(machine: Machine, name: str, says: str) -> None:
    assert says in name_problem(name)
    assert name_problem("nlp-2") == ""
    if name and os.sep not in name and name != "..":
        assert await machine.against_making(f"{machine.root}/envs/{name}") == ["bad-name"]


@pytest.mark.parametrize(
    ("prefix", "says"),
    [
        ("relative/x", "absolute"),
        ("/data/../x", "absolute"),
        ("/data/$HOME/x", "`$`"),
        ("/data/my $(touch x)/env", "`$`"),
        ("/data/`touch x`", "```"),
        ("/data/it's", "`'`"),
        ("/data/" + "d" * 200 + "/" + "e" * 60, "254 bytes"),
        ("/data/" + "e" * 300, "255 bytes"),
        ("/data/a:b", "PATH"),
        ("/data/-p", "option"),
        ("/data/a\nb", "cannot be shown"),
        ("/data/.nlp.condatui-removing-0123456789abcdef", "sets aside"),
        (os.fsdecode(b"/data/b\xff/env"), "UTF-8"),
    ],
)
def test_paths_that_would_be_trouble_are_refused(prefix: str, says: str) -> None:
    assert says in prefix_problem(prefix)
    assert prefix_problem("/data/my projects; rm -rf ./a*b/env") == ""


def test_too_little_room_is_said_in_figures() -> None:
    seen = PrefixState(prefix="/data/x", real="/data/x", place="/data", free_bytes=1_200_000_000)
    (blocker,) = guards.bytes_problem(3_400_000_000, seen)
    assert (blocker.id, blocker.message) == ("no-space", "3.4 GB are needed, 1.2 GB are free at /data.")
    assert guards.bytes_problem(None, seen) == guards.bytes_problem(5, seen) == ()


def test_what_has_come_up_meanwhile_is_refused_with_all_its_reasons() -> None:
    first = Finding(id="active", severity="error", message="It is active.", remedy="Leave it.")
    second = Finding(id="frozen", severity="error", message="It is frozen.")
    guards.refuse(())
    with pytest.raises(RefusedError) as refused:
        guards.refuse((first, second))
    assert (refused.value.title, refused.value.detail, refused.value.hint) == (
        "It is active.",
        "It is frozen.",
        "Leave it.",
    )
    with pytest.raises(NoCondaError):
        guards.refuse((blocker("no-conda", "None.", NameConda()),))
