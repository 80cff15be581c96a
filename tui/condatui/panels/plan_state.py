"""What has come so far of planning a request: nothing yet, a plan, or a refusal."""

from __future__ import annotations

from dataclasses import dataclass

from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.plan import plan_text, printable_lines
from condatui.view_models.remedies import said_here
from condatui_core.errors import CondatuiError
from condatui_core.records.job import Plan
from condatui_core.records.request import ExportRequest, PackRequest, RemoveRequest, Request
from condatui_core.text import sanitize

_AGAINST_KEEPING = frozenset({"no-space", "not-readable"})
"""What stands against a restore point, and not against the removal."""


@dataclass(frozen=True, slots=True)
class PlanState:
    """A request and what is known of it."""

    request: Request | None = None
    came_of_it: Plan | CondatuiError | None = None
    """None while it is being planned."""

    @property
    def plan(self) -> Plan | None:
        """The plan, if there is one."""
        return self.came_of_it if isinstance(self.came_of_it, Plan) else None

    @property
    def ready(self) -> Plan | None:
        """The plan, if it can be carried out."""
        return self.plan if self.plan and not self.plan.blockers else None

    @property
    def word(self) -> str:
        """What has to be typed; empty if a key is enough, or if it cannot be done anyway."""
        return self.ready.confirm if self.ready else ""

    @property
    def title(self) -> str:
        """One line."""
        if self.plan:
            return self.plan.title
        return "Not planned" if self.came_of_it else "Planning"

    def text(self, signs: Glyphs) -> Text:
        """What stands in the panel."""
        if self.plan:
            return plan_text(self.plan, signs=signs)
        if isinstance(self.came_of_it, CondatuiError):
            return _in_words(self.came_of_it, signs)
        return Text(f"Planning{signs.unread}", styles.DIM)

    @property
    def other_way(self) -> tuple[Request, str] | None:
        """What can be asked for where one thing alone stands against it that the user may overrule, and in words."""
        against = {finding.id for finding in self.plan.blockers} if self.plan else set[str]()
        request = self.request
        if isinstance(request, ExportRequest | PackRequest) and against == {"file-exists"} and not request.replace:
            return replace(request, replace=True), "replace the file"
        if isinstance(request, RemoveRequest) and against == {"frozen"} and not request.override_frozen:
            return replace(request, override_frozen=True), "though it is frozen"
        if isinstance(request, RemoveRequest) and against and against <= _AGAINST_KEEPING and request.restore_point:
            return replace(request, restore_point=False), "without a restore point"
        return None

    def hints(self, enter: str, copy: str, leave: str) -> str:
        """What the keys do now: these two, and `leave`, which stands as it is given."""
        if self.other_way:
            return f"{enter} {self.other_way[1]}  {leave}"
        if not self.ready:
            return leave
        if self.word:
            return f"type {sanitize(self.word)}, {enter} run  {leave}  tab the plan"
        to_copy = f"  {copy} copy the commands" if any(step.argv for step in self.ready.steps) else ""
        return f"{enter} run  {leave}{to_copy}"


def _in_words(error: CondatuiError, signs: Glyphs) -> Text:
    text = Text(f"{signs.error} {sanitize(said_here(error.title))}", styles.ERROR)
    for line in printable_lines(error.detail):
        text.append(f"\n  {line}", styles.PLAIN)
    if error.hint:
        text.append(f"\n  {signs.remedy} {sanitize(said_here(error.hint))}")
    return text
