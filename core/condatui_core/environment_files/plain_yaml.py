"""Read untrusted YAML as texts, lists and mappings only, with everything that grows bounded."""

from __future__ import annotations

from typing import Protocol, TypeAlias

Plain: TypeAlias = "str | list[Plain] | dict[str, Plain]"
"""What such a document consists of."""

_DEEPEST = 50
"""The deepest nesting; no file that describes an environment is nested as deeply."""
_MOST = 2_000_000
"""Texts, lists and mappings with all aliases written out; the largest lock files have a tenth of that."""


_MERGE = "<<"


class _Mark(Protocol):
    """The position in a text where an event begins."""

    line: int
    """From 0."""


def parse_plain_yaml(text: str, *, surrogates: bool = False) -> Plain | None:
    """Parse one document: `1.10` stays a text, no tag creates an object; None if there is nothing in it.

    It is built from the parser's events, because the parser's own loaders recurse and the C loader crashes on deep
    nesting. An alias is the object itself, so billions of them take no memory; written out, all of them must stay
    bounded. Raises ValueError, with the line where it is known, for broken YAML and everything beyond this subset.
    With `surrogates` it may hold escaped paths that are not UTF-8, which the C parser takes for an error.
    """
    import yaml  # noqa: PLC0415 - only a comparison of files needs it

    builder = _Builder()
    loader = yaml.BaseLoader if surrogates else getattr(yaml, "CBaseLoader", yaml.BaseLoader)
    try:
        for event in yaml.parse(text, Loader=loader):
            if isinstance(event, yaml.ScalarEvent):
                builder.add(event.value, 1, event.anchor)
            elif isinstance(event, yaml.CollectionStartEvent):
                builder.open(event.anchor, event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                builder.close(event.start_mark, mapping=isinstance(event, yaml.MappingEndEvent))
            elif isinstance(event, yaml.AliasEvent):
                builder.alias(event.anchor, event.start_mark)
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    return builder.document()


class _Collection:
    """A list or mapping that is not closed yet."""

    def __init__(self, anchor: str | None) -> None:
        self.anchor = anchor
        self.items: list[Plain] = []
        self.size = 1


class _Builder:
    """Puts a document together, and counts its parts."""

    def __init__(self) -> None:
        self._stack = [_Collection(None)]
        self._anchors: dict[str, tuple[Plain, int]] = {}

    def document(self) -> Plain | None:
        documents = self._stack[0].items
        if len(documents) > 1:
            raise ValueError("more than one document")
        return documents[0] if documents else None

    def add(self, value: Plain, size: int, anchor: str | None = None) -> None:
        self._stack[-1].items.append(value)
        self._stack[-1].size += size
        if self._stack[-1].size > _MOST:
            raise ValueError("too large with its aliases written out")
        if anchor:
            self._anchors[anchor] = value, size

    def open(self, anchor: str | None, mark: _Mark | None) -> None:
        self._stack.append(_Collection(anchor))
        if len(self._stack) > _DEEPEST:
            raise ValueError(f"nested too deeply{_place(mark)}")

    def close(self, mark: _Mark | None, *, mapping: bool) -> None:
        done = self._stack.pop()
        self.add(_mapping(done.items, mark) if mapping else done.items, done.size, done.anchor)

    def alias(self, anchor: str | None, mark: _Mark | None) -> None:
        if anchor is None or anchor not in self._anchors:
            raise ValueError(f"the alias *{anchor} stands for nothing{_place(mark)}")
        self.add(*self._anchors[anchor])


def _place(mark: _Mark | None) -> str:
    return f", line {mark.line + 1}" if mark else ""


def _mapping(items: list[Plain], mark: _Mark | None) -> dict[str, Plain]:
    own: dict[str, Plain] = {}
    merged: dict[str, Plain] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if not isinstance(key, str):
            raise ValueError(f"a key that is not a text, before{_place(mark)}")
        if key in own:
            raise ValueError(f"the key `{key}` stands there twice, before{_place(mark)}")
        if key == _MERGE:
            merged = _merged(value, mark)
        else:
            own[key] = value
    return {**merged, **own}


def _merged(value: Plain, mark: _Mark | None) -> dict[str, Plain]:
    """What `<<: *defaults` takes over from one mapping or several, the first of which takes precedence."""
    merged: dict[str, Plain] = {}
    for each in value if isinstance(value, list) else [value]:
        if not isinstance(each, dict):
            raise ValueError(f"`{_MERGE}` with something that is no mapping, before{_place(mark)}")
        merged = {**each, **merged}
    return merged
