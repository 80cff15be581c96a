"""Environments that should be the same on many machines, in words: who differs from the others, and in what."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from condatui.view_models.alike import difference_words, requested_first
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.records.alike import AlikeMember
from condatui_core.records.node import Node, NodeGroup
from condatui_core.text import counted, sanitize, some_of

_MOST = 3
"""The most packages, and the most machines, that a line names for one reason."""


def node_words(group: NodeGroup, glyphs: Glyphs = UNICODE) -> str:
    """Who differs in what, in a line: `gpu07 numpy ↓1.26.3 · gpu11, gpu12 missing`; empty if nobody does.

    An arrow is that of the comparison with the reference: `↓` is older than the version there.
    """
    return f" {glyphs.separator} ".join(deviations(group, glyphs))


def deviations(group: NodeGroup, glyphs: Glyphs = UNICODE) -> Iterator[str]:
    """Each difference once, with the machines that have it."""
    told: dict[str, list[str]] = {}
    for host, node in differing(group):
        told.setdefault(state_words(node, glyphs), []).append(host)
    return (f"{some_of(hosts, _MOST)} {words}" for words, hosts in told.items())


def differing(group: NodeGroup) -> list[tuple[str, Node]]:
    """The machines that are not as the reference, by their names as they are shown."""
    return [(sanitize(each.host), each) for each in group.nodes if each.state != "equal"]


def state_words(node: Node, glyphs: Glyphs = UNICODE) -> str:
    """What a machine has that differs: `numpy ↓1.26.3, +tqdm`, `missing`; empty if it is equal."""
    if node.difference:
        return ", ".join(_differences(node.difference, glyphs))
    return {"equal": "", "missing": "missing", "unread": "cannot be read"}.get(node.state, node.state)


def _differences(difference: AlikeMember, glyphs: Glyphs) -> Iterator[str]:
    changed = [sanitize(difference_words(each, glyphs)) for each in requested_first(difference.differs)]
    yield from _first(changed)
    yield from _first([f"+{sanitize(name)}" for name in difference.extra])
    yield from _first([f"{glyphs.minus}{sanitize(name)}" for name in difference.lacking])
    if difference.builds:
        yield f"{counted(len(difference.builds), 'other build')}: {sanitize(some_of(difference.builds, _MOST))}"


def _first(words: Sequence[str]) -> Iterator[str]:
    if words:
        yield some_of(words, _MOST)
