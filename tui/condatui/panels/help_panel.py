"""The hints at the bottom of a place, and the help with all its keys."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.style import Style
from rich.text import Text

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext
from condatui.actions.keymap import Keymap
from condatui.view_models import styles
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


class HelpPanel(TextPane):
    """Covers the lower part of a place; a dialog would redraw the whole screen."""


def help_text(
    actions: Iterable[KeyAction],
    keymap: Keymap,
    action_context: ActionContext,
    languages: Mapping[str, Sequence[tuple[str, str]]],
    width: int,
) -> Text:
    """The actions by group, with the reason why one is off; below them, by title, the (example, meaning) pairs."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        reason = action.reason(action_context)
        about = f"{action.help} Off now: {reason}" if reason else action.help
        if keys := " ".join(keymap.labels(action)):
            groups.setdefault(action.group, []).append((keys, about))
    blocks = (_block(title, pairs, width) for title, pairs in (*groups.items(), *languages.items()))
    return Text("\n\n").join(blocks)


def _block(title: str, pairs: Sequence[tuple[str, str]], width: int) -> Text:
    block = Text.assemble((title, styles.STRONG))
    for left, right in pairs:
        first, *rest = wrap(right, max(20, width - _KEYS)) or [""]
        block.append(f"\n  {left.ljust(_KEYS - 2)}", styles.STRONG).append(first)
        for line in rest:
            block.append(f"\n{'':{_KEYS}}{line}")
    return block
