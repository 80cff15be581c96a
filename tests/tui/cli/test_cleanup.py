"""`condatui cleanup` on a real sandbox: what could go, goals, policies and reports."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from condatui_core.prefixes import reader
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import du
from support.sandboxes import lasting_state, manifest


def lines_of(stdout: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stdout.splitlines()]


def read_long_ago(prefix: Path, *, days: int) -> None:
    """Take back that copying has read its python."""
    python = (prefix / "bin/python").resolve()
    os.utime(python, (time.time() - days * 86_400, python.stat().st_mtime))


def policy_in(sandbox: Sandbox, text: str) -> Path:
    file = sandbox.home / "policy.yaml"
    file.write_text(f"format: 1\n{text}\n")
    return file


def test_without_a_goal_it_lists_what_could_go_and_changes_nothing(sandbox: Sandbox) -> None:
    before = lasting_state(sandbox)
    result = run_in(sandbox, "cleanup", "--json")
    assert result.exit_code == 0, result.output
    (document,) = lines_of(result.stdout)
    found = {each["name"]: each for each in document["candidates"]}
    assert (found["half-cloned"]["tier"], found["half-cloned"]["reasons"][0]["id"]) == ("leftover", "orphan")
    assert "scratch-name" in [each["id"] for each in found["try-again-final-v2"]["reasons"]]
    assert found["archives"]["part"] == "tarballs"
    assert all(each["frees"] <= each["bytes"] or each["part"] for each in document["candidates"])
    assert document["groups"]
    page = run_in(sandbox, "cleanup")
    assert "half-cloned" in page.stdout
    assert "named like a scratch environment" in page.stdout
    assert lasting_state(sandbox) == before


def test_how_long_the_way_back_takes_is_said_once_a_clone_was_made(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "try-again-final-v2")
    (before,) = lines_of(run_in(sandbox, "cleanup", "--json").stdout)
    assert {each["way_back"]["minutes"] for each in before["candidates"]} == {None}
    made = run_in(sandbox, "clone", "notebooks", "again", "--yes")
    assert made.exit_code == 0, made.output
    (after,) = lines_of(run_in(sandbox, "cleanup", "--json").stdout)
    minutes = {each["name"]: each["way_back"]["minutes"] for each in after["candidates"]}
    assert minutes["try-again-final-v2"] > 0
    assert minutes["archives"] is None
    assert re.search(r", about \d+ (s|min)\b", run_in(sandbox, "cleanup", environ={"COLUMNS": "240"}).stdout)


def test_a_dry_run_of_a_goal_prints_what_it_chose_and_the_plan(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "nlp-base")
    before = manifest(sandbox.root_prefix)
    result = run_in(sandbox, "cleanup", "--free", "1M", "--dry-run", "--json")
    assert result.exit_code == 0, result.output
    goal, plan = lines_of(result.stdout)
    assert (goal["goal"]["wanted"], goal["goal"]["reached"], len(goal["goal"]["chosen"])) == (1_000_000, True, 1)
    assert plan["plan"]["request"]["type"] == "clean"
    assert plan["plan"]["bytes_freed"] == goal["goal"]["frees"] >= 1_000_000
    assert manifest(sandbox.root_prefix) == before


def test_a_goal_out_of_reach_says_how_far_it_gets_and_fails(sandbox: Sandbox) -> None:
    result = run_in(sandbox, "cleanup", "--free", "20G", "--dry-run")
    assert result.exit_code == 1
    assert "it gets as far as " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("--free", "lots"), 2, "`lots` is no size"),
        (("--yes",), 2, "nothing to choose by"),
        (("--report", "x.md"), 2, "nothing to choose by"),
        (("--policy", "none.yaml"), 2, "The policy cannot be read."),
        (("--free", "1M", "--yes", "--policy", ""), 2, "A path is empty."),
        (("--free", "1M", "--yes", "--report", ""), 2, "A path is empty."),
        (("--free", "1M"), 3, "no terminal to ask"),
        (("--free", "1M", "--yes", "--report", "."), 2, "is a directory"),
        (("--free", "1M", "--yes", "--report", "/nowhere/r.md"), 2, "is no directory"),
        (("--keeper", "no-such-environment"), 2, "no-such-environment"),
        (("--threshold", "40"), 2, "40 is not between 50% and 100%"),
    ],
)
def test_bad_input_is_refused(sandbox: Sandbox, arguments: tuple[str, ...], code: int, said: str) -> None:
    result = run_in(sandbox, "cleanup", *arguments)
    assert (result.exit_code, said in result.stderr) == (code, True), result.output


def test_a_policy_that_allows_nothing_is_refused(sandbox: Sandbox, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("format: 1\nmax_age_days: 3\n")
    result = run_in(sandbox, "cleanup", "--policy", str(file), "--yes")
    assert (result.exit_code, "The policy allows nothing." in result.stderr) == (3, True), result.output


def test_a_policy_removes_only_what_it_allows_and_reports_it(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "try-again-final-v2", "bert-finetune")
    for name in ("try-again-final-v2", "bert-finetune"):
        read_long_ago(sandbox.prefixes[name], days=400)
    policy = policy_in(sandbox, "allow: [cache, stale]\nmax_age_days: 100\nkeep: [bert-*]")
    report, before = sandbox.home / "report.md", du(sandbox.root_prefix)
    result = run_in(sandbox, "cleanup", "--policy", str(policy), "--yes", "--report", str(report), "--json")
    assert result.exit_code == 0, result.output
    outcome = lines_of(result.stdout)[-1]["result"]["outcome"]
    there = {name for name, prefix in sandbox.prefixes.items() if os.path.lexists(prefix)}
    assert "try-again-final-v2" not in there
    assert {"notebooks", "bert-finetune"} <= there
    really = before - du(sandbox.root_prefix)
    assert outcome["predicted_bytes"] == outcome["bytes_freed"] + outcome["kept_bytes"] == really
    assert len(outcome["restore_points"]) == 1
    text = report.read_text()
    assert "| try-again-final-v2 |" in text
    assert "not used for 400 days; the policy allows 100" in text
    assert f"restore point {outcome['restore_points'][0]}" in text
    assert "the policy keeps it" in text
    assert f"| condatui restore {outcome['restore_points'][0]} |" in text
    back = run_in(sandbox, "restore", outcome["restore_points"][0], "--yes")
    assert back.exit_code == 0, back.output


def test_what_is_not_decided_is_reported_with_the_rule_that_is_still_broken(
    sandbox_copy: Callable[..., Sandbox], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "last_used", lambda *_, **__: None)
    sandbox = sandbox_copy("notebooks", "bert-finetune")
    policy = policy_in(sandbox, "allow: [stale, too-many]\nmax_age_days: 100\nmax_environments_per_user: 1")
    report = sandbox.home / "report.md"
    result = run_in(sandbox, "cleanup", "--policy", str(policy), "--yes", "--report", str(report))
    assert result.exit_code == 0, result.output
    text = report.read_text()
    assert "| not decided: last use unknown |" in text
    assert "still has 1 environment more than the policy allows" in text
    assert "not decided: last use unknown of " in result.stdout
    assert "still has 1 environment more than the policy allows" in result.stdout
    dry = run_in(sandbox, "cleanup", "--policy", str(policy), "--dry-run", "--json")
    (line,) = lines_of(dry.stdout)
    assert (dry.exit_code, line["goal"]["chosen"]) == (0, [])
    assert {str(sandbox.prefixes[name]) for name in ("notebooks", "bert-finetune")} <= {*line["goal"]["not_decided"]}
    assert [each for each in line["goal"]["broken_rules"] if "1 environment more than the policy allows" in each]
    assert all(os.path.lexists(sandbox.prefixes[name]) for name in ("notebooks", "bert-finetune"))


def test_enough_free_space_is_a_reason_for_nothing_to_go(sandbox: Sandbox, tmp_path: Path) -> None:
    policy, report = tmp_path / "policy.yaml", tmp_path / "report.md"
    policy.write_text("format: 1\nallow: [cache, stale]\nmin_free: 1\n")
    before = lasting_state(sandbox)
    result = run_in(sandbox, "cleanup", "--policy", str(policy), "--yes", "--report", str(report))
    assert result.exit_code == 0, result.output
    assert "**Nothing had to go: " in report.read_text()
    assert lasting_state(sandbox) == before


def test_keepers_and_the_threshold_are_chosen_by_command(sandbox: Sandbox) -> None:
    result = run_in(sandbox, "cleanup", "--json", "--keeper", "bert-finetune", "--threshold", "96%")
    assert result.exit_code == 0, result.output
    (document,) = lines_of(result.stdout)
    assert str(sandbox.prefixes["bert-finetune"]) in [each["keeper"] for each in document["groups"]]
    assert "bert-finetune" not in [each["name"] for each in document["candidates"] if not each["blocked"]]
    assert not any("\0" in each["key"] for each in document["candidates"])
