"""The hints at the bottom of a place, and the help with all its keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from textwrap import wrap
from typing import ClassVar

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Input

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext
from condatui.actions.keymap import Keymap
from condatui.panels.base import BottomPanel
from condatui.view_models import styles
from condatui.widgets.line_input import LineInput
from condatui.widgets.lines_pane import TextPane

# The hints


_APART = "  "


def hint_line(
    actions: Sequence[KeyAction], keymap: Keymap, action_context: ActionContext, key_style: Style, width: int
) -> Text:
    """The hints of the actions that have one, as many as fit the width; those of actions that are off are dim.

    The last hint, which leads to the help, stays at any width.
    """
    hints = [_hint(action, keymap, action_context, key_style) for action in actions if action.hint]
    while len(hints) > 1 and _width(hints) > width:
        del hints[-2]
    return Text(_APART).join(hints)


def _hint(action: KeyAction, keymap: Keymap, action_context: ActionContext, key_style: Style) -> Text:
    key, label = keymap.labels(action)[0], f" {action.hint}"
    return Text(key + label, styles.DIM) if action.reason(action_context) else Text.assemble((key, key_style), label)


def _width(hints: Sequence[Text]) -> int:
    return sum(hint.cell_len for hint in hints) + len(_APART) * (len(hints) - 1)


# The help


_KEYS = 18
"""Cells for the keys, including the margin."""


_SHARE = 0.8
"""The largest part of the screen's height that the help takes."""

_HINTS = "type to filter  up/down pgup/pgdn scroll  esc leave"
_HINTS_FILTERED = "type to filter  up/down pgup/pgdn scroll  esc clear  ? leave"


class _HelpFilter(LineInput):
    """The filter of the help: takes every letter but the key that closes the help."""

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Leave the question mark to the panel."""
        return character != "?" and super().check_consume_key(key, character)


class _HelpLines(TextPane, can_focus=False):
    """The lines: the filter keeps the focus, and its keys scroll them."""


class HelpPanel(Vertical):
    """Covers the lower part of a place; a dialog would redraw the whole screen. What is typed filters the lines."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", show=False, priority=True),
        Binding("question_mark", "close", show=False, priority=True, id="help"),
        Binding("up", "scroll('up')", show=False),
        Binding("down", "scroll('down')", show=False),
        Binding("pageup", "scroll('page_up')", show=False),
        Binding("pagedown", "scroll('page_down')", show=False),
        Binding("ctrl+u", "scroll('half_page_up')", show=False, priority=True),
        Binding("ctrl+d", "scroll('half_page_down')", show=False, priority=True),
    ]

    class HelpClosed(Message):
        """The user closes the help."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's word
        super().__init__(id=id)
        self._make: Callable[[str], Text] = lambda _: Text()
        """Makes the text for a filter."""

    def compose(self) -> ComposeResult:
        """The filter, and the lines that pass it."""
        yield _HelpFilter(placeholder="type to filter")
        yield _HelpLines()

    def unfold(self, make: Callable[[str], Text]) -> None:
        """Show all that `make` gives for an empty filter, as high as the screen allows, and take the keys."""
        self._make = make
        field, text = self.query_one(Input), make("")
        with field.prevent(Input.Changed):
            field.value = ""
        self.query_one(TextPane).set_text(text, fresh=True)
        lines = text.plain.count("\n") + 1
        self.styles.height = min(int(self.screen.size.height * _SHARE), lines + 2)  # with the rule and the filter
        self.display = True
        self.take_keys()

    def take_keys(self) -> None:
        """Focus the filter, at once: the next key is meant for it."""
        self.screen.set_focus(self.query_one(Input))

    def hints(self) -> Text:
        """What the keys do: escape clears what is typed before it leaves."""
        return Text(_HINTS_FILTERED if self.query_one(Input).value else _HINTS)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Show what passes the filter."""
        event.stop()
        self.query_one(TextPane).set_text(self._make(event.value), fresh=True)
        self.post_message(BottomPanel.HintsChanged())

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Keep enter from the place."""
        event.stop()

    def action_scroll(self, how: str) -> None:
        """Scroll the lines, while the filter has the focus."""
        pane = self.query_one(TextPane)
        moves = {
            "up": pane.action_up,
            "down": pane.action_down,
            "page_up": pane.action_page_up,
            "page_down": pane.action_page_down,
            "half_page_up": pane.action_half_page_up,
            "half_page_down": pane.action_half_page_down,
        }
        moves[how]()

    def action_leave(self) -> None:
        """Clear the filter; without one, close."""
        field = self.query_one(Input)
        if field.value:
            field.value = ""
        else:
            self.action_close()

    def action_close(self) -> None:
        """Post that the user closes it."""
        self.post_message(self.HelpClosed())


def help_text(
    actions: Iterable[KeyAction],
    keymap: Keymap,
    action_context: ActionContext,
    languages: Mapping[str, Sequence[tuple[str, str]]],
    width: int,
    *,
    only: str = "",
) -> Text:
    """The actions by group, with the reason why one is off; below them, by title, the (example, meaning) pairs.

    `only` are words that a line has to have, in its keys, its sentence or the title above it.
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        reason = action.reason(action_context)
        about = f"{action.help} Off now: {reason}" if reason else action.help
        if keys := " ".join(keymap.labels(action)):
            groups.setdefault(action.group, []).append((keys, about))
    words = only.casefold().split()
    found = {
        title: [pair for pair in pairs if all(word in " ".join((title, *pair)).casefold() for word in words)]
        for title, pairs in (*groups.items(), *languages.items())
    }
    blocks = [_block(title, pairs, width) for title, pairs in found.items() if pairs]
    return Text("\n\n").join(blocks) if blocks else Text("No key here has these words.", styles.DIM)


def _block(title: str, pairs: Sequence[tuple[str, str]], width: int) -> Text:
    block = Text.assemble((title, styles.STRONG))
    for left, right in pairs:
        over = max(0, cell_len(left) + 4 - _KEYS)  # a long example pushes the first line of what it means
        first, *rest = wrap("x" * over + right, max(20 + over, width - _KEYS)) or [""]
        block.append(f"\n  {left}", styles.STRONG).append(" " * max(2, _KEYS - 2 - cell_len(left))).append(first[over:])
        for line in rest:
            block.append(f"\n{'':{_KEYS}}{line}")
    return block
