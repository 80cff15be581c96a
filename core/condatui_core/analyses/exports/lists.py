"""Exports as lists, a package a line: explicit, by URL and md5, and requirements.txt, by spec."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from condatui_core.analyses.exports.channels import channel_references
from condatui_core.analyses.exports.documents import pinned_comments
from condatui_core.analyses.exports.holdings import Holdings, package_spec
from condatui_core.analyses.exports.order import in_installation_order
from condatui_core.credentials import strip_credentials
from condatui_core.printable import printable
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents

_HEAD = "# This file may be used to create an environment using:\n# $ conda create --name <env> --file <this file>\n"


def explicit_text(contents: PrefixContents, held: Holdings) -> str:
    """List the archives by URL and md5, each behind those it depends on, as `conda list --explicit --md5` does."""
    packages = in_installation_order(contents.packages)
    urls = (_explicit_line(each) for each in packages)
    return "".join((_HEAD, *_platform(packages), *_remarks(held), "@EXPLICIT\n", *urls))


def requirements_text(contents: PrefixContents, config: ChannelConfig, held: Holdings, *, builds: bool) -> str:
    """List the packages by spec, each with its channel: such a file has no other place for that."""
    references = channel_references(contents.packages, config)
    packages = sorted(contents.packages, key=lambda each: (each.name, each.version))
    specs = (f"{printable(package_spec(each, references, builds=builds))}\n" for each in packages)
    return "".join((_HEAD, *_platform(packages), *_remarks(held), *specs))


def archive_url(record: PackageRecord) -> str:
    """Where the archive is to be had, without credentials; empty if that is not known."""
    if record.url:
        return strip_credentials(record.url)
    if record.base_url and "://" in record.base_url and record.subdir and record.file_name:
        return f"{record.base_url}/{record.subdir}/{record.file_name}"
    return ""


def _explicit_line(record: PackageRecord) -> str:
    if url := archive_url(record):
        return printable(f"{url}#{record.md5}" if record.md5 else url) + "\n"
    return f"# no URL for: {printable(f'{record.name}={record.version}={record.build}')}\n"


def _platform(packages: tuple[PackageRecord, ...] | list[PackageRecord]) -> Iterator[str]:
    platforms = Counter(each.subdir for each in packages if each.subdir and each.subdir != "noarch")
    if platforms:
        yield f"# platform: {printable(platforms.most_common(1)[0][0])}\n"


def _remarks(held: Holdings) -> Iterator[str]:
    """What these lists have no place for, as comments."""
    yield from pinned_comments(held)
    if held.pip:
        yield "# Installed by pip, which conda passes over in this file:\n"
        yield from (f"#   {printable(each)}\n" for each in held.pip)
