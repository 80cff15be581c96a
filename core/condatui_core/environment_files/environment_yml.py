"""Read environment.yml as a list of requests, and write it, as YAML or JSON, from an environment."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.channels import channel_identity, channel_label, channel_urls
from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.environment_files.explicit_list import parse_archive_url
from condatui_core.environment_files.export_model import ExportModel, pinned_comments
from condatui_core.environment_files.pip_column import Requests, pip_requests, sorted_requests
from condatui_core.environment_files.pip_files import ReadPipLines
from condatui_core.environment_files.selectors import Target, selector_of_key, selects, stated_python
from condatui_core.records.comparison import Cell, Entry
from condatui_core.records.installation import ChannelConfig
from condatui_core.text import mask_credentials, sanitize

# Reading


_SECTIONS = frozenset({"name", "channels", "dependencies", "prefix", "variables", "platforms", "category"})
"""What an environment.yml may have at the top: conda's own keys, and those of conda-lock."""


def ignored_sections(document: Mapping[str, object]) -> tuple[str, ...]:
    """The sections that conda ignores, such as a `pip` that is not below `dependencies`."""
    return tuple(f"{key} (a section that conda ignores)" for key in document if key not in _SECTIONS)


class EnvironmentFile(Struct, frozen=True):
    """The part of an environment file that lists the environment's packages."""

    dependencies: tuple[str | dict[str, tuple[str, ...] | str | None], ...] | str | None
    """Specs, requirements below `pip`, and what a selector such as `sel(linux)` selects; a text or None for nothing."""
    prefix: str | None = None


class FileLine(Struct, frozen=True):
    """A line of the file, and what installs it: `conda`, `pip`, or another key."""

    installer: str
    text: str

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing at all; a key that installs nothing has said something."""
        return self.installer in ("conda", "pip") and not self.text.partition("#")[0].strip()


def environment_file_requests(
    document: EnvironmentFile, config: ChannelConfig, target: Target, follow: ReadPipLines
) -> Requests:
    """The requests of the file for a target; `follow` reads the files that its lines for pip name."""
    lines = [line for line in file_lines(document, target) if not line.is_empty]
    by_pip = [line.text for line in lines if line.installer == "pip"]
    others = [line for line in lines if line.installer != "pip"]
    conda = [conda_entry(line.text, config) if line.installer == "conda" else None for line in others]
    target = replace(target, python=_python(conda) or target.python)
    found = sorted_requests(entry or _left_out(line) for line, entry in zip(others, conda, strict=True))
    pip = pip_requests(by_pip, target, follow)
    return Requests((*found.entries, *pip.entries), (*found.left_out, *pip.left_out), pip.bounds)


def file_lines(document: EnvironmentFile, target: Target) -> Iterator[FileLine]:
    """What each line of the file asks for, and of which program."""
    dependencies = document.dependencies
    for dependency in dependencies if isinstance(dependencies, tuple) else (dependencies or "",):
        if isinstance(dependency, str):
            yield FileLine("conda", dependency)
            continue
        for key, value in dependency.items():
            yield from _below(key, (value or "",) if value is None or isinstance(value, str) else value, target)


def _below(key: str, values: tuple[str, ...], target: Target) -> Iterator[FileLine]:
    """The lines below a key; those that a selector keeps for other platforms stay together with it."""
    selector = selector_of_key(key)
    chosen = selector is not None and selects(selector, target)
    yield from (FileLine("conda" if chosen else key, value) for value in values)


def _python(entries: Iterable[Entry | None]) -> str:
    """The Python that conda will install; empty if the file leaves it open."""
    cell = next((each.cell for each in entries if each and each.package == "python"), None)
    return stated_python(cell.version or cell.constraint) if cell else ""


def _left_out(line: FileLine) -> str:
    text = mask_credentials(line.text)
    if line.installer != "conda":
        return f"{line.installer}: {text}".rstrip()
    return f"{text} (a virtual package: conda detects it)" if text.startswith("__") else text


def conda_entry(line: str, config: ChannelConfig) -> Entry | None:
    """What a line asks of conda: a spec, or the URL of an archive; None for a virtual package and anything else."""
    if record := parse_archive_url(line.strip()):
        wanted = Wanted(name=record.name, version=record.version, build=record.build)
        location = record.base_url
    else:
        parsed = parse_match_spec(line)
        if parsed is None or parsed.name.startswith("__"):
            return None
        wanted, location = parsed, _location(parsed.channel, config)
    several = dict(config.custom_multichannels).get(wanted.channel)
    cell = Cell(
        name=wanted.name,
        source="conda",
        version=wanted.version,
        build=wanted.build,
        build_numbers=wanted.build_number,
        constraint=wanted.constraint,
        channel=channel_label(location, config) if location else wanted.channel if several else "",
        base_url=location,
        channel_identity="|".join(sorted({channel_identity(each, config) for each in several or (location,)})),
        subdir=wanted.subdir,
        digest=wanted.sha256 or wanted.md5,
        also=wanted.also,
        requested=True,
    )
    return Entry(cell=cell, package=wanted.name)


def _location(channel: str, config: ChannelConfig) -> str | None:
    """The base URL of a named channel; None for a multichannel, which has several."""
    urls = channel_urls(channel, config) if channel else ()
    return urls[0] if len(urls) == 1 and channel not in dict(config.custom_multichannels) else None


# Writing


_Dependency: TypeAlias = str | dict[str, list[str]]
_Section: TypeAlias = str | list[str] | list[_Dependency] | dict[str, str]


def yaml_text(model: ExportModel) -> str:
    """Write environment.yml. The format has no place for pinned specs, so they are comments at the top."""
    return "".join((*pinned_comments(model), dump_yaml(_document(model))))


def dump_yaml(document: Mapping[str, object]) -> str:
    """Write YAML with its lists indented below their keys, as conda does; what a terminal must not see is escaped."""
    import yaml  # noqa: PLC0415 - only exports need it

    class Indented(yaml.SafeDumper):
        """Indents lists below their key, as conda does."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - of yaml
            super().increase_indent(flow, False)

    def dump(*, as_it_is: bool) -> str:
        return str(
            yaml.dump(
                document,
                Dumper=Indented,
                sort_keys=False,
                default_flow_style=False,
                allow_unicode=as_it_is,
                width=10_000,
            )
        )

    text = dump(as_it_is=True)
    return text if _harmless(text) else dump(as_it_is=False)


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
