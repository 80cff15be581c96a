"""Packages in a cache that look unused only because an environment holds copies of their files instead of links."""

from __future__ import annotations

from collections.abc import Iterable

from condatui_core.records.environment import Environment


def holders_of_packages(environments: Iterable[Environment], *, empty: bool = False) -> dict[str, tuple[str, ...]]:
    """Name the prefixes with files of each package, by the name that it has in a package cache.

    An `empty` package, which has no file to link or copy, counts only if that is wanted.
    """
    holders: dict[str, list[str]] = {}
    for environment in environments:
        for record in environment.contents.packages if environment.contents else ():
            if record.file_count or empty:
                holders.setdefault(f"{record.name}-{record.version}-{record.build}", []).append(environment.prefix)
    return {name: tuple(prefixes) for name, prefixes in holders.items()}
