"""Writes the keys that the user has chosen into the settings file, and makes them hold at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui.actions.keymap import Keymap
from condatui_core.errors import UsageError
from condatui_core.settings import Settings

if TYPE_CHECKING:
    from condatui.session import Session

KEYS_GROUP = "keys"
"""The worker group of these changes."""


async def store_keymap(session: Session, change: Callable[[Keymap], Keymap]) -> None:
    """Write what `change` makes of the present keys, and let it hold from now on.

    Raises CondatuiError if nothing may be changed, if the keys cannot be so, or if the file has other keys by now;
    then those hold.
    """
    session.workbench.check_writable()
    former = session.keymap
    meanwhile: list[Keymap] = []

    def changed(settings: Settings) -> Settings:
        stored = Keymap.of_settings(settings.keys, settings.keymap)
        if stored != former:
            meanwhile.append(stored)
            return settings
        wanted = change(stored)
        return replace(settings, keys=dict(wanted.own), keymap=wanted.start)

    from condatui_core.settings_files.editing import change_settings  # noqa: PLC0415 - few change their keys

    settings = await asyncio.to_thread(change_settings, session.workbench.locations, changed)
    session.take_keymap(Keymap.of_settings(settings.keys, settings.keymap))
    if meanwhile:
        raise UsageError("The settings file has other keys by now, which hold from here on.")
