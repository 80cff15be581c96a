"""Changes single settings in the text of a settings file; every other line stays, with its comments."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from condatui_core.errors import UsageError
from condatui_core.settings_files.parsing import parse_settings

if TYPE_CHECKING:
    import yaml


def with_setting(text: str, name: str, value: object, file: Path) -> str:
    """The text in which a setting has another value; without it if the value is None.

    Raises UsageError if the file is written in a way that only its author can change, such as with anchors.
    """
    wanted = {key: each.value for key, each in parse_settings(text, file).items() if key != name}
    if value is not None:
        wanted[name] = value
    with suppress(UsageError):
        edited = _edited(text, name, value)
        if {key: each.value for key, each in parse_settings(edited, file).items()} == wanted:
            return edited
    title = f"The setting `{name}` cannot be changed in the settings file as that is written."
    raise UsageError(title, str(file), "Change it there: `condatui config --edit`.")


def _edited(text: str, name: str, value: object) -> str:
    """The text with the change; what it says then is for the caller to verify."""
    import yaml  # noqa: PLC0415 - only a settings file needs it

    root = yaml.compose(text, yaml.SafeLoader)
    if root is not None and not _is_block(root):
        return text
    present = _value_of(root, name)
    if not (isinstance(value, Mapping) and value and present and _is_block(present)):
        return _with_entry(text, (name,), value)
    former = yaml.safe_load(text)[name]
    for key in dict.fromkeys((*value, *former)):  # first what comes, so that the mapping never is empty
        if key not in former or former[key] != value.get(key):
            text = _with_entry(text, (name, key), value.get(key))
    return text


def _with_entry(text: str, path: Sequence[str], value: object) -> str:
    """The text with another value of the entry that is reached by these names; without it if the value is None."""
    import yaml  # noqa: PLC0415 - as above

    node = yaml.compose(text, yaml.SafeLoader)
    for step in path[:-1]:
        node = _value_of(node, step)
    entries = node.value if node else []
    pair = next((each for each in entries if each[0].value == path[-1]), None)
    if pair is None:
        return text if value is None else _inserted(text, entries if len(path) > 1 else [], path[-1], value)
    if getattr(pair[1], "style", None) in ("|", ">") or (value is not None and _holds_comments(text, pair[1])):
        return text
    if value is None:
        lines = text.splitlines(keepends=True)
        del lines[pair[0].start_mark.line : _last_line(pair[1]) + 1]
        return "".join(lines)
    start, end = pair[1].start_mark.index, pair[1].end_mark.index
    if _is_block(pair[1]):
        end = _end_of_line(text, _last_line(pair[1]))
    gap = "" if text[:start].endswith(" ") else " "
    return f"{text[:start]}{gap}{_in_one_line(value)}{text[end:]}"


def _holds_comments(text: str, value: yaml.Node) -> bool:
    """Whether comments stand between the entries of a value, and would go with them."""
    return _is_block(value) and "#" in text[value.start_mark.index : _end_of_line(text, _last_line(value))]


def _inserted(text: str, beside: list[tuple[yaml.Node, yaml.Node]], name: str, value: object) -> str:
    """The text with a new entry after those `beside` it, or at its end if there are none."""
    lines = text.splitlines(keepends=True)
    at, indent, end = len(lines), 0, "\r\n" if "\r\n" in text else "\n"
    if beside:
        at, indent = _last_line(beside[-1][1]) + 1, beside[0][0].start_mark.column
    if lines[:at] and not lines[at - 1].endswith("\n"):
        lines[at - 1] += end
    return "".join((*lines[:at], *(f"{' ' * indent}{line}{end}" for line in _spelled(name, value)), *lines[at:]))


def _spelled(name: str, value: object) -> Iterator[str]:
    if isinstance(value, Mapping) and value:
        yield f"{name}:"
        yield from (f"  {key}: {_in_one_line(each)}" for key, each in value.items())
    else:
        yield f"{name}: {_in_one_line(value)}"


def _in_one_line(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # which YAML reads too


def _value_of(mapping: yaml.Node | None, name: str) -> yaml.Node | None:
    return next((value for key, value in mapping.value if key.value == name), None) if mapping else None


def _is_block(node: yaml.Node) -> bool:
    """Whether it is a mapping or a list with a line for each entry."""
    return isinstance(node.value, list) and not getattr(node, "flow_style", True)


def _last_line(node: yaml.Node) -> int:
    """The last line of a value; what YAML calls the end of a block is where the next one begins."""
    if _is_block(node):
        last = node.value[-1]
        return _last_line(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.line)


def _end_of_line(text: str, line: int) -> int:
    lines = text.splitlines(keepends=True)
    return sum(map(len, lines[:line])) + len(lines[line].rstrip("\r\n"))
