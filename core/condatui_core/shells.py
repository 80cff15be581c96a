"""Interactive shells in which an environment is active: the user's own shell, which reads the user's own files first.

What follows after those files is done by conda itself, as `conda activate` does it. Where no conda can do that, the
shell sets the variables, runs the scripts of the environment, and shows its name.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path

from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.atomic_write import write_new
from condatui_core.fs.private_directory import PrivateDirectory
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.activation import activated, activation_scripts
from condatui_core.records.environment import Environment
from condatui_core.records.installation import Installation, can_change
from condatui_core.text import sanitize

_USUAL = "/bin/sh"
"""For users whose own shell is none that is known here."""
_BOURNE = ("sh", "dash", "ash", "ksh")
_KNOWN = ("bash", "zsh", "fish", *_BOURNE)
_NOT_IN_PROMPTS = re.compile(r"[^\w .@+/-]")
"""Shells expand what stands in a prompt; a directory may be called anything."""


class ActivatedShell:
    """A shell with an environment, ready to be started; `close` deletes the files that it reads at its start."""

    def __init__(
        self, environment: Environment, installation: Installation | None, *, environ: Mapping[str, str], private: Path
    ) -> None:
        """`installation` is the one that owns the environment, `private` the directory for those files; blocks.

        Raises CondatuiError if the environment is not there any more, or if the files cannot be written.
        """
        if not os.path.isdir(os.path.join(environment.prefix, "conda-meta")):
            raise UsageError(
                f"{sanitize(environment.name)} is no environment (any more).", sanitize(environment.prefix)
            )
        shell = environ.get("SHELL", "")
        shell = shell if os.path.basename(shell) in _KNOWN and os.access(shell, os.X_OK) else _USUAL
        try:
            self._directory = PrivateDirectory(private)
            self.argv, self.environ, files = _START[os.path.basename(shell)](
                shell, environ, self._directory.path, _Activation(environment, installation)
            )
            for name, text in files.items():
                write_new(self._directory.path / name, os.fsencode(text))
        except OSError as error:
            raise CondatuiError("A shell cannot be prepared.", f"{private}: {reason(error)}") from error

    def close(self) -> None:
        """Delete its files; blocks."""
        self._directory.remove()


def activation_line(environment: Environment) -> str:
    """The line by which a shell with conda activates it."""
    return shlex.join(("conda", "activate", environment.prefix))


_Start = tuple[tuple[str, ...], Mapping[str, str], Mapping[str, str]]
"""A command, its variables, and the files that it reads, by name."""


class _Activation:
    """The lines that activate one environment."""

    def __init__(self, environment: Environment, installation: Installation | None) -> None:
        self._environment = environment
        self._prefix = environment.prefix
        self._conda = installation if installation and can_change(installation) else None
        self._prompt = f"({_NOT_IN_PROMPTS.sub('_', environment.name)}) "
        variables = environment.contents.variables if environment.contents else ()
        self._set = activated({}, self._prefix, variables)
        self._set.pop("PATH")
        self._set |= {
            "CONDA_DEFAULT_ENV": environment.name,
            "CONDA_PROMPT_MODIFIER": self._prompt,
            "CONDA_SHLVL": "1",
        }

    def bourne(self) -> str:
        """For bash, zsh and every shell that reads what they read."""
        if self._conda is None:
            return self._own_in_bourne() + self._told(shlex.quote)
        quote = shlex.quote
        functions = quote(os.path.join(self._conda.root_prefix, "etc/profile.d/conda.sh"))
        conda, prefix = quote(self._conda.executable), quote(self._prefix)
        return f"""\
if [ -r {functions} ]; then . {functions}; fi
if __condatui_lines="$(PS1="${{PS1-}}" {conda} shell.posix activate {prefix})"; then
    eval "$__condatui_lines"
    hash -r
else
{self._own_in_bourne()}fi
unset __condatui_lines
{self._told(quote)}"""

    def fish(self) -> str:
        """For fish."""
        own = [f"set -gx {name} {_for_fish(value)}" for name, value in self._set.items()]
        own.append(f"set -gx PATH {_for_fish(os.path.join(self._prefix, 'bin'))} $PATH")
        scripts = (each.removesuffix(".sh") + ".fish" for each in activation_scripts(self._prefix))
        paths = [_for_fish(os.path.join(self._prefix, each)) for each in scripts]
        own += [f"test -r {each}; and source {each}" for each in paths]
        lines = []
        if self._conda:
            functions = _for_fish(os.path.join(self._conda.root_prefix, "etc/fish/conf.d/conda.fish"))
            lines += [f"test -r {functions}; and source {functions}"]
            lines += [f"{_for_fish(self._conda.executable)} shell.fish activate {_for_fish(self._prefix)} | source"]
        lines += [f'if test "$CONDA_PREFIX" != {_for_fish(self._prefix)}', *own, "end"]
        lines += ["if not functions -q __fish_prompt_orig", "functions -c fish_prompt __condatui_prompt"]
        lines += ["function fish_prompt", 'echo -n "$CONDA_PROMPT_MODIFIER"', "__condatui_prompt", "end", "end"]
        return "\n".join((*lines, self._told(_for_fish)))

    def _own_in_bourne(self) -> str:
        lines = [f"export {name}={shlex.quote(value)}" for name, value in self._set.items()]
        lines.append(f'export PATH={shlex.quote(os.path.join(self._prefix, "bin"))}:"$PATH"')
        lines += [f". {shlex.quote(os.path.join(self._prefix, each))}" for each in activation_scripts(self._prefix)]
        lines.append(f'PS1={shlex.quote(self._prompt)}"${{PS1-}}"')
        return "".join(f"    {line}\n" for line in lines)

    def _told(self, quote: Callable[[str], str]) -> str:
        words = f"{sanitize(self._environment.name)} is active in this shell; exit leads back to condatui."
        return f"printf '%s\\n' {quote(words)}\n"


def _for_fish(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _bash(shell: str, environ: Mapping[str, str], directory: Path, activation: _Activation) -> _Start:
    text = f"if [ -r ~/.bashrc ]; then . ~/.bashrc; fi\n{activation.bourne()}"
    return (shell, "--rcfile", str(directory / "bashrc"), "-i"), environ, {"bashrc": text}


def _zsh(shell: str, environ: Mapping[str, str], directory: Path, activation: _Activation) -> _Start:
    """Its files are looked for in a directory: in this one, and what they do first is to read the user's own."""
    own, here = shlex.quote(environ.get("ZDOTDIR") or environ.get("HOME", "/")), shlex.quote(str(directory))
    first = f"""\
ZDOTDIR={own}
if [[ -r $ZDOTDIR/.zshenv ]]; then . "$ZDOTDIR/.zshenv"; fi
__condatui_zdotdir=$ZDOTDIR
ZDOTDIR={here}
"""
    then = f"""\
ZDOTDIR=$__condatui_zdotdir
unset __condatui_zdotdir
if [[ $HISTFILE == {here}/* ]]; then HISTFILE=$ZDOTDIR/.zsh_history; fi
if [[ -r $ZDOTDIR/.zshrc ]]; then . "$ZDOTDIR/.zshrc"; fi
{activation.bourne()}"""
    return (shell, "-i"), {**environ, "ZDOTDIR": str(directory)}, {".zshenv": first, ".zshrc": then}


def _fish(shell: str, environ: Mapping[str, str], directory: Path, activation: _Activation) -> _Start:
    file = directory / "activation.fish"
    return (shell, "-i", "-C", f"source {_for_fish(str(file))}"), environ, {file.name: activation.fish()}


def _sh(shell: str, environ: Mapping[str, str], directory: Path, activation: _Activation) -> _Start:
    file, own = directory / "shrc", environ.get("ENV", "")
    reads = f'ENV={shlex.quote(own)}\nif [ -r "$ENV" ]; then . "$ENV"; fi\n' if own else "unset ENV\n"
    return (shell, "-i"), {**environ, "ENV": str(file)}, {file.name: f"{reads}{activation.bourne()}"}


_START: Mapping[str, Callable[[str, Mapping[str, str], Path, _Activation], _Start]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    **dict.fromkeys(_BOURNE, _sh),
}
"""By the name of a shell, how it is started."""
