"""What creating and updating from a file share: the file as it is now, its variables, and whether it has come true."""

from __future__ import annotations

import json
import platform
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec
from packaging.utils import canonicalize_name

from condatui_core.actions.pip_part import asked_by_place
from condatui_core.analyses.drift import drift_of
from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.platforms import native_subdir
from condatui_core.environment_files.asked import NOTHING, Asked, read_asked, unreadable_parts
from condatui_core.environment_files.reading import file_and_part
from condatui_core.environment_files.selectors import Target
from condatui_core.errors import CondatuiError, RefusedError
from condatui_core.fs.documents import decode
from condatui_core.fs.held_tree import HeldTree, Identity
from condatui_core.fs.safe_read import reason
from condatui_core.records.drift import Drift
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, sanitize

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def asked_of(file: str, config: ChannelConfig, *, python: str = "") -> Asked:
    """What a file asks for on this machine, nothing without one; reads the disk. Raises UsageError as `read_asked`."""
    if not file:
        return NOTHING
    path, part = file_and_part(file)
    subdir = native_subdir(platform.system(), platform.machine())
    return read_asked(path, config, Target(platform=subdir, python=python, environment=part))


def pip_itself(asked: Asked) -> tuple[str, ...]:
    """What conda is asked for as well so that pip can do its part, as conda itself asks for it."""
    if not asked.pip.asks or asked.archives:
        return ()
    named = {wanted.name for each in asked.specs if (wanted := parse_match_spec(each))}
    return tuple(each for each in ("python", "pip") if each not in named)


def refuse_if_changed(asked: Asked, digest: str, file: str) -> None:
    """Raise RefusedError if a file is not what it was when it was planned."""
    if asked.digest != digest:
        raise RefusedError("The file has changed since this was planned.", sanitize(file), "Plan it again.")


def file_blockers(asked: Asked) -> Iterator[Finding]:
    """What of a file cannot be done: then nothing of it is."""
    if lines := tuple(unreadable_parts(asked)):
        message = f"{counted(len(lines), 'line')} of the file cannot be honoured."
        yield blocker("bad-line", message, "Change the file.", map(sanitize, lines))


def variable_blockers(variables: Iterable[tuple[str, str]]) -> Iterator[Finding]:
    """What stands against setting these variables: each activation runs `export NAME=…`, whatever is in the name."""
    for name, _ in variables:
        if not _VARIABLE.fullmatch(name):
            yield blocker("bad-variable", f"`{sanitize(name)}` cannot be the name of a variable.", "Change it.")


def no_pip(name: str) -> Finding:
    """The blocker against an environment of this name in which pip has something to do, and will not be."""
    return blocker("no-pip", f"pip has something to do in {sanitize(name)}, which has none.", "Add pip to the file.")


def pip_unknown(asked: Asked, *why: str) -> Finding:
    """The note that a plan does not list what pip will bring for what the file names."""
    message = f"What {counted(len(asked.pip.requirements), 'requirement')} for pip will bring is not listed here."
    return finding("pip-unknown", "note", message, evidence=why)


def file_warnings(asked: Asked) -> Iterator[Finding]:
    """What of a file is done otherwise than one may think."""
    if lines := asked.listing.column.left_out:
        message = f"{counted(len(lines), 'line of the file asks', 'lines of the file ask')} for nothing here."
        yield finding("left-out", "note", message, evidence=map(sanitize, lines))
    if places := asked.pip.in_place:
        message = f"{counted(len(places), 'directory', 'directories')} will be used where they are."
        yield finding("in-place", "note", message, "They must stay there.", map(sanitize, places))


def file_facts(asked: Asked) -> Iterator[tuple[str, str]]:
    """What pip is asked for, and which variables are set; never their values, which may be secret."""
    if lines := asked.pip.requirements:
        yield "for pip", "\n".join(map(sanitize, lines))
    if asked.variables:
        yield "variables", ", ".join(sanitize(name) for name, _ in asked.variables)


# Variables


VARIABLES = "conda-meta/state"
"""The file in an environment that has the variables which its activation sets."""
_LARGEST_STATE = 1 << 20
_STATE_FIELDS = msgspec.json.Decoder(dict[str, object])


def set_variables(prefix: str, identity: Identity, variables: Sequence[tuple[str, str]]) -> None:
    """Let the activation of an environment set variables, as `conda env config vars set` does; the others stay."""
    try:
        with HeldTree(prefix, identity) as tree:
            there = tree.status(VARIABLES) is not None
            state = decode(tree.read_bounded(VARIABLES, _LARGEST_STATE), _STATE_FIELDS) if there else {"version": 1}
            known = state.get("env_vars")
            values = {**(known if isinstance(known, dict) else {}), **dict(variables)}
            tree.replace(VARIABLES, json.dumps({**state, "env_vars": values}, indent=2).encode())
            tree.sync()
    except OSError as error:
        where = f"{error.filename or prefix}: {reason(error)}"
        raise CondatuiError("The variables could not be written down.", where) from error


# Whether it has come true


def drift_from(contents: PrefixContents, file: str, asked: Asked, config: ChannelConfig) -> tuple[Drift, ...]:
    """How an environment differs from the file that it was to follow; reads the file again, for the python it has now.

    A file that is another one by now decides nothing: then all that counts is what was asked.
    """
    try:
        now = asked_of(file, config, python=python_version(contents))
    except CondatuiError:
        now = asked
    return drift_of_asked(contents, now if now.digest == asked.digest else asked, config)


def python_version(contents: PrefixContents) -> str:
    """The version of the python of an environment; empty if it has none."""
    return next((each.version for each in contents.packages if each.name == "python"), "")


def drift_of_asked(contents: PrefixContents, asked: Asked, config: ChannelConfig) -> tuple[Drift, ...]:
    """How an environment differs from what a file asks for; it has to be read on the same disk."""
    by_place = asked_by_place(contents, asked)
    drift = drift_of(contents, asked.listing, config)
    return tuple(each for each in drift if not _may_be_asked(each, by_place))


def _may_be_asked(drift: Drift, by_place: frozenset[str] | None) -> bool:
    """Whether what seems to be too many is asked for by its place."""
    if drift.kind != "extra" or drift.source != "pypi":
        return False
    return by_place is None or canonicalize_name(drift.name) in by_place


def lacking(drift: Sequence[Drift]) -> tuple[str, ...]:
    """Lines that name what a file asks for and is not there, or not in a version that it allows."""
    words = {"missing": "is not there", "version": "is another version"}
    return tuple(
        f"{each.name} {each.want}: {f'there is {each.have}' if each.have else words[each.kind]}"
        for each in drift
        if each.kind in words
    )


def otherwise(drift: Sequence[Drift]) -> Iterator[Finding]:
    """What else is not as the file has it."""
    if others := [each for each in drift if each.kind not in ("missing", "version")]:
        lines = [f"{each.name} {each.have}: {_WORDS[each.kind]} {each.want}".strip() for each in others]
        message = f"{counted(len(lines), 'package is', 'packages are')} not as in the file."
        yield finding("drift", "note", message, evidence=map(sanitize, lines))


_WORDS = {"build": "the file has", "channel": "the file has", "extra": "is not in the file"}
