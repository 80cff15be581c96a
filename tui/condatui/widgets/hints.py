"""What the bottom line says: the keys that are worth knowing here."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style
from rich.text import Text

from condatui.actions import Action
from condatui.keys import Keymap
from condatui.standing import Standing

_APART = "  "


def hint_line(actions: Sequence[Action], keymap: Keymap, standing: Standing, key_style: Style, width: int) -> Text:
    """The hints of the actions that have one, as many as there is room for; what cannot be done now is dim.

    The last one, which is where to find all the others, stays whatever the width.
    """
    hints = [_hint(action, keymap, standing, key_style) for action in actions if action.hint]
    while len(hints) > 1 and _width(hints) > width:
        del hints[-2]
    return Text(_APART).join(hints)


def _hint(action: Action, keymap: Keymap, standing: Standing, key_style: Style) -> Text:
    key, words = keymap.labels(action)[0], f" {action.hint}"
    return Text(key + words, "dim") if action.reason(standing) else Text.assemble((key, key_style), words)


def _width(hints: Sequence[Text]) -> int:
    return sum(hint.cell_len for hint in hints) + len(_APART) * (len(hints) - 1)
