"""What an environment has to be asked for so that it gets the versions of another one: from records to specs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from condatui_core.analyses.baseline import wanted_otherwise
from condatui_core.analyses.channels import same_package
from condatui_core.analyses.dependencies import is_met
from condatui_core.analyses.specs import exact_spec, spec_name
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents


@dataclass(frozen=True, slots=True)
class LikeSpecs:
    """What conda is asked for so that an environment gets the versions of its baseline."""

    specs: tuple[str, ...] = ()
    """One for each package that both have and that is not the same."""
    left_out: tuple[str, ...] = ()
    """Lines that name what the user of the environment wants otherwise, and so stays."""


def specs_like(contents: PrefixContents, baseline: PrefixContents, channels: ChannelConfig) -> LikeSpecs:
    """Find the packages that both have and where the baseline has another version, build or channel.

    What the user of the environment wants otherwise stays, and so does what that needs as it is.
    """
    mine = {each.name: each for each in contents.packages}
    other = {
        each.name: each
        for each in baseline.packages
        if each.name in mine and not same_package(mine[each.name], each, channels)
    }
    stays = {name: why for name, each in other.items() if (why := next(wanted_otherwise(each, contents), ""))}
    waiting = list(stays)
    while waiting:
        held = mine[waiting.pop()]
        needed = {name: why for name, why in _needs(held, other) if name not in stays}
        stays |= needed
        waiting += needed
    specs = tuple(exact_spec(each) for name, each in other.items() if name not in stays)
    return LikeSpecs(specs, tuple(f"{name} stays {mine[name].version}: {why}" for name, why in sorted(stays.items())))


def conflicts_of(contents: PrefixContents, baseline: PrefixContents, wanted: LikeSpecs) -> tuple[str, ...]:
    """Say what does not go together afterwards, in a line each; this need not find all reasons of conda's refusal."""
    coming = {each.name: each for each in baseline.packages if exact_spec(each) in wanted.specs}
    after = {each.name: each for each in contents.packages} | coming
    return tuple(
        f"{each.name} {each.version} needs {spec}; there would be {there.version} {there.build}"
        for each in after.values()
        for spec in each.depends
        if (there := after.get(spec_name(spec))) and coming.keys() & {each.name, there.name} and not is_met(spec, there)
    )


def _needs(held: PackageRecord, other: Mapping[str, PackageRecord]) -> Iterator[tuple[str, str]]:
    """What a package that stays needs as it is: names, and why."""
    for spec in held.depends:
        name = spec_name(spec)
        if name in other and not is_met(spec, other[name]):
            yield name, f"{held.name} {held.version} needs {spec}"
