"""Find what a service would not need of one environment, by a walk over its files."""

from __future__ import annotations

from collections.abc import Collection

from condatui_core.analyses.slimming.going import packages_named
from condatui_core.analyses.slimming.sorting import sort_files
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.service_files import survey_files
from condatui_core.prefixes.snapshot import read_snapshot
from condatui_core.records.environment import Environment
from condatui_core.records.slimming import SlimmedFiles

_WHY_NOT = {
    "missing": "It does not exist any more",
    "orphan": "A creation or a removal left it behind, and it has no records",
    "unreadable": "Its records cannot be listed",
}


def may_slim(environment: Environment) -> None:
    """Raise UsageError if nothing can be said of what a service would need of it."""
    if why := _WHY_NOT.get(environment.state, ""):
        what = f"Nothing can be said of what a service needs of {environment.name}."
        raise UsageError(what, f"{why}: {environment.prefix}", "Its findings say what is known of it.")


def slim_files(prefix: str, nested: Collection[str] = (), *, keep: Collection[str] = ()) -> SlimmedFiles:
    """Sort the files of a prefix into classes; blocks. `nested` are places inside it, relative to it, left out.

    `keep` names packages that stay as a whole, with what they need.

    Raises CondatuiError if it cannot be listed.
    """
    try:
        snapshot = read_snapshot(prefix)
    except OSError as error:
        raise CondatuiError("The environment cannot be read.", f"{prefix}: {reason(error)}") from error
    kept, _ = packages_named(keep, snapshot.contents)
    return sort_files(prefix, snapshot.contents, survey_files(snapshot, nested), kept)
