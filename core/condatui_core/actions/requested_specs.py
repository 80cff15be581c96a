"""Notes in an environment that conda has changed what its user has requested, and finds what of it is not there.

conda is asked for exact versions and builds, and would keep to them for ever. Every function raises OSError if the
environment cannot be read or written.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.specs import meets, spec_name
from condatui_core.fs.documents import decode
from condatui_core.fs.held_tree import HeldTree
from condatui_core.fs.safe_read import read_bounded
from condatui_core.prefixes.conda_meta import read_conda_meta
from condatui_core.prefixes.history import parse_history, parse_specs_comment, requested_specs
from condatui_core.prefixes.meta_file import LARGEST_RECORD, record_file_name
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.package import PackageRecord

HISTORY = "conda-meta/history"
LARGEST_HISTORY = 32 << 20
"""Bytes of a history that are read at most."""
_SPECS = "# update specs:"
_ASKS = re.compile(r"#\s*\w+\s*specs:")
_MOVES = ("+", "-")
"""How the lines of packages that came and went begin."""
_FIELDS = ("requested_spec", "requested_specs")
"""The fields of a record that state what was requested."""
_NOT_REQUESTED: Mapping[str, object] = {"requested_spec": "None"}
"""What conda itself notes of a package that only comes along."""
_RECORD = msgspec.json.Decoder(dict[str, object])


def read_record(tree: HeldTree, path: str) -> dict[str, object]:
    """The fields of a record in conda-meta."""
    return decode(tree.read_bounded(path, LARGEST_RECORD), _RECORD)


def write_record(tree: HeldTree, path: str, record: Mapping[str, object]) -> None:
    """Write a record in conda-meta as conda does."""
    tree.replace(path, json.dumps(record, indent=2, sort_keys=True).encode())


def with_requests(record: Mapping[str, object], requests: Mapping[str, object]) -> dict[str, object]:
    """The fields of a record with these requests and no others."""
    return {name: value for name, value in record.items() if name not in _FIELDS} | dict(requests)


# Of an environment that goes on as it was


def request_as_before(tree: HeldTree, before: PrefixSnapshot) -> None:
    """Let the records that are new in an environment, and its history, state the requests that it had before."""
    asked = {each.record.name: each.requests for each in before.packages}
    there = {f"conda-meta/{record_file_name(each)}" for each in before.contents.packages}
    _request_all(tree, asked, lambda path: path not in there)
    begin = next((each.status.st_size for each in before.tree.entries if each.path == HISTORY), 0)
    line = _line([spec for _, spec in before.contents.history.requested])
    _edit_history(tree, lambda lines: [line if each.startswith(_SPECS) else each for each in lines], begin)


def requests_as_before(prefix: str, begin: int, installed: Collection[str]) -> bool:
    """Whether a history states after its first `begin` bytes what it stated before, as `request_as_before` ends with.

    `installed` are the names of the packages that were there before; blocks.
    """
    history = read_bounded(os.path.join(prefix, HISTORY), LARGEST_HISTORY)
    before = parse_history(history[:begin].decode("utf-8", "replace"))
    line = _line([spec for _, spec in requested_specs(before, installed)])
    since = history[begin:].decode("utf-8", "replace").splitlines(keepends=True)
    return all(each == line for each in since if each.startswith(_SPECS))


def _request_all(tree: HeldTree, asked: Mapping[str, Mapping[str, object]], is_new: Callable[[str], bool]) -> None:
    """Let the records whose paths are new state what is asked for by name, and no other request."""
    for name in tree.names("conda-meta"):
        path = f"conda-meta/{name}"
        if name.endswith(".json") and not name.startswith(".") and is_new(path):
            _put_back(tree, path, asked)


def _only(spec: str) -> Mapping[str, object]:
    """The fields of a record that state one request."""
    return {"requested_spec": spec, "requested_specs": [spec]}


def _put_back(tree: HeldTree, path: str, asked: Mapping[str, Mapping[str, object]]) -> None:
    found = read_record(tree, path)
    wanted = with_requests(found, asked.get(str(found.get("name")), _NOT_REQUESTED))
    if wanted != found:
        write_record(tree, path, wanted)


# Of one whose packages go back to a revision


def request_these(tree: HeldTree, before: PrefixSnapshot, specs: Mapping[str, str]) -> None:
    """Let the records that are new in an environment, and its history, state these requests by name and no others.

    What conda has appended to its history since becomes one revision.
    """
    there = {each.inode for each in before.tree.entries}

    def is_new(path: str) -> bool:
        status = tree.status(path)
        return status is not None and (status.st_dev, status.st_ino) not in there

    _request_all(tree, {name: _only(spec) for name, spec in specs.items()}, is_new)
    begin = next((each.status.st_size for each in before.tree.entries if each.path == HISTORY), 0)
    gone = sorted({name for name, _ in before.contents.history.requested} - set(specs))
    lines = [f"# remove specs: {gone!r}\n"] if gone else []
    lines += [_line(sorted(specs.values()))] if specs else []
    _edit_history(tree, lambda old: [*_as_one(each for each in old if not _ASKS.match(each)), *lines], begin)


def _as_one(lines: Iterable[str]) -> list[str]:
    """The last of some sections of a history with what all have changed; what goes and comes again has not changed."""
    told = [*lines]
    last = max((number for number, each in enumerate(told) if each.startswith("==>")), default=0)
    return [*(each for each in told[last:] if not each.startswith(_MOVES)), *_net_moves(told)]


def _net_moves(lines: Iterable[str]) -> Iterator[str]:
    moves = [each for each in lines if each.startswith(_MOVES)]
    gone, come = ({each[1:] for each in moves if each.startswith(sign)} for sign in "-+")
    yield from (each for each in moves if each[1:] not in gone & come)


# Of one that conda has changed in two steps


def one_revision(tree: HeldTree, before: PrefixSnapshot) -> None:
    """Let what conda has appended to a history since become one revision, by its first command, with all requests."""
    begin = next((each.status.st_size for each in before.tree.entries if each.path == HISTORY), 0)
    _edit_history(tree, _joined, begin)


def _joined(lines: list[str]) -> list[str]:
    starts = [number for number, each in enumerate(lines) if each.startswith("==>")]
    if not starts[1:]:
        return lines
    first = [each for each in lines[: starts[1]] if not each.startswith(_MOVES) and not _ASKS.match(each)]
    asked: dict[str, list[str]] = {}
    for each in lines:
        if parsed := parse_specs_comment(each.strip()):
            asked.setdefault(parsed[0], []).extend(parsed[1])
    requests = (f"# {action} specs: {[*dict.fromkeys(specs)]!r}\n" for action, specs in asked.items())
    return [*first, *_net_moves(lines), *requests]


# Of one that has got more packages


def request_added(tree: HeldTree, added: Iterable[PackageRecord], specs: Mapping[str, str]) -> None:
    """Note packages that conda has just added as requested by these specs, by name; those without one by their name."""
    requested = {each: specs.get(each.name, each.name) for each in added}
    for record, spec in requested.items():
        _request(tree, f"conda-meta/{record_file_name(record)}", spec)
    line = _line(sorted(requested.values()))
    _edit_history(tree, lambda lines: _with_last(lines, line))


def request_only(tree: HeldTree, names: Iterable[str]) -> None:
    """Note in a new environment that these packages are requested, in any version, and no others."""
    asked = {each: _only(each) for each in names}
    _request_all(tree, asked, lambda _: True)
    line = _line(sorted(asked))
    _edit_history(tree, lambda lines: _with_last(lines, line))


def _request(tree: HeldTree, path: str, spec: str) -> None:
    found = read_record(tree, path)
    if changed := {name: value for name, value in _only(spec).items() if name in found}:
        write_record(tree, path, found | changed)


def _with_last(lines: Sequence[str], line: str) -> list[str]:
    """The lines of a history in which the last one that states specs is this one."""
    last = max((number for number, each in enumerate(lines) if each.startswith(_SPECS)), default=None)
    return [line if number == last else each for number, each in enumerate(lines)]


def _line(specs: list[str]) -> str:
    return f"{_SPECS} {specs!r}\n"


def _edit_history(tree: HeldTree, edit: Callable[[list[str]], list[str]], begin: int = 0) -> None:
    """Edit the lines of a history after its first `begin` bytes."""
    history = tree.read_bounded(HISTORY, LARGEST_HISTORY)
    lines = history[begin:].decode("utf-8", "surrogateescape").splitlines(keepends=True)
    edited = edit(lines)
    if edited != lines:
        tree.replace(HISTORY, history[:begin] + "".join(edited).encode("utf-8", "surrogateescape"))


# Whether what was requested is there


def not_there(prefix: str, specs: Iterable[str]) -> tuple[str, ...]:
    """The specs that no package of an environment matches."""
    packages, _ = read_conda_meta(prefix)
    return not_among([each.record for each in packages], specs)


def not_among(records: Sequence[PackageRecord], specs: Iterable[str]) -> tuple[str, ...]:
    """The specs that none of these packages matches."""
    return tuple(each for each in specs if not any(_meets(record, each) for record in records))


def _meets(record: PackageRecord, spec: str) -> bool:
    wanted = parse_match_spec(spec)
    if wanted is None:  # a spec that only conda understands
        return record.name == spec_name(spec)
    return meets(record, wanted) is not False
