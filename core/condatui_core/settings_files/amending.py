"""Changes one setting in the text of a settings file; comments and everything else in it stay as they are."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from condatui_core.errors import UsageError
from condatui_core.settings_files.parsing import parse_settings
from condatui_core.settings_files.template import spelled

if TYPE_CHECKING:
    import yaml


def with_setting(text: str, name: str, value: object, file: Path) -> str:
    """The text of a settings file in which this setting has this value; where it was, or else below its comment.

    Raises UsageError if the text holds no settings, or is written so that only a person can change it.
    """
    import yaml  # noqa: PLC0415 - only a change needs it

    parse_settings(text, file)  # says what is wrong with a text that holds no settings
    node = yaml.compose(text, yaml.SafeLoader)
    changed = _changed(text, node, name, f"{name}: {spelled(value)}")
    if not _differs_only_in(name, text, changed, file):
        by_hand = f"Write `{name}: {spelled(value)}` in it by hand, as `condatui config --edit` lets you."
        raise UsageError("The settings file is written in a way that condatui cannot change.", str(file), by_hand)
    return changed


def _changed(text: str, node: yaml.Node | None, name: str, line: str) -> str:
    pairs = node.value if node is not None else ()
    for key, value in pairs:
        if key.value == name:
            return text[: key.start_mark.index] + line + text[_end(text, value) :]
    indent = " " * (pairs[0][0].start_mark.column if pairs else 0)
    if commented := re.search(rf"^[ \t]*#[ \t]*{re.escape(name)}:.*$", text, re.MULTILINE):
        return f"{text[: commented.end()]}\n{indent}{line}{text[commented.end() :]}"
    apart = "\n" if text and not text.endswith("\n") else ""
    return f"{text}{apart}{indent}{line}\n"


def _end(text: str, node: yaml.Node) -> int:
    """Where a value ends in the text: what YAML calls its end may lie behind comments and empty lines that follow."""
    last = node
    while isinstance(last.value, list) and last.value and not getattr(last, "flow_style", False):
        last = last.value[-1][-1] if isinstance(last.value[-1], tuple) else last.value[-1]
    return len(text[: last.end_mark.index].rstrip())


def _differs_only_in(name: str, text: str, changed: str, file: Path) -> bool:
    """Whether both texts are settings files that say the same of every other setting, and the second one of this."""
    try:
        before, after = parse_settings(text, file), parse_settings(changed, file)
    except UsageError:
        return False
    others = {each: given.value for each, given in before.items() if each != name}
    return name in after and others == {each: given.value for each, given in after.items() if each != name}
