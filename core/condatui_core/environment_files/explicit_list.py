"""Read and write explicit lists (one URL per line), and write requirements (one spec per line)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import unquote

from msgspec import Struct

from condatui_core.analyses.channels import channel_location
from condatui_core.analyses.platforms import main_platform
from condatui_core.environment_files.export_model import (
    ExportModel,
    channel_references,
    conda_packages,
    conda_specs,
    pinned_comments,
)
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportOptions
from condatui_core.text import mask_credentials, sanitize, strip_credentials

# Reading explicit lists, as `conda list --explicit` and `conda-lock` write them


MARK = "@EXPLICIT"
"""The line by which conda recognizes an explicit list."""

_HASH = re.compile(r"(?:md5:|sha256:)?(?:(?P<md5>[0-9a-fA-F]{32})|(?P<sha256>[0-9a-fA-F]{64}))")
_EXTENSIONS = (".conda", ".tar.bz2")
_PARTS = 3  # name, version, build


def looks_explicit(text: str) -> bool:
    """Whether a text is an explicit list, with or without the `@EXPLICIT` line."""
    for line in map(str.strip, text.splitlines()):
        if line and not line.startswith("#"):
            return line == MARK or parse_archive_url(line) is not None
    return False


class ListedLines(Struct, frozen=True):
    """What a list of archives or specs holds, line by line."""

    lines: tuple[str, ...]
    """The lines that conda reads."""
    pip: tuple[str, ...]
    """Requirements for pip in comments, as condatui and conda-lock write them."""
    without_url: tuple[str, ...]
    """Specs in comments of packages whose URL was unknown, as conda and condatui write them."""


_WITHOUT_URL = re.compile(r"#\s*no URL for:\s*(?P<spec>\S.*)")
_LOCKED_FOR_PIP = re.compile(r"#\s*pip\s+(?P<line>[A-Za-z0-9]\S*\s*(?:@|=).*)")
_PIP_BLOCK = "# Installed by pip; conda ignores these lines:"
_IN_BLOCK = "#   "


def listed_lines(text: str) -> ListedLines:
    """Sort the lines of a list; of the comments, those that carry packages."""
    lines: list[str] = []
    pip: list[str] = []
    without_url: list[str] = []
    in_block = False
    for line in text.splitlines():
        if in_block and line.startswith(_IN_BLOCK):
            pip.append(line.removeprefix(_IN_BLOCK))
            continue
        in_block = line == _PIP_BLOCK
        if match := _WITHOUT_URL.match(line):
            without_url.append(match["spec"])
        elif match := _LOCKED_FOR_PIP.match(line):
            pip.append(match["line"])
        elif line.strip() not in ("", MARK) and not line.lstrip().startswith("#"):
            lines.append(line.strip())
    return ListedLines(tuple(lines), tuple(pip), tuple(without_url))


def explicit_contents(listed: ListedLines) -> tuple[PrefixContents, tuple[str, ...]]:
    """The packages of an explicit list, and the lines that cannot be understood."""
    found = [(line, parse_archive_url(line)) for line in listed.lines]
    lost = [(line, _without_url(line)) for line in listed.without_url]
    return (
        PrefixContents(packages=tuple(record for _, record in (*found, *lost) if record), has_history=False),
        tuple(mask_credentials(line) for line, record in (*found, *lost) if record is None),
    )


def _without_url(spec: str) -> PackageRecord | None:
    parts = spec.strip().split("=")
    if len(parts) != _PARTS or not all(parts):
        return None
    return PackageRecord(name=parts[0], version=parts[1], build=parts[2])


def parse_archive_url(line: str) -> PackageRecord | None:
    """The package that the URL or path of an archive names, with the hash after `#`; None if it is not an archive."""
    url, _, digest = line.partition("#")
    remote = "://" in url
    directory, file_name = _split_url(url) if remote else _split_path(url)
    stem = next((file_name.removesuffix(each) for each in _EXTENSIONS if file_name.endswith(each)), "")
    parts = unquote(stem).rsplit("-", 2)
    hashes = _HASH.fullmatch(digest)
    spaced = any(map(str.isspace, url if remote else file_name))
    if len(parts) != _PARTS or not all(parts) or spaced or (digest and not hashes):
        return None
    return PackageRecord(
        name=parts[0],
        version=parts[1],
        build=parts[2],
        base_url=channel_location(None, url, "") if remote else None,
        url=mask_credentials(url) if remote else None,
        subdir=directory.rpartition("/")[2] if remote else "",
        file_name=file_name,
        md5=(hashes and hashes["md5"]) or "",
        sha256=(hashes and hashes["sha256"]) or "",
    )


def _split_url(url: str) -> tuple[str, str]:
    directory, _, file_name = url.rpartition("/")
    return directory, file_name


def _split_path(path: str) -> tuple[str, str]:
    """Split a path of this system or of Windows: `C:\\pkgs\\foo-1.0-0.conda`."""
    file_name = re.split(r"[\\/]", path)[-1]
    return path[: len(path) - len(file_name)], file_name


# The order of installation


_NAME = re.compile(r"[^\s=<>!~\[@]+")


def in_installation_order(packages: Iterable[PackageRecord]) -> tuple[PackageRecord, ...]:
    """Sort every package after its dependencies, otherwise by name; cycles are cut."""
    by_name = {record.name: record for record in sorted(packages, key=lambda each: each.name)}
    ordered: dict[str, PackageRecord] = {}
    begun: set[str] = set()
    for name in by_name:
        # An explicit stack instead of recursion, since a chain of dependencies may be arbitrarily long.
        waiting = [(name, _needs(name, by_name))] if name not in begun else []
        begun.add(name)
        while waiting:
            current, needs = waiting[-1]
            need = next((each for each in needs if each not in begun), None)
            if need is None:
                ordered[current] = by_name[current]
                waiting.pop()
            else:
                begun.add(need)
                waiting.append((need, _needs(need, by_name)))
    return tuple(ordered.values())


def _needs(name: str, installed: Mapping[str, PackageRecord]) -> Iterator[str]:
    for spec in installed[name].depends:
        match = _NAME.match(spec.rpartition("::")[2])
        if match and match[0] in installed:
            yield match[0]


# Writing explicit lists and requirements.txt


_HEAD = "# This file may be used to create an environment using:\n# $ conda create --name <env> --file <this file>\n"


def explicit_text(contents: PrefixContents, model: ExportModel) -> str:
    """Write the archives' URLs and md5, each after its dependencies, as `conda list --explicit --md5` does."""
    packages = in_installation_order(conda_packages(contents))
    urls = (_explicit_line(each) for each in packages)
    return "".join((_HEAD, *_platform(packages), *_remarks(model), "@EXPLICIT\n", *urls))


def locked_text(packages: Iterable[PackageRecord], head: str = "") -> str:
    """Write the archives' URLs, each with its sha256 or, without one, its md5: for micromamba, which checks both.

    All of them need a URL and a checksum; older condas read no sha256 here.
    """
    ordered = in_installation_order(packages)
    lines = (f"{archive_url(each)}#{f'sha256:{each.sha256}' if each.sha256 else each.md5}" for each in ordered)
    return "".join((head, *_platform(ordered), f"{MARK}\n", *(f"{sanitize(each)}\n" for each in lines)))


def requirements_text(contents: PrefixContents, config: ChannelConfig, model: ExportModel, how: ExportOptions) -> str:
    """Write one spec per package, each with its channel, since the format has no other place for channels."""
    references = channel_references(conda_packages(contents), config)
    specs = (f"{sanitize(each)}\n" for each in conda_specs(contents, references, how, with_pip=bool(model.pip)))
    platform = () if how.portable else _platform(conda_packages(contents))
    return "".join((_HEAD, *platform, *_remarks(model), *specs))


def archive_url(record: PackageRecord) -> str:
    """The URL of the archive, without credentials; empty if it is unknown."""
    if record.url:
        return strip_credentials(record.url)
    if record.base_url and "://" in record.base_url and record.subdir and record.file_name:
        return f"{record.base_url}/{record.subdir}/{record.file_name}"
    return ""


def _explicit_line(record: PackageRecord) -> str:
    if url := archive_url(record):
        return sanitize(f"{url}#{record.md5}" if record.md5 else url) + "\n"
    return f"# no URL for: {sanitize(f'{record.name}={record.version}={record.build}')}\n"


def _platform(packages: Iterable[PackageRecord]) -> Iterator[str]:
    if platform := main_platform(packages):
        yield f"# platform: {sanitize(platform)}\n"


def _remarks(model: ExportModel) -> Iterator[str]:
    """Comments about what the list formats cannot express."""
    yield from pinned_comments(model)
    if model.pip:
        yield f"{_PIP_BLOCK}\n"
        yield from (f"{_IN_BLOCK}{sanitize(each)}\n" for each in model.pip)
