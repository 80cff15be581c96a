"""Convert environments that should be the same on many machines to the JSON document of `condatui nodes`."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from condatui_core.records.alike import PackageDifference
from condatui_core.records.node import Node, NodeGroup, NodeState


class NodeDocument(Struct, frozen=True, kw_only=True):
    """What one machine has of an environment."""

    host: str
    """Its name."""
    prefix: str | None
    """Where it is there; None if it is missing."""
    state: NodeState
    """The same as the reference, the same but for builds, anything else, not there, or there and unknown."""
    differs: tuple[PackageDifference, ...]
    """The packages that both have and that are not the same; the keeper is the reference, the member this one."""
    extra: tuple[str, ...]
    """Names of the packages that only this machine has in it."""
    lacking: tuple[str, ...]
    """Names of the packages that only the reference has."""
    builds: tuple[str, ...]
    """Names of the packages that differ in nothing but their build."""


class NodeGroupDocument(Struct, frozen=True, kw_only=True):
    """An environment that should be the same on many machines."""

    name: str
    """Its name, as in `list`."""
    path: str | None
    """Where it is; None if not everywhere in the same place."""
    reference: str
    """The machine that stands for what most of them have."""
    hosts: int
    """The number of machines that have it, or should."""
    equal: int
    """On how many of them it is the same."""
    nodes: tuple[NodeDocument, ...]
    """These machines, by name."""


class NodesDocument(Struct, frozen=True, kw_only=True):
    """Which environments of many machines are the same."""

    hosts: tuple[str, ...]
    """The machines that the snapshots tell of."""
    environments: tuple[NodeGroupDocument, ...]
    """Those that two machines or more have, by name."""


def describe_nodes(groups: Sequence[NodeGroup], hosts: Sequence[str]) -> NodesDocument:
    """Describe the groups in the order given."""
    return NodesDocument(hosts=tuple(hosts), environments=tuple(map(_group, groups)))


def _group(group: NodeGroup) -> NodeGroupDocument:
    return NodeGroupDocument(
        name=group.name,
        path=group.path or None,
        reference=group.reference.partition(":")[0],
        hosts=len(group.nodes),
        equal=group.equal,
        nodes=tuple(map(_node, group.nodes)),
    )


def _node(node: Node) -> NodeDocument:
    difference = node.difference
    return NodeDocument(
        host=node.host,
        prefix=node.prefix.removeprefix(f"{node.host}:") or None,
        state=node.state,
        differs=difference.differs if difference else (),
        extra=difference.extra if difference else (),
        lacking=difference.lacking if difference else (),
        builds=difference.builds if difference else (),
    )
