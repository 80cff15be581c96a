"""Shells in which an environment is active, each in a real terminal: what the user's own files say counts too."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation
from condatui_core.records.prefix import PrefixContents
from condatui_core.shells import ActivatedShell, activation_line
from support.inventories import environment
from support.prefixes import FakePrefix, make_prefix
from support.terminal import Terminal, plain_environ

SHELLS = [
    pytest.param(name, marks=pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed"))
    for name in ("bash", "zsh", "fish", "dash")
]
HOSTILE = 'it\'s "$(touch pwned)" `x` \\ é'
"""A name that somebody else may have chosen."""


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    made = make_prefix(tmp_path / HOSTILE)
    made.write("bin/greet", "#!/bin/sh\necho greetings\n").chmod(0o755)
    made.write("etc/conda/activate.d/own.sh", "export FROM_SCRIPT=sourced\n")
    made.write("etc/conda/activate.d/own.fish", "set -gx FROM_SCRIPT sourced\n")
    return made


def with_rc_files(home: Path) -> None:
    """A home whose owner has set an alias or a variable in the files of each shell."""
    for file in (".bashrc", ".zshrc", ".shrc"):
        (home / file).write_text("MINE='from my file'\nPS1='mine> '\n")
    (home / ".zshenv").write_text("SEEN=zshenv\n")
    (home / ".config" / "fish").mkdir(parents=True)
    (home / ".config" / "fish" / "config.fish").write_text("set MINE 'from my file'\n")


@contextmanager
def opened(name: str, shown: Environment, home: Path, installation: Installation | None = None) -> Iterator[Terminal]:
    with_rc_files(home)
    environ = plain_environ(HOME=str(home), SHELL=str(shutil.which(name)), ENV=str(home / ".shrc"), TERM="dumb")
    shell = ActivatedShell(shown, installation, environ=environ, private=home / "private")
    try:
        with Terminal(shell.argv, environ=dict(shell.environ), columns=200) as terminal:
            terminal.wait_for("is active in this shell")
            yield terminal
    finally:
        shell.close()
    assert [*(home / "private").iterdir()] == []


def in_a_home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.mark.parametrize("name", SHELLS)
def test_a_shell_without_a_conda_activates_by_itself(name: str, prefix: FakePrefix, tmp_path: Path) -> None:
    contents = PrefixContents(variables=(("OWN", "it's $HOME"),))
    shown = environment(HOSTILE, prefix=str(prefix), contents=contents)
    with opened(name, shown, in_a_home(tmp_path)) as terminal:
        terminal.wait_for("(it_s ___touch pwned__")
        terminal.press('greet; echo "<$MINE|$OWN|$FROM_SCRIPT|$CONDA_PREFIX>"\r')
        terminal.wait_for(f"<from my file|it's $HOME|sourced|{prefix}>")
        assert "\ngreetings" in terminal.screen
        terminal.press("exit 3\r")
        assert terminal.wait_for_exit() == 3
    assert not [*tmp_path.rglob("pwned")]


@pytest.mark.parametrize("name", SHELLS)
def test_conda_activates_where_there_is_one(name: str, prefix: FakePrefix, tmp_path: Path) -> None:
    """After the user's own files: what those have done to PATH does not hide the environment."""
    conda = tmp_path / "conda"
    conda.write_text(
        """#!/bin/sh
[ "$2" = activate ] || exit 1
case $1 in
shell.posix) echo "PS1='(by conda) $PS1'"; echo "export CONDA_PREFIX='seen'";;
shell.fish) echo 'set -gx CONDA_PREFIX "seen";'; echo 'set -gx CONDA_PROMPT_MODIFIER "(by conda) ";';;
esac
"""
    )
    conda.chmod(0o755)
    owner = Installation(executable=str(conda), root_prefix=str(tmp_path), version="24.7.1")
    shown = environment("plain", prefix=str(prefix))
    with opened(name, shown, in_a_home(tmp_path), owner) as terminal:
        if name != "fish":  # it finds that another prefix is active than the one that it asked for
            terminal.wait_for("(by conda) mine>")
            terminal.press("echo $CONDA_PREFIX$MINE\r")
            terminal.wait_for("seenfrom my file")
        else:
            terminal.wait_for("(plain) ")


@pytest.mark.parametrize("name", SHELLS)
def test_a_conda_that_fails_is_no_hindrance(name: str, prefix: FakePrefix, tmp_path: Path) -> None:
    owner = Installation(executable=str(tmp_path / "gone"), root_prefix=str(tmp_path), version="24.7.1")
    with opened(name, environment("plain", prefix=str(prefix)), in_a_home(tmp_path), owner) as terminal:
        terminal.press("greet\r")
        terminal.wait_for("\ngreetings")
        assert "(plain) " in terminal.screen


def test_files_of_zsh_are_looked_for_at_home_again_once_it_has_started(prefix: FakePrefix, tmp_path: Path) -> None:
    if not shutil.which("zsh"):
        pytest.skip("zsh is not installed")
    home = in_a_home(tmp_path)
    with opened("zsh", environment("plain", prefix=str(prefix)), home) as terminal:
        terminal.press('echo "<$SEEN $ZDOTDIR>"\r')
        terminal.wait_for(f"<zshenv {home}>")


def test_an_unknown_shell_and_none_at_all_are_the_usual_one(prefix: FakePrefix, tmp_path: Path) -> None:
    for own in ("", "/usr/sbin/nologin", "/nowhere/zsh"):
        shell = ActivatedShell(
            environment("plain", prefix=str(prefix)), None, environ={"SHELL": own}, private=tmp_path / "private"
        )
        assert shell.argv == ("/bin/sh", "-i")
        shell.close()


def test_what_is_no_environment_any_more_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="gone is no environment"):
        ActivatedShell(environment("gone", prefix=str(tmp_path)), None, environ={}, private=tmp_path / "private")
    assert not (tmp_path / "private").exists()


def test_the_line_to_copy_is_quoted_for_a_shell() -> None:
    assert activation_line(environment("a", prefix="/envs/with space")) == "conda activate '/envs/with space'"
