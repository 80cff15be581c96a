"""The registry of actions: bindings, palette, help, hints and the key list all come from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from textual.binding import Binding

from condatui.actions.action import ON_LISTS, KeyAction, Place
from condatui.actions.changes import ON_CLEANUP, ON_ENVIRONMENTS, ON_GPU, ON_JOBS, ON_RESTORE_POINTS, ON_SLIM
from condatui.actions.context import (
    no_environment,
    no_filter,
    no_other_machine,
    no_remembered_filter,
    not_activatable,
    not_browsable,
    not_comparable,
)
from condatui.view_models.compare.rows import CYCLE

_PLACES = (
    KeyAction(
        "place.environments", "Go to Environments", "1", "The environments of this machine.", "app.go('environments')"
    ),
    KeyAction("place.compare", "Go to Compare", "2", "Environments side by side.", "app.go('compare')"),
    KeyAction(
        "place.cleanup", "Go to Cleanup", "3", "What could be removed, and how much that frees.", "app.go('cleanup')"
    ),
    KeyAction("place.jobs", "Go to Jobs", "4", "The jobs that run, wait, and have ended.", "app.go('jobs')"),
    KeyAction(
        "place.restore",
        "Go to Restore",
        "5",
        "The restore points that bring back removed environments.",
        "app.go('restore')",
    ),
)

_ENVIRONMENTS = (
    KeyAction(
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
    KeyAction(
        "environments.browse",
        "Browse the files",
        "f",
        "Browse the files of the environment under the cursor by size.",
        "screen.browse",
        ("environments",),
        "Details",
        why_not=not_browsable,
        acts_on="current",
        takes_keys=True,
    ),
    KeyAction(
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
    KeyAction(
        "nodes",
        "Nodes that should be the same",
        "=",
        "Fold the environments of one name on many machines into one row, with who differs in what.",
        "screen.nodes",
        ("environments",),
        "Environments",
        why_not=no_other_machine,
        takes_keys=True,
    ),
    *ON_ENVIRONMENTS,
    *ON_SLIM,
    *ON_GPU,
    KeyAction(
        "shell",
        "Open a shell",
        "o",
        "A shell in which the environment under the cursor is active; `exit` comes back. Jobs go on meanwhile.",
        "app.shell",
        ("environments", "compare", "nodes"),
        "Environments",
        "shell",
        not_activatable,
        "current",
    ),
    KeyAction(
        "copy.activation",
        "Copy the activation line",
        "",
        "Copy the line that activates the environment under the cursor in a shell of yours.",
        "app.copy_activation",
        ("environments", "compare", "nodes"),
        "Environments",
        why_not=not_activatable,
        acts_on="current",
    ),
    KeyAction(
        "environments.mark_all",
        "Mark all",
        "a,*",
        "Mark all that are shown; unmark them if all are marked.",
        "screen.mark_all",
        ("environments",),
        "Environments",
    ),
    KeyAction(
        "environments.filter",
        "Filter",
        "/",
        "Show only what matches; `!` in front shows only what does not.",
        "screen.filter",
        ("environments",),
        "Environments",
        "filter",
        takes_keys=True,
    ),
    KeyAction(
        "environments.remember_filter",
        "Remember this filter",
        "F",
        "Remember the filter under a name, for this session and later ones; `@NAME` in a filter stands for it.",
        "app.remember_filter",
        ("environments",),
        "Environments",
        why_not=no_filter,
        takes_keys=True,
    ),
    KeyAction(
        "environments.forget_filter",
        "Forget a remembered filter",
        "",
        "Forget one of the filters that were remembered under a name.",
        "app.forget_filter",
        ("environments",),
        "Environments",
        why_not=no_remembered_filter,
        takes_keys=True,
    ),
    KeyAction(
        "environments.sort",
        "Sort by the next column",
        "s",
        "Sort by another column: name, a package of the filter, disk, frees, inodes, packages, python, used, findings.",
        "screen.sort",
        ("environments",),
        "Environments",
        "sort",
    ),
    KeyAction(
        "environments.reverse",
        "Reverse the order",
        "S",
        "Reverse the order of the rows.",
        "screen.reverse",
        ("environments",),
        "Environments",
    ),
    KeyAction(
        "environments.columns",
        "Choose the columns",
        "|",
        "Choose which columns the environments have, and in which order; they stay so.",
        "screen.columns",
        ("environments",),
        "Environments",
        takes_keys=True,
    ),
    KeyAction(
        "environments.previous_tab",
        "Previous details",
        "[",
        "The details on the left: Packages, Channels, Disk, Health, GPU, History, Slim.",
        "screen.previous_tab",
        ("environments",),
        "Details",
    ),
    KeyAction(
        "environments.next_tab",
        "Next details",
        "]",
        "The details on the right.",
        "screen.next_tab",
        ("environments",),
        "Details",
        "tabs",
    ),
    KeyAction(
        "environments.switch",
        "Switch between environments and details",
        "tab,shift+tab",
        "From the environments to the details and back.",
        "screen.switch",
        ("environments",),
        "Details",
    ),
    KeyAction(
        "environments.zoom",
        "Zoom",
        "z",
        "Give the whole place to the environments or to the details, whichever have the cursor.",
        "screen.zoom",
        ("environments",),
        "Details",
    ),
)

_COMPARING: tuple[tuple[str, str, str, str, str, str], ...] = (
    ("next_kind", "Next kind of packages", "f", f"Show the next kind: {', '.join(CYCLE)}.", "next_kind", "kind"),
    ("previous_kind", "Previous kind of packages", "F", "Show the previous kind.", "previous_kind", ""),
    ("next_reference", "Next reference", ">", "Make the column to the right the reference.", "turn(1)", "reference"),
    ("previous_reference", "Previous reference", "<", "Make the column to the left the reference.", "turn(-1)", ""),
    ("next_difference", "Next difference", "]", "To the next row that differs in this column.", "jump(1)", "next"),
    (
        "previous_difference",
        "Previous difference",
        "[",
        "To the previous row that differs in this column.",
        "jump(-1)",
        "",
    ),
    ("filter", "Filter", "/", "Show only what matches; `!` in front shows only what does not.", "filter", "filter"),
    ("sort", "Sort by the next column", "s", "Sort by name, by status or by size.", "sort", "sort"),
    ("reverse", "Reverse the order", "S", "Reverse the order of the rows.", "reverse", ""),
    ("switch", "Switch between matrix and cell", "tab,shift+tab", "Into the cell's details and back.", "switch", ""),
    ("zoom", "Zoom", "z", "Give the whole place to the matrix or to the cell, whichever has the cursor.", "zoom", ""),
    ("copy_row", "Copy the row", "Y", "Copy the package as it is in all columns.", "copy_row", ""),
    ("copy_all", "Copy the matrix", "M", "Copy all rows that are shown as a Markdown table.", "copy_all", ""),
    ("save", "Save", "w", "Save the rows that are shown as Markdown, CSV or JSON.", "save", "save"),
)

_COMPARE = tuple(
    KeyAction(
        f"compare.{name}",
        title,
        keys,
        text,
        f"screen.{call}",
        ("compare",),
        "Compare",
        hint,
        takes_keys=name in ("filter", "save"),
    )
    for name, title, keys, text, call, hint in _COMPARING
)

_BROWSE = (
    KeyAction(
        "browse.up",
        "Up",
        "backspace",
        "To the directory above.",
        "screen.up",
        ("browse",),
        "Browse",
        "up",
    ),
    KeyAction(
        "browse.filter",
        "Filter",
        "/",
        "Show only the names that match; `!` in front shows only those that do not.",
        "screen.filter",
        ("browse",),
        "Browse",
        "filter",
        takes_keys=True,
    ),
    KeyAction("browse.sort", "Sort", "s", "Sort by size or by name.", "screen.sort", ("browse",), "Browse", "sort"),
    KeyAction(
        "browse.reverse",
        "Reverse the order",
        "S",
        "Reverse the order of the rows.",
        "screen.reverse",
        ("browse",),
        "Browse",
    ),
)

_NODES = (
    KeyAction(
        "nodes.filter",
        "Filter",
        "/",
        "Show only the names that match; `!` in front shows only those that do not.",
        "screen.filter",
        ("nodes",),
        "Nodes",
        "filter",
        takes_keys=True,
    ),
    KeyAction(
        "nodes.sort",
        "Sort",
        "s",
        "Sort by name, or by how many machines differ.",
        "screen.sort",
        ("nodes",),
        "Nodes",
        "sort",
    ),
    KeyAction(
        "nodes.reverse",
        "Reverse the order",
        "S",
        "Reverse the order of the rows.",
        "screen.reverse",
        ("nodes",),
        "Nodes",
    ),
)

_PACKAGE = (
    KeyAction(
        "package.everywhere",
        "Where else the package is",
        "w",
        "Show the environments that have the package under the cursor, each with its version.",
        "screen.everywhere",
        ("package", "environments"),
        "Package",
        takes_keys=True,
    ),
    KeyAction(
        "package.filter",
        "Filter",
        "/",
        "Show only the files that match; `!` in front shows only those that do not.",
        "screen.filter",
        ("package",),
        "Package",
        "filter",
        takes_keys=True,
    ),
    KeyAction(
        "package.switch",
        "Switch between facts and files",
        "tab,shift+tab",
        "From the facts to the files and back.",
        "screen.switch",
        ("package",),
        "Package",
        "files",
    ),
)

_WITH_LINES: tuple[Place, ...] = (
    "environments",
    "compare",
    "cleanup",
    "jobs",
    "restore",
    "log",
    "failure",
    "browse",
    "nodes",
    "package",
    "keys",
)
"""The places with a line under the cursor, and a way back."""

_KEYS = (
    KeyAction(
        "keys.add",
        "Add another key",
        "a",
        "Give the action under the cursor one more key; `enter` replaces those that it has.",
        "screen.add",
        ("keys",),
        "Keys",
        "add",
    ),
    KeyAction(
        "keys.reset",
        "Reset",
        "x",
        "Give the action under the cursor the keys of the keymap again.",
        "screen.reset",
        ("keys",),
        "Keys",
        "reset",
    ),
    KeyAction(
        "keys.reset_all",
        "Reset all",
        "X",
        "Give every action the keys of the keymap again; it asks before, and a second press does it.",
        "screen.reset_all",
        ("keys",),
        "Keys",
    ),
    KeyAction(
        "keys.keymap",
        "Next keymap",
        "m",
        "Start from other keys: condatui's own, or with those that vi, lazygit or k9s have for the same.",
        "screen.next_keymap",
        ("keys",),
        "Keys",
        "keymap",
    ),
    KeyAction(
        "keys.filter",
        "Filter",
        "/",
        "Show only the actions that match: a key, a word of what it does, an id, a place.",
        "screen.filter",
        ("keys",),
        "Keys",
        "filter",
        takes_keys=True,
    ),
)

_SHARED = (
    KeyAction(
        "copy",
        "Copy",
        "y",
        "Copy what is under the cursor: into tmux's buffer, or to the clipboard of your terminal, over SSH too.",
        "screen.copy",
        _WITH_LINES,
        "Everywhere",
        "copy",
    ),
    KeyAction(
        "back",
        "Back",
        "escape",
        "Back: out of the help, the details, a zoom, the filter, the log, and at last to the environments; puts the "
        "notice of an interrupted job away.",
        "screen.back",
        _WITH_LINES,
        "Everywhere",
    ),
)

_EVERYWHERE = (
    KeyAction("reload", "Reload", "r", "Look again, and read what has changed.", "app.reload", hint="reload"),
    KeyAction(
        "reload_all",
        "Reload all",
        "R",
        "Read, measure and check everything again, also files that have only grown.",
        "app.reload_all",
    ),
    KeyAction(
        "read_only",
        "Read-only, or not",
        "W",
        "Let nothing be changed, or allow it again; plans can be made and read all the same.",
        "app.toggle_read_only",
    ),
    KeyAction("log", "Command log", "@", "Every command that condatui ran, to read and copy.", "app.log", hint="log"),
    KeyAction(
        "palette",
        "Commands",
        ":,ctrl+p",
        "All actions of this place, and every environment by name.",
        "app.palette",
        takes_keys=True,
    ),
    KeyAction(
        "keys",
        "Keys",
        "comma",
        "All keys, to search and to change; and the keymaps of vi, lazygit and k9s to start from.",
        "app.keys",
        takes_keys=True,
    ),
    KeyAction(
        "theme", "Choose a theme", "", "Other colours; `ansi-dark` sends least over a slow line.", "app.change_theme"
    ),
    KeyAction(
        "redraw",
        "Draw the screen again",
        "ctrl+l",
        "Draw the screen again, when another program has written over it.",
        "app.redraw",
    ),
    KeyAction(
        "suspend",
        "Suspend",
        "ctrl+z",
        "Back to the shell for a while; `fg` there comes back. What jobs have started goes on meanwhile.",
        "app.suspend_process",
    ),
    KeyAction("quit", "Quit", "q,ctrl+c", "Leave condatui.", "app.quit", hint="quit"),
    KeyAction(
        "help", "Help", "?", "The keys of this place; what is typed there filters them.", "screen.help", hint="help"
    ),
)

ACTIONS: tuple[KeyAction, ...] = (
    *_ENVIRONMENTS,
    *_BROWSE,
    *_NODES,
    *_PACKAGE,
    *_KEYS,
    *_COMPARE,
    *ON_CLEANUP,
    *ON_JOBS,
    *ON_RESTORE_POINTS,
    *ON_LISTS,
    *_SHARED,
    *_PLACES,
    *_EVERYWHERE,
)
"""All actions, in the order of the help."""

ACTION_BY_ID: Mapping[str, KeyAction] = MappingProxyType({action.id: action for action in ACTIONS})


def actions_in(*places: Place) -> Iterator[KeyAction]:
    """The actions that apply in any of these places, in the order of the registry."""
    return (action for action in ACTIONS if not set(places).isdisjoint(action.places))


def bindings(place: Place) -> list[Binding]:
    """The `BINDINGS` of a screen or the app: the actions of one place."""
    return [action.binding for action in actions_in(place)]
