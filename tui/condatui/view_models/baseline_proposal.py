"""A proposed baseline as rows, and in words: what is in it, what is left out, and what it would have saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import format_seconds
from condatui.view_models.table import TableColumn
from condatui_core.analyses.baseline_proposal import BaselineDraft, ProposedPackage
from condatui_core.analyses.channels import channel_label
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.request import ExportFormat
from condatui_core.text import counted, format_bytes, percent, sanitize, shell_words

_COLUMNS = (
    TableColumn("name", "package", 40),
    TableColumn("version", "version", 20),
    TableColumn("channel", "channel", 24, priority=2),
    TableColumn("environments", "in", 4, align="right"),
    TableColumn("needed", "needed by", 40, flexible=True, priority=1),
)


class ProposedModel:
    """The packages of a proposal as rows, by name."""

    columns = _COLUMNS

    def __init__(self, packages: Sequence[ProposedPackage], config: ChannelConfig) -> None:
        self._packages = packages
        self._config = config

    def __len__(self) -> int:
        return len(self._packages)

    def key(self, index: int) -> str:
        """The name."""
        return self._packages[index].record.name

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row."""
        each = self._packages[index]
        return (
            Text(sanitize(each.record.name)),
            Text(sanitize(each.record.version)),
            Text(sanitize(channel_label(each.record.base_url, self._config))),
            Text(str(each.environments)),
            Text(sanitize(each.needed_by), styles.DIM),
        )


def proposal_lines(draft: BaselineDraft, names: Mapping[str, str]) -> Iterator[str]:
    """What a proposal comes to, a sentence each; `names` has the names of environments by prefix."""
    proposal = draft.proposal
    of = counted(len(proposal.environments), "environment")
    needed = sum(1 for each in proposal.packages if each.needed_by)
    shared = counted(len(proposal.packages) - needed, "package")
    most = f"More than {percent(proposal.share)} of {of}"
    yield f"{most} with python have {shared} in one version; {needed} more are needed."
    for left in proposal.left_out:
        yield f"Left out: {sanitize(left.name)} {sanitize(left.version)}: {sanitize(left.why)}"
    if not proposal.packages:
        return
    for each in proposal.environments:
        yield f"{sanitize(names[each.prefix])}: {len(each.same)} of {each.packages} packages would have come from it"
    yield _saved(draft.saved_bytes)
    if others := len(proposal.other_builds):
        count = counted(others, "other build", "other builds")
        size = format_bytes(draft.unneeded_archive_bytes)
        yield f"Clones of it would not have needed {count} of these versions, {size} to download by conda's records."
    if draft.clone_seconds is not None:
        pace = format_seconds(max(1, draft.clone_seconds))
        yield f"A clone of it takes {pace} at the pace of the clones and restores here; conda notes no times."


def _saved(saved: int) -> str:
    if not saved:
        return "None of it is stored more than once."
    return f"Clones of it would share what is stored several times now: {format_bytes(saved)}."


def proposal_text(draft: BaselineDraft, names: Mapping[str, str], *, making: str = "") -> Text:
    """The sentences about a proposal, the command `making` that makes it, and below them its packages."""
    text = Text("\n".join(proposal_lines(draft, names)))
    if making and draft.proposal.packages:
        text.append(f"\nWhat is copied is its file. Make it:\n  $ {sanitize(making)}")
    for each in draft.proposal.packages:
        needed = f"  needed by {sanitize(each.needed_by)}" if each.needed_by else ""
        text.append(f"\n  {sanitize(each.record.name)} {sanitize(each.record.version)}")
        text.append(f"  in {each.environments}{needed}", styles.DIM)
    return text


def flaw_words(flaws: Sequence[str]) -> str:
    """A sentence that follows the one about a baseline, with what makes it a poor one; empty if nothing does."""
    return f" But {' and '.join(flaws)}." if flaws else ""


_MAKING: Mapping[ExportFormat, tuple[str, ...]] = {"explicit": ("create",), "yaml": ("env", "create")}


def making_command(draft: BaselineDraft, inventory: Inventory, *, file: str = "") -> str:
    """The command that makes a proposed baseline from its file, which is called FILE unless it was written."""
    argv = (_conda(inventory), *_MAKING[draft.format], "--name", "baseline", "--file", file or "FILE")
    return shell_words(argv)


def _conda(inventory: Inventory) -> str:
    return next((each.executable for each in inventory.installations if not each.error), "conda")
