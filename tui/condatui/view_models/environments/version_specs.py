"""Tests and look-ups for specs that a user types: `numpy`, `numpy=1.26` or `numpy>=2`."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

from condatui_core.analyses.present import Present, look_up
from condatui_core.analyses.specs import satisfies_conda
from condatui_core.errors import UsageError
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import PrefixContents

_NAME_AND_SPEC = re.compile(r"(?P<name>[^\s<>=!~]+)\s*(?P<spec>.*)", re.DOTALL)
_OPERATORS = tuple("<>=!~")


class PackageTest:
    """Whether an environment has a package, by conda's name, by pip's, or by that of a distribution in a conda package.

    Where pip has put its files in place of conda's, it is pip's version that counts, which Python sees.
    """

    def __init__(self, text: str) -> None:
        """Raises UsageError if the text has no name, or an invalid version after it."""
        match = _NAME_AND_SPEC.fullmatch(text)
        if match is None:
            raise UsageError("The name of the package is missing, as in `package:numpy>=2`.")
        self.name = match["name"]
        """The name as it was typed."""
        self._fits = version_test(match["spec"]) if match["spec"].strip() else _any_version
        self._finder = package_finder(self.name)

    def passes(self, environment: Environment) -> bool:
        """Whether it is there in a version that fits."""
        found = self._finder.of(environment)
        return found is not None and self._fits(found.version)


class PackageFinder:
    """Looks a name up in environments, and remembers what it found: each key press asks again."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._found: dict[str, tuple[PrefixContents, Present | None]] = {}
        """By prefix, the contents that were looked through and what was found."""

    def of(self, environment: Environment) -> Present | None:
        """What an environment has under the name; None if it has nothing, or is not read."""
        contents = environment.contents
        if contents is None:
            return None
        known = self._found.get(environment.prefix)
        if known is None or known[0] is not contents:
            known = self._found[environment.prefix] = contents, look_up(contents, self._name)
        return known[1]


@lru_cache(maxsize=8)
def package_finder(name: str) -> PackageFinder:
    """The finder of a name; the last few are kept."""
    return PackageFinder(name)


def version_test(spec: str) -> Callable[[str], bool]:
    """A test whether a version meets a spec as conda reads it; `3.10` means `=3.10`: 3.10 and 3.10.*.

    Raises UsageError if the spec is not valid.
    """
    parts = "".join(spec.split()).split("|")
    wanted = "|".join(each if each.startswith(_OPERATORS) else f"={each}" for each in parts)
    if satisfies_conda("1", wanted) is None:
        raise UsageError(f"`{spec.strip()}` is not a version; try =1.26, ==1.26.4 or >=1.26,<2.")
    return lambda version: bool(satisfies_conda(version, wanted))


def _any_version(_version: str) -> bool:
    return True
