"""Find what names an environment: Jupyter kernels, and lines of the user's shell files and condarc."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from condatui_core.fs.safe_read import read_bounded
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.kernel import Reference, ReferenceKind
from condatui_core.text import mask_credentials, sanitize

_SHELL_FILES = (
    ".profile",
    ".bashrc",
    ".bash_profile",
    ".bash_login",
    ".bash_aliases",
    ".zshrc",
    ".zprofile",
    ".zshenv",
    ".zlogin",
    ".kshrc",
    ".cshrc",
    ".tcshrc",
    ".xonshrc",
    ".config/fish/config.fish",
)
"""Relative to the home directory."""
_CONDARCS = (".condarc", ".conda/.condarc", ".conda/condarc", ".config/conda/.condarc", ".config/conda/condarc")
_LARGEST = 1 << 20
"""Bytes of a file."""
_LONGEST = 200
"""The most characters that are told of a line."""


def references_to(
    prefix: str, inventory: Inventory, *, environ: Mapping[str, str], home: Path
) -> tuple[Reference, ...]:
    """What of this user names an environment, the kernels first; changes nothing, and blocks.

    Lines are recognized by the path or by `conda activate NAME` and the like, not by what a shell would make of them.
    """
    environment = next((each for each in inventory.environments if each.prefix == prefix), None)
    names = _names(environment) if environment else ()
    paths = (prefix, *(environment.aliases if environment else ()))
    return (*_kernels(prefix, inventory), *_lines(_patterns(names, paths, home), environ, home))


def _kernels(prefix: str, inventory: Inventory) -> Iterator[Reference]:
    for each in inventory.kernels:
        if each.prefix == prefix and each.inside != prefix:
            yield Reference(kind="kernel", file=each.path, text=sanitize(each.display_name or each.name))


def _names(environment: Environment) -> tuple[str, ...]:
    """The names by which a shell may activate it; none for one that is known only by its prefix."""
    aliases = (os.path.basename(each) for each in environment.aliases)
    return tuple(dict.fromkeys(each for each in (environment.name, *aliases) if os.sep not in each))


def _patterns(names: Sequence[str], paths: Sequence[str], home: Path) -> Mapping[ReferenceKind, re.Pattern[str]]:
    """The patterns of a line that names the environment, for shells and for condarc."""
    spelled = [spelling for path in paths for spelling in _spellings(path, home)]
    path = rf"(?<![\w./~-])(?:{'|'.join(map(re.escape, spelled))})(?![\w.-])"
    name = rf"[\"']?(?:{'|'.join(map(re.escape, names))})[\"']?(?=$|[\s;&|)#])" if names else r"(?!)"
    run = r"\b(?:conda|mamba|micromamba)\s+run\b"
    shell = (
        rf"(?:\b(?:conda|mamba|micromamba|source)|\s\.)\s+activate\s+{name}",
        rf"\bCONDA_DEFAULT_ENV(?:=|\s+){name}",
        rf"{run}(?:(?!{run}).)*?\s(?:-n|--name)[\s=]+{name}",
    )
    return {
        "shell": re.compile("|".join((path, *shell))),
        "condarc": re.compile(rf"^\s*default_activation_env\s*:\s*(?:{name}|[\"']?{path})"),
    }


def _spellings(path: str, home: Path) -> Iterator[str]:
    yield path
    below = os.path.join(str(home), "")
    if path.startswith(below):
        rest = path[len(below) :]
        yield from (f"{start}/{rest}" for start in ("~", "$HOME", "${HOME}"))


def _lines(
    patterns: Mapping[ReferenceKind, re.Pattern[str]], environ: Mapping[str, str], home: Path
) -> Iterator[Reference]:
    seen: set[str] = set()
    for kind, file in _files(environ, home):
        if not os.path.isabs(file):  # a variable that is empty; or relative, to a directory that may not exist any more
            continue
        if (real := os.path.realpath(file)) not in seen:
            seen.add(real)
            yield from _lines_of(kind, file, patterns[kind])


def _files(environ: Mapping[str, str], home: Path) -> Iterator[tuple[ReferenceKind, str]]:
    for file in _shell_files(environ, home):
        yield "shell", file
    for file in (*(str(home / each) for each in _CONDARCS), environ.get("CONDARC", "")):
        yield "condarc", file


def _shell_files(environ: Mapping[str, str], home: Path) -> Iterator[str]:
    yield from (str(home / each) for each in _SHELL_FILES)
    if zdotdir := environ.get("ZDOTDIR"):
        yield from (os.path.join(zdotdir, each) for each in _SHELL_FILES if each.startswith(".z"))
    if settings := environ.get("XDG_CONFIG_HOME"):
        yield os.path.join(settings, "fish", "config.fish")


def _lines_of(kind: ReferenceKind, file: str, pattern: re.Pattern[str]) -> Iterator[Reference]:
    try:
        text = os.fsdecode(read_bounded(file, _LARGEST))
    except (OSError, ValueError):  # not there, or not to be read; ValueError: a NUL
        return
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.lstrip().startswith("#") and pattern.search(line):
            told = mask_credentials(sanitize(line.strip()))[:_LONGEST]
            yield Reference(kind=kind, file=file, line=number, text=told)
