"""Dockerfiles read without docker: their instructions by stage, and the rules that a good one keeps."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Instruction:
    """One instruction, its lines joined."""

    name: str
    arguments: str


def instructions(text: str) -> list[Instruction]:
    """All instructions, without comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(" ", 1)) for line in joined.splitlines() if line.strip()]


def stages(text: str) -> list[list[Instruction]]:
    """The instructions of each stage, its FROM first."""
    found: list[list[Instruction]] = []
    for each in instructions(text):
        if each.name == "FROM":
            found.append([])
        found[-1].append(each)
    return found


def environ(text: str) -> dict[str, str]:
    """The variables of the last stage."""
    (env,) = (each.arguments for each in stages(text)[-1] if each.name == "ENV")
    pairs = re.findall(r'(\w+)="((?:[^"\\]|\\.)*)"', env)
    return {name: re.sub(r"\\(.)", r"\1", value) for name, value in pairs}


def command(text: str) -> list[str]:
    """What a container runs."""
    (cmd,) = (each.arguments for each in stages(text)[-1] if each.name == "CMD")
    words: list[str] = json.loads(cmd)
    return words


def faults(text: str) -> list[str]:
    """The rules that a Dockerfile breaks, by hadolint's names of them."""
    return [code for code, breaks in RULES.items() if any(breaks(each) for each in (stages(text),))]


_FROM = re.compile(r"--from=(\S+)")
Stages = Sequence[Sequence[Instruction]]


def _all(found: Stages, name: str) -> Iterator[str]:
    return (each.arguments for stage in found for each in stage if each.name == name)


def _untagged(found: Stages) -> bool:
    return not all(re.match(r"\S+(?::[\w.-]+|@sha256:[0-9a-f]{64})(?: AS \w+)?$", each) for each in _all(found, "FROM"))


def _ends_as_root(stage: Sequence[Instruction], *, last: bool) -> bool:
    users = [each.arguments.split(":")[0] for each in stage if each.name == "USER"]
    return users[-1] in ("root", "0") if users else last


def _consecutive_runs(stage: Sequence[Instruction]) -> bool:
    names = [each.name for each in stage]
    return ("RUN", "RUN") in pairwise(names)


def _copies_several_to_a_file(arguments: str) -> bool:
    paths = [each for each in arguments.split() if not each.startswith("--")]
    return len(paths) > 2 and not paths[-1].endswith("/")


def _is_exec_form(arguments: str) -> bool:
    try:
        words = json.loads(arguments)
    except ValueError:
        return False
    return isinstance(words, list) and all(isinstance(each, str) for each in words)


RULES: dict[str, Callable[[Stages], bool]] = {
    "DL3000": lambda found: any(not each.startswith("/") for each in _all(found, "WORKDIR")),
    "DL3002": lambda found: any(_ends_as_root(each, last=each is found[-1]) for each in found),
    "DL3003": lambda found: any("cd" in shlex.split(each) for each in _all(found, "RUN")),
    "DL3004": lambda found: any("sudo" in shlex.split(each) for each in _all(found, "RUN")),
    "DL3006": _untagged,
    "DL3007": lambda found: any(":latest" in each for each in _all(found, "FROM")),
    "DL3020": lambda found: any(True for _ in _all(found, "ADD")),
    "DL3021": lambda found: any(map(_copies_several_to_a_file, _all(found, "COPY"))),
    "DL3022": lambda found: any(
        match[1] not in " ".join(_all(found, "FROM")).split()
        for match in map(_FROM.search, _all(found, "COPY"))
        if match
    ),
    "DL3025": lambda found: any(
        not _is_exec_form(each) for name in ("CMD", "ENTRYPOINT") for each in _all(found, name)
    ),
    "DL3042": lambda found: any("pip install" in each and "--no-cache-dir" not in each for each in _all(found, "RUN")),
    "DL3059": lambda found: any(map(_consecutive_runs, found)),
    "DL4000": lambda found: any(True for _ in _all(found, "MAINTAINER")),
    "DL4003": lambda found: any(sum(each.name == "CMD" for each in stage) > 1 for stage in found),
    "DL4004": lambda found: any(sum(each.name == "ENTRYPOINT" for each in stage) > 1 for stage in found),
}
