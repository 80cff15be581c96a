"""How things stand when a key is pressed, and why that may keep it from doing anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from condatui_core.records.environment import Environment, Inventory
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.analyses.cleanup import CleanupCandidate
    from condatui_core.records.job import Job


class ActionContext(Struct, frozen=True):
    """How things stand when a key is pressed: what an action may depend on."""

    inventory: Inventory
    current: Environment | None = None
    """The environment under the cursor."""
    marked: frozenset[str] = frozenset()
    """Prefixes."""
    job: Job | None = None
    """The job under the cursor, where there are jobs."""
    candidate: CleanupCandidate | None = None
    """What is under the cursor where things are cleaned up."""
    restore_points: tuple[str, ...] = ()
    """Ids of the marked restore points, or of the one under the cursor."""

    @property
    def chosen(self) -> tuple[Environment, ...]:
        """The marked environments in their order, or else the one under the cursor."""
        marked = tuple(each for each in self.inventory.environments if each.prefix in self.marked)
        return marked or ((self.current,) if self.current else ())


def no_environment(action_context: ActionContext) -> str | None:
    """Why an action on the environment under the cursor is off: there is none."""
    return None if action_context.current else "There is no environment under the cursor."


def comparable(action_context: ActionContext) -> tuple[str, ...]:
    """The prefixes to compare: of the marked environments in their order, and the current one beside a single one."""
    wanted = {*action_context.marked}
    if len(wanted) == 1 and action_context.current:
        wanted.add(action_context.current.prefix)
    readable = (each for each in action_context.inventory.environments if each.state in ("ok", "broken"))
    return tuple(each.prefix for each in readable if each.prefix in wanted)


def not_comparable(action_context: ActionContext) -> str | None:
    """Why nothing can be compared: too few environments, or too many."""
    count = len(comparable(action_context))
    if count < 2:
        return "Comparing takes two environments: mark them with space; one and the cursor on another will do."
    from condatui_core.records.comparison import MOST_COLUMNS  # noqa: PLC0415 - not before somebody marks

    return f"{count} are too many to compare: {MOST_COLUMNS} at most." if count > MOST_COLUMNS else None


def no_conda(action_context: ActionContext) -> str | None:
    """Why an action that runs conda is off: none was found, or none that works."""
    installations = action_context.inventory.installations
    if any(not installation.error for installation in installations):
        return None
    if not action_context.inventory.complete:
        return "Still looking for a conda."
    if installations:
        return f"No conda works here: {installations[0].error}"
    return "No conda was found: start condatui with --conda PATH, or set `conda` in the settings."


def not_clonable(action_context: ActionContext) -> str | None:
    """Why nothing can be cloned: there is no conda, or nothing to clone."""
    if not any(each.state == "ok" for each in action_context.inventory.environments):
        return "There is no environment to clone."
    return no_conda(action_context)


def not_checkable(action_context: ActionContext) -> str | None:
    """Why no GPU check can be made: nothing is chosen that could be run."""
    if not action_context.chosen:
        return no_environment(action_context)
    if any(each.state in ("ok", "broken") for each in action_context.chosen):
        return None
    return (
        f"{sanitize(action_context.chosen[0].name)} cannot be checked: its state is {action_context.chosen[0].state}."
    )


def not_exportable(action_context: ActionContext) -> str | None:
    """Why the environment under the cursor cannot be exported: nothing can be read there."""
    return _unreadable(action_context, "exported")


def not_packable(action_context: ActionContext) -> str | None:
    """Why the environment under the cursor cannot be packed: it is none, or none that is whole."""
    return _unreadable(action_context, "packed")


def _unreadable(action_context: ActionContext, done: str) -> str | None:
    current = action_context.current
    if current is None:
        return no_environment(action_context)
    if current.state not in {"ok", "broken"}:
        return f"{sanitize(current.name)} cannot be {done}: its state is {current.state}."
    return None


def not_removable(action_context: ActionContext) -> str | None:
    """Why nothing can be removed: nothing is chosen, or what is chosen has its conda in it."""
    if not action_context.chosen:
        return no_environment(action_context)
    base = next((each for each in action_context.chosen if each.base), None)
    return f"{sanitize(base.name)} is never removed: its conda is what runs the others." if base else None


def no_job_at_work(action_context: ActionContext) -> str | None:
    """Why no job can be cancelled: there is none under the cursor, or it has ended."""
    if (job := action_context.job) is None:
        return "There is no job under the cursor."
    if job.state not in {"queued", "running", "cancelling"}:
        return "This job is over: there is nothing to cancel."
    return f"It is carried out by {sanitize(job.elsewhere)}: cancel it there." if job.elsewhere else None


def no_restore_point(action_context: ActionContext) -> str | None:
    """Why an action on restore points is off: there is none."""
    return None if action_context.restore_points else "There is no restore point under the cursor."


def not_choosable(action_context: ActionContext) -> str | None:
    """Why what is under the cursor cannot be chosen to go: there is nothing, or something stands against it."""
    if action_context.candidate is None:
        return "There is nothing under the cursor."
    return f"This stays: {sanitize(action_context.candidate.blocked)}." if action_context.candidate.blocked else None
