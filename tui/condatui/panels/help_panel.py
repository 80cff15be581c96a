"""The keys of a place, over the lower part of the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.style import Style
from rich.text import Text

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext
from condatui.actions.keymap import Keymap
from condatui.widgets.lines_pane import TextPane

# What the bottom line says: the keys that are worth knowing here.


_APART = "  "


def hint_line(
    actions: Sequence[KeyAction], keymap: Keymap, action_context: ActionContext, key_style: Style, width: int
) -> Text:
    """The hints of the actions that have one, as many as there is room for; what cannot be done now is dim.

    The last one, which is where to find all the others, stays whatever the width.
    """
    hints = [_hint(action, keymap, action_context, key_style) for action in actions if action.hint]
    while len(hints) > 1 and _width(hints) > width:
        del hints[-2]
    return Text(_APART).join(hints)


def _hint(action: KeyAction, keymap: Keymap, action_context: ActionContext, key_style: Style) -> Text:
    key, words = keymap.labels(action)[0], f" {action.hint}"
    return Text(key + words, "dim") if action.reason(action_context) else Text.assemble((key, key_style), words)


def _width(hints: Sequence[Text]) -> int:
    return sum(hint.cell_len for hint in hints) + len(_APART) * (len(hints) - 1)


_KEYS = 18
"""Cells for the keys, the margin included."""


class HelpPanel(TextPane):
    """Opens in place rather than as a dialog, which would draw the whole screen anew."""


def help_text(
    actions: Iterable[KeyAction],
    keymap: Keymap,
    action_context: ActionContext,
    languages: Mapping[str, Sequence[tuple[str, str]]],
    width: int,
) -> Text:
    """The actions by their groups, with why one is off now; below them small languages as (example, meaning) pairs."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        reason = action.reason(action_context)
        about = f"{action.help} Off now: {reason}" if reason else action.help
        if keys := " ".join(keymap.labels(action)):
            groups.setdefault(action.group, []).append((keys, about))
    blocks = (_block(title, pairs, width) for title, pairs in (*groups.items(), *languages.items()))
    return Text("\n\n").join(blocks)


def _block(title: str, pairs: Sequence[tuple[str, str]], width: int) -> Text:
    block = Text.assemble((title, "bold"))
    for left, right in pairs:
        first, *rest = wrap(right, max(20, width - _KEYS)) or [""]
        block.append(f"\n  {left.ljust(_KEYS - 2)}", "bold").append(first)
        for line in rest:
            block.append(f"\n{'':{_KEYS}}{line}")
    return block
