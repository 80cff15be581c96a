"""What keys can do, declared once: bindings, palette, help, hints and the key list all come from here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from textual.binding import Binding

from condatui.actions.action import ON_LISTS, Action, Place
from condatui.actions.changes import ON_CLEANUP, ON_ENVIRONMENTS, ON_GPU, ON_JOBS, ON_RESTORE_POINTS
from condatui.actions.context import no_environment, not_comparable
from condatui.view_models.compare.rows import CYCLE

_PLACES = (
    Action(
        "place.environments", "Go to Environments", "1", "The environments of this machine.", "app.go('environments')"
    ),
    Action("place.compare", "Go to Compare", "2", "Environments side by side.", "app.go('compare')"),
    Action("place.cleanup", "Go to Cleanup", "3", "What could go, and what that frees.", "app.go('cleanup')"),
    Action("place.jobs", "Go to Jobs", "4", "What is being done, waits and was done.", "app.go('jobs')"),
    Action("place.restore", "Go to Restore", "5", "What removed environments come back from.", "app.go('restore')"),
)

_ENVIRONMENTS = (
    Action(
        "environments.mark",
        "Mark",
        "space",
        "Mark or unmark the environment under the cursor, and go to the next.",
        "screen.mark",
        ("environments",),
        "Environments",
        "mark",
        no_environment,
    ),
    Action(
        "compare",
        "Compare",
        "c",
        "Put the marked environments side by side; if one is marked, with the one under the cursor.",
        "app.compare",
        ("environments", "compare"),
        "Environments",
        "compare",
        not_comparable,
    ),
    *ON_ENVIRONMENTS,
    *ON_GPU,
    Action(
        "environments.mark_all",
        "Mark all",
        "a,*",
        "Mark all that are shown; unmark them if all are marked.",
        "screen.mark_all",
        ("environments",),
        "Environments",
    ),
    Action(
        "environments.filter",
        "Filter",
        "/",
        "Show only what matches; `!` in front shows only what does not.",
        "screen.filter",
        ("environments",),
        "Environments",
        "filter",
        asks=True,
    ),
    Action(
        "environments.sort",
        "Sort by the next column",
        "s",
        "Sort by another column: name, disk, frees, packages, python, used, findings.",
        "screen.sort",
        ("environments",),
        "Environments",
        "sort",
    ),
    Action(
        "environments.reverse",
        "Reverse the order",
        "S",
        "Turn the order round.",
        "screen.reverse",
        ("environments",),
        "Environments",
    ),
    Action(
        "environments.previous_tab",
        "Previous details",
        "[",
        "The details on the left: Packages, Channels, Disk, Health, GPU, History.",
        "screen.previous_tab",
        ("environments",),
        "Details",
    ),
    Action(
        "environments.next_tab",
        "Next details",
        "]",
        "The details on the right.",
        "screen.next_tab",
        ("environments",),
        "Details",
        "tabs",
    ),
    Action(
        "environments.switch",
        "Switch between environments and details",
        "tab,shift+tab",
        "From the environments to the details and back.",
        "screen.switch",
        ("environments",),
        "Details",
    ),
    Action(
        "environments.zoom",
        "Zoom",
        "z",
        "Give all the room to the environments or to the details, whichever have the cursor.",
        "screen.zoom",
        ("environments",),
        "Details",
    ),
)

_COMPARING: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("next_kind", "Next kind of packages", "f", f"Show the next kind: {', '.join(CYCLE)}.", "next_kind", "kind"),
    ("previous_kind", "Previous kind of packages", "F", "Show the kind before.", "previous_kind", ""),
    ("next_reference", "Next reference", ">", "Make the column to the right the reference.", "turn(1)", "reference"),
    ("previous_reference", "Previous reference", "<", "Make the column to the left the reference.", "turn(-1)", ""),
    ("next_difference", "Next difference", "]", "To the next row that differs in this column.", "jump(1)", "next"),
    ("previous_difference", "Previous difference", "[", "To the difference before.", "jump(-1)", ""),
    ("filter", "Filter", "/", "Show only what matches; `!` in front shows only what does not.", "filter", "filter"),
    ("sort", "Sort by the next column", "s", "Sort by name, by status or by size.", "sort", "sort"),
    ("reverse", "Reverse the order", "S", "Turn the order round.", "reverse", ""),
    ("switch", "Switch between matrix and cell", "tab,shift+tab", "Into the cell's details and back.", "switch", ""),
    ("zoom", "Zoom", "z", "Give all the room to the matrix or to the cell, whichever has the cursor.", "zoom", ""),
    ("copy_row", "Copy the row", "Y", "Copy the package as it is in all columns.", "copy_row", ""),
    ("copy_all", "Copy the matrix", "M", "Copy all rows that are shown as a Markdown table.", "copy_all", ""),
    ("save", "Save", "w", "Save the rows that are shown as Markdown, CSV or JSON.", "save", "save"),
)

_COMPARE = tuple(
    Action(
        f"compare.{name}",
        title,
        keys,
        text,
        f"screen.{call}",
        ("compare",),
        "Compare",
        hint,
        asks=name in ("filter", "save"),
    )
    for name, title, keys, text, call, hint in _COMPARING
)

_SHARED = (
    Action(
        "copy",
        "Copy",
        "y",
        "Copy what is under the cursor to the clipboard of your terminal, over SSH too.",
        "screen.copy",
        ("environments", "compare", "cleanup", "jobs", "restore", "log"),
        "Everywhere",
        "copy",
    ),
    Action(
        "back",
        "Back",
        "escape",
        "Back: out of the help, the details, the filter or the log.",
        "screen.back",
        ("environments", "compare", "cleanup", "jobs", "restore", "log"),
        "Everywhere",
    ),
)

_EVERYWHERE = (
    Action("reload", "Reload", "r", "Look again, and read what has changed.", "app.reload", hint="reload"),
    Action(
        "reload_all", "Reload all", "R", "Read and measure everything anew, whatever was remembered.", "app.reload_all"
    ),
    Action("log", "Command log", "@", "Every command that condatui ran, to read and copy.", "app.log", hint="log"),
    Action(
        "palette",
        "Commands",
        ":,ctrl+p",
        "All that can be done here, and every environment by name.",
        "app.palette",
        asks=True,
    ),
    Action(
        "theme", "Choose a theme", "", "Other colours; `ansi-dark` sends least over a slow line.", "app.change_theme"
    ),
    Action("quit", "Quit", "q,ctrl+c", "Leave condatui.", "app.quit", hint="quit"),
    Action("help", "Help", "?", "The keys of this place.", "screen.help", hint="help"),
)

ACTIONS: tuple[Action, ...] = (
    *_ENVIRONMENTS,
    *_COMPARE,
    *ON_CLEANUP,
    *ON_JOBS,
    *ON_RESTORE_POINTS,
    *ON_LISTS,
    *_SHARED,
    *_PLACES,
    *_EVERYWHERE,
)
"""The registry."""

ACTION_BY_ID: Mapping[str, Action] = MappingProxyType({action.id: action for action in ACTIONS})


def actions_in(*places: Place) -> Iterator[Action]:
    """The actions that hold in any of these places, in the order of the registry."""
    return (action for action in ACTIONS if not set(places).isdisjoint(action.places))


def bindings(place: Place) -> list[Binding]:
    """What a screen or the app declares as its `BINDINGS`: the actions of one place."""
    return [action.binding for action in actions_in(place) if action.keys]
