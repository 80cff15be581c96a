"""The context in which a key is pressed, and the reasons why an action is off in it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from condatui_core.records.environment import Environment, Inventory, elsewhere, host_of
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui_core.records.alike import AlikeGroup, AlikeMember
    from condatui_core.records.cleanup import CleanupCandidate
    from condatui_core.records.job import Job
    from condatui_core.records.usage import Usage


class ActionContext(Struct, frozen=True, dict=True):
    """What an action may depend on when its key is pressed."""

    inventory: Inventory
    current: Environment | None = None
    """The environment under the cursor."""
    marked: frozenset[str] = frozenset()
    """Prefixes of the marked environments."""
    job: Job | None = None
    """The job under the cursor, in place 4."""
    candidate: CleanupCandidate | None = None
    """The candidate under the cursor, in place 3."""
    group: AlikeGroup | None = None
    """The group of alike environments under the cursor, in place 3."""
    member: AlikeMember | None = None
    """Its member under the cursor; None if the cursor is on the keeper."""
    hidden: frozenset[str] = frozenset()
    """Prefixes of the environments that a filter hides."""
    restore_points: tuple[str, ...] = ()
    """Ids of the marked restore points, or of the one under the cursor."""
    revision: int | None = None
    """The number of the revision under the cursor, in place 1; None unless its history has the focus."""
    usage: Usage | None = None
    """What the last command that was run in the environment under the cursor has used of it, in place 1."""
    filter: str = ""
    """The filter of place 1, as it was kept."""

    @cached_property
    def marked_environments(self) -> tuple[Environment, ...]:
        """The marked environments in their order; kept, since every key asks, and there may be ten thousand."""
        every = self.inventory.environments if self.marked else ()
        return tuple(each for each in every if each.prefix in self.marked)

    @property
    def chosen(self) -> tuple[Environment, ...]:
        """The marked environments in their order, or else the one under the cursor."""
        return self.marked_environments or ((self.current,) if self.current else ())

    @property
    def candidates(self) -> tuple[Environment, ...]:
        """Those of this machine of which one is asked for; first the one under the cursor, where it is chosen."""
        here = [each for each in self.chosen if not each.host]
        return tuple(sorted(here, key=lambda each: each is not self.current))


ActsOn = Literal["", "current", "chosen", "one", "sole"]
"""What an action does something to, or looks into on the disk: the environment under the cursor, all that are chosen,
one of these, or the one under the cursor as long as no other is marked."""


def not_on_these(action_context: ActionContext, acts_on: ActsOn) -> str | None:
    """Why something cannot be done to what it acts on: that is on another machine, or others are marked."""
    current = (action_context.current,) if action_context.current else ()
    subjects = action_context.chosen if acts_on in ("chosen", "one") else current
    there = [each for each in subjects if each.host]
    if there and (acts_on != "one" or len(there) == len(subjects)):
        return elsewhere(sanitize(there[0].host), sanitize(there[0].name))
    return _others_marked(action_context) if acts_on == "sole" else None


def _others_marked(action_context: ActionContext) -> str | None:
    """Why what is done to one environment is not done: others are marked than the one under the cursor."""
    marked, current = action_context.marked, action_context.current
    if not marked or (current is not None and marked == {current.prefix}):
        return None
    count = counted(len(marked), "environment is", "environments are")
    return f"This is done to one environment, the one under the cursor, and {count} marked: unmark first."


def no_other_machine(action_context: ActionContext) -> str | None:
    """Why there is nothing to hold against each other across machines: only this one is known."""
    if any(each.host for each in action_context.inventory.environments):
        return None
    return "Only this machine is known: `condatui --snapshots DIR` shows others too."


def no_environment(action_context: ActionContext) -> str | None:
    """Why an action on the environment under the cursor is off: there is none."""
    return None if action_context.current else "There is no environment under the cursor."


def no_environment_chosen(action_context: ActionContext) -> str | None:
    """Why an action on what is chosen is off: nothing is marked, and nothing is under the cursor."""
    return None if action_context.chosen else "There is no environment under the cursor."


def not_verifiable(action_context: ActionContext) -> str | None:
    """Why the environment under the cursor cannot be held against a file: there is none, or it was not read."""
    if (current := action_context.current) is None:
        return no_environment(action_context)
    if current.readable and current.contents is not None:
        return None
    return f"{sanitize(current.name)} has nothing to hold against a file: {current.state}."


def nothing_to_roll_back(action_context: ActionContext) -> str | None:
    """Why the environment under the cursor cannot go back: there is none, it was not read, or no conda can do it."""
    if (current := action_context.current) is None:
        return no_environment(action_context)
    if current.readable and current.contents is not None:
        return no_conda(action_context)
    return f"{sanitize(current.name)} has no history: {current.state}."


def nothing_to_keep(action_context: ActionContext) -> str | None:
    """Why nothing can be marked as kept, or unmarked: no environment is chosen."""
    return None if action_context.chosen else no_environment(action_context)


def nothing_to_follow(action_context: ActionContext) -> str | None:
    """Why nothing can be updated to the baseline: there is none, or nothing else is chosen."""
    baseline = action_context.inventory.baseline
    if baseline is None:
        return "There is no baseline: make an environment the baseline first."
    if not action_context.chosen:
        return no_environment(action_context)
    if all(each.prefix == baseline.prefix for each in action_context.chosen):
        return f"{sanitize(baseline.name)} is the baseline itself."
    return no_conda(action_context)


def no_filter(action_context: ActionContext) -> str | None:
    """Why there is no filter to remember: none is set, or it is a remembered one."""
    if not action_context.filter.strip():
        return "There is no filter to remember."
    if any(word.lstrip("!").startswith("@") for word in action_context.filter.split()):
        return "This filter names a remembered one: one that is remembered names no other."
    return None


def no_remembered_filter(action_context: ActionContext) -> str | None:
    """Why no filter can be forgotten: none is remembered."""
    return None if action_context.inventory.marks.filters else "No filter is remembered."


def not_browsable(action_context: ActionContext) -> str | None:
    """Why there are no files to browse: there is no environment under the cursor, or it does not exist."""
    current = action_context.current
    if current is not None and current.state == "missing":
        return f"{sanitize(current.name)} does not exist: it has no files."
    return no_environment(action_context)


def comparable(action_context: ActionContext) -> tuple[str, ...]:
    """The prefixes to compare: the marked environments in their order; a single one with the one under the cursor."""
    return tuple(each.prefix for each in _to_compare(action_context) if each.readable)


def left_out_of_comparison(action_context: ActionContext) -> str:
    """Which of the environments to compare cannot be read, and why; empty if all can."""
    left_out = [each for each in _to_compare(action_context) if not each.readable]
    return " ".join(f"{sanitize(each.name)} cannot be compared: its state is {each.state}." for each in left_out)


def _to_compare(action_context: ActionContext) -> tuple[Environment, ...]:
    marked, current = action_context.marked_environments, action_context.current
    if len(action_context.marked) != 1 or current is None or current in marked:
        return marked
    wanted = {*action_context.marked, current.prefix}
    return tuple(each for each in action_context.inventory.environments if each.prefix in wanted)


def not_comparable(action_context: ActionContext) -> str | None:
    """Why nothing can be compared: environments that cannot be read, too few of them, or too many."""
    count = len(comparable(action_context))
    if count < 2 and (left_out := left_out_of_comparison(action_context)):
        return left_out
    if count < 2:
        return "Comparing takes two environments: mark them with space; one and the cursor on another will do."
    from condatui_core.records.comparison import MOST_COLUMNS  # noqa: PLC0415 - imported when two are marked

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
    return "No conda was found: name one in the settings (`conda`), and start condatui again."


def not_creatable(action_context: ActionContext) -> str | None:
    """Why nothing can be made from a file: there is no conda."""
    return no_conda(action_context)


def not_clonable(action_context: ActionContext) -> str | None:
    """Why nothing can be cloned: there is no conda, or nothing to clone."""
    if not any(each.state == "ok" for each in action_context.inventory.environments):
        return "There is no environment to clone."
    return no_conda(action_context)


def not_checkable(action_context: ActionContext) -> str | None:
    """Why no GPU check can run: no chosen environment has a Python that could be run."""
    if not action_context.chosen:
        return no_environment(action_context)
    if any(each.readable for each in action_context.chosen):
        return None
    return (
        f"{sanitize(action_context.chosen[0].name)} cannot be checked: its state is {action_context.chosen[0].state}."
    )


def not_exportable(action_context: ActionContext) -> str | None:
    """Why nothing can be exported: nothing is chosen, or nothing that is can be read."""
    if len(action_context.chosen) > 1:
        whole = any(each.state == "ok" for each in action_context.chosen)
        return None if whole else "None of the marked environments can be read whole."
    return _unreadable(action_context.chosen, action_context, "exported")


def not_packable(action_context: ActionContext) -> str | None:
    """Why nothing can be packed: nothing is chosen, or nothing that is can be read."""
    return _none_readable(action_context, "packed")


def not_shippable(action_context: ActionContext) -> str | None:
    """Why no image can be made: nothing is chosen, or nothing that is can be read."""
    return _none_readable(action_context, "shipped")


def not_slimmable(action_context: ActionContext) -> str | None:
    """Why no slimmed copy can be made: nothing is chosen, nothing that is can be read, or there is no conda."""
    return _none_readable(action_context, "slimmed") or no_conda(action_context)


def _none_readable(action_context: ActionContext, done: str) -> str | None:
    if len(action_context.chosen) > 1:
        readable = any(each.readable for each in action_context.candidates)
        return None if readable else "None of the marked environments can be read."
    return _unreadable(action_context.chosen, action_context, done)


def not_traceable(action_context: ActionContext) -> str | None:
    """Why nothing can be run in the environment under the cursor: there is none, or it cannot be read."""
    current = action_context.current
    return _unreadable((current,) if current else (), action_context, "run in") and (
        f"Nothing can be run in {sanitize(current.name)}: its state is {current.state}."
        if current
        else no_environment(action_context)
    )


def not_activatable(action_context: ActionContext) -> str | None:
    """Why no shell can have the environment under the cursor: there is none, or it is none that can be activated."""
    if (current := action_context.current) is None:
        return no_environment(action_context)
    if current.readable:
        return None
    return f"{sanitize(current.name)} cannot be activated: its state is {current.state}."


def _unreadable(chosen: tuple[Environment, ...], action_context: ActionContext, done: str) -> str | None:
    if not chosen:
        return no_environment(action_context)
    current = chosen[0]
    if not current.readable:
        return f"{sanitize(current.name)} cannot be {done}: its state is {current.state}."
    return None


def not_removable(action_context: ActionContext) -> str | None:
    """Why nothing can be removed: nothing is chosen, or a base environment is among the chosen ones."""
    if not action_context.chosen:
        return no_environment(action_context)
    base = next((each for each in action_context.chosen if each.base), None)
    return f"{sanitize(base.name)} is never removed: the conda in it manages the other environments." if base else None


def no_job_at_work(action_context: ActionContext) -> str | None:
    """Why no job can be cancelled: there is none under the cursor, or it has ended."""
    if (job := action_context.job) is None:
        return "There is no job under the cursor."
    if job.over:
        return "This job is over: there is nothing to cancel."
    return f"Another condatui runs this job ({sanitize(job.elsewhere)}): cancel it there." if job.elsewhere else None


def no_restore_point(action_context: ActionContext) -> str | None:
    """Why an action on restore points is off: there is none."""
    return None if action_context.restore_points else "There is no restore point under the cursor."


def not_choosable(action_context: ActionContext) -> str | None:
    """Why what is under the cursor cannot be chosen: there is none, or something blocks it; a group always can."""
    if (candidate := action_context.candidate) is not None:
        return f"This stays: {sanitize(candidate.blocked)}." if candidate.blocked else None
    if action_context.group is None:
        return "There is nothing under the cursor."
    if host := host_of(action_context.group.keeper):
        return elsewhere(sanitize(host))
    return "Nothing proposes to remove it." if action_context.member else None


def not_grouped(action_context: ActionContext) -> str | None:
    """Why there is nothing to put side by side: what is under the cursor is in no group."""
    return None if action_context.group else "Only environments that are alike are put side by side here."


def not_another_keeper(action_context: ActionContext) -> str | None:
    """Why the keeper of a group cannot be changed: there is no group, or this is its keeper by itself."""
    if action_context.group is None:
        return "Only an environment of a group can be the one that stays."
    if host := host_of(action_context.group.keeper):
        return elsewhere(sanitize(host))
    if action_context.member or action_context.group.chosen:
        return None
    return "It is the keeper already: the cursor on another one of the group makes that one stay."


def not_mergeable(action_context: ActionContext) -> str | None:
    """Why nothing can be merged: this is no member of a group, or it has nothing that its keeper lacks."""
    if (member := action_context.member) is None:
        return "A merge is for an environment below its keeper that differs from it."
    if member.relation != "differs":
        return "It has nothing that its keeper lacks: removing it loses nothing."
    candidate = action_context.candidate
    return f"This stays: {sanitize(candidate.blocked)}." if candidate and candidate.blocked else None
