"""What the palette offers: everything that can be done here, and every environment by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.types import IgnoreReturnCallbackType

from condatui.messages import EnvironmentChosen
from condatui.screens.place import PlaceScreen
from condatui_core.text import sanitize

_Offer = tuple[str, str, IgnoreReturnCallbackType]
"""A name, a line about it, and what it does."""


class PlaceCommands(Provider):
    """The commands of the place that the palette was opened in; foreign words in them are never markup."""

    async def discover(self) -> Hits:
        """All of them, in the order of the registry."""
        for name, about, run in self._offers():
            yield DiscoveryHit(_prompt(name, about), run, text=name)

    async def search(self, query: str) -> Hits:
        """Those whose name has the letters of the query."""
        matcher = self.matcher(query)
        for name, about, run in self._offers():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, _prompt(name, about), run, text=name)

    def _offers(self) -> Iterable[_Offer]:
        place = self.screen
        if not isinstance(place, PlaceScreen):
            return
        for action in place.actions:
            if "list" in action.places:
                continue  # moving is for keys
            off = action.reason(place.action_context)
            about = f"Off: {off}" if off else action.help
            keys = " ".join(place.session.keymap.labels(action))
            yield f"{action.title}  {keys}", about, partial(self.app.run_action, f"app.perform('{action.id}')")
        for environment in place.session.inventory.environments:
            name, prefix = sanitize(environment.name), sanitize(environment.prefix)
            yield f"Go to {name}", prefix, partial(self.app.post_message, EnvironmentChosen(environment.prefix))


def _prompt(name: str, about: str) -> Content:
    return Content.assemble(name, "\n", (about, "dim"))
