"""Finds what an image lacks of its environment: packages that it does not get, and files that go."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.actions.ship.deletions import NONE, Deletions, deletions_of
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.classes import CLASSES
from condatui_core.analyses.slimming.going import (
    Going,
    going_of,
    needed_by_what_stays,
    size_lines,
    sizes_of,
)
from condatui_core.disk.slimming import slim_files
from condatui_core.environment_files.export_model import wheels
from condatui_core.errors import CondatuiError
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.job import PlannedSlimming
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ShipRequest
from condatui_core.records.slimming import SlimClass, SlimmedFiles
from condatui_core.text import counted, sanitize

_MOST = 20
OF_INSTALLATION = ("envs", "pkgs")
"""What lies in a root prefix and is none of its own files."""
_PIP = Node("conda", "pip")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageSlimming:
    """What an image lacks. By default nothing, and it gets all that the environment has."""

    contents: PrefixContents
    """Of the environment, with the packages that the image is made with and no others."""
    classes: tuple[SlimClass, ...] = ()
    planned: PlannedSlimming | None = None
    left_out: frozenset[str] = frozenset()
    """All paths that it lacks, relative to the prefix."""
    deletions: Deletions = NONE
    """Those that the first stage deletes once it has installed a list."""
    for_pip: tuple[str, ...] = ()
    """The packages that the first stage needs to install those of pip, and deletes afterwards."""
    findings: tuple[Finding, ...] = ()

    def facts(self, request: ShipRequest) -> Iterator[tuple[str, str]]:
        """What the plan says of it: what is left out in which way, and what each class weighs then."""
        if self.planned is None:
            return
        if whole := [
            each for each in (*self.planned.packages, *self.planned.distributions) if each not in self.for_pip
        ]:
            where = "not in the list" if request.source == "lock" else "not in the archive"
            yield "left out whole", f"{sanitize(', '.join(whole))}: {where}"
        if self.for_pip:
            yield "deleted whole", f"{', '.join(self.for_pip)}: the first stage installs the packages of pip with it"
        if request.source == "lock" and self.deletions.files:
            yield "deleted", f"{counted(self.deletions.files, 'file')} of conda's packages, in the first stage"
        yield from size_lines(self.planned.sizes)


def slim_for_image(request: ShipRequest, contents: PrefixContents) -> ImageSlimming:
    """Find what an image of an environment with these contents lacks by the classes that were chosen; blocks."""
    if not request.slim:
        return ImageSlimming(contents=contents)
    try:
        slimmed = slim_files(request.prefix, OF_INSTALLATION)
    except CondatuiError as error:
        why = blocker("cannot-slim", "What its image could lack cannot be told.", "", [sanitize(error.title)])
        return ImageSlimming(contents=contents, findings=(why,))
    going = going_of(request.slim, contents, slimmed)
    for_pip = _needed_for_pip(going, contents) if request.source == "lock" else frozenset[Node]()
    listed = _without(contents, going.nodes - for_pip)
    deletions = NONE
    if request.source == "lock":
        deletions = deletions_of(request, contents, slimmed, going, for_pip)
    return ImageSlimming(
        contents=listed,
        classes=tuple(each.name for each in CLASSES if each.name in request.slim),
        planned=PlannedSlimming(
            packages=going.packages, distributions=going.distributions, sizes=sizes_of(slimmed, going.paths)
        ),
        left_out=going.paths,
        deletions=deletions,
        for_pip=tuple(sorted(each.name for each in for_pip)),
        findings=tuple(_findings(request, contents, slimmed, going, deletions.unnamed)),
    )


# What it gets instead of all packages


def _needed_for_pip(going: Going, contents: PrefixContents) -> frozenset[Node]:
    """What goes, and has to be there until pip has installed what it has installed here."""
    by_pip = [each for each in contents.pip_distributions if _node(each.name) not in going.nodes]
    if _PIP not in going.nodes or not (by_pip or wheels(_without(contents, going.nodes))):
        return frozenset()
    return frozenset(Needs(contents).reached_from((_PIP,)) & going.nodes)


def _without(contents: PrefixContents, nodes: Collection[Node]) -> PrefixContents:
    """The contents without these packages."""
    pip = {id(each) for each in contents.pip_distributions if _node(each.name) in nodes}
    conda = {each.name for each in nodes if each.source == "conda"}
    return replace(
        contents,
        packages=tuple(each for each in contents.packages if each.name not in conda),
        distributions=tuple(each for each in contents.distributions if id(each) not in pip),
        replaced=tuple(each for each in contents.replaced if each.package not in conda),
    )


def _node(name: str) -> Node:
    return Node("pypi", canonicalize_name(name))


# What is to be known of it


def _findings(
    request: ShipRequest,
    contents: PrefixContents,
    slimmed: SlimmedFiles,
    going: Going,
    unnamed: Collection[str],
) -> Iterator[Finding]:
    if len(going.packages) == len(contents.packages) and contents.packages:
        yield blocker("nothing-left", "All packages would be left out.", "Choose fewer classes.")
    program = f"bin/{request.command[0]}" if request.command else ""
    if os.sep not in program[4:] and program in going.paths:
        what = sanitize(request.command[0])
        yield blocker("is-needed", f"{what} is to run, and would be left out.", "Choose fewer classes.")
    chosen = [each for each in CLASSES if each.name in request.slim]
    if risky := [f"{each.label}: {each.why}" for each in chosen if each.risk == "medium"]:
        count = counted(len(risky), "class that a service may miss is", "classes that a service may miss are")
        yield finding("risky-class", "warning", f"{count} left out.", _PROOF, risky)
    if needed := needed_by_what_stays(going, contents):
        lines = [f"{one.name} needs {other.name}, by its record" for one, other in needed]
        yield finding("is-needed", "warning", "Something that stays needs what goes.", _PROOF, lines, most=_MOST)
    if unnamed:
        message = f"{counted(len(unnamed), 'file stays', 'files stay')}, whose names a list cannot hold."
        yield finding("odd-name", "note", message, "", map(sanitize, unnamed), most=_MOST)
    if limits := slimmed.slimming.limits:
        yield finding("slim-limits", "note", "Not everything could be told.", "", map(sanitize, limits), most=_MOST)


_PROOF = "Make a slimmed copy first: that is proven by imports."
