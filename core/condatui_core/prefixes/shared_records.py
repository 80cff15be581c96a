"""Equal records kept once: on one machine two hundred environments hold the same few thousand packages."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import History, PrefixContents, Revision

_T = TypeVar("_T")


class SharedRecords:
    """Hands out one object for all that are equal, for as long as it lives itself."""

    def __init__(self) -> None:
        self._packages: dict[PackageRecord, PackageRecord] = {}
        self._distributions: dict[Distribution, Distribution] = {}
        self._texts: dict[str, str] = {}

    def share(self, contents: PrefixContents) -> PrefixContents:
        """Make the same contents of records that other prefixes may hold as well."""
        return msgspec.structs.replace(
            contents,
            packages=tuple(self._packages.setdefault(each, each) for each in contents.packages),
            distributions=tuple(self._distributions.setdefault(each, each) for each in contents.distributions),
            history=self._history(contents.history),
        )

    def _history(self, history: History) -> History:
        return msgspec.structs.replace(history, revisions=tuple(self._revision(each) for each in history.revisions))

    def _revision(self, revision: Revision) -> Revision:
        added, removed = self._share_texts(revision.added), self._share_texts(revision.removed)
        return msgspec.structs.replace(revision, added=added, removed=removed)

    def _share_texts(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._texts.setdefault(each, each) for each in texts)
