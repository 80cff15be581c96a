"""The keys as a table: a row for each action that the filter leaves, and the one under the cursor in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.text import Text

from condatui.actions.action import KeyAction
from condatui.actions.keymap import TAKEN_BY_TERMINALS, Keymap, key_label
from condatui.view_models import styles
from condatui.view_models.table import TableColumn
from condatui_core.text import some_of

_PLACES: Mapping[str, str] = {"list": "every list", "log": "command log"}
"""The places that are called otherwise than their names say."""


def places_of(action: KeyAction) -> str:
    """Where an action applies, in words."""
    return some_of([_PLACES.get(place, place) for place in action.places])


def matching(actions: Iterable[KeyAction], keymap: Keymap, text: str) -> tuple[KeyAction, ...]:
    """The actions that a filter leaves: all its words, or a whole key; a leading `!` inverts the test."""
    wanted = text.strip()
    inverse, wanted = wanted.startswith("!") and len(wanted) > 1, wanted.removeprefix("!") or wanted
    return tuple(each for each in actions if not wanted or _matches(each, keymap, wanted) != inverse)


def _matches(action: KeyAction, keymap: Keymap, wanted: str) -> bool:
    labels = keymap.labels(action)
    if len(wanted) == 1:  # a key: the letter `s` stands in nearly every sentence
        return wanted in labels
    told = " ".join((*labels, action.title, action.help, action.id, action.group, places_of(action))).casefold()
    return all(word in told for word in wanted.casefold().split())


class KeysModel:
    """Actions in the order given; the key of a row is the id of its action."""

    columns: tuple[TableColumn, ...] = (
        TableColumn("keys", "keys", 18, cut="end"),
        TableColumn("title", "what they do", 52, cut="end", flexible=True),
        TableColumn("places", "where", 22, cut="end", priority=1),
        TableColumn("from", "from", 8, cut="end"),
    )

    def __init__(self, actions: Sequence[KeyAction], keymap: Keymap) -> None:
        self._actions = actions
        self._keymap = keymap

    def __len__(self) -> int:
        return len(self._actions)

    def key(self, index: int) -> str:
        """The id of the action."""
        return self._actions[index].id

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; keys that are not condatui's own stand out, and say whose they are."""
        action = self._actions[index]
        origin = origin_of(action, self._keymap)
        return (
            Text(" ".join(self._keymap.labels(action)), styles.STRONG if origin else styles.PLAIN),
            Text(action.title),
            Text(places_of(action), styles.DIM),
            Text(origin, styles.STRONG if origin == "you" else styles.DIM),
        )


def origin_of(action: KeyAction, keymap: Keymap) -> str:
    """Whose keys an action has: `you`, the name of the keymap, or empty for condatui's own."""
    if action.id in keymap.own:
        return "you"
    return keymap.start if action.id in keymap.changed else ""


def action_text(action: KeyAction, keymap: Keymap) -> Text:
    """What an action does, where, its id in the settings, and the keys that a reset would give it."""
    text = Text.assemble((action.title, styles.STRONG), f"\n{action.help}\n")
    text.append(f"In {places_of(action)}; `{action.id}` in the settings.", styles.DIM)
    if action.id in keymap.own:
        reset = Keymap.of_settings({}, keymap.start).labels(action)
        text.append(f" A reset gives it {' '.join(reset) or 'no key'}.", styles.DIM)
    if unsafe := [key_label(key) for key in keymap.keys(action) if key in TAKEN_BY_TERMINALS]:
        text.append(f"\n{', '.join(unsafe)} may never arrive: tmux, screen or the terminal take it.", styles.WARNING)
    return text
