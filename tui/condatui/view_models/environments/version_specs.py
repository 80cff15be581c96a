"""What a user means by `numpy`, `numpy=1.26` or `numpy>=2`, tried on what an environment holds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import lru_cache

from packaging.utils import NormalizedName, canonicalize_name

from condatui_core.analyses.specs import satisfies_conda
from condatui_core.errors import UsageError
from condatui_core.records.prefix import PrefixContents

# What a user means by `numpy`, `numpy=1.26` or `numpy>=2`, tried on what an environment holds.


_NAME_AND_SPEC = re.compile(r"(?P<name>[^\s<>=!~]+)\s*(?P<spec>.*)", re.DOTALL)
_OPERATORS = tuple("<>=!~")


def package_test(text: str) -> Callable[[PrefixContents], bool]:
    """Whether a prefix holds a package: by conda's name, by a distribution that conda's provides, or by pip's.

    Raises UsageError if there is no name or what follows it is no version.
    """
    match = _NAME_AND_SPEC.fullmatch(text)
    if match is None:
        raise UsageError("A package has a name, such as `package:numpy>=2`.")
    name = _canonical(match["name"])
    fits = version_test(match["spec"]) if match["spec"].strip() else _any_version
    return lambda contents: any(found == name and fits(version) for found, version in _installed(contents))


def version_test(spec: str) -> Callable[[str], bool]:
    """Whether a version fits a spec as conda reads it, where `3.10` means `=3.10`: 3.10 and all below it.

    Raises UsageError if it says nothing.
    """
    asked = "".join(spec.split())
    if not asked.startswith(_OPERATORS):
        asked = f"={asked}"
    if satisfies_conda("1", asked) is None:
        raise UsageError(f"`{spec.strip()}` is no version; try =1.26, ==1.26.4 or >=1.26,<2.")
    return lambda version: bool(satisfies_conda(version, asked))


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
    """The same few thousand names are asked for at every key press."""
    return canonicalize_name(name)
