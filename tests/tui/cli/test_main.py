"""The command line over a workbench that is told what to find."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core import __version__
from condatui_core.errors import CondatuiError, NoCondaError, RefusedError, UsageError
from condatui_core.records.environment import Inventory, UserMarks
from condatui_core.settings import SettingError, Settings
from support.inventories import NOW, LoadedWorkbench, environment, finding, inventory, research
from support.snapshots import put_snapshot

TWINS = (environment("e1", prefix="/a/envs/e1"), environment("e1", prefix="/b/envs/e1"))
MACHINE = inventory(research(), *TWINS)


class CommandLine:
    """Runs commands and keeps what they asked the workbench for."""

    def __init__(self, home: Path) -> None:
        self.workbench = LoadedWorkbench(Inventory(), MACHINE)
        self.settings = Settings()
        self.made = 0
        """How many workbenches were made."""
        self.opened: list[object] = []
        self.invocation = Invocation(
            environ={"CONDATUI_HOME": str(home / "condatui")},
            home=home,
            cwd="/somewhere",
            clock=lambda: NOW,
            terminal=False,
            make_workbench=self._make,  # type: ignore[arg-type]
            run_app=self._open,
        )

    def run(self, *arguments: str, terminal: bool = False) -> Result:
        return CliRunner().invoke(condatui, arguments, obj=replace(self.invocation, terminal=terminal))

    def _make(self, settings: Settings, *_: object) -> LoadedWorkbench:
        self.settings = settings
        self.made += 1
        return self.workbench

    def _open(self, workbench: object, _clock: object) -> int:
        self.opened.append(workbench)
        return 0


@pytest.fixture
def command_line(tmp_path: Path) -> CommandLine:
    return CommandLine(tmp_path)


def lines(result: Result) -> Sequence[str]:
    assert result.exit_code == 0, result.output
    return result.stdout.splitlines()


def test_snapshots_open_the_workbench_on_other_machines(command_line: CommandLine, tmp_path: Path) -> None:
    put_snapshot(tmp_path, "gpu07", research())
    looked: list[str] = []
    command_line.workbench.look_at_snapshots = looked.append  # type: ignore[attr-defined]
    assert command_line.run("--snapshots", str(tmp_path), terminal=True).exit_code == 0
    assert (command_line.opened, looked) == ([command_line.workbench], [str(tmp_path)])


def test_an_empty_place_of_snapshots_opens_nothing(command_line: CommandLine) -> None:
    command_line.workbench.look_at_snapshots = lambda _: None  # type: ignore[attr-defined]
    result = command_line.run("--snapshots", "", terminal=True)
    assert (result.exit_code, command_line.opened) == (2, [])
    assert "A path is empty." in result.stderr


def test_snapshots_before_a_command_open_nothing(command_line: CommandLine, tmp_path: Path) -> None:
    result = command_line.run("--snapshots", str(tmp_path), "list")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "`--snapshots` before a command opens nothing." in result.stderr


def test_list_prints_a_row_an_environment_plain_and_whole(command_line: CommandLine) -> None:
    printed = lines(command_line.run("list"))
    assert printed[0].split() == ["name", "python", "packages", "channels", "disk", "used", "findings"]
    assert printed[1].split()[:3] == ["research", "3.10.14", "3+2"]
    assert "\x1b" not in "".join(printed)
    assert all(line == line.rstrip() for line in printed)


def test_a_pipe_gets_the_whole_of_a_long_name(command_line: CommandLine) -> None:
    long = "/scratch/" + "very-" * 40 + "long"
    command_line.workbench = LoadedWorkbench(inventory(environment(long, prefix=long)))
    assert long in command_line.run("list").stdout


def test_show_prints_health_channels_and_packages(command_line: CommandLine) -> None:
    printed = command_line.run("show", "research").stdout
    assert "pip replaced numpy 1.26.4 by 2.0.1" in printed
    assert "https://conda.anaconda.org/pytorch" in printed
    assert "py3.10_cuda12.4_cudnn9.1.0_0" in printed
    assert "secret-value" not in printed


def test_no_environment_is_said_on_stderr(command_line: CommandLine) -> None:
    command_line.workbench = LoadedWorkbench(Inventory())
    result = command_line.run("list")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "No environments found" in result.stderr


def test_problems_of_the_machine_are_said_on_stderr(command_line: CommandLine) -> None:
    problem = finding("conda-hangs", message="conda does not answer", remedy="--conda PATH")
    command_line.workbench = LoadedWorkbench(inventory(problems=(problem,)))
    result = command_line.run("list", "--json")
    assert "conda does not answer" in result.stderr


def executable(file: Path) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("#!/bin/sh\n")
    file.chmod(0o755)
    return file


@pytest.mark.parametrize(
    "arguments", [("--conda", "x/conda", "list", "--root", "/envs"), ("list", "--conda", "x/conda", "--root", "/envs")]
)
def test_global_options_hold_before_and_after_the_command(
    command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    conda = executable(command_line.invocation.home / "x/conda")
    command_line.invocation = replace(command_line.invocation, cwd=str(command_line.invocation.home))
    command_line.run(*arguments)
    assert (command_line.settings.conda, command_line.settings.roots) == ((str(conda),), ("/envs",))


def test_a_conda_that_is_named_is_looked_up_in_path(command_line: CommandLine) -> None:
    conda = executable(command_line.invocation.home / "bin/my-conda")
    environ = {**command_line.invocation.environ, "PATH": f"/nowhere:{conda.parent}"}
    command_line.invocation = replace(command_line.invocation, environ=environ)
    assert command_line.run("list", "--conda", "my-conda").exit_code == 0
    assert command_line.settings.conda == (str(conda),)


@pytest.mark.parametrize("arguments", [("list",), ("show", "research"), ()])
def test_a_conda_that_is_named_and_is_not_there_is_an_error(
    command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    result = command_line.run("--conda", "/nope/conda", *arguments, terminal=True)
    assert (result.exit_code, command_line.opened) == (4, [])
    assert result.stderr.splitlines()[:2] == ["condatui: `/nope/conda` is no conda.", "  It does not exist."]


def test_global_options_add_up_and_add_to_the_settings(command_line: CommandLine) -> None:
    file = command_line.invocation.locations.settings_file
    file.parent.mkdir(parents=True)
    file.write_text("roots: [/configured]\n")
    command_line.run("--root", "/a", "list", "--root", "/b")
    assert set(command_line.settings.roots) == {"/a", "/b", "/configured"}


@pytest.mark.parametrize("arguments", [("--version",), ("list", "--version"), ("demo", "--version")])
def test_the_version_can_be_asked_anywhere(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    assert lines(command_line.run(*arguments)) == [f"condatui {__version__}"]


def test_without_a_terminal_the_workbench_does_not_open(command_line: CommandLine) -> None:
    result = command_line.run()
    assert (result.exit_code, result.stdout, command_line.opened) == (2, "", [])
    assert "condatui list" in result.stderr


def test_on_a_terminal_the_workbench_opens(command_line: CommandLine) -> None:
    assert command_line.run(terminal=True).exit_code == 0
    assert command_line.opened == [command_line.workbench]


@pytest.mark.parametrize(("error", "code"), [(UsageError, 2), (RefusedError, 3), (NoCondaError, 4), (CondatuiError, 1)])
def test_an_error_is_a_message_and_an_exit_code(
    command_line: CommandLine, error: type[CondatuiError], code: int
) -> None:
    command_line.workbench = LoadedWorkbench(error=error("It went wrong.", "here\x1b[31m\nand there", "Mend it."))
    result = command_line.run("list")
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines() == ["condatui: It went wrong.", "  here\\x1b[31m", "  and there", "  Mend it."]


def test_an_interrupt_is_quiet(command_line: CommandLine) -> None:
    command_line.workbench = LoadedWorkbench(error=KeyboardInterrupt())
    result = command_line.run("list")
    assert (result.exit_code, result.output) == (130, "")


def test_settings_that_cannot_be_read_are_an_error_not_a_traceback(command_line: CommandLine) -> None:
    file = command_line.invocation.locations.settings_file
    file.parent.mkdir(parents=True)
    file.write_text("colour: red\n")
    assert command_line.run("list").exit_code == 2


def test_an_ambiguous_name_lists_the_prefixes(command_line: CommandLine) -> None:
    result = command_line.run("show", "e1")
    assert result.exit_code == 2
    assert "/a/envs/e1" in result.stderr and "/b/envs/e1" in result.stderr


def test_an_unknown_name_proposes_another(command_line: CommandLine) -> None:
    result = command_line.run("show", "reserch")
    assert result.exit_code == 2
    assert "`research`" in result.stderr


def test_a_prefix_may_be_reached_through_a_link(command_line: CommandLine, tmp_path: Path) -> None:
    real = tmp_path / "data" / "env"
    real.mkdir(parents=True)
    (tmp_path / "home").symlink_to(tmp_path / "data")
    command_line.workbench = LoadedWorkbench(inventory(environment("env", prefix=os.path.realpath(real))))
    assert command_line.run("show", str(tmp_path / "home" / "env")).exit_code == 0


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("package:numpy>=1.20", ["research"]),
        ("!finding:pip-over-conda", ["e1", "e1"]),
        ("x", []),
    ],
)
def test_a_filter_chooses_what_is_listed(command_line: CommandLine, text: str, names: list[str]) -> None:
    document = json.loads(command_line.run("list", "--json", "--filter", text).stdout)
    assert [each["name"] for each in document["environments"]] == names
    printed = command_line.run("list", "--filter", text)
    assert [line.split()[0] for line in printed.stdout.splitlines()[1:]] == names
    assert (printed.exit_code, "No environment matches `x`." in printed.stderr) == (0, not names)


def test_a_filter_by_age_by_gpu_and_by_its_name(command_line: CommandLine) -> None:
    marks = UserMarks(filters=(("recent", "used:<1w | state:orphan"),))
    command_line.workbench = LoadedWorkbench(inventory(research(), *TWINS, marks=marks))
    command_line.workbench.working = frozenset({research().prefix})
    for text in ("@recent", "used:<=3d", "gpu:works", "!gpu:unknown"):
        document = json.loads(command_line.run("list", "--json", "--filter", text).stdout)
        assert [each["name"] for each in document["environments"]] == ["research"], text
    said = command_line.run("list", "--filter", "used:<=3d").stderr
    assert "Of 2 environments it is not known whether they match: e1, e1." in said


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("@gone", "There is no remembered filter `@gone`."),
        ("nlp marked:yes", "Only the workbench has marks"),
        ("disk:5G", "compares"),
        ("", "The filter is empty."),
        (" ", "The filter is empty."),
        ("!", "There is nothing after the `!`."),
    ],
)
def test_a_filter_that_the_command_line_cannot_use_is_wrong_usage(
    command_line: CommandLine, text: str, why: str
) -> None:
    result = command_line.run("list", "--filter", text)
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_wrong_filter_is_wrong_usage_and_points_at_the_word(command_line: CommandLine) -> None:
    result = command_line.run("list", "--filter", "nlp package:numpy<<1", "--json")
    assert result.exit_code == 2
    assert result.stderr.splitlines()[1:3] == ["  nlp package:numpy<<1", "      ^"]
    assert "`<<1` is not a version" in json.loads(result.stdout)["error"]["title"]


def test_a_finding_that_there_is_not_is_wrong_usage_and_not_an_empty_list(command_line: CommandLine) -> None:
    result = command_line.run("list", "--filter", "finding:pip-ovr-conda", "--json")
    assert result.exit_code == 2
    assert "Did you mean `pip-over-conda`?" in json.loads(result.stdout)["error"]["title"]


def test_a_filter_about_packages_adds_what_each_has_of_them(command_line: CommandLine) -> None:
    printed = command_line.run("list", "--filter", "package:numpy package:torch").stdout.splitlines()
    assert printed[0].split()[:3] == ["name", "numpy", "torch"]
    assert printed[1].split()[:5] == ["research", "2.0.1", "pip", "2.5.1", "py3.10_cuda12.4_cudnn9.1.0_0"]


def test_the_help_explains_the_filters(command_line: CommandLine) -> None:
    assert "package:torch" in command_line.run("list", "--help").stdout


def test_marks_are_explained_on_a_terminal(command_line: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    marked = environment("prod", frozen=True, aliases=("/envs/current",))
    command_line.workbench = LoadedWorkbench(inventory(marked))
    assert "frozen" not in command_line.run("list").stdout
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "◊ frozen · ←NAME a link to it" in command_line.run("list").stdout.splitlines()[-1]


def test_packages_are_for_json_only(command_line: CommandLine) -> None:
    assert command_line.run("list", "--packages").exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [("list", "--sizes", "--channels"), ("restore", "x", "--list"), ("pack", "x", "-o", "x.zip", "--threads", "-1")],
)
def test_what_would_be_ignored_is_wrong_usage(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    result = command_line.run(*arguments)
    assert (result.exit_code, "Error: " in result.stderr) == (2, True)


@pytest.mark.parametrize(
    "arguments",
    [
        ("list", "--root", ""),
        ("list", "--conda="),
        ("--root=", "list"),
        ("show", ""),
    ],
)
def test_an_empty_argument_stands_for_nothing(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    """As a shell makes one of a variable that is not set."""
    result = command_line.run(*arguments)
    assert (result.exit_code, result.stdout) == (2, ""), result.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "a\0b"),
        ("list", "--root", "/x\0"),
        ("--conda", "/x\0", "list"),
        ("remove", "/x\0/y", "--yes"),
        ("demo", "--dir", "\0"),
    ],
)
def test_a_zero_byte_is_wrong_usage(command_line: CommandLine, arguments: tuple[str, ...]) -> None:
    result = command_line.run(*arguments)
    assert (result.exit_code, "zero byte" in result.stderr) == (2, True)


def test_the_help_names_every_command(command_line: CommandLine) -> None:
    printed = command_line.run("--help").stdout
    assert all(f"\n  {name} " in printed for name in ("list", "show", "demo"))


@pytest.mark.parametrize(
    ("called", "said"),
    [
        ("lst", "No such command 'lst'. Did you mean `list`?"),
        ("remvoe", "Did you mean `remove`?"),
        ("x", "No such command 'x'."),
    ],
)
def test_a_command_that_does_not_exist_is_wrong_usage_with_the_one_that_is_meant(
    command_line: CommandLine, called: str, said: str
) -> None:
    result = command_line.run(called, "--json")
    assert (result.exit_code, json.loads(result.stdout)["error"]["exit_code"]) == (2, 2)
    assert result.stderr.rstrip().endswith(said)


def test_home_may_be_written_as_a_tilde_where_no_shell_sees_it(command_line: CommandLine) -> None:
    home = command_line.invocation.home
    executable(home / "forge/bin/conda")
    assert command_line.run("list", "--root=~/data", "--conda=~/forge/bin/conda", "--root=here").exit_code == 0
    assert command_line.settings.roots == (f"{home}/data", "/somewhere/here")
    assert command_line.settings.conda == (f"{home}/forge/bin/conda",)
    command_line.workbench = LoadedWorkbench(inventory(environment("mine", prefix=f"{home}/envs/mine")))
    assert "mine" in lines(command_line.run("show", "~/envs/mine"))[0]
    assert command_line.run("show", "~/envs/other").exit_code == 2


def test_one_workbench_shows_an_environment_and_checks_its_files(command_line: CommandLine) -> None:
    assert command_line.run("show", "research").exit_code == 0
    assert command_line.made == 1


def test_what_journals_tell_stands_beside_the_list(command_line: CommandLine) -> None:
    told = finding("interrupted", "warning", "Remove nlp was interrupted (Removing nlp).", remedy="It is told.")
    command_line.workbench = LoadedWorkbench(Inventory(), MACHINE, journals=(told,))
    result = command_line.run("list")
    assert "Remove nlp was interrupted (Removing nlp). It is told." in result.stderr
    assert "was interrupted" not in result.stdout


@pytest.mark.parametrize(
    ("text", "environ", "where"),
    [("ascii: true\ntheme: mauve\n", {}, "settings.yaml, line 2"), ("", {"CONDATUI_THEME": "mauve"}, "CONDATUI_THEME")],
)
def test_what_the_workbench_refuses_of_the_settings_is_told_with_its_place(
    command_line: CommandLine, text: str, environ: dict[str, str], where: str
) -> None:
    def refuse(*_: object) -> int:
        raise SettingError("There is no theme `mauve`.", "theme")

    file = command_line.invocation.locations.settings_file
    file.parent.mkdir(parents=True)
    file.write_text(text)
    invocation = command_line.invocation
    command_line.invocation = replace(invocation, run_app=refuse, environ={**invocation.environ, **environ})
    result = command_line.run(terminal=True)
    assert result.exit_code == 2
    assert where in result.stderr


def test_what_the_workbench_refuses_of_an_administrators_settings_is_told_and_left_out(
    command_line: CommandLine,
) -> None:
    def refuse_mauve(*_: object) -> int:
        if command_line.settings.theme:
            raise SettingError("There is no theme `mauve`.", "theme")
        return 0

    home = command_line.invocation.home
    home.chmod(0o755)
    (home / "machine.yaml").write_text("ascii: true\ntheme: mauve\n")
    (home / "machine.yaml").chmod(0o644)
    environ = {**command_line.invocation.environ, "CONDATUI_SERVER_SETTINGS": str(home / "machine.yaml")}
    command_line.invocation = replace(command_line.invocation, run_app=refuse_mauve, environ=environ)
    result = command_line.run(terminal=True)
    assert (result.exit_code, command_line.settings) == (0, Settings(ascii=True))
    assert "machine.yaml, line 2" in result.stderr


def test_debug_says_if_nothing_is_logged(command_line: CommandLine) -> None:
    log = command_line.invocation.locations.log
    log.parent.mkdir(parents=True)
    log.symlink_to("elsewhere")
    result = command_line.run("list", "--debug")
    assert result.exit_code == 0
    assert f"condatui: nothing is logged. {log}: it is a link, which is not followed" in result.stderr.splitlines()
    assert command_line.run("list").stderr == ""


def test_an_error_of_any_length_is_a_few_lines(command_line: CommandLine) -> None:
    result = command_line.run("show", "x" * 1_000_000)
    assert result.exit_code == 2
    assert "x" * 1000 in result.stderr
    assert len(result.stderr) < 20_000
