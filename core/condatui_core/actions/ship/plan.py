"""Plans the directory that an image is built from: its files, what stands against them, and what the image weighs."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from condatui_core.actions.checksum_file import checksum_path
from condatui_core.actions.guards import no_environment
from condatui_core.actions.pack import plan as pack_plan
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship.content import ShipContent, make_content
from condatui_core.actions.ship.output_directory import begun_in
from condatui_core.actions.ship.slimming import ImageSlimming, slim_for_image
from condatui_core.actions.ship.what_was_shown import digest_of
from condatui_core.actions.written_files import blockers_to_write
from condatui_core.errors import UsageError
from condatui_core.fs.safe_read import open_regular
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker
from condatui_core.records.job import Plan, PlannedShip, Step
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import PackRequest, ShipRequest
from condatui_core.remedy import ExcludeFiles, IgnoreEditable, IgnoreMissing, ReplaceFile
from condatui_core.reports.dockerfile import ARCHIVE, LAYERS, PREFIX, is_own
from condatui_core.text import counted, format_bytes, sanitize, shell_words

_MOST_NAMES = 12
_HEAD = 512
"""Bytes at the beginning of a file by which a ship knows its own."""
_REFERENCE = re.compile(
    r"(?P<name>[a-z0-9]+(?:[._:/-][a-zA-Z0-9]+|__[a-z0-9]+)*?)"
    r"(?::(?P<tag>[A-Za-z0-9_][A-Za-z0-9._-]{0,127}))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)
_OTHER_LIBRARY = re.compile(r"(?:^|[/:-])(?:alpine|musl|scratch)")
_PORTS = range(1, 65536)


@dataclass(frozen=True, slots=True)
class ShipFacts:
    """What a ship depends on, as it is at the moment."""

    content: ShipContent | None
    """None if there is no environment."""
    blockers: tuple[Finding, ...]
    makes_directory: bool = False
    packing: Plan | None = None
    """How the environment is packed, if the image is built from an archive."""
    slimming: ImageSlimming | None = None
    """What the image lacks; None if there is no environment."""
    digest: str = ""
    """Of all that the image gets and lacks; empty if there are no files."""


async def plan(request: ShipRequest, context: JobContext) -> Plan:
    """Make the files without writing them. Raises UsageError for a base, a port or a command that cannot be."""
    check_options(request)
    return plan_of(request, context.environment(request.prefix), await read_facts(request, context))


async def read_facts(request: ShipRequest, context: JobContext) -> ShipFacts:
    """Read the environment and the directory, changing nothing."""
    environment, contents = await asyncio.to_thread(_read, request, context)
    if environment is None:
        return ShipFacts(None, (await asyncio.to_thread(no_environment, request.prefix),))
    slimming = await asyncio.to_thread(slim_for_image, request, contents)
    packing, packed = None, None
    if request.source == "archive":
        order = pack_request(request, slimming.contents)
        survey = await pack_plan.survey_of(order, "tar.gz", context, slimming.left_out)
        free = await asyncio.to_thread(pack_plan.free_bytes, request.directory)
        packing = pack_plan.plan_of(order, "tar.gz", environment, survey, blockers=(), free_bytes=free)
        packed = survey.bytes, survey.files
    content = await asyncio.to_thread(make_content, request, environment, slimming, context, packed=packed)
    blockers = await asyncio.to_thread(directory_blockers, request, content)
    is_there = await asyncio.to_thread(os.path.lexists, request.directory)
    digest = await asyncio.to_thread(digest_of, request, content, slimming) if content.files else ""
    return ShipFacts(content, blockers, not is_there, packing, slimming, digest)


def pack_request(request: ShipRequest, contents: PrefixContents) -> PackRequest:
    """How the environment is packed for an image: with its place there, if it has no python to write that into it."""
    has_python = any(each.name == "python" for each in contents.packages)
    return PackRequest(
        prefix=request.prefix,
        file=os.path.join(request.directory, ARCHIVE),
        format="tar.gz",
        dest_prefix="" if has_python else PREFIX,
        replace=request.replace,
    )


def _read(request: ShipRequest, context: JobContext) -> tuple[Environment | None, PrefixContents]:
    contents = read_prefix(request.prefix)
    environment = context.environment(request.prefix)
    if environment is None or not contents.has_history:
        return None, contents
    return replace(environment, contents=contents), contents


def plan_of(request: ShipRequest, environment: Environment | None, facts: ShipFacts) -> Plan:
    """Build the plan from what was read; pure."""
    name = sanitize(environment.name if environment else request.prefix)
    found = (*facts.blockers, *(facts.content.findings if facts.content else ()))
    if facts.packing:
        packing = (*facts.packing.blockers, *facts.packing.warnings)
        found = (*found, *(_of_packing(each) for each in packing if each.id != "variables"))
    return Plan(
        request=request,
        title=f"Ship {name} to {sanitize(request.directory)}",
        steps=tuple(_steps(request, name, facts)),
        bytes_needed=_bytes(facts),
        packages=facts.packing.packages if facts.packing else len(_packages(environment)),
        facts=tuple(_facts(request, facts)),
        warnings=tuple(each for each in found if each.severity != "error"),
        blockers=tuple(each for each in found if each.severity == "error"),
        slimming=facts.slimming.planned if facts.slimming else None,
        shipping=PlannedShip(digest=facts.digest) if facts.digest else None,
    )


def _of_packing(found: Finding) -> Finding:
    """What stands against an archive, with what helps here: an image is never built from half an environment."""
    return replace(found, remedy=_HELPS.get(type(found.remedy), found.remedy))


_HELPS: Mapping[type, str] = {
    IgnoreEditable: "Install it regularly (`pip install DIRECTORY`), not in place.",
    IgnoreMissing: "Install their packages again.",
    ExcludeFiles: "Ask their owner.",
}


def _packages(environment: Environment | None) -> Sequence[object]:
    contents = environment.contents if environment else None
    return (*contents.packages, *contents.pip_distributions) if contents else ()


def _bytes(facts: ShipFacts) -> int | None:
    texts = sum(len(data) for _, data in facts.content.files) if facts.content else 0
    return texts + (facts.packing.bytes_needed or 0 if facts.packing else 0)


def _steps(request: ShipRequest, name: str, facts: ShipFacts) -> Iterator[Step]:
    if facts.content is None or not facts.content.files:
        return
    if facts.makes_directory:
        yield Step(title=f"Make {sanitize(request.directory)}")
    if facts.packing:
        yield Step(title=f"Pack {name} into it, read the archive back, and write its checksum")
    names = ", ".join(file for file, _ in facts.content.files)
    yield Step(title=f"Write {names}")


def _facts(request: ShipRequest, facts: ShipFacts) -> Iterator[tuple[str, str]]:
    yield "base", sanitize(request.base)
    if facts.content is None:
        return
    how = "a list of archives, each with its checksum" if request.source == "lock" else "the environment as it is"
    yield "built from", how
    yield "runs", shell_words(facts.content.spec.command)
    for each in facts.content.layers:
        size = "not known here" if each.bytes is None else f"{format_bytes(each.bytes)} before compression"
        count = "" if each.files is None else f", {counted(each.files, 'file')}"
        yield f"layer {each.name}", f"{size}{count}"
    if facts.slimming:
        yield from facts.slimming.facts(request)


# What stands against it


def check_options(request: ShipRequest) -> None:
    """Raise UsageError for a base that is not pinned, a port that is none, or a command that cannot be started."""
    found = _REFERENCE.fullmatch(request.base)
    shown = sanitize(request.base)
    if found is None:
        raise UsageError(f"`{shown}` is no image.", hint="Such as docker.io/library/debian:12.11-slim is.")
    if not found["digest"] and found["tag"] in (None, "latest"):
        raise UsageError(
            f"`{shown}` is another image every month.", hint="Give it a tag, or better a digest: NAME@sha256:…"
        )
    if _OTHER_LIBRARY.search(request.base):
        raise UsageError(f"`{shown}` has no GNU C library, which conda's packages need.", hint="Take a slim Debian.")
    if request.port is not None and request.port not in _PORTS:
        raise UsageError(f"{request.port} is no port.", hint="Ports are 1 to 65535.")
    if "kept" in request.slim:
        raise UsageError("`kept` is what stays: it cannot be left out.")
    if any(sanitize(each) != each for each in request.command):
        raise UsageError(
            "The command has characters that a Dockerfile cannot hold.", sanitize(" ".join(request.command))
        )


def directory_blockers(request: ShipRequest, content: ShipContent) -> tuple[Finding, ...]:
    """What stands against writing the files into the directory; blocks."""
    return tuple(dict.fromkeys(_directory_blockers(request, content)))


def _directory_blockers(request: ShipRequest, content: ShipContent) -> Iterator[Finding]:
    directory = request.directory
    if not os.path.lexists(directory):
        yield from blockers_to_write(directory, replace=False)
        return
    if not os.path.isdir(directory):
        yield blocker("no-directory", f"{sanitize(directory)} is no directory.", "Choose another place.")
        return
    names = written_names(request, content)
    there = [each for each in names if os.path.lexists(os.path.join(directory, each))]
    foreign = [each for each in there if not _is_own(directory, each)]
    if foreign:
        message = f"{counted(len(foreign), 'file is', 'files are')} there that no ship has written."
        yield blocker("file-exists", message, "Choose another directory.", map(sanitize, foreign), most=_MOST_NAMES)
    elif there and not request.replace:
        yield blocker("file-exists", f"An earlier ship has written into {sanitize(directory)}.", ReplaceFile())
    elif not there and {*os.listdir(directory)} - {*begun_in(directory)}:
        message = f"{sanitize(directory)} is not empty: whoever builds the image would send what is there."
        yield blocker("file-exists", message, "Choose another directory.")
    for each in names:
        yield from blockers_to_write(os.path.join(directory, each), replace=True)


def written_names(request: ShipRequest, content: ShipContent) -> tuple[str, ...]:
    """The names of all files that a ship writes."""
    names = tuple(name for name, _ in content.files)
    return (ARCHIVE, checksum_path(ARCHIVE), *names) if request.source == "archive" else names


def _is_own(directory: str, name: str) -> bool:
    """Whether a ship has written a file; of an archive that is said by the file that states what is in the layers."""
    known_by = LAYERS if name.startswith(ARCHIVE) else name
    try:
        with open_regular(os.path.join(directory, known_by)) as stream:
            return is_own(stream.read(_HEAD))
    except OSError:
        return False
