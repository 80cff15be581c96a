"""The keymap: the default keys of the registry, the changes of the user's settings, and the list for docs/keys.md."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Mapping
from itertools import combinations

from msgspec import Struct
from textual.keys import KEY_TO_UNICODE_NAME, Keys, format_key

from condatui.actions.action import KeyAction
from condatui.actions.registry import ACTION_BY_ID, ACTIONS
from condatui_core.settings import SettingError
from condatui_core.text import sanitize

_MODIFIERS = frozenset({"ctrl", "shift", "alt", "super", "hyper", "meta"})
_NAMED = frozenset(key.value for key in Keys) | KEY_TO_UNICODE_NAME.keys()
_LABELS = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn"}
_SPELLED_OUT = frozenset(
    {"up", "down", "left", "right", "enter", "backspace", "delete"}
)  # Textual shows arrows for these
_SETTING = "keys"


class Keymap(Struct, frozen=True):
    """The keys of this user."""

    changed: Mapping[str, str]
    """By action id, the keys of the actions whose keys the user has changed."""

    @staticmethod
    def of_settings(keys: Mapping[str, str]) -> Keymap:
        """The keymap of the settings. Raises SettingError for an unknown action or key, or a key with two meanings."""
        for name, listed in keys.items():
            _check(name, listed)
        keymap = Keymap({name: ",".join(_split(listed)) for name, listed in keys.items()})
        labelled = [(action, frozenset(keymap.labels(action))) for action in ACTIONS]
        for (one, keys_of_one), (other, keys_of_other) in combinations(labelled, 2):
            both = keys_of_one & keys_of_other
            if both and _overlap(one, other):
                raise SettingError(f"The key `{min(both)}` would mean both {one.id} and {other.id}.", _SETTING)
        return keymap

    def labels(self, action: KeyAction) -> tuple[str, ...]:
        """The labels of an action's keys; the first is the one to show."""
        return tuple(key_label(key) for key in _split(self.changed.get(action.id, action.keys)))


def key_label(key: str) -> str:
    """The label of a key: `[`, `ctrl+p`, `esc`, `up`."""
    *modifiers, last = _parts(key)
    label = _LABELS.get(last) or (last if last in _SPELLED_OUT else format_key(last))
    return "+".join((*modifiers, label))


def key_list_markdown() -> str:
    """The key list of docs/keys.md: a table for each group."""
    groups = dict.fromkeys(action.group for action in ACTIONS)
    return "\n".join(f"**{group}**\n\n{_table(group)}" for group in groups)


def _table(group: str) -> str:
    rows = (_row(action) for action in ACTIONS if action.group == group)
    return "".join(
        f"{line}\n" for line in ("| keys | what they do | id in the settings |", "| --- | --- | --- |", *rows)
    )


def _row(action: KeyAction) -> str:
    keys = " ".join(f"`{label}`" for label in Keymap({}).labels(action)).replace("|", r"\|")
    return f"| {keys} | {action.help} | `{action.id}` |"


def _split(keys: str) -> tuple[str, ...]:
    return tuple(key.strip() for key in keys.split(",") if key.strip())


def _parts(key: str) -> list[str]:
    return key.split("+") if len(key) > 1 else [key]


def _check(name: str, keys: str) -> None:
    if name not in ACTION_BY_ID:
        hint = f"There are {', '.join(ACTION_BY_ID)}."
        raise SettingError(f"There is no action `{sanitize(name)}`.", _SETTING, hint=hint)
    if not _split(keys):
        raise SettingError(f"The action {name} would have no key.", _SETTING)
    for key in _split(keys):
        if not _is_key(key):
            hint = "Keys are such as `x`, `f5`, `ctrl+x`, `space`."
            raise SettingError(f"There is no key `{sanitize(key)}` for {name}.", _SETTING, hint=hint)


def _is_key(key: str) -> bool:
    *modifiers, last = _parts(key)
    known = last in _NAMED or _is_character_name(last) or (len(last) == 1 and last.isprintable())
    return known and _MODIFIERS.issuperset(modifiers)


def _is_character_name(name: str) -> bool:
    try:
        unicodedata.lookup(name.replace("_", " "))
    except KeyError:
        return False
    return True


def _overlap(one: KeyAction, other: KeyAction) -> bool:
    """Whether both may apply at once: they share a place, or one of them applies everywhere, as lists do."""
    places = {*one.places, *other.places}
    return not places.isdisjoint({"everywhere", "list"}) or not set(one.places).isdisjoint(other.places)


if __name__ == "__main__":
    sys.stdout.write(key_list_markdown())
