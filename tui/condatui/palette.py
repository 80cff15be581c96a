"""The commands of the palette: all actions of the place, the settings file, and every environment by name."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import partial

from textual import on
from textual.await_complete import AwaitComplete
from textual.command import CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.events import Resize
from textual.message import Message
from textual.types import IgnoreReturnCallbackType
from textual.widgets import Input, OptionList

from condatui.messages import EnvironmentChosen
from condatui.screens.place import PlaceScreen, drop_former_size
from condatui.view_models import styles
from condatui.view_models.format import copyable
from condatui_core.text import sanitize

_MOST_NAMES = 1000
"""If there are more environments, only those of this machine are offered."""
_Command = tuple[str, str, IgnoreReturnCallbackType]
"""The name, the description and the callback of a command."""


class Palette(CommandPalette):
    """Textual's palette, for those who type fast: it takes nothing before its list is drawn or while it closes."""

    _left_already = False

    def on_mount(self) -> None:
        """Keep the cursor from blinking, which would keep sending over a slow line."""
        self.query_one(Input).cursor_blink = False

    async def _on_resize(self, event: Resize) -> None:
        drop_former_size(event, self.app.size)

    def dismiss(self, result: None = None) -> AwaitComplete:
        """Close, once."""
        if self._left_already:
            return AwaitComplete()
        self._left_already = True
        return super().dismiss(result)

    @on(Input.Submitted)
    @on(OptionList.OptionSelected)
    def _take_one_choice(self, event: Message) -> None:
        """Keep a second enter from doing the command again and closing what lies below."""
        if self._left_already:
            event.stop()
            event.prevent_default()

    def _action_command_list(self, action: str) -> None:
        with suppress(LookupError):  # a list that is not drawn yet knows no lines, so that no page can be turned
            super()._action_command_list(action)


class PlaceCommands(Provider):
    """The commands for the place that the palette was opened from; foreign text in them is never markup."""

    async def discover(self) -> Hits:
        """All commands, in the order of the registry."""
        for name, description, run in self._commands():
            yield DiscoveryHit(_prompt(name, description), run, text=name)

    async def search(self, query: str) -> Hits:
        """The commands whose names match the query."""
        matcher = self.matcher(query)
        for name, description, run in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, _prompt(name, description), run, text=name)

    def _commands(self) -> Iterable[_Command]:
        place = self.screen
        if not isinstance(place, PlaceScreen):
            return
        for action in place.actions:
            if "list" in action.places:
                continue  # the keys that move the cursor make no sense as commands
            off = action.reason(place.action_context)
            description = f"Off: {off}" if off else action.help
            keys = " ".join(place.session.keymap.labels(action))
            yield f"{action.title}  {keys}", description, partial(self.app.run_action, f"app.perform('{action.id}')")
        yield _settings_file(place)
        session = place.session
        everywhere = session.everywhere.environments
        # Textual searches the names on the event loop: those of hundreds of machines would hold up each key.
        for environment in everywhere if len(everywhere) <= _MOST_NAMES else session.inventory.environments:
            name, prefix = sanitize(environment.name), sanitize(environment.prefix)
            name = f"{name} on {sanitize(environment.host)}" if environment.host else name
            yield f"Go to {name}", prefix, partial(self.app.post_message, EnvironmentChosen(environment.prefix))


def _settings_file(place: PlaceScreen) -> _Command:
    """Where the settings are; choosing it copies the path."""
    path = str(place.session.workbench.locations.settings_file)
    return "Settings file", f"{sanitize(path)}; `condatui config --edit` edits it", partial(place.copy, copyable(path))


def _prompt(name: str, description: str) -> Content:
    return Content.assemble(name, "\n", (description, styles.DIM))
