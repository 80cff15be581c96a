"""Read lists of one spec a line: `conda list --export`, what `conda create --file` takes, pip's requirements.txt."""

from __future__ import annotations

import re
from typing import Literal

from msgspec.structs import replace

from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.match_specs import parse_match_spec, spec_fault
from condatui_core.analyses.requirements import parse_requirement
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.environment_files.explicit_list import ListedLines, listed_lines, parse_archive_url
from condatui_core.environment_files.pip_column import Requests, pip_entry, pip_requests, sorted_requests
from condatui_core.environment_files.pip_files import ReadPipLines, names_a_file
from condatui_core.environment_files.selectors import Target
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Cell, Entry
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import mask_credentials, sanitize

Installer = Literal["conda", "pip"]

_BY_CONDA = re.compile(r"^# (?:platform: |\$ conda create --name <env>|This file may be used to create an env)", re.M)
"""The comments at the top of what conda and condatui write."""
_CONDA_ALONE = re.compile(r"::|(?<![=<>!~])=(?!=)")
"""A channel, or `=` alone: pip knows neither."""
_RELATION = re.compile(r"[=<>~]")
_PIP_OPTION = re.compile(r"-[a-zA-Z]\b|--[a-z]|\S+ @ |\.{0,2}/")
_BY_PIP = re.compile(r"(?P<name>[^=\s:]+)=(?P<version>[^=\s]+)=pypi_\d+")
"""How conda lists what pip has installed."""


def installer_of(text: str, file_name: str) -> Installer | None:
    """The program that reads a list of specs; None if the text is no such list."""
    lines = _joined(listed_lines(text).lines)
    marked = _BY_CONDA.search(text) is not None
    if not lines or not (marked or _may_be_listed(lines[0])):
        return "conda" if marked else None
    conda = [parse_match_spec(line) is not None or parse_archive_url(line) is not None for line in lines]
    if marked and any(conda):
        return "conda"
    pip = [parse_requirement(line) is not None for line in lines]
    named = "requirements" in file_name.lower() and file_name.lower().endswith((".txt", ".in"))
    if all(conda) and any(map(_CONDA_ALONE.search, lines)):
        return "conda"
    if all(met or _PIP_OPTION.match(line) for met, line in zip(pip, lines, strict=True)) and (named or not all(conda)):
        return "pip" if any(pip) or (named and any(map(names_a_file, lines))) else None
    return "conda" if all(conda) and _looks_deliberate(lines, file_name) else None


def _may_be_listed(line: str) -> bool:
    """Whether a line can be one of a list; the first one decides, since a lock file has a hundred thousand."""
    return bool(parse_match_spec(line) or parse_archive_url(line) or parse_requirement(line) or _PIP_OPTION.match(line))


def _looks_deliberate(lines: tuple[str, ...], file_name: str) -> bool:
    """Whether specs without a mark are meant as such: prose consists of names of packages, too."""
    stated = all(_RELATION.search(line) or len(line.split()) == 1 for line in lines)
    return stated and (file_name.endswith(".txt") or any(map(_RELATION.search, lines)))


def spec_list_requests(
    text: str, installer: Installer, config: ChannelConfig, target: Target, follow: ReadPipLines
) -> Requests:
    """The requests of the list; `follow` reads the files that lines for pip name."""
    listed = listed_lines(text)
    if installer == "pip":
        found = pip_requests(_joined(listed.lines), target, follow)
    else:
        found = sorted_requests(_entry(line, config) or mask_credentials(line) for line in listed.lines)
    commented = sorted_requests(commented_entries(listed, target))
    return Requests((*found.entries, *commented.entries), (*found.left_out, *commented.left_out), found.bounds)


def spec_entry(spec: str, config: ChannelConfig, target: Target) -> Entry | str:
    """What a spec that a user typed asks of conda or, if it has only pip's grammar, of pip.

    A text says what is left out, if a marker says that it is not for the target. Raises UsageError for no spec.
    """
    entry = conda_entry(spec, config)
    if entry is not None:
        return entry
    shown = sanitize(mask_credentials(spec.strip()))
    if not shown:
        raise UsageError("A spec is empty.", hint="Perhaps a variable in the command line is not set.")
    if spec.strip().startswith("__"):
        raise UsageError(f"`{shown}` is a virtual package: conda detects it, and no environment has it.")
    if parse_requirement(spec) is None:
        hint = "A spec is one of conda's, as `numpy>=1.26` and `pytorch=2.5.*=*cuda*`, or a requirement of pip's."
        raise UsageError(f"`{shown}` {sanitize(spec_fault(spec))}.", hint=hint)
    return pip_entry(spec, target)


def commented_entries(listed: ListedLines, target: Target) -> list[Entry | str]:
    """What comments say that pip has installed, which conda does not read, and which no user requests by them."""
    found = [pip_entry(line, target) for line in listed.pip]
    return [
        replace(each, cell=replace(each.cell, requested=False)) if isinstance(each, Entry) else each for each in found
    ]


def _joined(lines: tuple[str, ...]) -> tuple[str, ...]:
    """Join the lines that end in a backslash, as pip does."""
    return tuple(filter(None, (each.strip() for each in "\n".join(lines).replace("\\\n", " ").split("\n"))))


def _entry(line: str, config: ChannelConfig) -> Entry | None:
    by_pip = _BY_PIP.fullmatch(line)
    if by_pip is None:
        return conda_entry(line, config)
    return Entry(cell=Cell(name=by_pip["name"], source="pypi", version=by_pip["version"], channel=PYPI))
