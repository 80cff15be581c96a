"""The contents of an export, independent of its format."""

from __future__ import annotations

import os
import re
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from packaging.utils import canonicalize_name

from condatui_core.analyses.builds import portable_build
from condatui_core.analyses.channels import PYPI, channel_identity, channel_name, channel_urls
from condatui_core.analyses.match_specs import Wanted, parse_match_spec
from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.platforms import is_bound_to_platform
from condatui_core.analyses.requirements import parse_requirement
from condatui_core.environment_files.pip_requirements import pip_lines
from condatui_core.records.comparison import Source
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents, Revision
from condatui_core.records.request import ExportOptions
from condatui_core.text import sanitize, strip_credentials

# Channels, named so that another machine finds them


_OPTIONS = ("-c", "--channel")
_OF_PYPI = re.compile(r"https?://(?:files\.pythonhosted\.org|pypi\.org)/")


@lru_cache(maxsize=4096)
def channel_reference(base_url: str | None, config: ChannelConfig) -> str:
    """Name a channel so that conda finds it again: by its short name, or by its URL if the name is ambiguous.

    A member of `defaults` is called `defaults`, as conda does. Empty if the channel is unknown.
    """
    if not base_url:
        return ""
    base_url = strip_credentials(base_url)
    for name, members in config.custom_multichannels:
        if any(_leads_to(base_url, member) for member in members):
            return name
    name = channel_name(base_url, config)
    moved = any(
        _without_scheme(base_url).startswith(f"{_without_scheme(each)}/") for each in config.migrated_channel_aliases
    )
    return name if moved or _leads_to(base_url, channel_urls(name, config)[0]) else base_url


def wheels(contents: PrefixContents) -> tuple[PackageRecord, ...]:
    """The packages that conda has installed from wheels of an index, which no channel has."""
    return tuple(each for each in contents.packages if each.base_url == PYPI)


def conda_packages(contents: PrefixContents) -> tuple[PackageRecord, ...]:
    """The packages that conda finds in a channel."""
    return tuple(each for each in contents.packages if each.base_url != PYPI)


def _wheel(record: PackageRecord) -> Distribution:
    """A wheel as pip installs it: by its version from PyPI, otherwise by its URL."""
    elsewhere = record.url is not None and not _OF_PYPI.match(record.url)
    stated = parse_requirement(record.url or "")
    return Distribution(
        name=stated.name if stated else record.name,
        version=record.version,
        path="",
        origin="url" if elsewhere else "index",
        url=record.url if elsewhere else None,
    )


def channel_references(packages: Sequence[PackageRecord], config: ChannelConfig) -> Mapping[str, str]:
    """Package name → reference of its channel; packages of unknown channels are left out.

    Of several URLs of one channel, the shortest reference stands for all of them.
    """
    references: dict[str, str] = {}
    for record in packages:
        reference = channel_reference(record.base_url, config)
        known = references.setdefault(channel_identity(record.base_url, config), reference)
        references[channel_identity(record.base_url, config)] = min(known, reference, key=len)
    named = ((record.name, references[channel_identity(record.base_url, config)]) for record in packages)
    return {name: reference for name, reference in named if reference}


def in_order_of_priority(
    contents: PrefixContents, references: Mapping[str, str], config: ChannelConfig
) -> tuple[str, ...]:
    """Every channel that a package came from, by descending priority.

    First come the channels of the commands, in that order; then those that neither a command nor the configuration
    names, those with the fewest packages first, since conda searched them for a few special packages; last the
    configured channels in their order, which is how conda itself exports them.
    """
    uses = Counter(references.values())
    by_identity = {_identity(each, config): each for each in uses}
    commanded = [by_identity.get(_identity(each, config), "") for each in _named(contents.history.revisions)]
    # A command with `--override-channels` takes nothing from these, so that they matter for the other commands only.
    usual = [by_identity.get(_identity(each, config), "") for each in config.channels]
    others = sorted(uses.keys() - set(commanded) - set(usual), key=lambda each: (uses[each], each))
    return tuple(dict.fromkeys(filter(None, (*commanded, *others, *usual))))


def _identity(reference: str, config: ChannelConfig) -> str:
    """What identifies a channel or multichannel that is given by its name or URL."""
    multichannels = dict(config.custom_multichannels)
    if reference in multichannels:
        return reference
    identity = channel_identity(channel_urls(reference, config)[0], config)
    of_member = (
        name for name, urls in multichannels.items() if any(channel_identity(url, config) == identity for url in urls)
    )
    return next(of_member, identity)


def _named(revisions: Sequence[Revision]) -> Iterator[str]:
    """The channels in the options of the commands that changed an environment, in their order."""
    for revision in revisions:
        words = iter(_split(revision.command))
        for word in words:
            option, _, value = word.partition("=")
            if option in _OPTIONS:
                yield value or next(words, "")
            elif word.startswith("-c") and not word.startswith("--"):
                yield word[2:]


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:  # an unbalanced apostrophe
        return command.split()


def _leads_to(one: str, other: str) -> bool:
    """Whether two URLs are one place; a mirror is another one, and may be all that is in reach."""
    return _without_scheme(one) == _without_scheme(other)


def _without_scheme(url: str) -> str:
    return url.rpartition("://")[2].rstrip("/")


# The contents of an export


class ExportModel(Struct, frozen=True, kw_only=True):
    """The contents of an environment as an export states them."""

    name: str
    """The environment's name without any path."""
    channels: tuple[str, ...]
    """The channels that packages really came from, by descending priority."""
    specs: tuple[str, ...]
    """One spec per conda package, with its channel if there are several."""
    pip: tuple[str, ...]
    """One requirement per distribution of pip."""
    variables: tuple[tuple[str, str], ...]
    pinned: tuple[str, ...]


def export_model(environment: Environment, config: ChannelConfig, how: ExportOptions) -> ExportModel:
    """Collect the contents of an export: all packages, or those that the options leave.

    A wheel that conda has installed is one of pip's.
    """
    contents = environment.contents or PrefixContents()
    references = channel_references(conda_packages(contents), config)
    channels = in_order_of_priority(contents, references, config)
    prefixes = references if len(channels) > 1 else {}
    pip = pip_lines(tuple(_distributions(contents, how)))
    return ExportModel(
        name=export_name(environment),
        channels=channels,
        specs=tuple(conda_specs(contents, prefixes, how, with_pip=bool(pip))),
        pip=pip,
        variables=contents.variables if how.variables else (),
        pinned=tuple(map(strip_credentials, contents.pinned)),
    )


def export_name(environment: Environment) -> str:
    """The name without any path; bytes that are not UTF-8 become question marks."""
    name = environment.name if environment.base else os.path.basename(environment.prefix)
    return name.encode("utf-8", "replace").decode()


def _distributions(contents: PrefixContents, how: ExportOptions) -> Iterator[Distribution]:
    """pip's distributions and the wheels that conda has installed, as far as the options leave them."""
    of_pip = _leaves(contents, "pypi") if how.leaves else frozenset()
    for each in contents.pip_distributions:
        if not how.leaves or canonicalize_name(each.name) in of_pip:
            yield each
    of_conda = _leaves(contents, "conda") if how.leaves else frozenset()
    for record in wheels(contents):
        if not how.leaves or record.name in of_conda:
            yield _wheel(record)


def _leaves(contents: PrefixContents, source: Source) -> frozenset[str]:
    """What nothing else of conda's, or of pip's, needs, and what the user requested; python in any case.

    What pip's need of conda's stays: pip would install it from elsewhere. The history of a clone has every package as
    requested, and so tells nothing.
    """
    needs = Needs(contents)
    asked = frozenset() if contents.history.cloned_specs else contents.requested_names
    chosen = {Node("conda", name) for name in (*asked, "python")}
    return frozenset(each.name for each in needs.tops([n for n in needs.nodes if n.source == source], chosen))


def conda_specs(
    contents: PrefixContents, references: Mapping[str, str], how: ExportOptions, *, with_pip: bool
) -> Iterator[str]:
    """A spec for each conda package that the options leave, in the channel that is referred to for its name.

    `with_pip` says that pip itself is needed.
    """
    records = {each.name: each for each in _by_name(contents) if not (how.portable and is_bound_to_platform(each))}
    if how.from_history:
        for name, spec in requested(contents, with_pip=with_pip):
            if name in records or not how.portable:
                yield _in_channel(_for_others(spec, records[name]) if how.portable else spec, references.get(name, ""))
        return
    leaves = _leaves(contents, "conda") | ({"pip"} if with_pip else set())
    for record in _by_name(contents):
        if record.name in records and (not how.leaves or record.name in leaves):
            yield package_spec(record, references, builds=how.builds, portable=how.portable)


def _for_others(spec: str, record: PackageRecord) -> str:
    """What the user requested, but for what names one archive or platform, which others do not have."""
    wanted = parse_match_spec(spec)
    if wanted is None or _is_bound(wanted):
        return package_spec(record, {}, builds=False, portable=True)
    return spec


def _is_bound(wanted: Wanted) -> bool:
    """Whether a spec asks for one build, archive or platform."""
    one_build = wanted.build and "*" not in wanted.build and not wanted.build.startswith("^")
    also = {key for key, _ in wanted.also}
    stated = wanted.subdir, wanted.md5, wanted.sha256, wanted.build_number, also & {"url", "fn"}
    return bool(one_build) or any(stated)


def package_spec(record: PackageRecord, references: Mapping[str, str], *, builds: bool, portable: bool = False) -> str:
    """The spec of exactly this package: `pytorch::torchvision=0.20.1=py311_cu124`, or `=*cu12*` if it is portable."""
    build = portable_build(record.build) if portable else record.build if builds else ""
    spec = f"{record.name}={record.version}"
    return _in_channel(f"{spec}={build}" if build else spec, references.get(record.name, ""))


def requested(contents: PrefixContents, *, with_pip: bool) -> Iterator[tuple[str, str]]:
    """The requested (package name, spec) pairs; `with_pip` adds pip if the user did not request it."""
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
    return sorted(conda_packages(contents), key=lambda each: (each.name, each.version))


def pinned_comments(model: ExportModel) -> list[str]:
    """The pinned specs as lines that are comments in every format."""
    if not model.pinned:
        return []
    return ["# Pinned, in conda-meta/pinned:\n", *(f"#   {sanitize(each)}\n" for each in model.pinned)]
