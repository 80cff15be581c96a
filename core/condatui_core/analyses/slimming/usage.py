"""What a run of a command says of the packages of an environment: used, needed by what was used, or never touched."""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from packaging.utils import canonicalize_name

from condatui_core.analyses.needs import Needs, Node
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.usage import PACKAGE_USES, Blind, PackageUsage, PackageUse, Trace, Usage
from condatui_core.text import counted, mask_credentials, some_of


@dataclass(slots=True)
class Touched:
    """The files that a run used, by what they belong to; paths are relative to the prefix unless they lie outside."""

    files: dict[Node, set[str]] = field(default_factory=dict)
    """The files of each package, without its metadata."""
    metadata: set[Node] = field(default_factory=set)
    """Packages of which metadata was read, such as by a program that asks for a version."""
    loose: set[str] = field(default_factory=set)
    """Files in the environment that belong to no package."""
    written: set[str] = field(default_factory=set)
    """Files in the environment that were opened for writing."""
    outside: set[str] = field(default_factory=set)
    """Code outside the environment, absolute."""


def usage_of(contents: PrefixContents, touched: Touched, trace: Trace, blind: Iterable[Blind] = ()) -> Usage:
    """Mark each package of an environment by what a run has touched; `blind` is added to what the trace did not see."""
    marks = _marks(Needs(contents), touched)
    packages = [_package(node, size, marks, touched) for node, size in _sizes(contents).items()]
    packages.sort(key=lambda each: (PACKAGE_USES.index(each.use), -each.bytes, each.name))
    return Usage(
        command=tuple(map(mask_credentials, trace.command)),
        end=trace.end,
        exit_code=trace.exit_code,
        seconds=trace.seconds,
        packages=tuple(packages),
        loose=tuple(sorted(touched.loose)),
        blind=(*_not_seen(trace), *_of_files(touched), *blind),
    )


def _sizes(contents: PrefixContents) -> dict[Node, int]:
    conda = {Node("conda", each.name): each.installed_bytes for each in contents.packages}
    pip = {Node("pypi", canonicalize_name(each.name)): each.installed_bytes for each in contents.pip_distributions}
    return {**conda, **pip}


def _package(node: Node, size: int, marks: Mapping[Node, Node | PackageUse], touched: Touched) -> PackageUsage:
    mark = marks.get(node, "never")
    files = touched.files.get(node, set())
    return PackageUsage(
        name=node.name,
        source=node.source,
        use="needed" if isinstance(mark, Node) else mark,
        bytes=size,
        files=len(files),
        example=min(files, key=lambda path: (len(path), path), default=""),
        needed_by=mark.name if isinstance(mark, Node) else "",
    )


# The marks


_PYTHON, _PIP = Node("conda", "python"), Node("conda", "pip")


def _marks(needs: Needs, touched: Touched) -> dict[Node, Node | PackageUse]:
    """The mark of each package; of one that is needed, the package that needs it."""
    marks: dict[Node, Node | PackageUse] = dict.fromkeys(sorted(touched.files), "used")
    waiting = deque(marks)
    while waiting:
        node = waiting.popleft()
        for need in sorted(needs.of(node)):
            # conda brings pip along with python, which runs without it.
            if need not in marks and (node, need) != (_PYTHON, _PIP):
                marks[need] = node
                waiting.append(need)
    for node in touched.metadata:
        marks.setdefault(node, "metadata")
    return marks


# What was not seen


_IS_PYTHON = re.compile(r"(python|pypy)[\d.]*t?")
_MOST = 20


def _not_seen(trace: Trace) -> Iterator[Blind]:
    last = {each.pid: each.program for each in trace.processes}
    others = sorted({os.path.basename(program) for program in last.values() if not _is_python(program)})
    if others:
        message = (
            f"{some_of(others)}: not Python. Their programs and libraries were seen, not the files that they read."
        )
        yield Blind(id="not-python", message=message, evidence=tuple(others))
    untold = {pid: program for pid, program in last.items() if _is_python(program) and pid not in trace.told}
    if untold:
        count = counted(len(untold), "Python process", "Python processes")
        message = f"{count} told nothing, as with `-I`, `-E` or `-S`: libraries were seen, not what was imported."
        yield Blind(id="untraced-python", message=message, evidence=tuple(sorted(set(untold.values()))))
    elif not trace.told and not last:
        message = "The command was over before anything of it could be seen: only a Python says what it opens."
        yield Blind(id="untraced-python", message=message)
    yield from _not_told(trace)


def _not_told(trace: Trace) -> Iterator[Blind]:
    if trace.without_hooks:
        message = "A Python older than 3.8 does not say what it opens: it named the modules that it had at its end."
        yield Blind(id="no-audit-hook", message=message, evidence=trace.without_hooks)
    if early := trace.told - trace.ended:
        count = counted(len(early), "Python process", "Python processes")
        message = f"{count} ended at once, by os._exit or a signal: the libraries loaded last may be missing."
        yield Blind(id="ended-early", message=message)
    if trace.overflowed:
        yield Blind(id="too-many-files", message="A process opened so many files that not all of them were noted.")
    if not trace.sees_maps:
        yield Blind(id="no-maps", message="This system does not tell which libraries a process has loaded.")
    if trace.end != "exited":
        why = "at its time limit" if trace.end == "timed-out" else "when you stopped it"
        message = f"It was ended {why}: what it would have opened later, such as for a request, was not seen."
        yield Blind(id="cut-off", message=message)


def _is_python(program: str) -> bool:
    return _IS_PYTHON.fullmatch(os.path.basename(program)) is not None


def _of_files(touched: Touched) -> Iterator[Blind]:
    if touched.written:
        count = counted(len(touched.written), "file")
        message = f"The command itself opened {count} of the environment for writing."
        yield Blind(id="writes", message=message, evidence=_first(sorted(touched.written)))
    if places := places_of(touched.outside):
        message = "Code outside the environment was used as well: a service needs it too."
        yield Blind(id="outside", message=message, evidence=_first(places))


def _first(lines: Sequence[str]) -> tuple[str, ...]:
    return tuple(lines[:_MOST])


def places_of(files: Collection[str]) -> tuple[str, ...]:
    """The directories that hold these files of code, none inside another one, sorted."""
    found = {os.path.dirname(path).removesuffix("/__pycache__") for path in files}
    tops: list[str] = []
    for place in sorted(found, key=lambda each: f"{each}/"):
        if not tops or not f"{place}/".startswith(f"{tops[-1].rstrip('/')}/"):
            tops.append(place)
    return tuple(sorted(tops))
