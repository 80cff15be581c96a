"""All keys, to search and to change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import ClassVar

from rich.text import Text
from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.keymap import Keymap, key_label, with_key, without_own_keys
from condatui.actions.keymaps import KEYMAPS
from condatui.actions.registry import ACTIONS, bindings
from condatui.panels.key_panel import KeyPanel
from condatui.screens.filtered_place import FilteredPlace
from condatui.services.keymap_writer import KEYS_GROUP, store_keymap
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.keys import KeysModel, action_text, matching
from condatui.widgets.input_bars import FilterBar
from condatui.widgets.lines_pane import LinesPane
from condatui.widgets.virtual_table import VirtualTable
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.settings import KeymapName
from condatui_core.text import sanitize, some_of


class KeysScreen(FilteredPlace):
    """One row for each action, with its keys; what is typed at first filters them."""

    PLACE = "keys"
    LANGUAGES: ClassVar = {
        "What a filter can say": (
            ("word", "in the keys, in what they do, in an id or a place; all words must match"),
            ("s", "a single character is a key"),
            ("!…", "what does not match the rest"),
        )
    }
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("keys")]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._filter_text = ""
        self.shown: tuple[KeyAction, ...] = ACTIONS
        """The actions that pass the filter."""
        self._opened_from = ""
        self._asked: Mapping[str, str] | None = None
        """The keys of the user's own that the key for all was pressed for once; None once something else was said."""

    def compose_body(self) -> ComposeResult:
        """The actions, and the one under the cursor in words."""
        yield VirtualTable(self.session.glyphs, id="keys")
        yield LinesPane(id="key", only_to_scroll=True)

    def compose_status(self) -> ComposeResult:
        """The status, and the filter, in which everything begins."""
        yield from super().compose_status()
        yield FilterBar(id="filter")

    @property
    def table(self) -> VirtualTable:
        """The table of actions."""
        return self.query_one(VirtualTable)

    @property
    def current(self) -> KeyAction | None:
        """The action under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def numbered_place(self) -> str:
        """The place that it was opened from, which is the one that is shown when it is first drawn."""
        self._opened_from = self._opened_from or self.app.current_mode
        return self._opened_from

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a row asks for its key."""
        return reworded(super().actions, {"list.open": ("change", "Give the action under the cursor another key.")})

    def on_mount(self) -> None:
        """Show the keys, and let what is typed filter them."""
        self._show()
        self.open_filter()

    def focus_body(self) -> None:
        """Focus the actions."""
        self.table.focus()

    def _show(self) -> None:
        keymap = self.session.keymap
        self.shown = matching(ACTIONS, keymap, self._filter_text)
        empty = Text(f"No key matches `{sanitize(self._filter_text)}`: esc clears the filter.", styles.DIM)
        self.table.set_model(KeysModel(self.shown, keymap), empty=empty)
        self._show_action()
        self.draw_bottom()

    def _show_action(self) -> None:
        text = action_text(self.current, self.session.keymap) if self.current else Text()
        self.query_one("#key", LinesPane).set_text(text)

    @on(VirtualTable.CursorMoved, "#keys")
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        if not isinstance(event, VirtualTable.Selected):
            self._show_action()
            self.follow(event)

    def status(self) -> Text:
        """The position of the cursor, the filter, the keymap, and how many keys are the user's own."""
        keymap, separator = self.session.keymap, self.session.glyphs.separator
        parts = [f"{self.table.cursor_row + 1 if self.shown else 0} of {len(self.shown)}"]
        if self._filter_text:
            parts.append(f"filter `{sanitize(self._filter_text)}`")
        parts.append(f"keymap {keymap.start}")
        if keymap.own:
            parts.append(f"{len(keymap.own)} changed by you")
        return Text(f" {separator} ".join(parts), styles.DIM)

    @property
    def filter_text(self) -> str:
        """The present filter."""
        return self._filter_text

    def apply_filter(self, text: str) -> None:
        """Show the actions that pass a filter."""
        self._filter_text = text
        self._show()

    @on(VirtualTable.Selected, "#keys")
    async def _change(self) -> None:
        await self._ask(add=False)

    async def action_add(self) -> None:
        """Ask for one more key."""
        await self._ask(add=True)

    async def _ask(self, *, add: bool) -> None:
        if self.help_is_open:
            self.close_help()
        elif self.current:
            await self.open_panel(KeyPanel(self.current, self.session.keymap, add=add))

    @on(KeyPanel.KeyChosen)
    def _take_key(self, event: KeyPanel.KeyChosen) -> None:
        action, key = event.action, event.key

        def change(keymap: Keymap) -> Keymap:
            return Keymap.of_settings(with_key(keymap, action, key, add=event.add), keymap.start)

        others = [each.title for each in self.session.keymap.clashes(action, key)]
        how = "Taken from" if event.add else "Exchanged with"
        exchanged = f" {how} {some_of(others)}." if others else ""
        self._store(change, f"{key_label(key)} is {action.title} from now on.{exchanged}")

    def action_reset(self) -> None:
        """Give the action under the cursor the keys of the keymap again."""
        if (action := self.current) is None:
            return
        if action.id not in self.session.keymap.own:
            self.say(f"{action.title} has no keys of yours.")
            return
        self._store(lambda keymap: without_own_keys(keymap, action), f"{action.title} is as it was.")

    def action_reset_all(self) -> None:
        """Give every action the keys of the keymap again."""
        own = self.session.keymap.own
        if not own:
            self.say("No key is changed by you.")
            return
        if self._asked != own:
            titles = some_of([each.title for each in ACTIONS if each.id in own])
            self.say(f"{self.session.key('keys.reset_all')} again takes back all your keys, which are lost: {titles}.")
            self._asked = dict(own)
            return
        self._store(lambda keymap: Keymap.of_settings({}, keymap.start), "All your keys are reset.")

    def say(self, notice: str) -> None:
        """Say something in the status line: what was asked there is not asked any more."""
        self._asked = None
        super().say(notice)

    def action_next_keymap(self) -> None:
        """Start from the next keymap."""
        names: list[KeymapName] = [*KEYMAPS]
        following = names[(names.index(self.session.keymap.start) + 1) % len(names)]
        changed = len(KEYMAPS[following])
        said = f"Keymap {following}: {changed} actions have other keys." if changed else "condatui's own keys."
        self._store(lambda keymap: Keymap.of_settings(keymap.own, following), said)

    def _store(self, change: Callable[[Keymap], Keymap], said: str) -> None:
        start_worker(self, partial(self._tell, change, said), group=KEYS_GROUP, description="change keys")

    async def _tell(self, change: Callable[[Keymap], Keymap], said: str) -> None:
        """Write the keys, and say what was done or why it could not be done."""
        try:
            await store_keymap(self.session, change)
            self.app.set_keymap(dict(self.session.keymap.changed))
        except CondatuiError as error:
            said = sanitize(f"{error.title} {self.session.words(error.advice)}".strip())
        self._show()
        self.say(said)

    def action_copy(self) -> None:
        """Copy the line of the settings file that gives the action under the cursor its keys."""
        if action := self.current:
            keys = ",".join(self.session.keymap.keys(action))
            self.copy(f'{action.id}: "{keys}"')

    def action_back(self) -> None:
        """Leave the help or the filter, or go back to the place that this was opened from."""
        if self.help_is_open:
            self.close_help()
        elif not self.table.has_focus:
            self.focus_body()
        elif self._filter_text:
            self.apply_filter("")
        elif self.is_current:
            self.dismiss()
