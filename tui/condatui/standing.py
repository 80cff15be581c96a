"""How things stand when a key is pressed, and why that may keep it from doing anything."""

from __future__ import annotations

from dataclasses import dataclass

from condatui_core.records.comparison import MOST_COLUMNS
from condatui_core.records.environment import Environment, Inventory


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand when a key is pressed: what an action may depend on."""

    inventory: Inventory
    current: Environment | None = None
    """The environment under the cursor."""
    marked: frozenset[str] = frozenset()
    """Prefixes."""


def no_environment(standing: Standing) -> str | None:
    """Why an action on the environment under the cursor is off: there is none."""
    return None if standing.current else "There is no environment under the cursor."


def comparable(standing: Standing) -> tuple[str, ...]:
    """The prefixes to compare: of the marked environments in their order, and the current one beside a single one."""
    wanted = {*standing.marked}
    if len(wanted) == 1 and standing.current:
        wanted.add(standing.current.prefix)
    readable = (each for each in standing.inventory.environments if each.state in ("ok", "broken"))
    return tuple(each.prefix for each in readable if each.prefix in wanted)


def not_comparable(standing: Standing) -> str | None:
    """Why nothing can be compared: too few environments, or too many."""
    count = len(comparable(standing))
    if count < 2:
        return "Comparing takes two environments: mark them with space; one and the cursor on another will do."
    return f"{count} are too many to compare: {MOST_COLUMNS} at most." if count > MOST_COLUMNS else None


def no_conda(standing: Standing) -> str | None:
    """Why an action that runs conda is off: none was found, or none that works."""
    installations = standing.inventory.installations
    if any(not installation.error for installation in installations):
        return None
    if not standing.inventory.complete:
        return "Still looking for a conda."
    if installations:
        return f"No conda works here: {installations[0].error}"
    return "No conda was found: start condatui with --conda PATH, or set `conda` in the settings."
