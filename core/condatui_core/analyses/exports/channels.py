"""Channels as a file names them that is to be read on another machine."""

from __future__ import annotations

import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from condatui_core.analyses.channels import channel_name
from condatui_core.credentials import strip_credentials
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents, Revision

_OPTIONS = ("-c", "--channel")


@lru_cache(maxsize=4096)
def channel_reference(base_url: str | None, config: ChannelConfig) -> str:
    """Name a channel so that conda finds it again: by its short name, by its URL where that leads elsewhere.

    A member of `defaults` is called so, as conda does it. Empty if the channel is not known.
    """
    if not base_url:
        return ""
    base_url = strip_credentials(base_url)
    for name, members in config.custom_multichannels:
        if any(_same(base_url, member) for member in members):
            return name
    name = channel_name(base_url, config)
    return name if _same(base_url, _location(name, config)) else base_url


def channel_references(packages: Iterable[PackageRecord], config: ChannelConfig) -> Mapping[str, str]:
    """Package name → how its channel is called; packages of no known channel are left out."""
    named = ((record.name, channel_reference(record.base_url, config)) for record in packages)
    return {name: reference for name, reference in named if reference}


def in_order_of_priority(contents: PrefixContents, references: Mapping[str, str]) -> tuple[str, ...]:
    """Every channel that a package came from, the one first that goes before the others.

    First those that the user has named, in that order; then the others, those before that few packages came from: that
    is how a channel of a few special packages stands to the one that everything else is from.
    """
    uses = Counter(references.values())
    named = [each for each in _named(contents.history.revisions) if each in uses]
    others = sorted(uses, key=lambda each: (uses[each], each))
    return tuple(dict.fromkeys((*named, *others)))


def _named(revisions: Sequence[Revision]) -> Iterator[str]:
    """The channels of the options in the commands that have made an environment."""
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
    except ValueError:  # an apostrophe without another one
        return command.split()


def _location(name: str, config: ChannelConfig) -> str:
    """Where conda looks for a channel of this name."""
    for known, url in config.custom_channels:
        if name == known or name.startswith(f"{known}/"):
            return url + name[len(known) :]
    return f"{config.channel_alias}/{name}"


def _same(one: str, other: str) -> bool:
    return _without_scheme(one) == _without_scheme(other)


def _without_scheme(url: str) -> str:
    return url.rpartition("://")[2].rstrip("/")
