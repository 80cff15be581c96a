"""The keymap: the default keys of the registry, the changes of the user's settings, and the list for docs/keys.md."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Iterable, Mapping
from itertools import combinations

from msgspec import Struct
from textual.keys import KEY_TO_UNICODE_NAME, Keys, format_key

from condatui.actions.action import KeyAction
from condatui.actions.keymaps import KEYMAPS
from condatui.actions.registry import ACTION_BY_ID, ACTIONS
from condatui_core.settings import KeymapName, SettingError
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

    changed: Mapping[str, str] = {}
    """By action id, the keys of the actions whose keys are not condatui's own."""
    own: Mapping[str, str] = {}
    """The part of `changed` that the user has assigned, over the keymap to start from."""
    start: KeymapName = "condatui"
    """The keymap to start from."""

    @staticmethod
    def of_settings(keys: Mapping[str, str], start: KeymapName = "condatui") -> Keymap:
        """The keymap of the settings.

        Raises SettingError for an unknown action or key, a reserved key, or a key with two meanings.
        """
        for name, listed in keys.items():
            _check(name, listed)
        own = {name: ",".join(_split(listed)) for name, listed in keys.items()}
        keymap = Keymap({**KEYMAPS[start], **own}, own, start)
        labelled = [(action, frozenset(keymap.labels(action))) for action in ACTIONS]
        for (one, keys_of_one), (other, keys_of_other) in combinations(labelled, 2):
            both = keys_of_one & keys_of_other
            if both and _overlap(one, other):
                raise SettingError(f"The key `{min(both)}` would mean both {one.id} and {other.id}.", _SETTING)
        return keymap

    def keys(self, action: KeyAction) -> tuple[str, ...]:
        """The keys of an action, as the settings spell them."""
        return _split(self.changed.get(action.id, action.keys))

    def labels(self, action: KeyAction) -> tuple[str, ...]:
        """The labels of an action's keys; the first is the one to show."""
        return tuple(map(key_label, self.keys(action)))

    def clashes(self, action: KeyAction, key: str) -> tuple[KeyAction, ...]:
        """The other actions that a key means where it would mean this one."""
        label = key_label(key)
        others = (each for each in ACTIONS if each is not action and _overlap(each, action))
        return tuple(each for each in others if label in self.labels(each))


def with_key(keymap: Keymap, action: KeyAction, key: str, *, add: bool = False) -> Mapping[str, str]:
    """The user's keys if an action gets this one, in place of those that it has or beside them.

    Actions that have the key already get in exchange the first one that this action gives up. Raises SettingError if
    the key is reserved.
    """
    check_reserved(action, key)
    former = keymap.keys(action)
    kept = tuple(each for each in former if add or _is_reserved(each))
    changed = {action.id: ",".join(dict.fromkeys((*kept, spelled_key(key))))}
    given_up = [each for each in former if each not in kept]
    for other in keymap.clashes(action, key):
        rest = [each for each in keymap.keys(other) if key_label(each) != key_label(key)]
        changed[other.id] = ",".join((*given_up[:1], *rest))
    return {**keymap.own, **changed}


def without_own_keys(keymap: Keymap, action: KeyAction) -> Keymap:
    """The keymap in which an action has no keys of the user, nor have those that have what it then gets back."""
    base = Keymap.of_settings({}, keymap.start)
    own, given_back = dict(keymap.own), [action]
    while given_back:
        each = given_back.pop()
        if own.pop(each.id, None) is not None:
            present = Keymap({**KEYMAPS[keymap.start], **own}, own, keymap.start)
            clashing = (other for key in base.keys(each) for other in present.clashes(each, key))
            given_back.extend(other for other in clashing if other.id in own)
    return Keymap.of_settings(own, keymap.start)


# Keys and their names


RESERVED: Mapping[str, tuple[str, ...]] = {
    "esc": ("escape", "ctrl+left_square_bracket"),
    "ctrl+c": ("ctrl+c",),
    "enter": ("enter", "ctrl+m", "ctrl+j", "return"),
}
"""The keys that lead out of everything, and into it: by label, how they are spelled. Only what has one keeps it."""

TAKEN_BY_TERMINALS = frozenset({"ctrl+a", "ctrl+b", "ctrl+q", "ctrl+s"})
"""The keys that tmux, screen and terminals usually keep for themselves."""


def check_reserved(action: KeyAction, key: str) -> None:
    """Raise SettingError if a key is reserved for another action than this one."""
    for label, spelled in RESERVED.items():
        if key in (label, *spelled) and not set(spelled) & {*_split(action.keys)}:
            raise SettingError(f"The key `{label}` is reserved: {action.id} cannot have it.", _SETTING)


def spelled_key(key: str) -> str:
    """A key that was pressed, as a settings file has it: by its label, unless that would end the key."""
    label = key_label(key)
    return label if len(label) == 1 and label != "," else key


def key_label(key: str) -> str:
    """The label of a key: `[`, `ctrl+p`, `esc`, `up`."""
    *modifiers, last = _parts(key)
    label = _LABELS.get(last) or (last if last in _SPELLED_OUT else format_key(last))
    return "+".join((*modifiers, label))


def key_list_markdown() -> str:
    """The key list of docs/keys.md: a table for each group, and what the keymaps have otherwise."""
    groups = dict.fromkeys(action.group for action in ACTIONS)
    tables = (f"**{group}**\n\n{_table(group)}" for group in groups)
    return "\n".join((*tables, f"**Keymaps**\n\n{_keymaps_table()}"))


def _keymaps_table() -> str:
    names: list[KeymapName] = [name for name, keys in KEYMAPS.items() if keys]
    keymaps = [Keymap.of_settings({}, name) for name in names]
    rows = []
    for action in ACTIONS:
        if any(action.id in each.changed for each in keymaps):
            cells = (_ticked(each.labels(action) if action.id in each.changed else ()) for each in keymaps)
            rows.append(f"| {action.title} | {_ticked(Keymap().labels(action))} | {' | '.join(cells)} |")
    head = f"| what they do otherwise | condatui | {' | '.join(names)} |"
    return "".join(f"{line}\n" for line in (head, f"| {' | '.join(['---'] * (2 + len(names)))} |", *rows))


def _table(group: str) -> str:
    rows = (_row(action) for action in ACTIONS if action.group == group)
    return "".join(
        f"{line}\n" for line in ("| keys | what they do | id in the settings |", "| --- | --- | --- |", *rows)
    )


def _row(action: KeyAction) -> str:
    return f"| {_ticked(Keymap().labels(action))} | {action.help} | `{action.id}` |"


def _ticked(labels: Iterable[str]) -> str:
    return " ".join(f"`{label}`" for label in labels).replace("|", r"\|")


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
        check_reserved(ACTION_BY_ID[name], key)


def _is_key(key: str) -> bool:
    *modifiers, last = _parts(key)
    known = last in _NAMED or _is_character_name(last) or (len(last) == 1 and last.isprintable())
    return known and _MODIFIERS.issuperset(modifiers)


def _is_reserved(key: str) -> bool:
    return any(key in spelled for spelled in RESERVED.values())


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
