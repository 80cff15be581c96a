"""environment.yml, read as what somebody asks for and written from what is there; the same in JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeAlias

from msgspec import Struct

from condatui_core.analyses.channels import PYPI, channel_location, channel_name
from condatui_core.analyses.specs import Wanted, parse_match_spec, parse_requirement
from condatui_core.environment_files.explicit_list import parse_archive_url
from condatui_core.environment_files.export_model import ExportModel, pinned_comments
from condatui_core.records.comparison import Cell, Entry
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import mask_credentials, sanitize

# environment.yml: what somebody asks for, more or less exactly.


class EnvironmentFile(Struct, frozen=True):
    """The part of an environment file that says what is in the environment."""

    dependencies: tuple[str | dict[str, tuple[str, ...] | str | None], ...] | str | None
    """Specs, and below `pip` requirements; a text or None where nothing is listed."""
    prefix: str | None = None


def environment_file_entries(
    document: EnvironmentFile, config: ChannelConfig
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """List what the file asks for, and the lines of it that name no package or cannot be understood."""
    entries: list[Entry] = []
    left_out: list[str] = []
    for source, line in _lines(document):
        entry = _pip_entry(line) if source == "pip" else _conda_entry(line, config) if source == "conda" else None
        if entry is not None:
            entries.append(entry)
        elif line.partition("#")[0].strip():
            left_out.append(mask_credentials(line))
    return tuple(entries), tuple(left_out)


def _lines(document: EnvironmentFile) -> Iterator[tuple[str, str]]:
    for dependency in document.dependencies if isinstance(document.dependencies, tuple) else ():
        if isinstance(dependency, str):
            yield "conda", dependency
            continue
        for installer, lines in dependency.items():
            yield from ((installer, line) for line in (lines if isinstance(lines, tuple) else ()))


def _conda_entry(line: str, config: ChannelConfig) -> Entry | None:
    if record := parse_archive_url(line.strip()):
        wanted = Wanted(name=record.name, version=record.version, build=record.build)
        location = record.base_url
    else:
        parsed = parse_match_spec(line)
        if parsed is None:
            return None
        wanted, location = parsed, _location(parsed.channel, config)
    cell = Cell(
        name=wanted.name,
        source="conda",
        version=wanted.version,
        build=wanted.build,
        constraint=wanted.constraint,
        channel=channel_name(location, config) if location else "",
        base_url=location,
        requested=True,
    )
    return Entry(cell=cell, package=wanted.name)


def _pip_entry(line: str) -> Entry | None:
    wanted = parse_requirement(line)
    if wanted is None:
        return None
    cell = Cell(
        name=wanted.name,
        source="pypi",
        version=wanted.version,
        constraint=wanted.constraint,
        channel=PYPI,
        url=wanted.url,
        requested=True,
    )
    return Entry(cell=cell)


def _location(channel: str, config: ChannelConfig) -> str | None:
    """Find the base URL of a channel that is named; None for a multichannel, which is several."""
    if not channel or any(channel == name for name, _ in config.custom_multichannels):
        return None
    for name, url in config.custom_channels:
        if channel == name or channel.startswith(name + "/"):
            return channel_location(url + channel[len(name) :], None, "")
    stated = channel if "://" in channel else f"{config.channel_alias}/{channel}"
    return channel_location(stated, None, "")


# Exports as documents: environment.yml, and the same in JSON.


_Dependency: TypeAlias = str | dict[str, list[str]]
_Section: TypeAlias = str | list[str] | list[_Dependency] | dict[str, str]


def yaml_text(held: ExportModel) -> str:
    """Write environment.yml. What is pinned, for which it has no place, stands in comments above."""
    import yaml  # noqa: PLC0415 - only who exports pays for it

    class Indented(yaml.SafeDumper):
        """Indents lists below their key, as conda does."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - yaml asks
            super().increase_indent(flow, False)

    def dump(*, as_it_is: bool) -> str:
        return str(
            yaml.dump(
                _document(held),
                Dumper=Indented,
                sort_keys=False,
                default_flow_style=False,
                allow_unicode=as_it_is,
                width=10_000,
            )
        )

    text = dump(as_it_is=True)
    return "".join(pinned_comments(held)) + (text if _harmless(text) else dump(as_it_is=False))


def json_text(held: ExportModel) -> str:
    """Write the same as JSON."""
    text = json.dumps(_document(held), indent=2, ensure_ascii=False)
    return (text if _harmless(text) else json.dumps(_document(held), indent=2)) + "\n"


def _harmless(text: str) -> bool:
    """Whether nothing in a text turns the screen of a terminal upside down; otherwise it has to be escaped."""
    return all(line == sanitize(line) for line in text.splitlines())


def _document(held: ExportModel) -> dict[str, _Section]:
    dependencies: list[_Dependency] = [*held.specs]
    if held.pip:
        dependencies.append({"pip": [*held.pip]})
    document: dict[str, _Section] = {
        "name": held.name,
        "channels": [*held.channels],
        "dependencies": dependencies,
    }
    if held.variables:
        document["variables"] = dict(held.variables)
    return document
