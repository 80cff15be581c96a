"""The report of a cleanup: what went and why, in Markdown that foreign names cannot break."""

from __future__ import annotations

from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.records.cleanup import CleanupCandidate, CleanupReason, WayBack
from condatui_core.records.job import Ended, Outcome
from condatui_core.records.policy import Policy
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
    given = {"host": "gpu07", "at": NOW, "chosen": (OLD,), **fields}
    return cleanup_markdown(CleanupReport(**given))  # type: ignore[arg-type]


def test_what_went_and_why_is_said_in_a_table() -> None:
    outcome = Outcome(message="Cleaned up.", restore_points=("20260520-old",))
    text = report(end=Ended(at=NOW, state="done", message="Cleaned up.", outcome=outcome))
    assert text.startswith("# Cleanup of gpu07, 2026-05-20 12:00 +0200\n")
    assert "**Cleaned up.**" in text
    assert "## What went" in text
    row = (
        "| o\\|l\\`d\\\\n | /envs/old | 5.0 KB | not used for 400 days | restore point, about 10 B before compression |"
    )
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


def test_nothing_to_do_is_said() -> None:
    assert "**Nothing had to go.**" in report(chosen=())
