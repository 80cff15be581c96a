"""YAML of unknown make, read as texts, lists and mappings and nothing else."""

from __future__ import annotations

from typing import Protocol

_DEEPEST = 50
"""No file that describes an environment nests as deep as this."""


class Mark(Protocol):
    """Where in a text an event begins."""

    line: int
    """From 0."""


def parse_plain_yaml(text: str) -> object:
    """Read one document: `1.10` stays a text, no tag makes an object, no alias makes a few lines a few billion.

    It is put together from the parser's events, for the parser's own loaders recurse, and the one written in C crashes
    where nesting is deep. Raises ValueError, with the line, for what is broken or goes beyond that.
    """
    import yaml  # noqa: PLC0415 - only who compares files pays for it

    stack: list[list[object]] = [[]]
    try:
        for event in yaml.parse(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader)):
            if isinstance(event, yaml.ScalarEvent):
                stack[-1].append(event.value)
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append([])
                if len(stack) > _DEEPEST:
                    raise ValueError(f"nested too deeply{_place(event.start_mark)}")
            elif isinstance(event, yaml.CollectionEndEvent):
                items = stack.pop()
                stack[-1].append(_mapping(items) if isinstance(event, yaml.MappingEndEvent) else items)
            elif isinstance(event, yaml.AliasEvent):
                raise ValueError(f"aliases are not read{_place(event.start_mark)}")
    except yaml.YAMLError as error:
        raise ValueError(str(error)) from error
    if len(stack[0]) > 1:
        raise ValueError("more than one document")
    return stack[0][0] if stack[0] else None


def _place(mark: Mark | None) -> str:
    return f", line {mark.line + 1}" if mark else ""


def _mapping(items: list[object]) -> dict[str, object]:
    keys = items[::2]
    if not all(isinstance(key, str) for key in keys):
        raise ValueError("a key that is no text")
    return dict(zip(map(str, keys), items[1::2], strict=True))
