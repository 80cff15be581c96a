"""What a shell completes: every command, option and environment, in the real shells where they are."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import click
import pexpect
import pytest
from click.shell_completion import BashComplete, CompletionItem
from msgspec.structs import replace

from condatui.cli import COMPLETE_VARIABLE, completion_values
from condatui.cli.invocation import Invocation
from condatui.cli.main import COMMANDS, GROUPS, condatui
from condatui_core.prefixes.last_list import write_last_list

REMEMBERED = {
    "/opt/conda": "base",
    "/opt/conda/envs/nlp-exp": "nlp-exp",
    "/opt/conda/envs/vision": "vision",
    "/scratch/anna/envs/vision": "vision",
    "/scratch/anna/envs/x; rm -rf y": "x; rm -rf y",
    "/scratch/$(id)/envs/nlp-2": "nlp-2",
    "/scratch/anna/envs/--yes": "--yes",
}
POINTS = ("20260101-120000-nlp-exp", "20260202-120000-vision")


@pytest.fixture
def invocation(tmp_path: Path) -> Invocation:
    made = Invocation(
        environ={"CONDATUI_HOME": str(tmp_path), "CONDATUI_USUAL_PLACES": "0"},
        home=tmp_path,
        cwd=str(tmp_path),
        clock=lambda: datetime(2026, 3, 1, tzinfo=timezone.utc),
        terminal=False,
    )
    write_last_list(made.locations.last_list, {**REMEMBERED, f"{tmp_path}/mine": f"{tmp_path}/mine"})
    for each in POINTS:
        (made.locations.restore_points / each).mkdir(parents=True)
    return made


def items(invocation: Invocation, *words: str) -> list[CompletionItem[str]]:
    """What is offered for the last of these words."""
    completer = BashComplete(condatui, {"obj": invocation}, "condatui", COMPLETE_VARIABLE)
    return completer.get_completions(list(words[:-1]), words[-1])


def offered(invocation: Invocation, *words: str) -> list[str]:
    return [each.value for each in items(invocation, *words)]


def test_names_are_offered_and_an_ambiguous_one_by_its_prefix(invocation: Invocation) -> None:
    (base, nlp, *others) = items(invocation, "remove", "")
    assert (base.value, nlp.value, nlp.help) == ("base", "nlp-exp", "/opt/conda/envs/nlp-exp")
    assert [each.value for each in others[:2]] == ["/opt/conda/envs/vision", "/scratch/anna/envs/vision"]
    assert offered(invocation, "remove", "nlp-exp", "n") == ["nlp-2"]  # one that is there already is no more offered


def test_nothing_is_offered_that_a_shell_would_run(invocation: Invocation) -> None:
    for words in (("show", ""), ("show", "/scratch/")):
        assert all(set(each).isdisjoint(" ;$()") and each[0] != "-" for each in offered(invocation, *words))
    assert offered(invocation, "show", "nlp-2") == ["nlp-2"]


def test_a_path_is_completed_as_it_is_spelled(invocation: Invocation) -> None:
    assert offered(invocation, "show", "/opt/conda/envs/v") == ["/opt/conda/envs/vision"]
    assert offered(invocation, "show", "~/") == ["~/mine"]
    (directory,) = items(invocation, "show", "/elsewhere/x")
    assert directory.type == "dir"


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("restore", ""), sorted(POINTS, reverse=True)),
        (("rollback", "nlp-exp", "20260101"), [POINTS[0]]),
        (("config", "stale"), ["stale_days"]),
        (("pack", "nlp-exp", "--format", "tar."), ["tar.gz", "tar.bz2", "tar.xz", "tar.zst"]),
        (("export", "nlp-exp", "--format", "y"), ["yaml"]),
        (("clean", "--what", "p"), ["packages", "pip"]),
        (("slim", "nlp-exp", "--classes", "byte"), ["byte-code"]),
        (("merge", "nlp-exp", "--into", "b"), ["base"]),
        (("--root", "/x", "compare", "base", "--reference", "nlp-e"), ["nlp-exp"]),
        (("completion", "z"), ["zsh"]),
        (("show", "nlp-exp", "--che"), ["--checksums"]),
        (("rem",), ["remove"]),
        (("--read",), ["--read-only"]),
        (("no-such-command", ""), [*COMMANDS]),
    ],
)
def test_each_place_has_what_fits_there(invocation: Invocation, words: tuple[str, ...], values: list[str]) -> None:
    assert offered(invocation, *words) == values


def test_without_anything_remembered_nothing_is_offered(invocation: Invocation, tmp_path: Path) -> None:
    new = replace(invocation, environ={"CONDATUI_HOME": str(tmp_path / "new")})
    assert (offered(new, "show", ""), offered(new, "restore", "")) == ([], [])


def test_settings_that_cannot_be_read_are_left_to_the_command(invocation: Invocation) -> None:
    invocation.locations.settings_file.parent.mkdir()
    invocation.locations.settings_file.write_text("[")
    assert offered(invocation, "restore", "") == []


def test_all_commands_are_offered_with_their_group_and_none_is_imported(invocation: Invocation) -> None:
    found = {each.value: each.help for each in items(invocation, "")}
    assert found == {name: title for title, names in GROUPS.items() for name in names}
    environ = {"PATH": os.environ["PATH"], "HOME": "/nowhere", COMPLETE_VARIABLE: "bash_complete"}
    program = "import sys; from condatui.__main__ import main\ntry: main()\nfinally: print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**environ, "COMP_WORDS": "condatui rem", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    first, modules = done.stdout.splitlines()
    assert first == "plain,remove"
    heavy = {"condatui.cli.remove", "condatui.cli.list", "condatui_core.workbench", "textual", "rich", "asyncio"}
    assert heavy.isdisjoint(modules.split())


# Every argument and option that takes an environment, a file or a restore point knows it

COMPLETED = {
    "ENV": {completion_values.environments, completion_values.environments_or_files},
    "KEEPER": {completion_values.environments},
    "BASELINE": {completion_values.environments},
    "MEMBER": {completion_values.environments},
    "SRC": {completion_values.environments},
    "FILE": {completion_values.files},
    "REPORT": {completion_values.files},
    "ARCHIVE": {completion_values.files},
    "DIR": {completion_values.directories},
    "ID": {completion_values.restore_points},
    "POINT": {completion_values.restore_points},
    "SETTING": {completion_values.settings},
}


def _parameters() -> Iterator[tuple[str, str, click.Parameter]]:
    for name in COMMANDS:
        command = condatui.get_command(click.Context(condatui), name)
        assert command is not None
        for parameter in command.params:
            if parameter.metavar or isinstance(parameter, click.Argument):
                yield name, (parameter.metavar or parameter.name or "").upper().strip("[]."), parameter


PARAMETERS = [
    pytest.param(parameter, COMPLETED[word], id=f"{name}-{parameter.name}")
    for name, metavar, parameter in _parameters()
    if (word := next((each for each in COMPLETED if each in metavar.replace("|", " ").replace("-", " ").split()), ""))
    or (word := next((each for each in COMPLETED if metavar.partition(".")[0] == each), ""))
]


@pytest.mark.parametrize(("parameter", "expected"), PARAMETERS)
def test_what_takes_an_environment_or_a_file_completes_it(
    parameter: click.Parameter, expected: set[completion_values.Complete]
) -> None:
    assert parameter._custom_shell_complete in expected


def test_many_parameters_are_looked_at() -> None:
    assert len(PARAMETERS) > 40


# In the shells


@pytest.fixture
def environ(invocation: Invocation, tmp_path: Path) -> dict[str, str]:
    """The variables of a shell that finds a condatui in PATH."""
    program = tmp_path / "bin" / "condatui"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m condatui "$@"\n')
    program.chmod(0o755)
    path = f"{program.parent}:{os.environ['PATH']}"
    return {**invocation.environ, "PATH": path, "HOME": str(tmp_path), "TERM": "xterm", "LC_ALL": "C.UTF-8"}


def shell(name: str) -> str:
    if (found := shutil.which(name)) is None:
        pytest.skip(f"there is no {name} on this machine")
    return found


def answered(environ: dict[str, str], *argv: str) -> list[str]:
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_bash_completes_environments(environ: dict[str, str]) -> None:
    script = (
        'eval "$(condatui completion bash)"; complete -p condatui; COMP_WORDS=(condatui show n) COMP_CWORD=2;'
        '_condatui_completion condatui; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    registered, *found = answered(environ, shell("bash"), "--norc", "-c", script)
    assert registered.endswith("-F _condatui_completion condatui")
    assert found == ["nlp-exp", "nlp-2"]


def test_fish_completes_environments_with_their_prefix(environ: dict[str, str]) -> None:
    script = 'condatui completion fish | source; complete -C "condatui show nlp-e"; complete -C "condatui checkp"'
    found = answered(environ, shell("fish"), "--no-config", "-c", script)
    assert found == ["nlp-exp\t/opt/conda/envs/nlp-exp", "checkpoint\tchange"]


def test_zsh_completes_environments(environ: dict[str, str]) -> None:
    zsh = pexpect.spawn(shell("zsh"), ["-f", "-i"], env={**environ, "PS1": "$ "}, encoding="utf-8", timeout=60)
    try:
        zsh.sendline("unsetopt zle_bracketed_paste; autoload -U compinit && compinit -u -D && echo rea''dy")
        zsh.expect("ready")
        zsh.sendline('eval "$(condatui completion zsh)" && echo load""ed')
        zsh.expect("loaded")
        zsh.send("echo condatui; condatui show nlp-e\t")
        zsh.expect("nlp-exp")
    finally:
        zsh.close(force=True)


def test_a_failure_says_nothing_while_the_user_types(environ: dict[str, str], tmp_path: Path) -> None:
    broken = {**environ, COMPLETE_VARIABLE: "bash_complete", "COMP_WORDS": "condatui show ", "COMP_CWORD": "x"}
    done = subprocess.run(["condatui"], env=broken, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert "Traceback" in (tmp_path / "state" / "condatui.log").read_text()
