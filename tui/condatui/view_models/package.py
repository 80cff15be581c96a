"""One package of one environment: why it is there, where it came from, what has changed it, and its files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import NamedTuple

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.blocks import TextBlock
from condatui.view_models.format import short_bytes
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.revisions import move_text
from condatui.view_models.table import TableColumn
from condatui_core.analyses.channels import PYPI, channel_label
from condatui_core.analyses.package_facts import DirectNeed, PackageFacts
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageFile, PackageFiles, PackageRecord
from condatui_core.records.prefix import Revision
from condatui_core.records.revision import RevisionMove
from condatui_core.text import counted, format_bytes, sanitize

_LABEL = 11
"""The width of a label, in cells."""


class PackageSubject(Struct, frozen=True):
    """A package, and what was found out about it."""

    package: PackageRecord | Distribution
    environment: str
    """What the environment is called."""
    channels: ChannelConfig
    facts: PackageFacts
    files: PackageFiles
    zone: tzinfo | None = None
    """The one in which times are shown; None is that of this machine."""


# What there is to say of it, block by block


class PackageBlock(TextBlock, frozen=True):
    """A block that may lead to another package of the environment."""

    leads_to: str = ""
    """The name of that package; empty if it leads to none."""


def package_blocks(subject: PackageSubject, glyphs: Glyphs = UNICODE) -> tuple[TextBlock, ...]:
    """Why it is there, what it needs and who needs it, where it came from, and which revisions have changed it."""
    above = (_Said(Text(sanitize(name)), name, name) for name in subject.facts.needed_by)
    return (
        _headline(subject),
        *_reasons(subject.facts, glyphs),
        *_listed("needs", (_need(each, glyphs) for each in subject.facts.needs), "nothing"),
        *_listed("needed by", above, "nothing here"),
        *_origin(subject),
        *_history(subject, glyphs),
    )


def _headline(subject: PackageSubject) -> TextBlock:
    package = subject.package
    build = package.build if isinstance(package, PackageRecord) else ""
    named = sanitize(" ".join(filter(None, (package.name, package.version, build))))
    channel = sanitize(_channel_of(subject))
    text = Text.assemble((named, styles.STRONG), f" in {sanitize(subject.environment)}, from {channel}")
    return TextBlock(text, spec_of(package))


def _channel_of(subject: PackageSubject) -> str:
    package = subject.package
    return PYPI if isinstance(package, Distribution) else channel_label(package.base_url, subject.channels)


def spec_of(package: PackageRecord | Distribution) -> str:
    """The spec with which conda, or else pip, installs exactly this package."""
    if isinstance(package, Distribution):
        return f"{package.name}=={package.version}"
    return "=".join(filter(None, (package.name, package.version, package.build)))


def _reasons(facts: PackageFacts, glyphs: Glyphs) -> Iterator[TextBlock]:
    if facts.requested:
        specs = ", ".join(f"`{sanitize(each)}`" for each in facts.requested)
        yield _line("asked", Text(f"{glyphs.requested} you asked for {specs}"), apart=True)
    elif facts.chain:
        way = f" {glyphs.remedy} ".join(map(sanitize, facts.chain))
        yield _line("comes with", Text(way), apart=True)
    elif facts.needed_by:
        yield _line("asked", Text("not by you; what needs it is needed by nothing else"), apart=True)
    else:
        yield _line("asked", Text("not by you, as far as records tell, and nothing needs it"), apart=True)


class _Said(NamedTuple):
    """One line, what is copied of it, and the package that it leads to."""

    text: Text
    copied: str = ""
    leads_to: str = ""


def _need(need: DirectNeed, glyphs: Glyphs) -> _Said:
    spec = sanitize(need.spec)
    if need.of_machine:
        return _Said(Text.assemble(spec, ("  of this machine", styles.DIM)), need.spec)
    if need.found:
        name = need.found.partition(" ")[0]
        return _Said(Text.assemble(spec, (f"  {glyphs.good} {sanitize(need.found)}", styles.DIM)), need.spec, name)
    return _Said(Text.assemble(spec, (f"  {glyphs.error} not here", styles.ERROR)), need.spec)


def _listed(label: str, lines: Iterable[_Said], without: str) -> Iterator[PackageBlock]:
    """A block for each line, the first one with the label; what is said `without` any."""
    given = [*lines] or [_Said(Text(without, styles.DIM))]
    for index, (text, copied, leads_to) in enumerate(given):
        yield _line("" if index else label, text, copied, apart=not index, leads_to=leads_to)


def _line(label: str, text: Text, copied: str = "", *, apart: bool = False, leads_to: str = "") -> PackageBlock:
    labelled = Text.assemble((f"{label:<{_LABEL}}", styles.DIM), text)
    return PackageBlock(labelled, copied or text.plain, apart, leads_to)


def _origin(subject: PackageSubject) -> Iterator[TextBlock]:
    """Where it came from, each line with what is copied of it."""
    package = subject.package
    channel = _channel_of(subject)
    told = _pip_origin(package) if isinstance(package, Distribution) else _conda_origin(package)
    yield _line("from", Text(sanitize(channel)), channel, apart=True)
    yield from (_line(label, Text(sanitize(value)), value) for label, value in told if value)


def _conda_origin(record: PackageRecord) -> Iterator[tuple[str, str]]:
    yield "url", record.url or record.base_url or ""
    yield "md5", record.md5
    yield "sha256", record.sha256
    yield "platform", record.subdir
    yield "license", record.license
    yield "installed", f"{format_bytes(record.installed_bytes)} by its record" if record.installed_bytes else ""
    yield "provides", ", ".join(f"{each.name} {each.version}" for each in record.provides)


def _pip_origin(distribution: Distribution) -> Iterator[tuple[str, str]]:
    yield "installer", distribution.installer
    yield "origin", "" if distribution.origin == "index" else distribution.origin
    yield "url", distribution.url or ""
    yield "directory", distribution.location
    yield "revision", distribution.revision
    yield "sha256", distribution.sha256
    yield "metadata", distribution.path


def _history(subject: PackageSubject, glyphs: Glyphs) -> Iterator[TextBlock]:
    if isinstance(subject.package, Distribution):
        yield _line("history", Text("conda's history does not tell what pip does", styles.DIM), apart=True)
        return
    lines = (_revision(revision, move, subject.zone, glyphs) for revision, move in reversed(subject.facts.moves))
    yield from _listed("history", lines, "no revision names it")


def _revision(revision: Revision, move: RevisionMove, zone: tzinfo | None, glyphs: Glyphs) -> _Said:
    at = f"{revision.at.astimezone(zone):%Y-%m-%d %H:%M}" if revision.at else glyphs.nothing
    command = f"  $ {sanitize(revision.command)}" if revision.command else ""
    text = Text.assemble((f"rev {revision.number}  {at}  ", styles.DIM), move_text(move, glyphs), (command, styles.DIM))
    return _Said(text, revision.command)


# Its files


_COLUMNS = (
    TableColumn("path", "file", 120, flexible=True),
    TableColumn("size", "disk", 7, align="right"),
)


class FilesModel:
    """The files of a package as rows; with a text only those whose path contains it, or with `!` does not."""

    columns = _COLUMNS

    def __init__(self, files: Sequence[PackageFile], *, text: str = "", glyphs: Glyphs = UNICODE) -> None:
        wanted = text.strip().casefold()
        inverse, word = wanted.startswith("!"), wanted.removeprefix("!")
        self._files = [each for each in files if not word or (word in each.path.casefold()) != inverse]
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._files)

    def key(self, index: int) -> str:
        """The path, relative to the prefix."""
        return self._files[index].path

    def cells(self, index: int) -> tuple[Text, ...]:
        """The path, and what it takes; a file that is not there has a sign."""
        file = self._files[index]
        if file.bytes is None:
            return Text(sanitize(file.path), styles.DIM), Text(f"{self._glyphs.error} gone", styles.ERROR)
        return Text(sanitize(file.path)), Text(short_bytes(file.bytes))


def files_line(files: PackageFiles, glyphs: Glyphs) -> Text:
    """How many files there are, and what they take: `412 files · 12 MB on the disk`."""
    if files.why_not:
        return Text("files", styles.STRONG)
    parts = [counted(len(files.files), "file"), f"{format_bytes(files.bytes)} on the disk"]
    text = Text(f" {glyphs.separator} ".join(parts), styles.STRONG)
    if files.missing:
        text.append(f" {glyphs.separator} {glyphs.error} {files.missing:,} not there", styles.ERROR)
    return text
