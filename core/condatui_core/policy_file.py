"""Reads a policy file: what an unattended cleanup may delete, and the rules for names and users."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import msgspec
from msgspec.structs import replace

from condatui_core.errors import NewerFormatError, RefusedError, UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.policy import AllowedReason, Policy
from condatui_core.settings import expand_home
from condatui_core.text import parse_bytes, sanitize

if TYPE_CHECKING:
    import yaml

_FORMAT = 1
_LARGEST_FORMAT = 1_000_000
"""No format will ever be newer; a larger number is none."""
_LARGEST = 1 << 20
"""Bytes of a policy file."""
_SIZES = ("min_free", "max_bytes_per_user")
_FIELDS: Mapping[str, object] = {each.name: each.type for each in msgspec.structs.fields(Policy)}
_EXPECTED: Mapping[str, str] = {
    "allow": f"a list of these: {', '.join(get_args(AllowedReason))}",
    "max_age_days": "a whole number of days, 1 or more",
    "min_free": "a size such as 200G",
    "keep": "a list of names, prefixes and patterns",
    "names": "a regular expression",
    "users": "a list of user names",
    "max_environments_per_user": "a whole number, 0 or more",
    "max_bytes_per_user": "a size such as 200G",
}


def read_policy(file: Path, *, home: Path) -> Policy:
    """Read a policy file; a path that it keeps may begin with `~`, and lead there by links.

    Raises UsageError, with the line, for what is no policy; RefusedError if it allows nothing; NewerFormatError.
    """
    values = {name: _value(name, value, where) for name, value, where in _entries(file)}
    policy = msgspec.convert(values, Policy)
    if not policy.allow:
        hint = "Say what may go: `allow: [cache, leftover, stale]`."
        raise RefusedError("The policy allows nothing.", str(file), hint)
    return replace(policy, keep=tuple(dict.fromkeys(_spellings(policy.keep, home))))


def _spellings(patterns: Iterable[str], home: Path) -> Iterator[str]:
    """Patterns, and for those of paths the real path as well: that is what an environment has."""
    for pattern in patterns:
        yield pattern
        with suppress(ValueError):  # a NUL, or a lone surrogate: no path has that
            if os.path.isabs(path := expand_home(pattern, home)):
                yield os.path.realpath(path)


def _entries(file: Path) -> Iterator[tuple[str, object, str]]:
    """The (name, value, where) triples of a policy file, once its format is known."""
    found = list(_parsed(file))
    stated = next((value for name, value, _ in found if name == "format"), None)
    if stated is None:
        raise UsageError("The policy does not state its format.", str(file), f"Begin it with `format: {_FORMAT}`.")
    if not isinstance(stated, int) or isinstance(stated, bool) or not 1 <= stated <= _LARGEST_FORMAT:
        raise UsageError("The `format` of a policy is a whole number.", str(file))
    if stated > _FORMAT:
        raise NewerFormatError("The policy", str(file), found=stated, known=_FORMAT)
    return (each for each in found if each[0] != "format")


def _parsed(file: Path) -> Iterator[tuple[str, object, str]]:
    import yaml  # noqa: PLC0415 - only a policy needs it

    text = _text(file)
    try:
        loader = yaml.SafeLoader(text)
        node = loader.get_single_node()
        if not isinstance(node, yaml.MappingNode):
            raise UsageError("A policy must hold `name: value` lines.", str(file))
        names: set[str] = set()
        for key, value in node.value:
            where = f"{file}, line {key.start_mark.line + 1}"
            if not isinstance(key, yaml.ScalarNode):
                raise UsageError("A policy must hold `name: value` lines.", f"In {where}: this is no name.")
            name = str(key.value)
            if name in names:
                raise UsageError(f"`{sanitize(name)}` is given twice.", f"In {where}")
            names.add(name)
            yield name, _constructed(loader, value, where), where
    except (yaml.YAMLError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else sanitize(str(error))
        raise UsageError("The policy is not valid YAML.", f"{file}: {why}") from error


def _constructed(loader: yaml.SafeLoader, node: yaml.Node, where: str) -> object:
    try:
        value: object = loader.construct_object(node, deep=True)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:  # the date 2026-02-30
        raise UsageError("A value of the policy is not valid.", f"{where}: {sanitize(str(error))}") from error
    return value


def _text(file: Path) -> str:
    try:
        return read_bounded(str(file), _LARGEST).decode("utf-8-sig")
    except OSError as error:
        raise UsageError("The policy cannot be read.", f"{file}: {reason(error)}") from error
    except UnicodeDecodeError as error:
        raise UsageError("The policy cannot be read.", f"{file}: not UTF-8") from error


def _value(name: str, value: object, where: str) -> object:
    """The value of a field; UsageError if there is no such field, or if it cannot have this value."""
    if name not in _FIELDS:
        title = f"A policy has no `{sanitize(name)}`."
        raise UsageError(title, f"In {where}", f"Its fields are format, {', '.join(_FIELDS)}.")
    try:
        return _checked(name, parse_bytes(value) if name in _SIZES and isinstance(value, str) else value)
    except (msgspec.ValidationError, UsageError, re.error, OverflowError, RecursionError, UnicodeEncodeError) as error:
        title = f"`{name}` of a policy must be {_EXPECTED[name]}."
        raise UsageError(title, f"In {where}: {sanitize(str(error))}") from error


def _checked(name: str, value: object) -> object:
    checked: object = msgspec.convert(value, _FIELDS[name])
    if name == "names":
        re.compile(str(checked))
    return checked
