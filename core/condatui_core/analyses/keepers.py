"""Choose which of several alike environments stays, and say why; `docs/duplicates.md` describes the order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct

from condatui_core.analyses.staying import Hold, has_role, holds_of, strength
from condatui_core.records.environment import Environment

_DAY = 86_400


class Candidate(Struct, frozen=True, kw_only=True):
    """An environment that could stay in place of those that are alike to it."""

    environment: Environment
    chosen: bool = False
    """Whether the user has chosen it."""
    reach: int = 0
    """The number of environments that are alike to it."""
    holds_all: bool = False
    """Whether it has every package, in whatever version, that those alike to it have."""
    works_on_gpu: bool = False
    """Whether a GPU check has shown that it computes on the GPU."""

    @property
    def prefix(self) -> str:
        """The prefix of the environment."""
        return self.environment.prefix

    @property
    def in_any_case(self) -> bool:
        """Whether it stays even if it is alike to a keeper: the user has chosen it, or it is a base."""
        return self.chosen or (self.environment.base and self.environment.state == "ok")

    @property
    def can_stay(self) -> bool:
        """Whether others could go to it."""
        return self.environment.state == "ok" and self.reach > 0

    @property
    def staying(self) -> tuple[str, ...]:
        """Why it does not go in any case, the strongest reason first; empty if it could."""
        return tuple(dict.fromkeys(_STAYING[hold] for hold in holds_of(self.environment)))

    @property
    def managed(self) -> bool:
        """Whether another tool manages it, which may make it anew with other packages: it takes the place of none."""
        return "managed" in holds_of(self.environment)

    @property
    def last_day(self) -> int:
        """The day of its last use, by number; 0 if there is no sign of a use."""
        used = self.environment.last_used
        return int(used.at.timestamp()) // _DAY if used else 0

    @property
    def like_a_trial(self) -> bool:
        """Whether it is named like a trial."""
        return has_role(self.environment, "trial")

    @property
    def requested(self) -> int:
        """The number of packages that its user requested."""
        contents = self.environment.contents
        return len(contents.requested_names) if contents else 0


_STAYING: Mapping[Hold, str] = MappingProxyType(
    {
        "kept": "you keep it",
        "frozen": "frozen",
        "active": "in use now",
        "in-use": "in use now",
        "baseline": "the baseline",
        "base": "base of its installation",
        "managed": "another tool manages it",
        "not-writable": "you may not remove it",
    }
)
"""What keeps an environment from going, in a few words beside other reasons to keep it."""


def keeping_facts(environment: Environment) -> tuple[object, ...]:
    """What the choice depends on besides the packages."""
    roles = frozenset(each.cleanup for each in environment.findings if each.cleanup)
    return environment.prefix, environment.state, environment.last_used, roles, holds_of(environment)


def in_order_of_keeping(candidates: Iterable[Candidate]) -> list[Candidate]:
    """Sort candidates, the one that should rather stay first; the order does not depend on that of the input."""
    return sorted(candidates, key=_rank)


def _rank(candidate: Candidate) -> tuple[object, ...]:
    return (
        not candidate.chosen,
        candidate.managed,
        strength(candidate.environment),
        -candidate.reach,
        not candidate.holds_all,
        not candidate.works_on_gpu,
        -candidate.last_day,
        candidate.like_a_trial,
        -candidate.requested,
        candidate.prefix,
    )


def reasons(keeper: Candidate, others: Sequence[Candidate]) -> tuple[str, ...]:
    """Why this one stays and the others of its group do not, each in a few words, the strongest reason first."""
    found = tuple(_reasons(keeper, others))
    return found or ("the first by its path",)


def _reasons(keeper: Candidate, others: Sequence[Candidate]) -> Iterator[str]:
    if keeper.chosen:
        yield "chosen by you"
    yield from keeper.staying
    if keeper.reach > max(each.reach for each in others):
        yield "alike to the most"
    if keeper.holds_all:
        yield "holds all of the others"
    if keeper.works_on_gpu:
        yield "works on the GPU"
    if keeper.last_day > max(each.last_day for each in others):
        yield _last_use(keeper.environment)
    if not keeper.like_a_trial and any(each.like_a_trial for each in others):
        yield "not named like a trial"
    if keeper.requested > max(each.requested for each in others):
        yield "requested the most"


def _last_use(environment: Environment) -> str:
    used = environment.last_used
    assert used is not None
    return f"used last, {'' if used.reliable else 'perhaps '}on {used.at:%Y-%m-%d}"
