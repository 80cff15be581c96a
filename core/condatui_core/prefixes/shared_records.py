"""Keep equal records once: two hundred environments of one machine hold the same few thousand packages."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import msgspec
from msgspec import Raw, Struct
from msgspec.structs import replace

from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import History, PrefixContents, Revision

_T = TypeVar("_T")


class _Packed(Struct, frozen=True, array_like=True):
    """The contents of a prefix, with each record encoded by itself."""

    packages: tuple[Raw, ...]
    distributions: tuple[Raw, ...]
    others: PrefixContents
    """The contents without these."""


_PACKED = msgspec.msgpack.Decoder(_Packed)
_PACKAGE = msgspec.msgpack.Decoder(PackageRecord)
_DISTRIBUTION = msgspec.msgpack.Decoder(Distribution)


def pack(contents: PrefixContents) -> bytes:
    """Encode contents so that `SharedRecords.unpack` decodes only the records that it has not met before."""
    encode = msgspec.msgpack.Encoder().encode
    return encode(
        _Packed(
            packages=tuple(Raw(encode(each)) for each in contents.packages),
            distributions=tuple(Raw(encode(each)) for each in contents.distributions),
            others=replace(contents, packages=(), distributions=()),
        )
    )


class SharedRecords:
    """Hands out one object for all equal records."""

    def __init__(self) -> None:
        self._packages: dict[PackageRecord, PackageRecord] = {}
        self._distributions: dict[Distribution, Distribution] = {}
        self._unpacked_packages: dict[bytes, PackageRecord] = {}
        self._unpacked_distributions: dict[bytes, Distribution] = {}
        """By their encoded form, of which most are met again and again."""
        self._texts: dict[str, str] = {}

    def share(self, contents: PrefixContents) -> PrefixContents:
        """Return equal contents, built of records that other prefixes share."""
        return replace(
            contents,
            packages=_shared(contents.packages, self._packages),
            distributions=_shared(contents.distributions, self._distributions),
            history=self._history(contents.history),
        )

    def unpack(self, packed: bytes | Raw) -> PrefixContents:
        """Decode what `pack` has encoded, built of records that other prefixes share. Raises msgspec.DecodeError."""
        file = _PACKED.decode(packed)
        return replace(
            file.others,
            packages=_unpacked(file.packages, self._unpacked_packages, _PACKAGE, self._packages),
            distributions=_unpacked(
                file.distributions, self._unpacked_distributions, _DISTRIBUTION, self._distributions
            ),
            history=self._history(file.others.history),
        )

    def _history(self, history: History) -> History:
        return replace(history, revisions=tuple(map(self._revision, history.revisions)))

    def _revision(self, revision: Revision) -> Revision:
        return replace(
            revision,
            added=_shared(revision.added, self._texts),
            removed=_shared(revision.removed, self._texts),
            added_from=_shared(revision.added_from, self._texts),
            removed_from=_shared(revision.removed_from, self._texts),
        )


def _shared(each: tuple[_T, ...], known: dict[_T, _T]) -> tuple[_T, ...]:
    return tuple(map(known.setdefault, each, each))


def _unpacked(
    packed: Iterable[Raw], unpacked: dict[bytes, _T], decoder: msgspec.msgpack.Decoder[_T], known: dict[_T, _T]
) -> tuple[_T, ...]:
    found = []
    for encoded in map(bytes, packed):
        record = unpacked.get(encoded)
        if record is None:
            record = decoder.decode(encoded)
            unpacked[encoded] = record = known.setdefault(record, record)
        found.append(record)
    return tuple(found)
