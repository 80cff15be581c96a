"""The report of a cleanup: what went and why, in Markdown that foreign names cannot break."""

from __future__ import annotations

from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, WayBack
from condatui_core.records.job import Ended, Outcome
from condatui_core.records.policy import Policy
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.reports.cleanup_report import CleanupReport, cleanup_markdown
from support.inventories import NOW, finding

OLD = CleanupCandidate(
    key="/envs/old",
    kind="environment",
    path="/envs/old",
    name="o|l`d\n",
    tier="stale",
    reasons=(CleanupReason(id="stale", text="not used for 400 days"),),
    bytes=5000,
    way_back=WayBack(text="restore point, about 10 B before compression"),
)


def report(**fields: object) -> str:
    given = {"host": "gpu07", "at": NOW, "chosen": (OLD,), "way_back": "condatui restore {id}", **fields}
    return cleanup_markdown(CleanupReport(**given))  # type: ignore[arg-type]


def test_what_went_and_why_is_said_in_a_table() -> None:
    outcome = Outcome(message="Cleaned up.", restore_points=("20260520-old",))
    text = report(end=Ended(at=NOW, state="done", message="Cleaned up.", outcome=outcome), freed={"/envs/old": 3000})
    assert text.startswith("# Cleanup of gpu07, 2026-05-20 12:00 +0200\n")
    assert "**Cleaned up.**" in text
    assert "## What went" in text
    back = "restore point, about 10 B before compression"
    row = f"| o\\|l\\`d\\\\n | /envs/old | 5.0 KB | 3.0 KB | not used for 400 days | {back} |"
    assert row in text
    assert "- restore point 20260520-old" in text


def test_what_failed_and_what_stays_are_said() -> None:
    outcome = Outcome(message="Stopped.", findings=(finding("stopped", "error", "Remove old failed."),))
    end = Ended(at=NOW, state="done", message="Stopped.", outcome=outcome, exit_code=1)
    blocked = CleanupCandidate(key="k", kind="environment", path="/k", name="kept", tier="weak", blocked="you keep it")
    text = report(end=end, blocked=(blocked,))
    assert "## What was to go" in text
    assert "- Remove old failed." in text
    assert "| kept | /k | 0 B | you keep it |" in text


def test_a_refusal_a_policy_and_a_goal_out_of_reach_are_said() -> None:
    goal = Goal(wanted=10**9, in_the_way=("it gets as far as 5.0 KB of 1.0 GB",))
    policy = Policy(allow=("stale",), min_free=2 * 10**11, keep=("prod-*",))
    text = report(refused=("old is frozen.",), policy=policy, policy_file="/etc/p.yaml", goal=goal)
    assert "**Refused: nothing was done.**" in text
    for line in ("`min_free`: 200 GB", "`keep`: prod-\\*", "old is frozen.", "The goal of 1.0 GB is out of reach"):
        assert f"- {line}\n" in text


def test_a_rule_that_is_still_broken_is_said() -> None:
    line = "ada still has 2 environments more than the policy allows; not decided: last use unknown of a"
    assert f"- {line}\n" in report(broken_rules=(line,))


def test_nothing_to_do_is_said() -> None:
    assert "**Nothing had to go.**" in report(chosen=())


def test_what_only_becomes_unneeded_is_said_with_what_it_freed() -> None:
    packages = CleanupCandidate(
        key="/pkgs#packages",
        kind="cache",
        path="/pkgs",
        name="packages",
        tier="cache",
        part="packages",
        reasons=(CleanupReason(id="cache", text="all are in use, until environments go"),),
    )
    text = report(chosen=(packages, OLD), freed={"/pkgs#packages": 4_000_000})
    row = "| packages | /pkgs | 4.0 MB | 4.0 MB | no environment needs them, once others are gone |  |"
    assert row in text
    assert text.index("/envs/old") < text.index(row), "caches go last"


def test_how_to_bring_back_what_went_is_said_with_what_that_downloads() -> None:
    given = {"name": "old", "prefix": "/envs/old", "at": NOW, "bytes": 10, "packages": 2, "pip_packages": 0}
    point = RestorePointSummary(id="20260520-old", to_download=("a-1-0", "b-1-0"), download_bytes=7000, **given)  # type: ignore[arg-type]
    text = report(points=(point,))
    assert "## To bring back" in text
    assert "| old | /envs/old | condatui restore 20260520-old | 2 packages, 7.0 KB |" in text


def test_enough_that_is_free_is_said() -> None:
    text = report(chosen=(), policy=Policy(allow=("cache",), min_free=10**9), free_bytes=3 * 10**9)
    assert "**Nothing had to go: 3.0 GB are free, 1.0 GB are wanted.**" in text
