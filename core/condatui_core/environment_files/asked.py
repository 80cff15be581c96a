"""What a file asks of conda and of pip, in the very words that each of them is asked with."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace
from packaging.utils import canonicalize_name

from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.specs import exact_spec
from condatui_core.environment_files.conda_lock import LockFile, lock_contents
from condatui_core.environment_files.environment_yml import EnvironmentFile, file_lines
from condatui_core.environment_files.explicit_list import archive_url, listed_lines, parse_archive_url
from condatui_core.environment_files.package_list import PackageList, package_list_contents
from condatui_core.environment_files.pip_column import pip_entry
from condatui_core.environment_files.pip_files import PipAsked
from condatui_core.environment_files.pip_requirements import pip_lines
from condatui_core.environment_files.pixi_lock import PixiLock, pixi_contents
from condatui_core.environment_files.reading import follow_from, listing_of, parse_document, text_of_file
from condatui_core.environment_files.selectors import Target, apply_selectors
from condatui_core.environment_files.spec_list import installer_of
from condatui_core.errors import UsageError
from condatui_core.records.comparison import Column, Entry, Listing
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import mask_credentials

_T = TypeVar("_T")
_BY_PIP = re.compile(r"(?P<name>[^=\s:]+)=(?P<version>[^=\s]+)=pypi_\d+")
"""How conda lists what pip has installed."""
_NO_DEFAULTS = "nodefaults"
"""What a file writes among its channels to have no others; that is so in any case."""


class Asked(Struct, frozen=True, kw_only=True):
    """Everything that a file asks for."""

    listing: Listing
    """The same as a column, for comparisons."""
    name: str = ""
    """What the file calls the environment; empty if it does not say."""
    specs: tuple[str, ...] = ()
    """What conda solves for."""
    archives: tuple[PackageRecord, ...] = ()
    """What is installed as it is, without solving; then there are no specs."""
    explicit: tuple[str, ...] = ()
    """The same as the lines of an explicit list; they may hold passwords."""
    channels: tuple[str, ...] = ()
    """The only channels that are searched, by descending priority; empty for those that conda is configured with."""
    pip: PipAsked = PipAsked()
    variables: tuple[tuple[str, str], ...] = ()
    refused: tuple[str, ...] = ()
    """The lines that cannot be asked for, each with the reason."""
    digest: str = ""
    """The sha256 of the file, and of those that it names."""

    @property
    def lists_everything(self) -> bool:
        """Whether it lists every package, so that pip is to add nothing of its own."""
        return self.listing.column.kind in ("explicit list", "lock file", "package list")


NOTHING = Asked(listing=Listing(column=Column(label="")))
"""What is asked for without a file."""


def read_asked(file: Path, config: ChannelConfig, target: Target) -> Asked:
    """Read what a file asks for on a machine; raises UsageError if it cannot be read or does not say."""
    text = text_of_file(file)
    listing = listing_of(text, file, config, target)
    asked = _KINDS[listing.column.kind](text, _File(file, target, listing))
    if not any((asked.specs, asked.archives, asked.pip.asks, asked.refused, asked.pip.refused)):
        raise UsageError("This file asks for nothing.", str(file), "Does it name packages for this platform?")
    return replace(asked, listing=_completed(asked, target), digest=_digest((text, *asked.pip.texts)))


def _completed(asked: Asked, target: Target) -> Listing:
    """The column with what the files ask for that it names; options for pip are honoured, so they are not left out.

    Its bounds are: whether they hold is for pip to see to, which need not look at what is there already.
    """
    listing = asked.listing
    known = {canonicalize_name(each.cell.name) for each in listing.entries if each.cell.source == "pypi"}
    found = (pip_entry(line, target) for line in asked.pip.asks)
    more = [each for each in found if isinstance(each, Entry) and canonicalize_name(each.cell.name) not in known]
    left_out = tuple(each for each in listing.column.left_out if not each.startswith("-"))
    column = replace(listing.column, left_out=left_out)
    return replace(listing, column=column, entries=(*listing.entries, *more), bounds=())


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for each in texts:
        content = each.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(content) + content)
    return digest.hexdigest()


class _File(Struct, frozen=True):
    """A file that was read already, and what it is read for."""

    path: Path
    target: Target
    listing: Listing

    def pip(self, lines: Iterable[str]) -> PipAsked:
        return follow_from(self.path)(lines)

    def convert(self, text: str, kind: type[_T]) -> _T:
        return msgspec.convert(parse_document(text, self.path), kind)


# What conda solves for


class _Document(EnvironmentFile, frozen=True):
    """An environment.yml with all that is done for it."""

    name: str | None = None
    channels: tuple[str, ...] | None = None
    variables: dict[str, str] | None = None


def _of_environment_file(text: str, file: _File) -> Asked:
    selected, _ = apply_selectors(text, file.target)
    wanted = file.convert(selected, _Document)
    lines = [line for line in file_lines(wanted, file.target) if not line.is_empty]
    others = [line for line in lines if line.installer not in ("conda", "pip")]
    specs, refused = _specs(line.text for line in lines if line.installer == "conda")
    return Asked(
        listing=file.listing,
        name=(wanted.name or "").strip(),
        specs=specs,
        channels=tuple(each for each in wanted.channels or () if each != _NO_DEFAULTS),
        pip=file.pip(line.text for line in lines if line.installer == "pip"),
        variables=tuple(sorted((wanted.variables or {}).items())),
        refused=(
            *refused,
            *(
                f"{each.installer}: {each.text}: conda has no such installer"
                for each in others
                if each.installer[:4] != "sel("
            ),
        ),
    )


def _of_specs(text: str, file: _File) -> Asked:
    listed = listed_lines(text)
    if installer_of(text, file.path.name) == "pip":
        return Asked(listing=file.listing, pip=file.pip(listed.lines))
    by_pip = [match for line in listed.lines if (match := _BY_PIP.fullmatch(line))]
    specs, refused = _specs(line for line in listed.lines if not _BY_PIP.fullmatch(line))
    lines = (f"{each['name']}=={each['version']}" for each in by_pip)
    return Asked(listing=file.listing, specs=specs, refused=refused, pip=file.pip((*lines, *listed.pip)))


def _specs(lines: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The specs among the lines for conda, and those that are none; what conda detects itself is neither."""
    specs: list[str] = []
    refused: list[str] = []
    for line in lines:
        spec = line.partition(" #")[0].strip()
        wanted = parse_match_spec(spec)
        if wanted is None and not parse_archive_url(spec):
            refused.append(f"{mask_credentials(line)}: this is no spec of a package")
        elif wanted is None or not wanted.name.startswith("__"):
            specs.append(spec)
    return tuple(specs), tuple(refused)


# What is installed as it is


def _of_explicit_list(text: str, file: _File) -> Asked:
    listed = listed_lines(text)
    wheels = [line for line in listed.lines if line.partition("#")[0].endswith(".whl")]
    found = [(line, parse_archive_url(line)) for line in listed.lines if line not in wheels]
    return Asked(
        listing=file.listing,
        archives=tuple(record for _, record in found if record),
        explicit=tuple(_in_place(line, file.path) for line, record in found if record),
        pip=file.pip((*wheels, *listed.pip)),
        refused=(
            *(f"{mask_credentials(line)}: this is no archive of conda" for line, record in found if record is None),
            *(f"{each}: its URL is not known" for each in listed.without_url),
        ),
    )


def _in_place(line: str, file: Path) -> str:
    """A line of an explicit list; a path is relative to the list."""
    return line if "://" in line else os.path.normpath(Path(os.path.abspath(file)).parent / line)


def _of_lock_file(text: str, file: _File) -> Asked:
    document = parse_document(text, file.path)
    if isinstance(document, dict) and "environments" in document:
        pixi = msgspec.convert(document, PixiLock)
        places = {mask_credentials(each.place): (each.place, each.sha256) for each in pixi.packages}
        return _of_contents(pixi_contents(pixi, file.target, str(file.path)), places, file)
    lock = msgspec.convert(document, LockFile)
    urls = {mask_credentials(each.url): (each.url, each.hash.sha256) for each in lock.package}
    return _of_contents(lock_contents(lock, file.target, str(file.path))[0], urls, file)


def _of_contents(contents: PrefixContents, places: Mapping[str, tuple[str, str]], file: _File) -> Asked:
    """What a lock lists; `places` has by what is shown of it where it really is, and its sha256."""
    without = [each for each in contents.packages if not each.url]
    packages = [replace(each, url=places.get(each.url or "", ("", ""))[0]) for each in contents.packages if each.url]
    return Asked(
        listing=file.listing,
        archives=tuple(each for each in contents.packages if each.url),
        explicit=tuple(_line(each.url or "", each) for each in packages),
        pip=file.pip(
            _locked_for_pip(each.name, each.version, *places.get(each.url or "", (each.url or "", "")))
            for each in contents.distributions
        ),
        refused=tuple(f"{each.name}: its URL is not known" for each in without),
    )


def _line(url: str, record: PackageRecord) -> str:
    digest = record.md5 or record.sha256
    return f"{url}#{digest}" if digest else url


def _locked_for_pip(name: str, version: str, place: str, sha256: str) -> str:
    if "://" not in place:
        return place or f"{name}=={version}"
    digest = f"#sha256={sha256}" if sha256 and "#" not in place else ""
    return f"{name} @ {place}{digest}"


def _of_package_list(text: str, file: _File) -> Asked:
    document = parse_document(text, file.path)
    listed = msgspec.convert({"packages": document} if isinstance(document, list) else document, PackageList)
    contents = package_list_contents(listed)
    asked = Asked(listing=file.listing, pip=file.pip(pip_lines(contents.distributions)))
    urls = [archive_url(each) for each in contents.packages]
    if all(urls) and all(each.md5 or each.sha256 for each in contents.packages):
        explicit = tuple(_line(url, each) for url, each in zip(urls, contents.packages, strict=True))
        return replace(asked, archives=contents.packages, explicit=explicit)
    return replace(asked, specs=tuple(map(exact_spec, contents.packages)))


_KINDS: Mapping[str, Callable[[str, _File], Asked]] = {
    "environment file": _of_environment_file,
    "explicit list": _of_explicit_list,
    "lock file": _of_lock_file,
    "package list": _of_package_list,
    "spec list": _of_specs,
}


def unreadable_parts(asked: Asked) -> Iterator[str]:
    """Everything that the file asks for and that is not done, with the reason."""
    yield from asked.refused
    yield from asked.pip.refused
