"""Reads a policy file: what an unattended cleanup may delete, and the rules that environments have to keep."""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_args

import msgspec
from msgspec.structs import replace

from condatui_core.analyses.match_specs import parse_match_spec, spec_fault
from condatui_core.errors import NewerFormatError, RefusedError, UsageError
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.finding import FINDING_IDS, SEVERITIES
from condatui_core.records.policy import AllowedReason, GpuVerdict, Policy, PolicyRule
from condatui_core.settings import expand_home
from condatui_core.text import parse_bytes, sanitize, schema_fault

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
    "max_inodes_per_user": "a whole number, 0 or more",
    "allowed_channels": "a list of channels and patterns",
    "forbidden_channels": "a list of channels and patterns",
    "allowed_licenses": "a list of licenses and patterns",
    "forbidden_licenses": "a list of licenses and patterns",
    "required_packages": "a list of specs such as `python >=3.10`",
    "forbidden_packages": "a list of specs such as `openssl <3.0.8`",
    "pip": "allowed or forbidden",
    "forbidden_gpu": f"a list of these: {', '.join(get_args(GpuVerdict))}",
    "forbidden_findings": "a list of ids of findings, such as `pip-over-conda`, or a severity",
    "ignored_vulnerabilities": "a list of ids such as CVE-2024-3651",
    "exempt": "a list of names, prefixes and patterns",
    "warn_only": f"a list of these: {', '.join(get_args(PolicyRule))}",
}


def read_policy(file: Path, *, home: Path) -> Policy:
    """Read a policy file; a path in it may begin with `~`, and lead there by links.

    Raises UsageError, with the line, for what is no policy; NewerFormatError.
    """
    values = {each.name: _value(each) for each in _entries(file)}
    policy = msgspec.convert(values, Policy)
    keep, exempt = (tuple(dict.fromkeys(_spellings(each, home))) for each in (policy.keep, policy.exempt))
    return replace(policy, keep=keep, exempt=exempt)


def read_cleanup_policy(file: Path, *, home: Path) -> Policy:
    """Read a policy file for a cleanup, as `read_policy`; RefusedError if it allows nothing to go."""
    policy = read_policy(file, home=home)
    if not policy.allow:
        hint = "Say what may go: `allow: [cache, leftover, stale]`."
        raise RefusedError("The policy allows nothing.", str(file), hint)
    return policy


class _Entry(NamedTuple):
    """A field of a policy file as it is written."""

    name: str
    value: object
    file: Path
    line: int
    lines: tuple[int, ...] = ()
    """Those of the items of a list."""

    @property
    def where(self) -> str:
        return f"{self.file}, line {self.line}"

    @property
    def items(self) -> tuple[_Entry, ...]:
        """Each item of a list as if it were the only one."""
        items = self.value if isinstance(self.value, list) and len(self.value) == len(self.lines) else []
        return tuple(_Entry(self.name, [each], self.file, line) for each, line in zip(items, self.lines, strict=False))


def _spellings(patterns: Iterable[str], home: Path) -> Iterator[str]:
    """Patterns, and for those of paths the real path as well: that is what an environment has."""
    for pattern in patterns:
        yield pattern
        with suppress(ValueError):  # a NUL, or a lone surrogate: no path has that
            if os.path.isabs(path := expand_home(pattern, home)):
                yield os.path.realpath(path)


def _entries(file: Path) -> Iterator[_Entry]:
    """The fields of a policy file, once its format is known."""
    found = list(_parsed(file))
    stated = next((each.value for each in found if each.name == "format"), None)
    if stated is None:
        raise UsageError("The policy does not state its format.", str(file), f"Begin it with `format: {_FORMAT}`.")
    if not isinstance(stated, int) or isinstance(stated, bool) or not 1 <= stated <= _LARGEST_FORMAT:
        raise UsageError("The `format` of a policy is a whole number.", str(file))
    if stated > _FORMAT:
        raise NewerFormatError("The policy", str(file), found=stated, known=_FORMAT)
    return (each for each in found if each.name != "format")


def _parsed(file: Path) -> Iterator[_Entry]:
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
            items = value.value if isinstance(value, yaml.SequenceNode) else ()
            lines = tuple(each.start_mark.line + 1 for each in items)
            yield _Entry(name, _constructed(loader, value, where), file, key.start_mark.line + 1, lines)
    except (yaml.YAMLError, RecursionError) as error:
        raise UsageError("The policy is not valid YAML.", _yaml_fault(file, error)) from error


def _yaml_fault(file: Path, error: Exception) -> str:
    """Where a text stops being YAML, and why."""
    if isinstance(error, RecursionError):
        return f"{file}: nested too deeply"
    mark, why = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"In {file}, line {mark.line + 1}: {sanitize(why)}" if mark and why else f"{file}: {sanitize(str(error))}"


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


def _value(entry: _Entry) -> object:
    """The value of a field; UsageError if there is no such field, or if it cannot have this value."""
    if entry.name not in _FIELDS:
        close = difflib.get_close_matches(entry.name, _FIELDS, n=1)
        hint = f"Did you mean `{close[0]}`?" if close else f"Its fields are format, {', '.join(_FIELDS)}."
        raise UsageError(f"A policy has no `{sanitize(entry.name)}`.", f"In {entry.where}", hint)
    for each in entry.items:  # so that the line of an item is said, not that of the list
        _located(each)
    return _located(entry)


def _located(entry: _Entry) -> object:
    try:
        return _checked(entry.name, entry.value)
    except (msgspec.ValidationError, UsageError, re.error, OverflowError, RecursionError, UnicodeError) as error:
        title = f"`{entry.name}` of a policy must be {_EXPECTED[entry.name]}."
        raise UsageError(title, f"In {entry.where}: {sanitize(schema_fault(str(error)))}", _hint(entry)) from error


def _checked(name: str, value: object) -> object:
    if name in _SIZES and isinstance(value, str):
        value = parse_bytes(value)
    checked: object = msgspec.convert(value, _FIELDS[name])
    if name == "names":
        re.compile(str(checked))
    if isinstance(checked, tuple) and (check := _ITEMS.get(name)):
        for each in checked:
            check(str(each))
    return checked


def _check_spec(text: str) -> None:
    wanted = None if "://" in text else parse_match_spec(text)
    if wanted is None:
        raise UsageError(f"`{text}` {spec_fault(text)}.")


def _check_finding(text: str) -> None:
    if text not in FINDING_IDS and text not in SEVERITIES:
        raise UsageError(f"There is no finding `{text}`.")


def _check_vulnerability(text: str) -> None:
    if not _VULNERABILITY.fullmatch(text):
        raise UsageError(f"`{text}` is no id of a vulnerability.")


_VULNERABILITY = re.compile(r"[A-Za-z]\w*(-[\w.:]+)+", re.ASCII)
"""`CVE-2024-3651`, `GHSA-jjg7-2v4v-x38h`, `PYSEC-2023-74`."""

_ITEMS: Mapping[str, Callable[[str], None]] = {
    "required_packages": _check_spec,
    "forbidden_packages": _check_spec,
    "forbidden_findings": _check_finding,
    "ignored_vulnerabilities": _check_vulnerability,
}
"""What each item of a list is checked by, beside its type."""
_CHOICES: Mapping[str, Sequence[str]] = {
    "allow": get_args(AllowedReason),
    "forbidden_gpu": get_args(GpuVerdict),
    "forbidden_findings": (*SEVERITIES, *FINDING_IDS),
    "warn_only": get_args(PolicyRule),
    "pip": ("allowed", "forbidden"),
}


def _hint(entry: _Entry) -> str:
    """What the user may have meant."""
    if isinstance(entry.value, str) and _EXPECTED[entry.name].startswith("a list"):
        return f"A list stands in brackets: [{sanitize(entry.value)}]."
    given = entry.value[0] if isinstance(entry.value, list) and entry.value else entry.value
    close = difflib.get_close_matches(str(given), _CHOICES.get(entry.name, ()), n=1)
    return f"Did you mean `{close[0]}`?" if close else ""
