"""Find the files that environments and package caches store more than once, by what their records state of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.relinking import RelinkRules, RelinkSurvey


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
    raise NotImplementedError
