"""Tests for specs that a user types: `numpy`, `numpy=1.26` or `numpy>=2`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from packaging.utils import NormalizedName, canonicalize_name

from condatui_core.analyses.specs import satisfies_conda
from condatui_core.errors import UsageError
from condatui_core.records.prefix import PrefixContents

_NAME_AND_SPEC = re.compile(r"(?P<name>[^\s<>=!~]+)\s*(?P<spec>.*)", re.DOTALL)
_OPERATORS = tuple("<>=!~")


def package_test(text: str) -> Callable[[PrefixContents], bool]:
    """A test whether a prefix holds a package: by conda's name, by a distribution that it provides, or by pip's name.

    Raises UsageError if the text has no name, or an invalid version after it.
    """
    match = _NAME_AND_SPEC.fullmatch(text)
    if match is None:
        raise UsageError("The name of the package is missing, as in `package:numpy>=2`.")
    name = _canonical(match["name"])
    fits = version_test(match["spec"]) if match["spec"].strip() else _any_version
    return lambda contents: any(found == name and fits(version) for found, version in _installed(contents))


def version_test(spec: str) -> Callable[[str], bool]:
    """A test whether a version meets a spec as conda reads it; `3.10` means `=3.10`: 3.10 and 3.10.*.

    Raises UsageError if the spec is not valid.
    """
    wanted = "".join(spec.split())
    if not wanted.startswith(_OPERATORS):
        wanted = f"={wanted}"
    if satisfies_conda("1", wanted) is None:
        raise UsageError(f"`{spec.strip()}` is not a version; try =1.26, ==1.26.4 or >=1.26,<2.")
    return lambda version: bool(satisfies_conda(version, wanted))


def _any_version(_version: str) -> bool:
    return True


def _installed(contents: PrefixContents) -> Iterator[tuple[str, str]]:
    for record in contents.packages:
        yield _canonical(record.name), record.version
        for provided in record.provides:
            yield _canonical(provided.name), provided.version
    for distribution in contents.distributions:
        yield _canonical(distribution.name), distribution.version


@lru_cache(maxsize=1 << 14)
def _canonical(name: str) -> NormalizedName:
    """Cached, as each key press asks for the same few thousand names."""
    return canonicalize_name(name)
