"""Groups of alike environments and candidates, made by hand."""

from __future__ import annotations

from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, WayBack, key_of_part
from support.inventories import ROOT


def prefix_of(name: str) -> str:
    """The prefix of an environment of ROOT."""
    return f"{ROOT}/envs/{name}"


def reason(id: str = "stale", text: str = "not used for 400 days", **fields: object) -> CleanupReason:  # noqa: A002
    """A reason that can be trusted unless told otherwise."""
    return CleanupReason(id=id, text=text, **fields)  # type: ignore[arg-type]


def candidate(name: str, *reasons: CleanupReason, **fields: object) -> CleanupCandidate:
    """An environment that could go because it is stale, unless told otherwise."""
    given = {"key": prefix_of(name), "kind": "environment", "path": prefix_of(name), "tier": "stale", **fields}
    return CleanupCandidate(name=name, reasons=reasons or (reason(),), **given)  # type: ignore[arg-type]


def cached(name: str = "archives", part: str = "tarballs", **fields: object) -> CleanupCandidate:
    """A part of the package cache."""
    given = {"path": f"{ROOT}/pkgs", "kind": "cache", "tier": "cache", "part": part, **fields}
    reasons = (reason("cache", "what packages were extracted from"),)
    return CleanupCandidate(key=key_of_part(f"{ROOT}/pkgs", name), name=name, reasons=reasons, **given)  # type: ignore[arg-type]


def difference(name: str, keeper: str, member: str, order: str = "newer", **fields: object) -> PackageDifference:
    """A package that the keeper has newer than the member, unless told otherwise."""
    return PackageDifference(name=name, keeper=keeper, member=member, order=order, **fields)  # type: ignore[arg-type]


def member(name: str, relation: str = "identical", **fields: object) -> AlikeMember:
    """A member of a group, identical to its keeper unless told otherwise."""
    given = {"prefix": prefix_of(name), "relation": relation, "similarity": 1.0, **fields}
    return AlikeMember(**given)  # type: ignore[arg-type]


def group(keeper: str, *members: AlikeMember, **fields: object) -> AlikeGroup:
    """A group whose keeper was used today, unless told otherwise."""
    given = {"why": ("used today", "holds all"), "members": members, **fields}
    return AlikeGroup(keeper=prefix_of(keeper), **given)  # type: ignore[arg-type]


def hub() -> AlikeGroup:
    """A keeper with one member of each relation."""
    return group(
        "hub-image",
        member("hub-image-try"),
        member("hub-slim", "subset", lacking=tuple(f"package-{number}" for number in range(12)), similarity=0.97),
        member(
            "hub-image-final-v2",
            "differs",
            similarity=0.95,
            requested_similarity=0.9,
            build_similarity=0.93,
            differs=(
                difference("zlib", "1.3", "1.2.13"),
                difference("numpy", "1.26.4", "1.26.3", requested=True),
                difference("pip", "24.0", "25.1", "older"),
                difference("tzdata", "2024a", "2024a", "same"),
            ),
            extra=("evaluate", "wandb"),
        ),
    )


def way_back(**fields: object) -> WayBack:
    """A way back by a small restore point, unless told otherwise."""
    given = {"text": "restore point", "kept_bytes": 12_000_000, **fields}
    return WayBack(**given)  # type: ignore[arg-type]
