"""Channels in two or three letters, so that a narrow table can say where packages came from: `cf+pt+nv`."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import MappingProxyType

from condatui_core.analyses.channels import PYPI, UNKNOWN
from condatui_core.records.environment import Environment

ChannelCodes = Mapping[str, str]
"""By the name of a channel as environments have it, its code."""

NO_CODES: ChannelCodes = MappingProxyType({})

_KNOWN: ChannelCodes = MappingProxyType(
    {
        "conda-forge": "cf",
        "pytorch": "pt",
        "nvidia": "nv",
        "bioconda": "bc",
        "pkgs/main": "main",
        "main": "main",
        "pkgs/r": "r",
        PYPI: "pip",
        UNKNOWN: "?",
    }
)
"""The channels that most people know; their codes are given to no other channel. anaconda.org has a copy of `main`."""
_WORD = re.compile(r"[a-z0-9]+")
_MOST_WORDS = 3


def channel_codes(names: Collection[str]) -> ChannelCodes:
    """A code for each of these channels, all of them distinct; the same names always get the same codes."""
    codes: dict[str, str] = {}
    taken = set(_KNOWN.values())
    for name in sorted(set(names)):
        known = _KNOWN.get(name, "")
        free = known and known not in codes.values()
        codes[name] = known if free else next(code for code in _candidates(name) if code not in taken)
        taken.add(codes[name])
    return codes


class CodesOfEnvironments:
    """The codes of the channels of environments, made again only when these are others: that looks at all of them."""

    def __init__(self) -> None:
        self._environments: Sequence[Environment] = ()
        self._codes = NO_CODES

    def of(self, environments: Sequence[Environment]) -> ChannelCodes:
        """The code of each channel that any of these environments has packages from."""
        if environments is not self._environments:
            self._environments = environments
            self._codes = channel_codes({name for each in environments for name, _ in each.channels})
        return self._codes


def joined_codes(names: Collection[str], codes: ChannelCodes) -> str:
    """The codes of channels in their order: `cf+pt`; a channel without a code keeps its name."""
    return "+".join(codes.get(name, name) for name in names)


def code_legend(codes: ChannelCodes) -> Sequence[tuple[str, str]]:
    """What the codes of conda's channels mean, as (code, meaning) pairs in the order of the codes."""
    return sorted((code, name) for name, code in codes.items() if name != PYPI)


def _candidates(name: str) -> Iterator[str]:
    """What may stand for a channel: the initials of its words, two of its letters, its beginning, and then numbers."""
    words = _WORD.findall(name.casefold().partition("://")[2] or name.casefold())
    letters = "".join(words) or "c"
    if len(words) > 1:
        yield "".join(word[0] for word in words[-_MOST_WORDS:])
    yield from (letters[0] + letter for letter in letters[1:])
    yield from (letters[:length] for length in range(3, len(letters) + 1))
    number = 1
    while True:
        yield f"{letters[0]}{number}"
        number += 1
