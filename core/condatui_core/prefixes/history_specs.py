"""What the user asked for, from the specs that conda has written into conda-meta/history over the years."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

from condatui_core.records.prefix import Revision

_SPECS = re.compile(r"#\s*(?P<action>\w+)\s*specs:\s*(?P<specs>.*)")
_QUOTED = re.compile(r"""'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)\"""")
_RELATION = re.compile(r"(?:==|!=|<=|>=|~=|=|<|>)(?![=<>!~])\S+$")
_NAME = re.compile(r"[^\s=<>!~\[@]+")
_ARCHIVE = re.compile(r"(?:\.conda|\.tar\.bz2)$")

UPDATE, REMOVE, NEUTERED = "update", "remove", "neutered"
_ACTIONS = {
    "update": UPDATE,
    "install": UPDATE,
    "create": UPDATE,
    "remove": REMOVE,
    "uninstall": REMOVE,
    "neutered": NEUTERED,
}


def parse_specs_comment(comment: str) -> tuple[str, tuple[str, ...]] | None:
    """Take action and specs from a comment such as `# update specs: ['python=3.9', 'numpy']`; None for any other."""
    match = _SPECS.match(comment)
    action = _ACTIONS.get(match["action"]) if match else None
    if match is None or action is None:
        return None
    text = match["specs"]
    specs = _listed(text) if text.startswith("[") else _before_conda_4_5(text)
    # `feature@` was how features were tracked; conda drops them as well.
    specs = [spec for spec in specs if spec and not spec.endswith("@")]
    return (action, tuple(specs)) if specs else None


def requested_specs(revisions: Iterable[Revision], installed: Collection[str]) -> tuple[tuple[str, str], ...]:
    """Work out as conda does what the user asked for and still stands: (package name, spec) pairs sorted by name.

    Only revisions that name their command count, and only packages that are still installed: removals were not always
    written down.
    """
    standing: dict[str, str] = {}
    for revision in revisions:
        if not revision.command:
            continue
        for spec in revision.remove_specs:
            standing.pop(spec_name(spec), None)
        for spec in (*revision.update_specs, *revision.neutered_specs):
            standing[spec_name(spec)] = spec
    return tuple(sorted((name, spec) for name, spec in standing.items() if name in installed))


def spec_name(spec: str) -> str:
    """Take the package name from a match spec: `conda-forge::numpy>=1`, `numpy 1.2*`, the URL of an archive."""
    bare = spec.strip().partition("[")[0]
    if _ARCHIVE.search(bare):
        return bare.rpartition("/")[2].rsplit("-", 2)[0].lower()
    match = _NAME.match(bare.rpartition("::")[2].strip())
    return match[0].lower() if match else ""


def _listed(text: str) -> list[str]:
    """The strings of a Python list, without running what somebody may have put there."""
    return [re.sub(r"\\(.)", r"\1", single or double) for single, double in _QUOTED.findall(text)]


def _before_conda_4_5(text: str) -> Sequence[str]:
    """Specs separated by commas, which also separate the parts of a version: `param >=1.5,<2.0,jupyter`."""
    if "[" in text:
        return []
    specs: list[str] = []
    for part in text.split(","):
        if specs and _RELATION.match(part):
            specs[-1] += f",{part}"
        else:
            specs.append(part)
    return specs
