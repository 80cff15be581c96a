"""Find out whether environments that many machines have under one name are the same, and who differs in what."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from msgspec.structs import replace

from condatui_core.analyses.alike import member_of
from condatui_core.analyses.package_sets import PackageSet, package_sets
from condatui_core.records.alike import AlikeMember
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.node import Node, NodeGroup, NodeState

NodeKey = Literal["name", "path"]
"""By what environments of several machines are taken for the same one."""
_Content = tuple[int, ChannelConfig]
"""Equal for environments with the same content object, of machines that name channels alike."""


def node_groups(inventory: Inventory, hosts: Sequence[str], *, by: NodeKey = "name") -> tuple[NodeGroup, ...]:
    """What each name, or path, that two or more machines have is on each of `hosts`, in the order of the names.

    The reference is what most have; of several that equally many have, what was changed last. A name that a machine
    has twice is told apart by path. A machine without it counts as missing it if most of the machines have it.
    """
    wanted = frozenset(hosts)
    there = [each for each in inventory.environments if each.host in wanted and each.state not in ("missing", "orphan")]
    twice = _names_used_twice(there)
    found: defaultdict[tuple[str, str], list[Environment]] = defaultdict(list)
    for each in there:
        key = ("", each.path) if by == "path" else (each.name, each.path if each.name in twice else "")
        found[key].append(each)
    several = (each for key, each in sorted(found.items()) if len({one.host for one in each}) > 1)
    return tuple(_Group(inventory, each).compared(hosts) for each in several)


def _names_used_twice(environments: Sequence[Environment]) -> frozenset[str]:
    uses = Counter((each.host, each.name) for each in environments)
    return frozenset(name for (_, name), count in uses.items() if count > 1)


class _Group:
    """The environments of one name, sorted by what they hold."""

    def __init__(self, inventory: Inventory, environments: Sequence[Environment]) -> None:
        self._environments = environments
        # Most machines hold the very same: each content is looked at once.
        contents = {each.prefix: (id(each.contents), inventory.channel_config(each)) for each in environments}
        first: dict[_Content, Environment] = {}
        for each in environments:
            first.setdefault(contents[each.prefix], each)
        sets = package_sets(replace(inventory, environments=tuple(first.values())))
        by_content = {contents[each.environment.prefix]: each for each in sets}
        self._sets: Mapping[str, PackageSet] = {
            prefix: by_content[content] for prefix, content in contents.items() if content in by_content
        }
        """By prefix; what could not be read is not there."""
        kinds: dict[frozenset[tuple[int, str]], int] = {}
        of_sets = {id(each): kinds.setdefault(_exactly(each), len(kinds)) for each in sets}
        self._kinds = {prefix: of_sets[id(each)] for prefix, each in self._sets.items()}
        """The same number for those with the same packages in the same builds."""

    def compared(self, hosts: Sequence[str]) -> NodeGroup:
        """Compare them with what most of them are."""
        paths = {each.path for each in self._environments}
        reference = self._reference()
        nodes = {node.host: node for node in self._nodes(reference)}
        absent = [host for host in hosts if host not in nodes]
        if len(nodes) >= len(absent):
            nodes.update((host, Node(host=host, state="missing")) for host in absent)
        return NodeGroup(
            name=self._environments[0].name,
            path=paths.pop() if len(paths) == 1 else "",
            reference=reference,
            nodes=tuple(nodes[host] for host in sorted(nodes)),
        )

    def _reference(self) -> str:
        """The prefix of the one that stands for what most are."""
        uses = Counter(self._kinds.values())

        def rank(environment: Environment) -> tuple[int, float]:
            kind = self._kinds.get(environment.prefix)
            changed = environment.modified.timestamp() if environment.modified else 0.0
            return 0 if kind is None else uses[kind], changed

        return max(sorted(self._environments, key=lambda each: each.prefix), key=rank).prefix

    def _nodes(self, reference: str) -> Iterator[Node]:
        known: dict[int, AlikeMember] = {}
        usual = self._kinds.get(reference)
        for each in self._environments:
            kind = self._kinds.get(each.prefix)
            if kind is None:
                yield Node(host=each.host, prefix=each.prefix, state="unread")
            elif kind == usual:
                yield Node(host=each.host, prefix=each.prefix, state="equal")
            else:
                if kind not in known:
                    known[kind] = member_of(self._sets[reference], self._sets[each.prefix])
                difference = replace(known[kind], prefix=each.prefix)
                state: NodeState = "builds" if difference.relation == "identical" else "differs"
                yield Node(host=each.host, prefix=each.prefix, state=state, difference=difference)


def _exactly(held: PackageSet) -> frozenset[tuple[int, str]]:
    """Equal for environments with the same packages in the same builds."""
    return frozenset((number, each.build) for number, each in held.held.items())
