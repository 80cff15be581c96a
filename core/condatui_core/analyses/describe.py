"""From what was seen of a prefix to the environment that the list shows."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import datetime

from condatui_core.analyses.channels import channel_counts
from condatui_core.analyses.health import Observed, findings_of, state_of
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.sighting import Sighting


def environment_name(sighting: Sighting) -> str:
    """`base` for a root prefix, the directory's name for one in an envs directory, else the whole prefix."""
    if sighting.root:
        return "base"
    if sighting.envs_dir is None:
        return sighting.prefix
    for path in (sighting.prefix, *sighting.aliases):
        if os.path.dirname(path) == sighting.envs_dir:
            return os.path.basename(path)
    return os.path.basename(sighting.prefix)


def describe(
    observed: Observed, *, installation: str | None, active_prefix: str | None, now: datetime, stale_days: int
) -> Environment:
    """Bring all that is known of one prefix together."""
    contents = observed.contents
    history = contents.history if contents else None
    return Environment(
        prefix=observed.sighting.prefix,
        name=observed.name,
        aliases=observed.sighting.aliases,
        installation=installation,
        base=observed.sighting.root,
        active=active_prefix == observed.sighting.prefix,
        frozen=contents is not None and contents.frozen is not None,
        writable=observed.look.writable,
        owner=observed.look.owner,
        state=state_of(observed),
        contents=contents,
        python=_python(contents) if contents else "",
        channels=channel_counts(contents, observed.config) if contents else (),
        managed_bytes=managed_bytes(contents) if contents else 0,
        created=history.created if history else None,
        modified=history.modified if history else None,
        last_used=observed.last_used,
        findings=findings_of(observed, now=now, stale_days=stale_days),
    )


def managed_bytes(contents: PrefixContents) -> int:
    """Sum what the records claim: the files of conda's packages and of pip's distributions, face value."""
    return sum(each.installed_bytes for each in contents.packages) + sum(
        each.installed_bytes for each in contents.pip_distributions
    )


def in_order(environments: Iterable[Environment]) -> tuple[Environment, ...]:
    """Base environments first, then those with a name, then those known by their prefix only."""
    return tuple(
        sorted(
            environments,
            key=lambda each: (not each.base, each.name == each.prefix, each.name.casefold(), each.prefix),
        )
    )


def _python(contents: PrefixContents) -> str:
    return next((record.version for record in contents.packages if record.name == "python"), "")
