"""Print the baseline, and a proposal of one, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.text import Text

from condatui.cli.documents.baseline import BaselineDocument
from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models.baseline_proposal import ProposedModel, flaw_words, making_command, proposal_lines
from condatui_core.records.environment import Inventory
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.analyses.baseline_proposal import BaselineDraft


def baseline_words(document: BaselineDocument) -> str:
    """One sentence that says which it is."""
    if document.name is None:
        return "There is no baseline: new environments are cloned from conda's base."
    by = " by the setting `baseline`" if document.by_setting else ""
    return (
        f"The baseline is {sanitize(document.name)}{by}: {sanitize(document.prefix or '')}.{flaw_words(document.flaws)}"
    )


def print_baseline(invocation: Invocation, document: BaselineDocument) -> None:
    """Print which it is, and which environments are behind it in which packages."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.text(Text(baseline_words(document)))
    for each in document.behind:
        printer.text(Text(f"\n{sanitize(each.name)} is behind it in {len(each.packages)}:"))
        for package in each.packages:
            line = f"  {sanitize(package.name)} {sanitize(package.version)} → {sanitize(package.newer)}"
            printer.text(Text(line))


def print_proposal(invocation: Invocation, draft: BaselineDraft, inventory: Inventory, *, file: str) -> None:
    """Print what is proposed, what is left out, what it would have saved, and how to make it."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    names = {each.prefix: each.name for each in inventory.environments}
    lines = [*proposal_lines(draft, names)]
    if packages := draft.proposal.packages:
        config = inventory.first_channel_config
        printer.table(ProposedModel(packages, config))
        printer.text(Text())
        lines += [
            f"It is written to {sanitize(file)}." if file else "`condatui baseline --propose -o FILE` writes it.",
            "Make it:  condatui baseline --create baseline --set baseline",
            f"By hand:  {sanitize(making_command(draft, inventory, file=file))}",
        ]
    for line in lines:
        printer.text(Text(line))
