"""The state of planning a request: under way, a plan, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.plan import Facts, plan_text, printable_lines
from condatui.view_models.remedies import RemedyWords
from condatui_core.errors import CondatuiError
from condatui_core.records.job import Plan
from condatui_core.records.request import (
    ExportAllRequest,
    ExportRequest,
    PackRequest,
    RemoveRequest,
    Request,
    SeveralRequest,
    ShipRequest,
)
from condatui_core.remedy import BuildFromArchive, RepairMarks, ReplaceFile, Thaw, Unkeep, WithoutRestorePoint
from condatui_core.text import sanitize

_PROTECTIONS: frozenset[type] = frozenset((Thaw, Unkeep, RepairMarks))
"""The remedies of blockers that protect an environment from a removal."""


_REPLACES: Mapping[type, str] = {
    ExportRequest: "replace the file",
    ExportAllRequest: "replace these files",
    PackRequest: "replace the file",
    ShipRequest: "replace what it has written",
}
"""By what is asked for, what replacing means."""


@dataclass(frozen=True, slots=True)
class Alternative:
    """A request that overrules a blocker."""

    request: Request
    label: str
    """What its key does."""
    agreed: bool = False
    """Whether the user who chooses it need not be asked again."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """A request and the result of planning it."""

    request: Request | None = None
    result: Plan | CondatuiError | None = None
    """None while it is being planned."""
    read_only: bool = False
    """Whether the plan can only be read."""

    @property
    def plan(self) -> Plan | None:
        """The plan, if there is one."""
        return self.result if isinstance(self.result, Plan) else None

    @property
    def ready(self) -> Plan | None:
        """The plan, if nothing blocks it."""
        return self.plan if self.plan and not self.plan.blockers else None

    @property
    def word(self) -> str:
        """The word that the user has to type; empty if a key is enough, or if the plan cannot be run."""
        return self.ready.confirm if self.ready and not self.read_only else ""

    @property
    def title(self) -> str:
        """The title of the panel, one line."""
        if self.plan:
            return self.plan.title
        return "Not planned" if self.result else "Planning"

    def text(self, glyphs: Glyphs, words: RemedyWords, about: Facts = ()) -> Text:
        """The text of the panel; `about` says why each of what the plan is for was chosen."""
        if self.plan:
            return plan_text(self.plan, words=words, glyphs=glyphs, about=about)
        if isinstance(self.result, CondatuiError):
            return _error_text(self.result, glyphs, words)
        return Text(f"Planning{glyphs.unread}", styles.DIM)

    @property
    def alternative(self) -> Alternative | None:
        """If the only blocker is one that the user may overrule: what does, and can be planned at least."""
        found = self._alternative
        return None if found and found.agreed and self.read_only else found

    @property
    def _alternative(self) -> Alternative | None:
        remedies = frozenset[type](type(finding.remedy) for finding in self.plan.blockers) if self.plan else frozenset()
        request = self.request
        if isinstance(request, ExportRequest | ExportAllRequest | PackRequest | ShipRequest) and remedies == {
            ReplaceFile
        }:
            return Alternative(replace(request, replace=True), _REPLACES[type(request)], agreed=True)
        if isinstance(request, SeveralRequest) and remedies == {ReplaceFile}:
            return Alternative(_replacing(request), "replace these files", agreed=True)
        if isinstance(request, ShipRequest) and remedies == {BuildFromArchive}:
            return Alternative(replace(request, source="archive"), "build it from the packed environment")
        if isinstance(request, RemoveRequest) and remedies and remedies <= _PROTECTIONS:
            return _though_protected(request, remedies)
        if isinstance(request, RemoveRequest) and remedies == {WithoutRestorePoint}:
            return Alternative(replace(request, restore_point=False), "without a restore point")
        return None

    @property
    def switched(self) -> Alternative | None:
        """The same removal with the Jupyter kernels that can go along, or without them; None if there are none."""
        request, removal = self.request, self.ready.removal if self.ready else None
        if not isinstance(request, RemoveRequest) or not removal or all(each.stays for each in removal.kernels):
            return None
        label = "leave the kernels" if request.with_kernels else "with the kernels"
        return Alternative(replace(request, with_kernels=not request.with_kernels), label)

    def hints(self, enter: str, copy: str, leave: str, switch: str) -> str:
        """The hints: what the keys `enter`, `copy` and `switch` do, and `leave`, a hint that is given as it is."""
        if self.alternative:
            return f"{enter} {self.alternative.label}  {leave}"
        if not self.ready:
            return leave
        to_switch = f"  {switch} {self.switched.label}" if self.switched else ""
        if self.word:
            return f"type {sanitize(self.word)}, {enter} run  {leave}  tab the plan{to_switch}"
        to_copy = f"  {copy} copy the commands" if any(step.argv for step in self.ready.steps) else ""
        to_run = "read-only: it can be read, not run" if self.read_only else f"{enter} run"
        return f"{to_run}  {leave}{to_switch}{to_copy}"


def _replacing(request: SeveralRequest) -> SeveralRequest:
    parts = (replace(each, replace=True) if isinstance(each, PackRequest) else each for each in request.parts)
    return replace(request, parts=tuple(parts))


def _though_protected(request: RemoveRequest, remedies: frozenset[type]) -> Alternative:
    """Remove what is frozen or kept, or may be kept; a protection that no blocker names stays."""
    frozen, kept, unknown = (each in remedies for each in (Thaw, Unkeep, RepairMarks))
    overruling = replace(
        request,
        override_frozen=request.override_frozen or frozen,
        override_kept=request.override_kept or kept or unknown,
    )
    said = (("frozen", frozen), ("kept", kept), ("perhaps kept", unknown))
    return Alternative(overruling, f"though it is {' and '.join(words for words, holds in said if holds)}")


def _error_text(error: CondatuiError, glyphs: Glyphs, words: RemedyWords) -> Text:
    text = Text(f"{glyphs.error} {sanitize(error.title)}", styles.ERROR)
    for line in printable_lines(error.detail):
        text.append(f"\n  {line}", styles.PLAIN)
    if advice := words(error.advice):
        text.append(f"\n  {glyphs.remedy} {sanitize(advice)}")
    return text
