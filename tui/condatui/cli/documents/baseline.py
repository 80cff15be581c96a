"""Convert what is known of the baseline, and a proposal of one, to JSON documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from condatui.view_models.baseline_proposal import making_command
from condatui_core.analyses.baseline import flaws_of
from condatui_core.analyses.channels import channel_label
from condatui_core.records.environment import BehindPackage, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.request import ExportFormat

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineDraft, ProposedPackage

# The baseline and what is behind it


class BehindDocument(Struct, frozen=True, kw_only=True):
    """An environment that is made from the baseline, or alike to it, and behind it."""

    prefix: str
    """Its real path."""
    name: str
    """As in `list`."""
    packages: tuple[BehindPackage, ...]
    """What the baseline has in a newer version; requested ones first, then by name."""


class BaselineDocument(Struct, frozen=True, kw_only=True):
    """The environment that new ones are cloned from."""

    prefix: str | None
    """Its real path; None if none is set, so that conda's base is cloned, or if it cannot be found."""
    name: str | None
    """None as for `prefix`."""
    by_setting: bool
    """Whether the setting or the variable says it, which wins over what `--set` has remembered."""
    problem: str
    """Why it cannot be used; empty if it can."""
    flaws: tuple[str, ...]
    """Why it is a poor one to clone from, in words: what its clones inherit."""
    behind: tuple[BehindDocument, ...]
    """The environments that are behind it, in the order of `list`."""


def describe_baseline(inventory: Inventory, *, by_setting: bool) -> BaselineDocument:
    """Describe the baseline, and the environments that are behind it."""
    found = inventory.baseline
    return BaselineDocument(
        prefix=found.prefix if found else None,
        name=found.name if found else None,
        by_setting=by_setting,
        problem=inventory.baseline_problem,
        flaws=flaws_of(found) if found else (),
        behind=tuple(
            BehindDocument(prefix=each.prefix, name=each.name, packages=each.behind)
            for each in inventory.environments
            if each.behind
        ),
    )


# A proposal


class ProposedDocument(Struct, frozen=True, kw_only=True):
    """A package of a proposed baseline."""

    name: str
    """conda's name."""
    version: str
    """The version that is proposed."""
    build: str
    """The build that goes with the others."""
    channel: str
    """The channel's short name."""
    environments: int
    """The number of environments that have it in this version and from this channel."""
    needed_by: str | None
    """For one that too few of them have: a package of the proposal that needs it; otherwise None."""


class LeftOutDocument(Struct, frozen=True, kw_only=True):
    """A package that enough environments have, and that is not proposed."""

    name: str
    """conda's name."""
    version: str
    """The version that they have."""
    why: str
    """A few words."""


class CoverageDocument(Struct, frozen=True, kw_only=True):
    """How much of an environment would have come from the proposed baseline."""

    prefix: str
    """Its real path."""
    name: str
    """As in `list`."""
    same: int
    """The number of its packages that are those of the proposal, builds included."""
    packages: int
    """The number of its conda packages."""


class ProposalDocument(Struct, frozen=True, kw_only=True):
    """A baseline that is proposed: what most environments with python have in one version and channel."""

    share: float
    """More than this share of the environments have each package that is not `needed_by` another."""
    environments: tuple[CoverageDocument, ...]
    """The environments that were counted: with python, for this machine, and no base of a conda."""
    packages: tuple[ProposedDocument, ...]
    """By name; all that they depend on is among them."""
    left_out: tuple[LeftOutDocument, ...]
    """What cannot go together with the others."""
    saved_bytes: int
    """What `df` would gain if these packages of those environments were stored once, as in clones."""
    other_builds: int
    """The number of other builds of these versions that the environments have, each counted once."""
    other_builds_bytes: int
    """What these are to download, by conda's records: clones would not have needed them."""
    clone_seconds: float | None
    """How long a clone takes at the pace of the clones and restores on this machine; None if there was none yet."""
    form: ExportFormat
    """The format of `text`: `explicit` if every archive is known, otherwise `yaml`."""
    text: str
    """The file from which conda makes it."""
    command: str
    """The command that makes it from that file, which is called FILE unless it was written."""


def describe_proposal(draft: BaselineDraft, inventory: Inventory, *, file: str) -> ProposalDocument:
    """Describe a proposal; `file` is where its text was written, empty if nowhere."""
    proposal = draft.proposal
    names = {each.prefix: each.name for each in inventory.environments}
    config = inventory.first_channel_config
    return ProposalDocument(
        share=proposal.share,
        environments=tuple(
            CoverageDocument(prefix=each.prefix, name=names[each.prefix], same=len(each.same), packages=each.packages)
            for each in proposal.environments
        ),
        packages=tuple(_proposed(each, config) for each in proposal.packages),
        left_out=tuple(
            LeftOutDocument(name=each.name, version=each.version, why=each.why) for each in proposal.left_out
        ),
        saved_bytes=draft.saved_bytes,
        other_builds=len(proposal.other_builds),
        other_builds_bytes=draft.unneeded_archive_bytes,
        clone_seconds=draft.clone_seconds,
        form=draft.format,
        text=draft.text,
        command=making_command(draft, inventory, file=file),
    )


def _proposed(each: ProposedPackage, config: ChannelConfig) -> ProposedDocument:
    return ProposedDocument(
        name=each.record.name,
        version=each.record.version,
        build=each.record.build,
        channel=channel_label(each.record.base_url, config),
        environments=each.environments,
        needed_by=each.needed_by or None,
    )
