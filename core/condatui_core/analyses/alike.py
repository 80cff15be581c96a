"""Group environments that are alike around the one that stays, and compare each of the others with it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from threading import Lock

from msgspec.structs import replace

from condatui_core.analyses.keepers import Candidate, in_order_of_keeping, keeping_facts, reasons
from condatui_core.analyses.overlap import corresponding, names_in_either, similar_pairs
from condatui_core.analyses.package_sets import HeldPackage, PackageSet, package_sets
from condatui_core.analyses.versions import is_pep440, rank_versions
from condatui_core.records.alike import AlikeGroup, AlikeMember, PackageDifference
from condatui_core.records.environment import Inventory


def alike_groups(
    inventory: Inventory,
    *,
    threshold: float = 0.9,
    chosen: Collection[str] = (),
    working_gpu: Collection[str] = frozenset(),
) -> tuple[AlikeGroup, ...]:
    """Group the environments of which at least `threshold` of the packages are the same, by the keepers' prefixes.

    Every member is alike to its keeper; one that is alike to several keepers joins the most similar, but rather one of
    the `chosen` prefixes. Those are keepers in any case, and so is each base; `working_gpu` compute on the GPU.
    """
    return groups_of(package_sets(inventory), threshold=threshold, chosen=chosen, working_gpu=working_gpu)


def groups_of(
    sets: Sequence[PackageSet],
    *,
    threshold: float,
    chosen: Collection[str] = (),
    working_gpu: Collection[str] = frozenset(),
) -> tuple[AlikeGroup, ...]:
    """As `alike_groups`, from what the environments hold."""
    grouping = _Grouping(_kinds(sets, threshold), frozenset(chosen), frozenset(working_gpu))
    return tuple(grouping.groups())


class AlikeFinder:
    """Finds groups again and again, and remembers what the last search came to."""

    def __init__(self) -> None:
        self._turn = Lock()
        """Held during a search: several threads may ask."""
        self._read: tuple[object, ...] = ()
        self._sets: tuple[PackageSet, ...] = ()
        """What the environments hold, and what that was made from."""
        self._asked: tuple[object, ...] = ()
        self._groups: tuple[AlikeGroup, ...] = ()
        """The groups, and what they were found for."""

    def find(
        self, inventory: Inventory, *, threshold: float, chosen: frozenset[str], working_gpu: frozenset[str]
    ) -> tuple[AlikeGroup, ...]:
        """As `alike_groups`."""
        with self._turn:
            self._read_again_if_changed(inventory)
            facts = tuple(keeping_facts(each.environment) for each in self._sets)
            asked = (self._read, facts, threshold, chosen, working_gpu)
            if asked != self._asked:
                self._groups = groups_of(self._sets, threshold=threshold, chosen=chosen, working_gpu=working_gpu)
                self._asked = asked
            return self._groups

    def _read_again_if_changed(self, inventory: Inventory) -> None:
        """Contents stay the same objects until they are read again, so that this comparison is a short one."""
        environments = {each.prefix: each for each in inventory.environments}
        read = tuple(
            (prefix, each.contents, each.readable, each.foreign, inventory.channel_config(each))
            for prefix, each in sorted(environments.items())
        )
        if read != self._read:
            self._read, self._sets = read, package_sets(inventory)
        else:
            self._sets = tuple(each.of(environments[each.environment.prefix]) for each in self._sets)


# Who is alike to whom: environments that hold the same are compared once, and always end together


class _Kind:
    """The environments that hold the same, and the other kinds that are alike to them."""

    def __init__(self, place: int, equal: Sequence[PackageSet]) -> None:
        self.equal = equal
        self.names = equal[0].names
        self.similar = {place: 1.0}
        """Place of a kind → similarity; itself among them."""


def _kinds(sets: Sequence[PackageSet], threshold: float) -> tuple[_Kind, ...]:
    equal: dict[tuple[object, ...], list[PackageSet]] = {}
    for each in sorted(sets, key=lambda each: each.environment.prefix):
        equal.setdefault(each.kind, []).append(each)
    kinds = tuple(_Kind(place, same) for place, same in enumerate(equal.values()))
    for one, other, similarity in similar_pairs([kind.equal[0] for kind in kinds], threshold):
        kinds[one].similar[other] = kinds[other].similar[one] = similarity
    return kinds


# Keepers, and who joins which


class _Grouping:
    """The choice of the keepers."""

    def __init__(self, kinds: Sequence[_Kind], chosen: frozenset[str], working_gpu: frozenset[str]) -> None:
        self._kinds = kinds
        self._chosen, self._working_gpu = chosen, working_gpu
        self._candidates = {
            each.prefix: (place, each) for place, kind in enumerate(kinds) for each in self._candidates_of(kind)
        }
        """By prefix, with the place of its kind."""

    def _candidates_of(self, kind: _Kind) -> Iterator[Candidate]:
        alike = [self._kinds[place] for place in kind.similar]
        reach = sum(len(each.equal) for each in alike) - 1
        holds_all = all(kind.names >= names for names in {each.names for each in alike})
        for each in kind.equal:
            prefix = each.environment.prefix
            yield Candidate(
                environment=each.environment,
                chosen=prefix in self._chosen,
                reach=reach,
                holds_all=holds_all,
                works_on_gpu=prefix in self._working_gpu,
            )

    def groups(self) -> Iterator[AlikeGroup]:
        """The groups, by the keepers' prefixes."""
        keepers = self._keepers()
        joining: dict[str, list[PackageSet]] = {prefix: [] for prefix in sorted(keepers)}
        for kind in self._kinds:
            near = [prefix for prefix, place in keepers.items() if place in kind.similar]
            if near:
                keeper = max(near, key=lambda prefix: self._attraction(kind, prefix, keepers))  # of several, the first
                joining[keeper] += [each for each in kind.equal if _can_join(each, keepers)]
        for prefix, members in joining.items():
            if members:
                yield self._group(prefix, members)

    def _attraction(self, kind: _Kind, keeper: str, keepers: Mapping[str, int]) -> tuple[bool, float]:
        """How much a kind is drawn to a keeper: one that the user has chosen wins over a more similar one."""
        return keeper in self._chosen, kind.similar[keepers[keeper]]

    def _keepers(self) -> Mapping[str, int]:
        """Prefix → place of its kind: in the order of keeping, those that are alike to no keeper before them."""
        keepers: dict[str, int] = {}
        covered: set[int] = set()
        for each in in_order_of_keeping(candidate for _, candidate in self._candidates.values()):
            place, _ = self._candidates[each.prefix]
            if each.in_any_case or (each.can_stay and place not in covered):
                keepers[each.prefix] = place
                covered.update(self._kinds[place].similar)
        return keepers

    def _group(self, prefix: str, members: Sequence[PackageSet]) -> AlikeGroup:
        place, candidate = self._candidates[prefix]
        keeper = next(each for each in self._kinds[place].equal if each.environment.prefix == prefix)
        others = [self._candidates[each.environment.prefix][1] for each in members]
        keeping = replace(candidate, holds_all=all(keeper.names >= each.names for each in members))
        return AlikeGroup(
            keeper=prefix,
            why=reasons(keeping, others),
            chosen=candidate.chosen,
            members=tuple(sorted((self._member(keeper, each) for each in members), key=_by_similarity)),
        )

    def _member(self, keeper: PackageSet, member: PackageSet) -> AlikeMember:
        _, candidate = self._candidates[member.environment.prefix]
        return replace(member_of(keeper, member), stays=candidate.staying[0] if candidate.staying else "")


def _can_join(packages: PackageSet, keepers: Collection[str]) -> bool:
    """A base never goes, so it is no member."""
    return packages.environment.prefix not in keepers and not packages.environment.base


def _by_similarity(member: AlikeMember) -> tuple[float, str]:
    return -member.similarity, member.prefix


# A member beside its keeper


def member_of(keeper: PackageSet, member: PackageSet) -> AlikeMember:
    """Compare an environment with the one that would take its place."""
    same, partners = keeper.numbers & member.numbers, corresponding(keeper, member)
    kept, own = _others(keeper, same, partners), _others(member, same, partners)
    differs = sorted(kept.keys() & own.keys())
    extra, lacking = own.keys() - kept.keys(), kept.keys() - own.keys()
    builds = [number for number in same if _builds_differ(keeper.held[number], member.held[number])]
    either = names_in_either(keeper, member)
    return AlikeMember(
        prefix=member.environment.prefix,
        relation="differs" if differs or extra else "subset" if lacking else "identical",
        similarity=len(same) / either,
        requested_similarity=_requested_similarity(keeper, member, partners),
        build_similarity=(len(same) - len(builds)) / either,
        builds=tuple(sorted(member.held[number].name for number in builds)),
        differs=tuple(_difference(name, kept[name], own[name]) for name in differs),
        extra=tuple(sorted(own[name].name for name in extra)),
        lacking=tuple(sorted(kept[name].name for name in lacking)),
    )


def _others(packages: PackageSet, same: Collection[int], partners: Mapping[str, str]) -> dict[str, HeldPackage]:
    """Its other packages, by the names that those of two environments have in common."""
    return {_common_name(each, partners): each for number, each in packages.held.items() if number not in same}


def _common_name(held: HeldPackage, partners: Mapping[str, str]) -> str:
    return partners.get(held.name, held.marked_name) if held.only_pip else held.name


def _builds_differ(one: HeldPackage, other: HeldPackage) -> bool:
    return one.build != other.build and bool(one.build and other.build)


def _requested_similarity(keeper: PackageSet, member: PackageSet, partners: Mapping[str, str]) -> float | None:
    same = keeper.numbers & member.numbers
    requested = {
        _common_name(each, partners): number in same
        for one in (keeper, member)
        for number, each in one.held.items()
        if each.requested
    }
    return sum(requested.values()) / len(requested) if requested else None


def _difference(name: str, keeper: HeldPackage, member: HeldPackage) -> PackageDifference:
    versions = (keeper.version, member.version)
    by_pip = all(each.source == "pypi" for each in (keeper, member))
    mixed = keeper.source != member.source and all(map(is_pep440, versions))
    ranks = rank_versions(versions, "pep440" if by_pip or mixed else "conda")
    order = ranks[keeper.version] - ranks[member.version]
    return PackageDifference(
        name=name if not keeper.only_pip else keeper.name,
        keeper=keeper.version,
        member=member.version,
        order="older" if order < 0 else "newer" if order > 0 else "same",
        requested=member.requested,
    )
