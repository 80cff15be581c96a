"""Environments held against the rules of a policy: each rule, kept and broken."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest
from msgspec.structs import replace

from condatui_core.analyses.policy_check import PolicyReport, check_policy
from condatui_core.analyses.policy_findings import PolicyFindings
from condatui_core.records.disk import Occupied
from condatui_core.records.environment import Environment
from condatui_core.records.package import ProvidedDistribution
from condatui_core.records.policy import Policy
from condatui_core.records.vulnerability import ReportedVulnerability, Scanner, ScanReport
from support.inventories import NOW, PYTORCH, days_ago, environment, finding, inventory, loaded, package, pip_package

MAIN = "https://repo.anaconda.com/pkgs/main"
TORCH = (ProvidedDistribution("torch", "2.5.1", "lib/python3.10/site-packages/torch-2.5.1.dist-info"),)
EXP = loaded(
    "exp-nlp",
    [
        package("python", "3.10.14", license="Python-2.0"),
        package("openssl", "3.0.7", MAIN, license="Apache-2.0"),
        package("pytorch", "2.5.1", PYTORCH, license="BSD 3-Clause", provides=TORCH),
        package("readline", "8.2", license="GPL-3.0-only"),
        package("odd", "1.0", None),
    ],
    [pip_package("transformers", "4.40.0")],
    python="3.10.14",
    owner="ada",
    last_used=days_ago(100),
    created=NOW - timedelta(days=300),
)
CLEAN = loaded("proj-clean", [package("python", "3.12.1", license="Python-2.0")], owner="ada", last_used=days_ago(1))


def check(policy: Policy, *environments: Environment, **known: object) -> PolicyReport:
    return check_policy(policy, inventory(*environments), now=NOW, **known)  # type: ignore[arg-type]


def broken(policy: Policy, *environments: Environment, **known: object) -> list[str]:
    """The broken rules, one line each."""
    return [f"{each.name or each.user}: {each.message}" for each in check(policy, *environments, **known).violations]


@pytest.mark.parametrize(
    ("policy", "message"),
    [
        (Policy(names="(proj|tool)-.+"), "its name is not of the form (proj|tool)-.+"),
        (Policy(max_age_days=99), "not used for 100 days; the policy allows 99"),
        (Policy(allowed_channels=("conda-forge", "pytorch")), "2 packages are not from an allowed channel: "),
        (Policy(forbidden_channels=("defaults",)), "1 package is from a forbidden channel: pkgs/main"),
        (Policy(forbidden_channels=("pkgs/*",)), "1 package is from a forbidden channel: pkgs/main"),
        (Policy(forbidden_channels=("pytorch",)), "1 package is from a forbidden channel: pytorch"),
        (Policy(forbidden_licenses=("gpl-*",)), "1 package is under a forbidden license: readline (GPL-3.0-only)"),
        (
            Policy(allowed_licenses=("Python-2.0", "Apache-2.0", "BSD*", "GPL*")),
            "1 package is not under an allowed license: odd (states none)",
        ),
        (Policy(required_packages=("python >=3.11",)), "python >=3.11 is required; it has python 3.10.14"),
        (Policy(required_packages=("pre-commit",)), "pre-commit is required and missing"),
        (Policy(forbidden_packages=("openssl <3.0.8",)), "it has openssl 3.0.7; openssl <3.0.8 is forbidden"),
        (Policy(forbidden_packages=("torch <2.6",)), "it has pytorch 2.5.1; torch <2.6 is forbidden"),
        (Policy(forbidden_packages=("transformers",)), "it has transformers 4.40.0; transformers is forbidden"),
        (Policy(forbidden_packages=("defaults::openssl",)), "it has openssl 3.0.7; defaults::openssl is forbidden"),
        (Policy(pip="forbidden"), "pip has installed 1 package: transformers 4.40.0"),
    ],
)
def test_each_rule_says_what_breaks_it(policy: Policy, message: str) -> None:
    (line,) = broken(policy, EXP)
    assert line.startswith(f"exp-nlp: {message}")
    assert broken(replace(policy, exempt=("exp-*",)), EXP) == []


@pytest.mark.parametrize(
    "policy",
    [
        Policy(),
        Policy(names="(proj|exp|tool)-.+"),
        Policy(max_age_days=100),
        Policy(allowed_channels=("*",)),
        Policy(forbidden_channels=("bioconda",)),
        Policy(forbidden_licenses=("AGPL*",)),
        Policy(required_packages=("python >=3.9", "torch", "transformers >=4")),
        Policy(forbidden_packages=("openssl <3", "conda-forge::openssl", "torch =2.5.1=*cuda*", "nothing")),
        Policy(users=("ben",), pip="forbidden"),
    ],
)
def test_what_keeps_the_rules_is_not_told(policy: Policy) -> None:
    assert (broken(policy, EXP), check(policy, EXP).unchecked) == ([], ())


def test_base_need_not_have_a_name_or_be_used() -> None:
    base = replace(EXP, base=True, name="base")
    assert broken(Policy(names="x", max_age_days=1, max_environments_per_user=0), base) == []


def test_a_last_use_that_is_a_guess_only_warns_and_an_unknown_one_is_not_decided() -> None:
    guessed = replace(EXP, last_used=days_ago(100, reliable=False))
    (warned,) = check(Policy(max_age_days=30), guessed).violations
    assert (warned.severity, warned.message[:7]) == ("warning", "perhaps")
    report = check(Policy(max_age_days=30), replace(EXP, last_used=None))
    assert (report.kept, [each.message for each in report.unchecked]) == (True, ["its last use is not known"])
    assert check(Policy(max_age_days=301), replace(EXP, last_used=None)).unchecked == ()


def test_the_number_the_bytes_and_the_inodes_of_a_user_count_all_that_he_has_each_file_once() -> None:
    """Together they are less than the sum of their sizes: most files are shared."""
    policy = Policy(max_environments_per_user=1, max_bytes_per_user=10, max_inodes_per_user=1000)
    measured: list[Sequence[str]] = []

    def together(prefixes: Sequence[str]) -> Occupied:
        measured.append(prefixes)
        return Occupied(bytes=12, inodes=1001) if len(prefixes) == 2 else Occupied(bytes=8, inodes=1000)

    assert broken(policy, EXP, CLEAN, together=together) == [
        "ada: ada has 2 environments; the policy allows 1",
        "ada: ada occupies 12 B; the policy allows 10 B",
        "ada: ada occupies 1,001 inodes; the policy allows 1,000 inodes",
    ]
    assert measured == [(EXP.prefix, CLEAN.prefix)]
    assert broken(policy, EXP, replace(CLEAN, owner="ben"), together=together) == []
    limits = Policy(max_bytes_per_user=10, max_inodes_per_user=10)
    unknown = check(limits, EXP, CLEAN, together=lambda _: None).unchecked
    message = "not all environments of ada could be measured"
    assert [(each.rule, each.message) for each in unknown] == [
        ("max_bytes_per_user", message),
        ("max_inodes_per_user", message),
    ]


def test_rules_about_a_user_may_be_left_out() -> None:
    policy = Policy(max_environments_per_user=0, max_bytes_per_user=0)
    report = check(policy, EXP, CLEAN, prefixes=[CLEAN.prefix], together=lambda _: Occupied(bytes=9), of_users=False)
    assert (report.violations, report.checked) == ((), 1)
    assert [each.rule for each in report.unchecked] == ["max_environments_per_user", "max_bytes_per_user"]


def test_findings_break_a_rule_by_their_id_or_their_severity() -> None:
    told = (finding("unmet-dependencies", "warning", "one is missing"), finding("stale", "note", "not used"))
    subject = replace(CLEAN, findings=told)
    assert broken(Policy(forbidden_findings=("stale",)), subject) == ["proj-clean: stale: not used"]
    assert broken(Policy(forbidden_findings=("warning",)), subject) == [
        "proj-clean: unmet-dependencies: one is missing"
    ]
    assert broken(Policy(forbidden_findings=("error",)), subject) == []


def test_a_gpu_that_was_not_checked_is_not_decided() -> None:
    policy = Policy(forbidden_gpu=("broken", "elsewhere"))
    assert broken(policy, EXP, gpu={EXP.prefix: "broken"}) == ["exp-nlp: the last GPU check has found: broken"]
    assert broken(policy, EXP, gpu={EXP.prefix: "absent"}) == []
    assert [each.rule for each in check(policy, EXP).unchecked] == ["forbidden_gpu"]
    assert check(policy, CLEAN).unchecked == (), "nothing in it would be checked"


LEAK = ReportedVulnerability(
    ids=("CVE-2024-3568", "GHSA-37q5-v5qm-c9v8"),
    source="pypi",
    name="transformers",
    version="4.40.0",
    severity="high",
    fixed=("4.41.0", "4.50"),
)
ELSEWHERE = (replace(LEAK, name="lodash"), replace(LEAK, name="lodash", ids=("CVE-1",)), replace(LEAK, version="4.0"))
OF_TORCH = ReportedVulnerability(
    ids=("CVE-2025-32434",), source="pypi", name="torch", version="2.5.1", severity="critical"
)


def scanned(*found: ReportedVulnerability, scanner: Scanner = "Grype") -> ScanReport:
    return ScanReport(file="/report.json", scanner=scanner, vulnerabilities=found)


def test_a_vulnerability_that_a_scanner_has_found_is_a_violation_in_each_environment_that_has_the_package() -> None:
    scans = (scanned(LEAK, OF_TORCH), scanned(LEAK, scanner="Trivy"))
    other = replace(EXP, name="exp-other", prefix="/other")
    report = check(Policy(), EXP, CLEAN, other, scans=scans)
    assert [(each.name, each.message) for each in report.violations] == [
        (name, message)
        for name in ("exp-nlp", "exp-other")
        for message in (
            "CVE-2025-32434 (critical) in torch 2.5.1 of conda's pytorch; no fix is known",
            "CVE-2024-3568 (high) in transformers 4.40.0; fixed in 4.41.0, 4.50",
        )
    ]
    last = report.violations[-1]
    assert (last.rule, last.severity, last.user) == ("vulnerabilities", "error", "ada")
    assert last.evidence == ("GHSA-37q5-v5qm-c9v8", "reported by Grype and Trivy")
    assert last.vulnerability and last.vulnerability.id == "CVE-2024-3568"
    assert (report.kept, report.unchecked) == (False, ())


def test_a_vulnerability_may_be_ignored_or_only_warned_of_and_exempt_environments_have_none() -> None:
    scans = (scanned(LEAK),)
    assert broken(Policy(ignored_vulnerabilities=("ghsa-37q5-v5qm-c9v8",)), EXP, scans=scans) == []
    assert len(broken(Policy(ignored_vulnerabilities=("CVE-2024-3569",)), EXP, scans=scans)) == 1
    report = check(Policy(warn_only=("vulnerabilities",)), EXP, scans=scans)
    assert ([each.severity for each in report.violations], report.kept) == (["warning"], True)
    assert broken(Policy(exempt=("exp-*",)), EXP, scans=scans) == []


def test_what_is_reported_of_packages_that_nothing_has_is_told_for_each_report() -> None:
    report = check(Policy(), EXP, scans=(scanned(LEAK, *ELSEWHERE), scanned(LEAK)))
    assert len(report.violations) == 1
    (told,) = report.unchecked
    assert (told.rule, told.name) == ("vulnerabilities", "")
    assert told.message.startswith("3 of 4 vulnerabilities in /report.json are of packages that nothing checked has: ")
    assert told.message.endswith(": lodash 4.40.0, transformers 4.0")


def test_what_only_warns_does_not_fail_and_comes_last() -> None:
    report = check(Policy(names="x", pip="forbidden", warn_only=("names",)), EXP)
    assert [(each.rule, each.severity) for each in report.violations] == [("pip", "error"), ("names", "warning")]
    assert (report.kept, check(Policy(names="x", warn_only=("names",)), EXP).kept) == (False, True)


def test_what_cannot_be_read_is_not_decided_and_what_is_gone_is_not_checked() -> None:
    closed, gone = environment("closed", state="unreadable"), environment("gone", state="missing")
    remains = environment("half", state="orphan", findings=(finding("orphan", "warning"),))
    assert broken(Policy(pip="forbidden", forbidden_findings=("orphan",)), remains) == ["half: orphan"]
    (named,) = check(Policy(pip="forbidden"), remains, prefixes=[remains.prefix]).unchecked
    assert named.message == "it is no whole environment"
    report = check(Policy(pip="forbidden"), closed, gone)
    assert [(each.name, each.rule, each.message) for each in report.unchecked] == [
        ("closed", None, "it could not be read: it is unreadable")
    ]
    assert report.checked == 1


def test_findings_of_the_policy_are_made_again_only_for_what_has_changed() -> None:
    findings = PolicyFindings(Policy(pip="forbidden", required_packages=("a", "b"), forbidden_findings=("note",)))
    first = findings.added_to(inventory(EXP, CLEAN), NOW).environments
    told = [(each.id, each.label, each.message, each.severity) for each in first[0].findings]
    assert told == [
        ("policy", "policy: required packages", "a is required and missing, and 1 more case", "error"),
        ("policy", "policy: pip", "pip has installed 1 package: transformers 4.40.0", "error"),
    ]
    changed = replace(CLEAN, name="other")
    again = findings.added_to(inventory(EXP, changed), NOW).environments
    assert again[0] is first[0]
    assert again[1] is not first[1]
