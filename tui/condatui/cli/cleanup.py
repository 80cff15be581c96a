"""`condatui cleanup`: what could go and why, and the least regrettable of it that reaches a goal."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import click

from condatui.cli.disk import usage_of_all
from condatui.cli.documents.cleanup import describe_candidates, describe_goal
from condatui.cli.invocation import Invocation, find_groups
from condatui.cli.options import global_options
from condatui.cli.reporting import say, say_problems
from condatui.cli.run_action import acting_options, run_in_workbench
from condatui.json_documents import print_json
from condatui_core.actions.guards import refuse
from condatui_core.actions.written_files import blockers_to_write
from condatui_core.analyses.cleanup.choice import choice_of, request_of
from condatui_core.analyses.cleanup.goal import Goal
from condatui_core.analyses.cleanup.policy import allowed
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.policy_file import read_policy
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.job import Job
from condatui_core.records.policy import Policy
from condatui_core.reports.cleanup_report import CleanupReport, cleanup_markdown
from condatui_core.text import parse_bytes
from condatui_core.workbench import Workbench

_NOT_REACHED = 1
"""The exit code if a goal is out of reach."""


@click.command("cleanup")
@click.option("--free", metavar="SIZE", help="Choose the least regrettable that free so much, such as 20G.")
@click.option("--policy", "policy_file", metavar="FILE", help="Choose only what this policy allows.")
@click.option("--report", "report_file", metavar="FILE.md", help="Write what went and why; replaces the file.")
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    free: str | None,
    policy_file: str | None,
    report_file: str | None,
    dry_run: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Show what could go, the least regrettable first, and why; or remove as much of it as a goal takes.

    Without --free and --policy nothing goes. What goes as an environment leaves a restore point. For cron:
    condatui cleanup --policy FILE --yes --report FILE.md
    """
    options = _Options.of(invocation, free, policy_file, report_file)
    if not options.chooses and (dry_run or yes or report_file):
        raise UsageError("There is nothing to choose by.", hint="Say how much: --free 20G, or what may go: --policy.")
    workbench = invocation.workbench()
    survey = asyncio.run(_look(workbench, options.policy))
    if not options.chooses:
        _list(invocation, survey, as_json=as_json)
        return
    goal = _goal(workbench, survey, options)
    _Cleanup(invocation, workbench, survey, options, goal).run(dry_run=dry_run, yes=yes, as_json=as_json)


@dataclass(frozen=True, slots=True)
class _Options:
    """What the user has said of what is to go."""

    wanted: int | None
    """The bytes to free."""
    policy: Policy | None
    policy_file: str
    report_file: str

    @classmethod
    def of(cls, invocation: Invocation, free: str | None, policy: str | None, report: str | None) -> _Options:
        """Read the size and the policy, and look whether the report can be written, before anything is done."""
        report_file = invocation.absolute(report) if report else ""
        if report_file:
            refuse(blockers_to_write(report_file, replace=True))
        policy_file = invocation.absolute(policy) if policy else ""
        return cls(
            wanted=parse_bytes(free) if free is not None else None,
            policy=read_policy(Path(policy_file), home=invocation.locations.home) if policy_file else None,
            policy_file=policy_file,
            report_file=report_file,
        )

    @property
    def has_goal(self) -> bool:
        """Whether so many bytes are wanted, rather than all that a policy allows."""
        return self.wanted is not None or (self.policy is not None and self.policy.min_free is not None)

    @property
    def chooses(self) -> bool:
        """Whether there is anything to choose by."""
        return self.wanted is not None or self.policy is not None


async def _look(workbench: Workbench, policy: Policy | None) -> CleanupSurvey:
    """Load the machine, measure its disk, and find what could go."""
    inventory = (await workbench.job_context()).inventory
    say_problems(inventory.problems)
    usage = await usage_of_all(workbench.disk, inventory)
    groups = await find_groups(workbench, inventory)
    return workbench.survey_cleanup(inventory, usage, groups, policy)


def _list(invocation: Invocation, survey: CleanupSurvey, *, as_json: bool) -> None:
    if as_json:
        print_json(describe_candidates(survey.candidates, survey.groups, _frees(survey)))
    else:
        from condatui.cli.pages.cleanup import print_candidates  # noqa: PLC0415 - Rich is for people

        print_candidates(invocation, survey.candidates, _frees(survey))


def _frees(survey: CleanupSurvey) -> Mapping[str, int]:
    """By key, what each candidate frees alone."""
    return {each.key: survey.frees([each]) for each in survey.candidates}


def _goal(workbench: Workbench, survey: CleanupSurvey, options: _Options) -> Goal:
    """Choose what goes: what reaches the goal, what keeps enough free, or without either all that the policy allows."""
    policy = options.policy
    could = allowed(survey.candidates, policy) if policy else survey.candidates
    if options.wanted is not None:
        return survey.reach(could, options.wanted, weak=policy is not None)
    if policy is None or policy.min_free is None:
        return survey.everything(could)
    places = [each.path for each in could] or [each.path for each in survey.usage.places]
    return survey.keep_free(could, policy.min_free, workbench.file_systems(places), weak=True)


@dataclass(frozen=True, slots=True)
class _Cleanup:
    """What was chosen, on its way to a plan, a job and a report."""

    invocation: Invocation
    workbench: Workbench
    survey: CleanupSurvey
    options: _Options
    goal: Goal

    @property
    def chosen(self) -> tuple[CleanupCandidate, ...]:
        """The candidates that were chosen."""
        keys = frozenset(self.goal.chosen)
        return tuple(each for each in self.survey.candidates if each.key in keys)

    def run(self, *, dry_run: bool, yes: bool, as_json: bool) -> None:
        """Say what was chosen, and do it as every action is done.

        Raises Exit with the job's code; with 1 if the goal is out of reach.
        """
        self._say_goal(as_json=as_json)
        code = self._carry_out(dry_run=dry_run, yes=yes, as_json=as_json)
        raise click.exceptions.Exit(code or (0 if self.goal.reached else _NOT_REACHED))

    def _carry_out(self, *, dry_run: bool, yes: bool, as_json: bool) -> int:
        request = request_of(choice_of(self.chosen))
        try:
            if request is not None:
                run_in_workbench(
                    self.invocation,
                    self.workbench,
                    lambda *_: request,
                    self._report,
                    dry_run=dry_run,
                    yes=yes,
                    as_json=as_json,
                )
        except RefusedError as error:
            self._report(refused=(error.title, *error.detail.splitlines()))
            raise
        except click.exceptions.Exit as ended:
            return ended.exit_code
        self._report()
        return 0

    def _say_goal(self, *, as_json: bool) -> None:
        if as_json:
            print_json(describe_goal(self.goal, has_goal=self.options.has_goal))
        else:
            from condatui.cli.pages.cleanup import print_goal  # noqa: PLC0415 - Rich is for people

            print_goal(self.invocation, self.goal, self.chosen, _frees(self.survey), has_goal=self.options.has_goal)

    def _report(self, job: Job | None = None, *, refused: tuple[str, ...] = ()) -> None:
        """Write the report, if one is wanted."""
        if not self.options.report_file:
            return
        report = CleanupReport(
            host=socket.gethostname(),
            at=self.invocation.clock(),
            policy_file=self.options.policy_file,
            policy=self.options.policy,
            goal=self.goal if self.options.has_goal else None,
            chosen=self.chosen,
            blocked=tuple(each for each in self.survey.candidates if each.blocked),
            end=job.end if job else None,
            refused=refused,
        )
        try:
            write_whole(Path(self.options.report_file), cleanup_markdown(report).encode(), replace=True)
        except OSError as error:
            raise CondatuiError("The report cannot be written.", f"{self.options.report_file}: {error}") from error
        say(f"condatui: the report is in {self.options.report_file}")
