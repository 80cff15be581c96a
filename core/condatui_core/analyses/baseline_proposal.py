"""Propose a baseline: the packages that most environments have in one version and channel, and what these need."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.analyses.channels import PYPI, channel_identity, channel_urls, same_package
from condatui_core.analyses.dependencies import is_met, unmet_dependencies
from condatui_core.analyses.match_specs import parse_match_spec
from condatui_core.analyses.specs import exact_spec
from condatui_core.analyses.versions import version_key
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord, UnmetDependency
from condatui_core.records.request import CreateRequest, ExportFormat
from condatui_core.text import counted, percent


class ProposedPackage(Struct, frozen=True, kw_only=True):
    """A package of a proposed baseline."""

    record: PackageRecord
    environments: int
    """The number of environments that have it in this version and from this channel."""
    needed_by: str = ""
    """For one that fewer of them have than a proposal takes: a package of the proposal that needs it."""


class LeftOutPackage(Struct, frozen=True, kw_only=True):
    """A package that enough environments have, and that is not proposed."""

    name: str
    version: str
    why: str
    """A few words."""


class Coverage(Struct, frozen=True, kw_only=True):
    """How much of an environment would have come from the proposed baseline."""

    prefix: str
    same: tuple[PackageRecord, ...]
    """Its packages that are those of the proposal, builds included."""
    packages: int
    """The number of its conda packages."""


class BaselineProposal(Struct, frozen=True, kw_only=True):
    """Packages that go together, and that more than a share of the environments with python have."""

    share: float
    packages: tuple[ProposedPackage, ...] = ()
    """By name; all that they depend on is among them."""
    left_out: tuple[LeftOutPackage, ...] = ()
    environments: tuple[Coverage, ...] = ()
    """The environments that were counted: with python, for this machine, neither a base nor a slimmed copy."""
    other_builds: tuple[PackageRecord, ...] = ()
    """Other builds of the proposed versions in these environments, each once: clones would have had no use for them."""

    @property
    def records(self) -> tuple[PackageRecord, ...]:
        """The records of its packages."""
        return tuple(each.record for each in self.packages)

    @property
    def leaves(self) -> tuple[str, ...]:
        """The names of those that no other one needs, and python: what its user would request."""
        needed = {_name_of(spec) for each in self.records for spec in each.depends} - {"python"}
        return tuple(each.name for each in self.records if each.name not in needed)


class BaselineDraft(Struct, frozen=True, kw_only=True):
    """A proposal, the file that makes it, and what it would have saved."""

    proposal: BaselineProposal
    format: ExportFormat
    text: str
    """The content of the file."""
    saved_bytes: int
    """The bytes that are stored several times now, and that clones of the baseline would share; 0 if none are."""
    clone_seconds: float | None = None
    """How long a clone takes at the pace of the clones and restores here; None if there was none yet."""

    @property
    def unneeded_archive_bytes(self) -> int:
        """The bytes of the archives of other builds, by conda's records: no clone would have had to download them."""
        return sum(each.archive_bytes for each in self.proposal.other_builds)


class _Kind(NamedTuple):
    """What is counted: builds may differ."""

    name: str
    version: str
    channel: str


_Holdings = Mapping[str, PackageRecord]
"""The conda packages of one environment, by name."""


def propose_baseline(machine: Inventory, *, share: float = 0.5) -> BaselineProposal:
    """Propose the packages that more than `share` of the environments have in one version and channel.

    What these need comes along, in the version that most of the environments have; what cannot go together with the
    others is left out.
    """
    counted = [each for each in machine.environments if _counts(each)]
    held = {each.prefix: _conda_packages(each) for each in counted}
    configs = {each.prefix: machine.channel_config(each) for each in counted}
    choice = _Choice(dict(sorted(held.items())), configs, share)
    choice.settle()
    return BaselineProposal(
        share=share,
        packages=tuple(choice.proposed()),
        left_out=tuple(sorted(choice.left_out, key=lambda each: each.name)),
        environments=tuple(_coverage(each, held[each.prefix], choice.chosen, configs[each.prefix]) for each in counted),
        other_builds=tuple(choice.other_builds(held.values())),
    )


def _counts(environment: Environment) -> bool:
    if environment.contents and environment.contents.slimmed is not None:
        return False  # its source says the same, and is whole
    return environment.readable and bool(environment.python) and not environment.base and not environment.foreign


def _conda_packages(environment: Environment) -> _Holdings:
    """Its packages from channels, without those whose files pip has replaced."""
    contents = environment.contents
    if contents is None:
        return {}
    replaced = {each.package for each in contents.replaced}
    return {each.name: each for each in contents.packages if each.base_url != PYPI and each.name not in replaced}


def _coverage(
    environment: Environment, held: _Holdings, chosen: Mapping[str, PackageRecord], config: ChannelConfig
) -> Coverage:
    pairs = ((record, chosen.get(name)) for name, record in held.items())
    same = tuple(record for record, other in pairs if other and same_package(record, other, config))
    return Coverage(prefix=environment.prefix, same=same, packages=len(held))


def request_of(proposal: BaselineProposal, target: str, config: ChannelConfig) -> CreateRequest:
    """The request that makes a proposed baseline at a path, build for build, from the channels of its packages."""
    channels = _channels(proposal.records, config)
    bare = [replace(each, base_url=None) for each in proposal.records]  # no other channel is searched then
    return CreateRequest(
        target=target,
        specs=tuple(map(exact_spec, bare if len(channels) == 1 else proposal.records)),
        requested=proposal.leaves,
        channels=channels,
        origin=f"what more than {percent(proposal.share)} of {counted(len(proposal.environments), 'environment')} have",
    )


def _channels(records: Sequence[PackageRecord], config: ChannelConfig) -> tuple[str, ...]:
    """The channels of all packages, first those that conda searches, in its order; empty if one is not known."""
    used = [each for each, _ in Counter(record.base_url for record in records).most_common()]
    searched = [url for each in config.channels for url in channel_urls(each, config)]
    known = [each for each in used if each]
    ordered = sorted(known, key=lambda each: searched.index(each) if each in searched else len(searched))
    return tuple(ordered) if len(known) == len(used) else ()


# The choice: it starts with what enough environments have, and is mended until everything in it goes together


class _Choice:
    """The packages of the proposal, by name. Each step rules a build out or drops a package, so it comes to an end."""

    def __init__(self, held: Mapping[str, _Holdings], configs: Mapping[str, ChannelConfig], share: float) -> None:
        self._kinds: Counter[_Kind] = Counter()
        self._builds: Counter[tuple[_Kind, str]] = Counter()
        seen: defaultdict[str, dict[str, PackageRecord]] = defaultdict(dict)
        self._channels: dict[str, str] = {}
        """What identifies the channel of a record, by its base URL."""
        for prefix, packages in held.items():
            for record in packages.values():
                self._channels[record.base_url or ""] = channel_identity(record.base_url, configs[prefix])
                kind = self._kind(record)
                self._kinds[kind] += 1
                self._builds[kind, record.build] += 1
                seen[record.name].setdefault(record.dist_name, record)
        self._wanted = _most_frequent(self._kinds, more_than=share * len(held))
        typical = max(held.values(), key=self._likeness, default={})
        self._candidates = {name: self._ranked(builds.values(), typical) for name, builds in seen.items()}
        """Every build of a package that some environment has, the best one first."""
        self._ruled_out: set[str] = set()
        self.chosen = {name: self._candidates[name][0] for name in sorted(self._wanted)}
        self.left_out: list[LeftOutPackage] = []

    def _kind(self, record: PackageRecord) -> _Kind:
        return _Kind(record.name, record.version, self._channels[record.base_url or ""])

    def _likeness(self, packages: _Holdings) -> int:
        return sum(self._kind(each) == self._wanted.get(name) for name, each in packages.items())

    def _ranked(self, builds: Iterable[PackageRecord], typical: _Holdings) -> Sequence[PackageRecord]:
        """First what is wanted, then what most have; of equally many the build of the most typical environment.

        What one environment has goes together already.
        """

        def rank(record: PackageRecord) -> tuple[object, ...]:
            kind, known = self._kind(record), typical.get(record.name)
            return (
                kind == self._wanted.get(record.name),
                self._kinds[kind],
                known is not None and known.dist_name == record.dist_name,
                self._builds[kind, record.build],
                version_key(record.version, "conda"),
                record.build_number,
                record.build,
            )

        return sorted(builds, key=rank, reverse=True)

    def settle(self) -> None:
        """Mend what does not go together, until everything does."""
        while unmet := unmet_dependencies(tuple(self.chosen[name] for name in sorted(self.chosen))):
            self._mend(unmet[0])
        self._drop_what_nothing_needs()

    def _mend(self, unmet: UnmetDependency) -> None:
        """Take another build of what is needed, add it, or take another build of what needs it; else drop that."""
        needed = _name_of(unmet.needs)
        if self._take_another(needed) or self._take_another(unmet.package):
            return
        dropped = self.chosen.pop(unmet.package)
        if unmet.package in self._wanted:
            why = f"it needs {unmet.needs}, and there is {unmet.has or 'no such package'}"
            self.left_out.append(LeftOutPackage(name=dropped.name, version=dropped.version, why=why))
        self._ruled_out |= {each.dist_name for each in self._candidates[unmet.package]}

    def _take_another(self, name: str) -> bool:
        """Choose the best build of a package that all the others accept; False if there is no other."""
        if present := self.chosen.get(name):
            self._ruled_out.add(present.dist_name)
        demands = [spec for spec in self._specs() if _name_of(spec) == name]
        found = next((each for each in self._candidates.get(name, ()) if self._is_fit(each, demands)), None)
        if found is not None:
            self.chosen[name] = found
        elif present:
            self._ruled_out.discard(present.dist_name)
        return found is not None

    def _specs(self) -> Iterator[str]:
        """What the chosen packages ask of each other."""
        for each in self.chosen.values():
            yield from each.depends
            yield from each.constrains

    def _is_fit(self, record: PackageRecord, demands: Sequence[str]) -> bool:
        """Whether a build may still be chosen: what is wanted stays in its version, and the others accept it."""
        wanted = self._wanted.get(record.name)
        if record.dist_name in self._ruled_out or (wanted and self._kind(record) != wanted):
            return False
        return all(is_met(spec, record) for spec in demands)

    def _drop_what_nothing_needs(self) -> None:
        """Drop what was added for a package that has been dropped since."""
        needed = {name for name in self.chosen if name in self._wanted}
        waiting = [*needed]
        while waiting:
            below = {_name_of(spec) for spec in self.chosen[waiting.pop()].depends} & self.chosen.keys()
            waiting += below - needed
            needed |= below
        self.chosen = {name: record for name, record in self.chosen.items() if name in needed}

    def proposed(self) -> Iterator[ProposedPackage]:
        """The packages by name."""
        for name, record in sorted(self.chosen.items()):
            needed_by = "" if name in self._wanted else self._needed_by(name)
            yield ProposedPackage(record=record, environments=self._kinds[self._kind(record)], needed_by=needed_by)

    def other_builds(self, held: Iterable[_Holdings]) -> Iterator[PackageRecord]:
        """Other builds of what was chosen, in the same version and from the same channel, each once."""
        found = {each.dist_name: each for packages in held for each in packages.values() if self._is_other_build(each)}
        yield from (record for _, record in sorted(found.items()))

    def _is_other_build(self, record: PackageRecord) -> bool:
        chosen = self.chosen.get(record.name)
        return chosen is not None and chosen.build != record.build and self._kind(chosen) == self._kind(record)

    def _needed_by(self, name: str) -> str:
        needing = (other for other, each in sorted(self.chosen.items()) if name in map(_name_of, each.depends))
        return next(needing, "")


def _most_frequent(kinds: Counter[_Kind], *, more_than: float) -> dict[str, _Kind]:
    """Of each package the version and channel that most have, if enough have it."""
    found: dict[str, _Kind] = {}
    for kind, count in sorted(
        kinds.items(), key=lambda each: (each[1], version_key(each[0].version, "conda"), each[0])
    ):
        if count > more_than:
            found[kind.name] = kind
    return found


@lru_cache(maxsize=1 << 15)
def _name_of(spec: str) -> str:
    """The package that a spec asks for; empty for a URL and for what cannot be read."""
    wanted = None if "://" in spec else parse_match_spec(spec)
    return wanted.name if wanted else ""
