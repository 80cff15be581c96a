"""What an export is about to say, before it is spelled in one format or another."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from msgspec import Struct

from condatui_core.analyses.exports.channels import channel_references, in_order_of_priority
from condatui_core.analyses.exports.pip import pip_lines
from condatui_core.credentials import strip_credentials
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents


class Holdings(Struct, frozen=True, kw_only=True):
    """What an environment holds, as it is written down."""

    name: str
    """Without any path."""
    channels: tuple[str, ...]
    """Those that packages really came from, the one first that goes before the others."""
    specs: tuple[str, ...]
    """A package each, with its channel where there are several."""
    pip: tuple[str, ...]
    """A requirement each."""
    variables: tuple[tuple[str, str], ...]
    pinned: tuple[str, ...]


def holdings(environment: Environment, config: ChannelConfig, *, builds: bool, from_history: bool) -> Holdings:
    """Take together what is written down: all packages, or with `from_history` those that were asked for."""
    contents = environment.contents or PrefixContents()
    references = channel_references(contents.packages, config)
    channels = in_order_of_priority(contents, references)
    prefixes = references if len(channels) > 1 else {}
    pip = pip_lines(contents.pip_distributions)
    if from_history:
        specs = tuple(
            _in_channel(spec, prefixes.get(name, "")) for name, spec in requested(contents, with_pip=bool(pip))
        )
    else:
        specs = tuple(package_spec(each, prefixes, builds=builds) for each in _by_name(contents))
    return Holdings(
        name=export_name(environment),
        channels=channels,
        specs=specs,
        pip=pip,
        variables=contents.variables,
        pinned=tuple(map(strip_credentials, contents.pinned)),
    )


def export_name(environment: Environment) -> str:
    """The name without any path; what no file in UTF-8 can hold becomes a question mark."""
    name = environment.name if environment.base else os.path.basename(environment.prefix)
    return name.encode("utf-8", "replace").decode()


def package_spec(record: PackageRecord, references: Mapping[str, str], *, builds: bool) -> str:
    """The spec of exactly this package: `pytorch::torchvision=0.20.1=py311_cu124`."""
    spec = f"{record.name}={record.version}"
    return _in_channel(f"{spec}={record.build}" if builds else spec, references.get(record.name, ""))


def requested(contents: PrefixContents, *, with_pip: bool) -> Iterator[tuple[str, str]]:
    """(package name, spec) of all that was asked for; `with_pip` says that pip is needed, be it asked for or not."""
    asked = contents.history.requested or tuple(
        (record.name, record.requested_specs[-1]) for record in contents.packages if record.requested_specs
    )
    yield from ((name, strip_credentials(spec)) for name, spec in asked)
    if with_pip and "pip" not in dict(asked) and any(record.name == "pip" for record in contents.packages):
        yield "pip", "pip"


def _in_channel(spec: str, channel: str) -> str:
    stated = "::" in spec or "://" in spec or "channel=" in spec
    return spec if stated or not channel else f"{channel}::{spec}"


def _by_name(contents: PrefixContents) -> list[PackageRecord]:
    return sorted(contents.packages, key=lambda each: (each.name, each.version))
