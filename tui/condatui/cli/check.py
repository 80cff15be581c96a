"""`condatui check`: whether environments keep the rules of a policy."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import click
from msgspec.structs import replace

from condatui.cli.completion_values import environments, files
from condatui.cli.disk import usage_of_all
from condatui.cli.documents.check import describe_check
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option, note_prefixes
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.analyses.limits import limits_of_users
from condatui_core.analyses.policy_check import PolicyReport, check_policy
from condatui_core.errors import NewerFormatError, UsageError
from condatui_core.records.disk import nothing_measured
from condatui_core.records.finding import SEVERITIES
from condatui_core.records.policy import Policy, UncheckedRule
from condatui_core.scan_reports.reading import read_scan_report
from condatui_core.text import counted, sanitize, some_of
from condatui_core.workbench import Workbench

_NOT_KEPT = 1
"""The exit code if a rule is broken."""


@click.command(
    "check", epilog=examples("check --policy policy.yaml", "check nlp-exp --scan grype.json --severity warning")
)
@click.argument("envs", metavar="[ENV]...", nargs=-1, callback=note_prefixes, shell_complete=environments)
@click.option(
    "--policy",
    "policy_file",
    metavar="FILE",
    shell_complete=files,
    help="The rules; unless given, those of the settings.",
)
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    help="Findings of this severity, and graver ones, break a rule too; errors do where there is no policy.",
)
@click.option(
    "--scan",
    "scans",
    metavar="REPORT.json",
    shell_complete=files,
    multiple=True,
    help="What Grype, Trivy or osv-scanner has found, in its JSON; may be given again.",
)
@json_option
@global_options
@click.pass_context
def command(
    context: click.Context,
    /,
    *,
    envs: tuple[str, ...],
    policy_file: str | None,
    severity: str | None,
    scans: tuple[str, ...],
    as_json: bool,
) -> None:
    """Check environments, all unless some are named, against the rules of a policy; changes nothing.

    Prints one line for each rule that is not kept. Without a policy, no environment may have a finding that is an
    error. For CI and cron:  condatui check --policy /etc/condatui/policy.yaml

    With --scan a vulnerability that a scanner has found in a package breaks a rule, in each environment that has it.

    Exits with 0 if all rules are kept, with 1 if one is broken that the policy does not only warn of.
    """
    invocation: Invocation = context.obj
    workbench = invocation.workbench()
    file = invocation.absolute(policy_file) if policy_file is not None else ""
    policy = _with_severity(_policy(workbench, file), severity)
    reports = [read_scan_report(Path(invocation.absolute(each))) for each in dict.fromkeys(scans)]
    inventory = invocation.load(workbench)
    say_problems(inventory.problems)
    prefixes = invocation.prefixes_of(envs, inventory) if envs else None
    # The disk is walked only if there is a rule about what users occupy.
    usage = asyncio.run(usage_of_all(workbench.disk, inventory)) if limits_of_users(policy) else None
    report = check_policy(
        policy,
        inventory,
        now=invocation.clock(),
        together=usage.together if usage else nothing_measured,
        gpu=workbench.gpu_verdicts(inventory) if policy.forbidden_gpu else {},
        scans=reports,
        prefixes=prefixes,
        of_users=prefixes is None,
    )
    with suppress(BrokenPipeError):  # the exit code is for those who do not read
        if as_json:
            print_json(describe_check(report))
        else:
            _print(report)
    if not report.kept:
        context.exit(_NOT_KEPT)


def _policy(workbench: Workbench, file: str) -> Policy | None:
    """The policy; one that cannot be read for whatever reason is wrong usage, as 1 is for rules that are broken."""
    try:
        return workbench.policy(file)
    except NewerFormatError as error:
        raise UsageError(error.title, error.detail, error.advice) from error


def _with_severity(policy: Policy | None, severity: str | None) -> Policy:
    """The policy, with the findings that the user does not tolerate; without one, errors."""
    if policy is None:
        return Policy(forbidden_findings=(severity or "error",))
    return replace(policy, forbidden_findings=(*policy.forbidden_findings, severity)) if severity else policy


def _print(report: PolicyReport) -> None:
    """A line for each broken rule to stdout, and all else to stderr."""
    for each in report.violations:
        warns = " (only a warning)" if each.severity == "warning" else ""
        click.echo(sanitize(f"{each.name or each.user}: {each.rule}: {each.message}{warns}"))
    for line in _not_decided(report.unchecked):
        say(f"condatui: not decided: {line}")
    checked = counted(report.checked, "environment")
    broken = [each.rule for each in report.violations if each.severity == "error"]
    warned = counted(len(report.violations) - len(broken), "warning")
    if broken:
        rules = counted(len(set(broken)), "rule")
        say(f"{counted(len(broken), 'violation')} of {rules}; {checked} checked.")
    elif report.violations:
        say(f"{warned} and nothing worse; {checked} checked.")
    else:
        say(f"No rule is broken; {checked} checked.")


def _not_decided(unchecked: Sequence[UncheckedRule]) -> Iterator[str]:
    """What could not be decided, a line for each rule and reason with the environments that it is about."""
    about: dict[tuple[str, str], list[str]] = {}
    for each in unchecked:
        about.setdefault((each.rule or "", each.message), []).append(each.name)
    for (rule, message), names in about.items():
        of_whom = some_of([name for name in names if name])
        yield sanitize(": ".join(filter(None, (rule, message, of_whom))))
