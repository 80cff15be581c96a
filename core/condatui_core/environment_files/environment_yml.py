"""Read environment.yml as a list of requests, and write it, as YAML or JSON, from an environment."""

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

# Reading


class EnvironmentFile(Struct, frozen=True):
    """The part of an environment file that lists the environment's packages."""

    dependencies: tuple[str | dict[str, tuple[str, ...] | str | None], ...] | str | None
    """Specs, and requirements below `pip`; a text or None where nothing is listed."""
    prefix: str | None = None


def environment_file_entries(
    document: EnvironmentFile, config: ChannelConfig
) -> tuple[tuple[Entry, ...], tuple[str, ...]]:
    """The requests of the file, and its lines that name no package or cannot be understood."""
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
    """The base URL of a named channel; None for a multichannel, which has several."""
    if not channel or any(channel == name for name, _ in config.custom_multichannels):
        return None
    for name, url in config.custom_channels:
        if channel == name or channel.startswith(name + "/"):
            return channel_location(url + channel[len(name) :], None, "")
    stated = channel if "://" in channel else f"{config.channel_alias}/{channel}"
    return channel_location(stated, None, "")


# Writing


_Dependency: TypeAlias = str | dict[str, list[str]]
_Section: TypeAlias = str | list[str] | list[_Dependency] | dict[str, str]


def yaml_text(model: ExportModel) -> str:
    """Write environment.yml. The format has no place for pinned specs, so they are comments at the top."""
    import yaml  # noqa: PLC0415 - only exports need it

    class Indented(yaml.SafeDumper):
        """Indents lists below their key, as conda does."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - of yaml
            super().increase_indent(flow, False)

    def dump(*, as_it_is: bool) -> str:
        return str(
            yaml.dump(
                _document(model),
                Dumper=Indented,
                sort_keys=False,
                default_flow_style=False,
                allow_unicode=as_it_is,
                width=10_000,
            )
        )

    text = dump(as_it_is=True)
    return "".join(pinned_comments(model)) + (text if _harmless(text) else dump(as_it_is=False))


def json_text(model: ExportModel) -> str:
    """Write the environment file as JSON."""
    text = json.dumps(_document(model), indent=2, ensure_ascii=False)
    return (text if _harmless(text) else json.dumps(_document(model), indent=2)) + "\n"


def _harmless(text: str) -> bool:
    """Whether a terminal shows the text as it is; a text with control or bidirectional characters must be escaped."""
    return all(line == sanitize(line) for line in text.splitlines())


def _document(model: ExportModel) -> dict[str, _Section]:
    dependencies: list[_Dependency] = [*model.specs]
    if model.pip:
        dependencies.append({"pip": [*model.pip]})
    document: dict[str, _Section] = {
        "name": model.name,
        "channels": [*model.channels],
        "dependencies": dependencies,
    }
    if model.variables:
        document["variables"] = dict(model.variables)
    return document
