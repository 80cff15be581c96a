"""Find the files that environments and package caches store more than once, by what their records state of them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from condatui_core.disk.find_same_files import ANSWER, SearchRequest
from condatui_core.disk.findings import holders_of_packages
from condatui_core.disk.held_files import Holder
from condatui_core.disk.tool_caches import is_installer
from condatui_core.errors import CondatuiError
from condatui_core.fs.documents import decode, encode
from condatui_core.prefixes.meta_file import record_file_name
from condatui_core.proc.child import ChildError, own_argv, own_environ
from condatui_core.proc.frames import frame
from condatui_core.proc.message_child import message_child
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.relinking import RelinkRules, RelinkSurvey

_SEARCH = own_argv("condatui_core.disk.find_same_files")
_FAILED = "What is stored twice could not be found."
_MOST_BYTES = 1 << 30
"""The most bytes of a survey; one of a million files has a third of that."""
_MOST_WORKERS = 4


async def survey_same_files(
    environments: Sequence[Environment],
    places: Sequence[DiskPlace],
    rules: RelinkRules,
    *,
    kept: Path | None,
    environ: Mapping[str, str],
    workers: int | None = None,
) -> RelinkSurvey:
    """Find what could be stored once, in a process of its own that ends when this is cancelled.

    `kept` is the directory that remembers the digests of files that had to be read; None to remember none. Raises
    CondatuiError if the process fails.
    """
    request = SearchRequest(
        holders=tuple(holders_of(environments, places)),
        rules=rules,
        directory=str(kept) if kept else "",
        workers=workers or min(_MOST_WORKERS, os.cpu_count() or 1),
    )
    stdin = await asyncio.to_thread(lambda: frame(encode(request)))
    try:
        async with message_child(_SEARCH, own_environ(environ), stdin, most_bytes=_MOST_BYTES) as child:
            try:
                answer = await child.message()
                return await asyncio.to_thread(decode, answer, ANSWER, own=True)
            except (EOFError, ChildError, OSError) as error:
                raise CondatuiError(_FAILED, await child.last_words() or str(error)) from error
    except ChildError as error:  # the process could not be started
        raise CondatuiError(_FAILED, str(error)) from error


def holders_of(environments: Sequence[Environment], places: Iterable[DiskPlace]) -> Iterator[Holder]:
    """What the search looks into: environments that could be read, and all caches among the places.

    Of caches it takes the packages that environments have: what none has is cleaned, and must not be linked before.
    """
    needed = frozenset(holders_of_packages(environments))
    for each in environments:
        if each.contents is not None and each.readable:
            yield Holder(
                each.prefix,
                records=tuple(record_file_name(record) for record in each.contents.packages),
                distributions=tuple((pip.path, f"{pip.name} {pip.version}") for pip in each.contents.pip_distributions),
            )
    for place in places:
        if place.cache:
            yield Holder(place.path, cache=True, packages=frozenset() if is_installer(place.tool) else needed)
