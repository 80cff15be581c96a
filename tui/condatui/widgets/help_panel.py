"""The keys of a place, over the lower part of the screen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from textwrap import wrap

from rich.text import Text

from condatui.actions import Action
from condatui.keys import Keymap
from condatui.standing import Standing
from condatui.widgets.text_pane import TextPane

_KEYS = 18
"""Cells for the keys, the margin included."""


class HelpPanel(TextPane):
    """Opens in place rather than as a dialog, which would draw the whole screen anew."""


def help_text(
    actions: Iterable[Action],
    keymap: Keymap,
    standing: Standing,
    languages: Mapping[str, Sequence[tuple[str, str]]],
    width: int,
) -> Text:
    """The actions by their groups, with why one is off now; below them small languages as (example, meaning) pairs."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for action in actions:
        reason = action.reason(standing)
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
