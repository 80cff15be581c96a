"""Convert groups of alike environments to the JSON document of `condatui duplicates`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET, Struct, UnsetType

from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference, Relation
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.environment import Environment, Inventory


class DuplicateDocument(Struct, frozen=True, kw_only=True):
    """An environment that is alike to one that stays."""

    prefix: str
    """Its real path."""
    name: str
    """The name, as in `list`."""
    relation: Relation
    """The same packages (builds may differ), nothing but packages of the one that stays, or anything else."""
    similarity: float
    """The part of the packages in either that are the same by name, version and channel."""
    requested_similarity: float | None
    """The same over the packages that either user requested; None if neither requested any."""
    build_similarity: float
    """The same with equal builds."""
    builds: tuple[str, ...]
    """Names of the packages that differ in nothing but their build."""
    differs: tuple[PackageDifference, ...]
    """The packages that both have and that are not the same."""
    extra: tuple[str, ...]
    """Names of the packages that only this one has."""
    lacking: tuple[str, ...]
    """Names of the packages that only the one that stays has."""
    stays: str
    """Why it does not go in any case, such as `frozen`; empty if it could go."""
    frees: int
    """What `df` gains if only this environment is removed; 0 with `--snapshots`."""
    host: str | UnsetType = UNSET
    """The machine that it is on; only with `--snapshots`."""


class DuplicateGroupDocument(Struct, frozen=True, kw_only=True):
    """Environments that are each alike to one of them."""

    keep: str
    """The real path of the one that should stay."""
    name: str
    """Its name, as in `list`."""
    why: str
    """Why this one, in a line."""
    reasons: tuple[str, ...]
    """The same, each reason by itself, the strongest first."""
    members: tuple[DuplicateDocument, ...]
    """The others, the most similar first."""
    frees: int
    """What `df` gains if all of these others are removed that could go; 0 with `--snapshots`."""
    host: str | UnsetType = UNSET
    """The machine that the one that should stay is on; only with `--snapshots`."""


class DuplicatesDocument(Struct, frozen=True, kw_only=True):
    """Which environments are alike."""

    threshold: float
    """The similarity that counts as alike."""
    clusters: tuple[DuplicateGroupDocument, ...]
    """By the paths of those that stay; an environment is in one at most."""
    frees: int
    """What `df` gains if all members of all groups are removed that could go."""


def describe_duplicates(
    groups: Sequence[AlikeGroup], inventory: Inventory, survey: CleanupSurvey | None, *, threshold: float
) -> DuplicatesDocument:
    """Describe groups; without a survey, as of other machines, and without a measurement they free nothing."""
    known = {each.prefix: each for each in inventory.environments}
    return DuplicatesDocument(
        threshold=threshold,
        clusters=tuple(_group(each, known, survey) for each in groups),
        frees=survey.frees_of_groups(groups) if survey else 0,
    )


def _group(group: AlikeGroup, known: Mapping[str, Environment], survey: CleanupSurvey | None) -> DuplicateGroupDocument:
    keeper = known[group.keeper]
    return DuplicateGroupDocument(
        keep=keeper.path,
        host=keeper.host or UNSET,
        name=keeper.name,
        why=", ".join(group.why),
        reasons=group.why,
        members=tuple(_member(each, known[each.prefix], survey) for each in group.members),
        frees=survey.frees_of_groups([group]) if survey else 0,
    )


def _member(member: AlikeMember, environment: Environment, survey: CleanupSurvey | None) -> DuplicateDocument:
    choice = CleanupChoice(prefixes=(member.prefix,))
    return DuplicateDocument(
        prefix=environment.path,
        host=environment.host or UNSET,
        name=environment.name,
        relation=member.relation,
        similarity=member.similarity,
        requested_similarity=member.requested_similarity,
        build_similarity=member.build_similarity,
        builds=member.builds,
        differs=member.differs,
        extra=member.extra,
        lacking=member.lacking,
        stays=member.stays,
        frees=survey.usage.frees_with_choice(choice) if survey else 0,
    )
