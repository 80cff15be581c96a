"""Environments that should be the same on many machines: which are, who differs in what, and who has none."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from condatui_core.records.alike import AlikeMember

NodeState = Literal["equal", "builds", "differs", "missing", "unread"]
"""The same as the reference; the same but for builds; anything else; not there; or there, and its packages unknown."""


class Node(Struct, frozen=True, kw_only=True):
    """What one machine has of such an environment."""

    host: str
    state: NodeState
    prefix: str = ""
    """Of the environment, with its host; empty if it is missing."""
    difference: AlikeMember | None = None
    """How it differs from the reference, which is the keeper in this; None unless `builds` or `differs`."""


class NodeGroup(Struct, frozen=True, kw_only=True):
    """Environments of one name on many machines."""

    name: str
    path: str = ""
    """Where they are on their machines; empty if not everywhere in the same place."""
    reference: str
    """The prefix, with its host, of one of those that most of the others equal."""
    nodes: tuple[Node, ...]
    """By host."""

    @property
    def there(self) -> tuple[Node, ...]:
        """The machines that have it."""
        return tuple(each for each in self.nodes if each.state != "missing")

    @property
    def equal(self) -> int:
        """On how many machines it is the same."""
        return sum(each.state == "equal" for each in self.nodes)

    @property
    def uniform(self) -> bool:
        """Whether it is the same everywhere, and nowhere missing."""
        return self.equal == len(self.nodes)
