"""The order of what could go: what is regretted least comes first.

Tiers come in the order of `TIERS`. In a tier, what is blocked comes last, and what is certain before what is likely and
that before a guess; then among stale environments the one that was used longest ago, among parts of caches the one that
is missed least, and else the largest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timezone
from types import MappingProxyType

from condatui_core.records.cleanup import TIERS, CleanupCandidate, CleanupReason, Tier, Trust
from condatui_core.records.request import Cleanable

_TRUSTS: tuple[Trust, ...] = ("certain", "likely", "guess")
_PARTS: tuple[Cleanable, ...] = ("logs", "tarballs", "packages", "uv", "pip", "index")
"""The parts of package caches, the one that is missed least first."""
_TIERS: Mapping[str, Tier] = MappingProxyType(
    {
        "orphan": "leftover",
        "missing": "leftover",
        "identical": "identical",
        "subset": "subset",
        "stale": "stale",
        "differs": "merge",
    }
)
"""The tiers of the reasons that have one; every other reason is weak."""
_NEVER = datetime.max.replace(tzinfo=timezone.utc)


def tier_of(reasons: Collection[CleanupReason]) -> Tier:
    """The tier of an environment that could go for these reasons: the best that one of them has.

    One that differs from its keeper does not go for a mere guess that it is stale: what only it has would go with it.
    """
    tiers = {_tier(each, reasons) for each in reasons}
    for tier in TIERS:
        if tier in tiers:
            return tier
    return "weak"


def strongest_first(reasons: Iterable[CleanupReason]) -> tuple[CleanupReason, ...]:
    """Sort reasons: those that decide the tier come first."""
    reasons = tuple(reasons)
    return tuple(sorted(reasons, key=lambda each: (TIERS.index(_tier(each, reasons)), _TRUSTS.index(each.trust))))


def _tier(reason: CleanupReason, among: Iterable[CleanupReason]) -> Tier:
    """The tier that a reason has among those of one environment."""
    guessed = reason.id == "stale" and reason.trust == "guess"
    if guessed and any(each.id == "differs" for each in among):
        return "weak"
    return _TIERS.get(reason.id, "weak")


def ranked(found: Iterable[CleanupCandidate], last_used: Mapping[str, datetime]) -> tuple[CleanupCandidate, ...]:
    """Sort candidates, the least regrettable first; `last_used` is by prefix."""

    def rank(each: CleanupCandidate) -> tuple[object, ...]:
        aged = last_used.get(each.path, _NEVER) if each.tier == "stale" else _NEVER
        part = _PARTS.index(each.part) if each.part else 0
        return (
            TIERS.index(each.tier),
            bool(each.blocked),
            _trust(each.reasons),
            aged,
            part,
            -each.bytes,
            each.path,
            each.key,
        )

    return tuple(sorted(found, key=rank))


def _trust(reasons: Sequence[CleanupReason]) -> int:
    return _TRUSTS.index(reasons[0].trust) if reasons else 0
