"""`condatui check`: what it prints, its JSON document, and how it exits."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui
from condatui_core.disk.usage import DiskUsage, survey
from condatui_core.records.environment import Inventory
from condatui_core.workbench import Workbench
from support.inventories import NOW, LoadedWorkbench, days_ago, environment, finding, inventory, loaded, package
from support.inventories import pip_package as by_pip
from support.surveys import Held, measurement_of, said

MACHINE = inventory(
    loaded("proj-a", [package("python", "3.11.7")], owner="ada", last_used=days_ago(1)),
    loaded("mine", [package("numpy")], [by_pip("torch", "2.5.0")], owner="ada", findings=(finding("broken", "error"),)),
    environment("closed", state="unreadable", owner="ben"),
)


class PolicyWorkbench(LoadedWorkbench):
    """Reads policies as the real one does."""

    def __init__(self, home: Path) -> None:
        super().__init__(MACHINE)
        self._real = Workbench(self.settings, Invocation.of_process().locations, environ={}, clock=lambda: NOW)
        self._home = home

    def policy(self, file: str = "") -> object:
        return self._real.policy(file)


def run(home: Path, *arguments: str, policy: str = "") -> Result:
    invocation = Invocation(
        environ={"CONDATUI_HOME": str(home / "own")},
        home=home,
        cwd=str(home),
        clock=lambda: NOW,
        terminal=False,
        make_workbench=lambda *_: PolicyWorkbench(home),  # type: ignore[arg-type]
    )
    if policy:
        (home / "policy.yaml").write_text(policy)
        arguments = (*arguments, "--policy", "policy.yaml")
    return CliRunner().invoke(condatui, ["check", *arguments], obj=invocation)


RULES = "format: 1\nnames: proj-.+\npip: forbidden\nwarn_only: [names]\n"


def test_each_broken_rule_is_a_line(tmp_path: Path) -> None:
    result = run(tmp_path, policy=RULES)
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "mine: pip: pip has installed 1 package: torch 2.5.0",
        "mine: names: its name is not of the form proj-.+ (only a warning)",
    ]
    assert result.stderr.splitlines() == [
        "condatui: not decided: it could not be read: it is unreadable: closed",
        "1 violation of 1 rule; 3 environments checked.",
    ]


def test_it_exits_with_0_if_all_rules_are_kept_or_the_broken_ones_only_warn(tmp_path: Path) -> None:
    result = run(tmp_path, "proj-a", policy=RULES)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No rule is broken; 1 environment checked.\n"
    result = run(tmp_path, policy="format: 1\nnames: proj-.+\nwarn_only: [names]\n")
    assert result.exit_code == 0
    assert result.stderr.splitlines()[-1] == "1 warning and nothing worse; 3 environments checked."


def test_one_that_is_named_does_not_fail_for_what_its_owner_has_beside_it(tmp_path: Path) -> None:
    policy = "format: 1\nmax_environments_per_user: 1\n"
    named = run(tmp_path, "proj-a", policy=policy)
    assert named.exit_code == 0
    assert "not decided: max_environments_per_user: it is about all environments of a user" in named.stderr
    assert run(tmp_path, policy=policy).stdout == (
        "ada: max_environments_per_user: ada has 2 environments; the policy allows 1\n"
    )


class _MeasuredDisk:
    """Says that the environments of MACHINE share 600 inodes, and that one has 300 of its own."""

    def survey(self, inventory: Inventory, **_how: bool) -> AsyncGenerator[DiskUsage, None]:
        one, other, _ = (each.prefix for each in inventory.environments)
        held = Held((one, other), 5_000_000, inodes=600), Held((one,), 1_000_000, inodes=300)
        return survey(said(measurement_of(inventory, *held)), inventory)


def test_bytes_and_inodes_of_a_user_are_measured_and_each_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PolicyWorkbench, "disk", _MeasuredDisk(), raising=False)
    kept = run(tmp_path, policy="format: 1\nmax_inodes_per_user: 900\nmax_bytes_per_user: 6M\n")
    assert (kept.exit_code, kept.stdout) == (0, "")
    broken = run(tmp_path, policy="format: 1\nmax_inodes_per_user: 899\nmax_bytes_per_user: 5M\n")
    assert broken.stdout.splitlines() == [
        "ada: max_bytes_per_user: ada occupies 6.0 MB; the policy allows 5.0 MB",
        "ada: max_inodes_per_user: ada occupies 900 inodes; the policy allows 899 inodes",
    ]


def test_without_a_policy_errors_break_the_rule(tmp_path: Path) -> None:
    result = run(tmp_path)
    assert (result.exit_code, result.stdout) == (1, "mine: forbidden_findings: broken\n")
    assert run(tmp_path, "proj-a").exit_code == 0


def test_a_severity_adds_findings_to_the_rules_of_a_policy(tmp_path: Path) -> None:
    result = run(tmp_path, "mine", "--severity", "warning", policy="format: 1\nnames: mine\n")
    assert (result.exit_code, result.stdout) == (1, "mine: forbidden_findings: broken\n")


def test_the_document(tmp_path: Path) -> None:
    document = json.loads(run(tmp_path, "--json", policy=RULES).stdout)
    assert (document["format"], document["ok"], document["checked"]) == (1, False, 3)
    assert document["violations"][0] == {
        "rule": "pip",
        "environment": "mine",
        "prefix": "/opt/miniforge3/envs/mine",
        "user": "ada",
        "message": "pip has installed 1 package: torch 2.5.0",
        "severity": "error",
        "evidence": ["torch 2.5.0"],
        "vulnerability": None,
    }
    assert document["unchecked"] == [
        {
            "rule": None,
            "environment": "closed",
            "prefix": "/opt/miniforge3/envs/closed",
            "message": "it could not be read: it is unreadable",
        }
    ]


FOUND = {
    "matches": [
        {
            "vulnerability": {"id": "GHSA-53q9-r3pm-6pq6", "severity": "Critical", "fix": {"versions": ["2.6.0"]}},
            "relatedVulnerabilities": [{"id": "CVE-2025-32434"}],
            "artifact": {"name": "torch", "version": "2.5.0", "type": "python", "purl": "pkg:pypi/torch@2.5.0"},
        },
        {
            "vulnerability": {"id": "CVE-1", "severity": "Low"},
            "artifact": {"name": "tar\x1b[1m", "version": "1", "type": "python"},
        },
    ]
}


def test_what_scanners_have_found_breaks_a_rule_with_and_without_a_policy(tmp_path: Path) -> None:
    (tmp_path / "grype.json").write_text(json.dumps(FOUND))
    line = "mine: vulnerabilities: CVE-2025-32434 (critical) in torch 2.5.0; fixed in 2.6.0"
    result = run(tmp_path, "--scan", "grype.json", "--scan", "grype.json")
    assert (result.exit_code, result.stdout.splitlines()) == (1, ["mine: forbidden_findings: broken", line])
    assert f"1 of 2 vulnerabilities in {tmp_path}/grype.json are of packages" in result.stderr
    assert "tar\\x1b" in result.stderr
    rules = "format: 1\nignored_vulnerabilities: [CVE-2025-32434]\n"
    result = run(tmp_path, "--scan", "grype.json", policy=rules)
    assert (result.exit_code, result.stdout) == (0, "")


def test_the_document_describes_a_vulnerability(tmp_path: Path) -> None:
    (tmp_path / "grype.json").write_text(json.dumps(FOUND))
    document = json.loads(run(tmp_path, "mine", "--scan", "grype.json", "--json", policy="format: 1\n").stdout)
    assert [each["vulnerability"] for each in document["violations"]] == [
        {
            "id": "CVE-2025-32434",
            "aliases": ["GHSA-53q9-r3pm-6pq6"],
            "severity": "critical",
            "package": "torch",
            "source": "pypi",
            "name": "torch",
            "version": "2.5.0",
            "fixed": ["2.6.0"],
            "scanners": ["Grype"],
        }
    ]


@pytest.mark.parametrize(
    ("arguments", "policy", "words"),
    [
        ((), "format: 1\nforbiden_channels: [x]\n", "forbidden_channels"),
        ((), "format: 2\n", "made by a newer condatui"),
        (("nope",), RULES, "There is no environment `nope`"),
        (("--policy", "none.yaml"), "", "none.yaml"),
        (("--severity", "grave"), "", "--severity"),
        (("--scan", "none.json"), "", "none.json"),
        (("--scan", "policy.yaml"), RULES, "not valid JSON"),
    ],
)
def test_wrong_usage_exits_with_2(tmp_path: Path, arguments: tuple[str, ...], policy: str, words: str) -> None:
    result = run(tmp_path, *arguments, policy=policy)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr
