"""The rules of a policy: the reasons that it adds, what it keeps, and what may go without a question."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from condatui_core.analyses.cleanup.candidates import candidates
from condatui_core.analyses.cleanup.policy import PolicyRules, allowed, not_decided
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.disk import Cost, Occupied, Together
from condatui_core.records.environment import Environment
from condatui_core.records.kernel import Kernel
from condatui_core.records.policy import Policy
from support.inventories import NOW, days_ago, environment, finding, inventory, loaded

STALE = finding("stale", "note", "not used for 400 days", cleanup="unused")
SCRATCH = finding("scratch-name", "note", "named like a scratch environment", cleanup="trial")


def found(
    policy: Policy, *environments: Environment, user: str = "ada", size: int = 10
) -> tuple[CleanupCandidate, ...]:
    costs = {each.prefix: Cost(total=size, frees=size) for each in environments}
    together = nothing_shared(size)
    return candidates(inventory(*environments), costs=costs, together=together, policy=policy, now=NOW, user=user)


def nothing_shared(size: int) -> Together:
    """Each environment occupies so many bytes, and as many inodes, of its own."""
    return lambda prefixes: Occupied(bytes=size * len(prefixes), inodes=size * len(prefixes))


def test_its_age_replaces_that_of_the_settings() -> None:
    environments = [loaded(f"d{days}", last_used=days_ago(days)) for days in (10, 40, 70)]
    rows = found(Policy(max_age_days=40), *environments, loaded("kept", findings=(STALE,), last_used=days_ago(3)))
    assert [(row.name, row.reasons[0].text) for row in rows] == [
        ("d70", "not used for 70 days; the policy allows 40"),
        ("d40", "not used for 40 days; the policy allows 40"),
    ]
    assert [row.name for row in found(Policy(), loaded("kept", findings=(STALE,)))] == ["kept"]


def test_names_have_to_match_as_a_whole() -> None:
    rows = found(Policy(names="[a-z]+"), loaded("fine"), loaded("fine2"), environment("gone", state="missing"))
    assert [(row.name, row.tier, row.reasons[0].id) for row in rows] == [("fine2", "weak", "name-rule")]


def test_of_too_many_those_go_that_were_used_longest_ago() -> None:
    environments = [loaded(f"d{days}", owner="ada", last_used=days_ago(days)) for days in (30, 10, 20)]
    rows = found(Policy(max_environments_per_user=1), *environments, loaded("other", owner="ben"))
    assert {row.name for row in rows} == {"d30", "d20"}
    assert {row.reasons[0].text for row in rows} == {"ada has 3 environments; the policy allows 1"}


def test_of_too_large_ones_those_go_that_were_used_longest_ago() -> None:
    environments = [loaded(f"d{days}", owner="ada", last_used=days_ago(days)) for days in (30, 10, 20)]
    (row,) = found(Policy(max_bytes_per_user=20), *environments)
    assert (row.name, row.reasons[0].id, row.reasons[0].text) == (
        "d30",
        "too-large",
        "with it ada occupies 30 B; the policy allows 20 B",
    )


def test_files_that_environments_share_count_once_as_in_a_check() -> None:
    """Two of 15 bytes that share 10 are within 20 bytes, though their sizes add up to 30."""
    own = [loaded(f"d{days}", owner="ada", last_used=days_ago(days)) for days in (30, 10)]

    def shared(prefixes: Sequence[str]) -> Occupied:
        return Occupied(bytes=10 + 5 * len(prefixes), inodes=1 + len(prefixes))

    def going(policy: Policy) -> list[str]:
        costs = {each.prefix: Cost(total=15, frees=5) for each in own}
        rows = candidates(inventory(*own), costs=costs, together=shared, policy=policy, now=NOW, user="ada")
        return [row.reasons[0].text for row in rows]

    assert going(Policy(max_bytes_per_user=20)) == []
    assert going(Policy(max_bytes_per_user=19)) == ["with it ada occupies 20 B; the policy allows 19 B"]
    assert going(Policy(max_inodes_per_user=2)) == ["with it ada occupies 3 inodes; the policy allows 2 inodes"]


def test_what_is_not_measured_is_not_too_large() -> None:
    own = loaded("d30", owner="ada", last_used=days_ago(30))
    costs = {own.prefix: Cost(total=15, frees=5, measured=False)}
    assert candidates(inventory(own), costs=costs, policy=Policy(max_bytes_per_user=1), now=NOW, user="ada") == ()


def test_of_too_many_those_of_unknown_use_are_not_decided() -> None:
    policy = Policy(allow=("too-many",), max_environments_per_user=1)
    sure = [loaded(f"d{days}", owner="ada", last_used=days_ago(days)) for days in (10, 30)]
    unsure = [loaded("never", owner="ada"), loaded("weak", owner="ada", last_used=days_ago(90, reliable=False))]
    enough = found(replace(policy, max_environments_per_user=3), *unsure, *sure)
    assert [row.name for row in enough] == ["d30"]
    rows = found(policy, *unsure, *sure)
    assert {row.name for row in allowed(rows, policy)} == {"d10", "d30"}
    assert {row.name for row in rows if not_decided(row, policy)} == {"never", "weak"}


def test_of_too_large_ones_those_of_unknown_use_are_not_decided() -> None:
    policy = Policy(allow=("too-large",), max_bytes_per_user=20)
    rows = found(
        policy, *(loaded(name, owner="ada") for name in "ab"), loaded("d9", owner="ada", last_used=days_ago(9))
    )
    assert [row.name for row in rows] == ["d9"]
    rows = found(replace(policy, max_bytes_per_user=10), *(loaded(name, owner="ada") for name in "ab"))
    assert (allowed(rows, policy), {row.name for row in rows if not_decided(row, policy)}) == ((), {"a", "b"})


@pytest.mark.parametrize("days", [None, 90])
def test_by_age_what_has_no_sign_of_use_is_not_decided(days: int | None) -> None:
    policy = Policy(allow=("stale",), max_age_days=days)
    new = loaded("new", last_used=days_ago(1), created=NOW)
    rows = found(policy, loaded("never"), new, environment("unread"), environment("gone", state="missing"))
    assert {row.name for row in rows if not_decided(row, policy)} == {"never"}
    assert allowed(rows, policy) == ()


def test_what_was_made_within_the_age_is_not_stale_without_a_sign_of_use() -> None:
    assert found(Policy(allow=("stale",), max_age_days=90), loaded("new", created=NOW)) == ()


def test_one_that_the_settings_call_stale_without_a_known_use_is_not_decided() -> None:
    policy = Policy(allow=("stale",))
    rows = found(policy, loaded("old", findings=(STALE,)))
    assert (allowed(rows, policy), [not_decided(row, policy) for row in rows]) == ((), [True])


def test_what_may_go_for_another_reason_goes_without_a_known_use() -> None:
    policy = Policy(allow=("stale", "scratch-name"), max_age_days=10)
    rows = found(policy, loaded("try", findings=(SCRATCH,)))
    assert ([row.name for row in allowed(rows, policy)], [not_decided(row, policy) for row in rows]) == (
        ["try"],
        [False],
    )


def rules(policy: Policy, *environments: Environment) -> PolicyRules:
    return PolicyRules.of(policy, environments, nothing_shared(10), now=NOW, user="ada")


def test_by_how_much_a_rule_is_still_broken_is_said() -> None:
    own = [loaded(name, owner="ada") for name in ("a", "b", "c")]
    used = loaded("used", owner="ada", last_used=days_ago(90))
    policy = Policy(max_environments_per_user=1, max_bytes_per_user=25, max_inodes_per_user=29)
    found = rules(policy, *own, used, loaded("other", owner="ben"))
    assert tuple(found.still_broken({used.prefix})) == (
        "ada still has 2 environments more than the policy allows; not decided: last use unknown of a, b, c",
        "ada still occupies 5 B more than the policy allows; not decided: last use unknown of a, b, c",
        "ada still occupies 1 inode more than the policy allows; not decided: last use unknown of a, b, c",
    )
    assert tuple(found.still_broken({each.prefix for each in own})) == ()


@pytest.mark.parametrize(
    "pattern", ["old[1]", "o*", "/opt/miniforge3/envs/old[1]", "/opt/miniforge3/envs/old*/", "/opt/*", "/link/old"]
)
def test_what_it_keeps_stays(pattern: str) -> None:
    (row,) = found(Policy(keep=(pattern,)), loaded("old[1]", aliases=("/link/old",), findings=(STALE,)))
    assert row.blocked == "the policy keeps it"


@pytest.mark.parametrize("pattern", ["Old", "/home/ada/kernels/*"])
def test_a_kernel_that_it_keeps_stays(pattern: str) -> None:
    dead = Kernel(path="/home/ada/kernels/old", name="old", display_name="Old", program="/gone/bin/python", gone=True)
    (row,) = candidates(replace(inventory(), kernels=(dead,)), costs={}, policy=Policy(keep=(pattern,)), now=NOW)
    assert row.blocked == "the policy keeps it"


def test_environments_of_others_go_only_if_it_names_them() -> None:
    of_ben, of_ada = (loaded("old", findings=(STALE,), owner=owner) for owner in ("ben", "ada"))
    blocked = {
        users: [found(Policy(users=users), each)[0].blocked for each in (of_ben, of_ada)]
        for users in ((), ("ben",), ("ada", "ben"))
    }
    assert blocked == {
        (): ["it belongs to ben", ""],
        ("ben",): ["", "it belongs to ada"],
        ("ada", "ben"): ["", ""],
    }


@pytest.mark.parametrize(
    ("allow", "goes"), [((), False), (("stale",), True), (("scratch-name",), True), (("cache", "leftover"), False)]
)
def test_only_what_is_allowed_may_go(allow: tuple[str, ...], goes: bool) -> None:
    policy = Policy(allow=allow)  # type: ignore[arg-type]
    rows = found(policy, loaded("try", findings=(STALE, SCRATCH), last_used=days_ago(400)))
    assert bool(allowed(rows, policy)) == goes


def test_a_use_that_is_not_sure_is_not_enough_without_a_person_who_reads_it() -> None:
    policy = Policy(allow=("stale",), max_age_days=10)
    rows = found(policy, loaded("old", last_used=days_ago(400, reliable=False)))
    assert (rows[0].reasons[0].trust, allowed(rows, policy)) == ("guess", ())


def test_a_name_that_is_not_allowed_makes_no_use_sure() -> None:
    policy = Policy(allow=("stale",), max_age_days=10)
    rows = found(policy, loaded("try", findings=(SCRATCH,), last_used=days_ago(400, reliable=False)))
    assert ([each.id for each in rows[0].reasons], allowed(rows, policy)) == (["stale", "scratch-name"], ())


def test_what_is_blocked_never_goes() -> None:
    policy = Policy(allow=("stale",))
    rows = found(policy, loaded("old", findings=(STALE,), last_used=days_ago(400), active=True))
    assert (len(rows), allowed(rows, policy)) == (1, ())
