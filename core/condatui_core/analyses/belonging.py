"""Which installation an environment belongs to: the one whose conda should handle it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.sighting import Sighting


def owning_root(
    sighting: Sighting,
    contents: PrefixContents | None,
    installations: Sequence[Installation],
    facts: Mapping[str, CondaFacts],
) -> str | None:
    """Find the root prefix of the installation that owns an environment, by the best evidence there is.

    In this order: it lies inside that installation; the conda that made it (history) is that one's; only that one
    lists it; only that one has its envs directory; there is only one installation.
    """
    roots = [installation.root_prefix for installation in installations]
    inside = [root for root in roots if sighting.prefix == root or sighting.prefix.startswith(root + os.sep)]
    if inside:
        return max(inside, key=len)
    if contents is not None and (maker := _maker(contents, roots)):
        return maker
    listing = [root for root in roots if root in facts and sighting.prefix in _real(facts[root].environments)]
    if len(listing) == 1:
        return listing[0]
    keeping = [root for root in roots if root in facts and sighting.envs_dir in _real(facts[root].envs_dirs)]
    if len(keeping) == 1:
        return keeping[0]
    return roots[0] if len(roots) == 1 else None


def _real(paths: Sequence[str]) -> frozenset[str]:
    return frozenset(os.path.normpath(path) for path in paths)


def _maker(contents: PrefixContents, roots: Sequence[str]) -> str | None:
    """The root prefix of the conda that made the latest change which says so: `# cmd: /opt/conda/bin/conda create`."""
    for revision in reversed(contents.history.revisions):
        for root in roots:
            if revision.command.startswith(root + os.sep):
                return root
    return None
