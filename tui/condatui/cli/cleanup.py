"""`condatui cleanup`: what could go and why, and the least regrettable of it that reaches a goal."""

from __future__ import annotations

import asyncio
import dataclasses
import socket
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import click
from msgspec.structs import replace

from condatui.cli.completion_values import files
from condatui.cli.disk import usage_of_all
from condatui.cli.documents.cleanup import describe_candidates, describe_goal
from condatui.cli.invocation import Invocation, find_groups
from condatui.cli.options import Grouping, examples, global_options, grouping_options
from condatui.cli.run_action import acting_options, run_in_workbench
from condatui.cli.stderr import say, say_problems
from condatui.json_documents import print_json
from condatui_core.actions.written_files import blockers_to_write
from condatui_core.analyses.cleanup.choice import choice_of, request_of, why_left_out
from condatui_core.analyses.cleanup.goal import Goal, missed_by, short_of
from condatui_core.analyses.cleanup.policy import NOT_DECIDED, allowed, not_decided
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.errors import CondatuiError, RefusedError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.policy_file import read_cleanup_policy
from condatui_core.records.cleanup import CleanupCandidate
from condatui_core.records.job import Job, Plan
from condatui_core.records.policy import Policy
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.reports.cleanup_report import CleanupReport, cleanup_markdown
from condatui_core.text import parse_bytes
from condatui_core.workbench import Workbench

_NOT_REACHED = 1
"""The exit code if a goal is out of reach."""


@click.command("cleanup", epilog=examples("cleanup", "cleanup --free 20G --dry-run"))
@click.option("--free", metavar="SIZE", help="Choose the least regrettable that free so much, such as 20G.")
@click.option(
    "--policy", "policy_file", metavar="FILE", shell_complete=files, help="Choose only what this policy allows."
)
@click.option(
    "--report",
    "report_file",
    metavar="FILE.md",
    shell_complete=files,
    help="Write what went and why; replaces the file.",
)
@grouping_options
@acting_options
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    free: str | None,
    policy_file: str | None,
    report_file: str | None,
    grouping: Grouping,
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
    survey = asyncio.run(_look(invocation, workbench, options.policy, grouping))
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
        report_file = invocation.absolute(report) if report is not None else ""
        if report_file:
            check_writable(report_file, "The report cannot be written.")
        policy_file = invocation.absolute(policy) if policy is not None else ""
        return cls(
            wanted=parse_bytes(free) if free is not None else None,
            policy=read_cleanup_policy(Path(policy_file), home=invocation.locations.home) if policy_file else None,
            policy_file=policy_file,
            report_file=report_file,
        )

    @property
    def has_goal(self) -> bool:
        """Whether so many bytes are wanted, rather than all that a policy allows."""
        return self.wanted is not None or (self.policy is not None and self.policy.min_free is not None)

    @property
    def keeps_free(self) -> bool:
        """Whether the policy says how much is to be free, and the user nothing else."""
        return self.wanted is None and self.policy is not None and self.policy.min_free is not None

    @property
    def chooses(self) -> bool:
        """Whether there is anything to choose by."""
        return self.wanted is not None or self.policy is not None


def check_writable(file: str, title: str) -> None:
    """Raises UsageError with this title if a file cannot be written, or replaced."""
    for each in blockers_to_write(file, replace=True):
        raise UsageError(title, each.message, each.remedy)


async def _look(
    invocation: Invocation, workbench: Workbench, policy: Policy | None, grouping: Grouping
) -> CleanupSurvey:
    """Load the machine, measure its disk, and find what could go."""
    inventory = (await workbench.job_context()).inventory
    say_problems(inventory.problems)
    chosen = invocation.prefixes_of(grouping.keepers, inventory)
    usage = await usage_of_all(workbench.disk, inventory)
    groups = await find_groups(workbench, inventory, threshold=grouping.threshold, chosen=chosen)
    usage = dataclasses.replace(usage, same_files=await _same_files(workbench))
    return workbench.survey_cleanup(inventory, usage, groups, policy)


async def _same_files(workbench: Workbench) -> RelinkSurvey:
    """What is stored twice; nothing, with a word, if that cannot be found: all else can go without it."""
    try:
        return await workbench.same_files()
    except CondatuiError as error:
        say(f"condatui: {error.title} {error.detail}".rstrip())
        return RelinkSurvey()


def _list(invocation: Invocation, survey: CleanupSurvey, *, as_json: bool) -> None:
    frees = _frees(survey, survey.candidates)
    if as_json:
        print_json(describe_candidates(survey.candidates, survey.groups, frees))
    else:
        from condatui.cli.pages.cleanup import print_candidates  # noqa: PLC0415 - Rich is for people

        print_candidates(invocation, survey.candidates, frees)


async def _points(workbench: Workbench, job: Job) -> tuple[RestorePointSummary, ...]:
    """The restore points that a job has made, and others of which packages are in no cache any more."""
    from condatui_core.actions.restore.listing import restore_points  # noqa: PLC0415 - only a report needs them

    made = job.end.outcome.restore_points if job.end and job.end.outcome else ()
    points = await restore_points(await workbench.job_context())
    return tuple(each for each in points if each.id in made or (each.to_download and not each.exists))


def _free_bytes(workbench: Workbench, survey: CleanupSurvey) -> int | None:
    """What is free on the fullest file system on which something is that could go."""
    disks = workbench.file_systems([each.path for each in survey.usage.places])
    return min((each.free for each in disks), default=None)


def _frees(survey: CleanupSurvey, candidates: Iterable[CleanupCandidate]) -> Mapping[str, int]:
    """By key, what each of these frees alone."""
    return {each.key: survey.frees([each]) for each in candidates}


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
    nets: list[int] = field(default_factory=list)
    """What the plan frees net of restore points, and then what its job did: the last is what is known best."""

    @property
    def chosen(self) -> tuple[CleanupCandidate, ...]:
        """The candidates that were chosen."""
        keys = frozenset(self.goal.chosen)
        return tuple(each for each in self.survey.candidates if each.key in keys)

    def _staying(self) -> Iterator[CleanupCandidate]:
        """What could have gone and stays, with why."""
        policy, chosen = self.options.policy, frozenset(self.goal.chosen)
        may = {each.key for each in (allowed(self.survey.candidates, policy) if policy else self.survey.candidates)}
        for each in self.survey.candidates:
            if each.blocked:
                yield each
            elif each.only_by_hand and each.key not in chosen:
                yield replace(each, blocked=each.only_by_hand)
            elif each.key in may and each.key not in chosen:
                yield replace(each, blocked="it is not needed for that")
            elif policy and each.key not in may:
                guessed = not_decided(each, policy)
                yield replace(each, blocked=NOT_DECIDED if guessed else "the policy does not allow it")

    @property
    def _not_decided(self) -> tuple[CleanupCandidate, ...]:
        """What stays only because the policy cannot decide."""
        policy = self.options.policy
        return tuple(each for each in self.survey.candidates if policy and not_decided(each, policy))

    def _broken_rules(self, went: Iterable[CleanupCandidate]) -> tuple[str, ...]:
        """The rules for users that are still broken, by how much."""
        return tuple(self.survey.rules.still_broken({each.path for each in went if each.kind == "environment"}))

    def run(self, *, dry_run: bool, yes: bool, as_json: bool) -> None:
        """Say what was chosen, and do it as every action is done.

        Raises Exit with the job's code; with 1 if the goal is out of reach.
        """
        self._say_goal(as_json=as_json)
        code = self._carry_out(dry_run=dry_run, yes=yes, as_json=as_json)
        wanted = self.options.wanted
        missed = wanted is not None and self.nets and self.nets[-1] < wanted
        if wanted is not None and missed and not code and not dry_run:
            say(f"condatui: {missed_by(wanted, self.nets[-1])}")
        raise click.exceptions.Exit(code or (0 if self.goal.reached and not missed else _NOT_REACHED))

    def _judged(self, plan: Plan) -> Plan:
        """The plan, with a warning if it misses a goal that the choice seemed to reach."""
        self.nets.append(self._net(plan.bytes_freed or 0, plan.kept_bytes))
        missed = short_of(self.goal, self.nets[-1])
        return replace(plan, warnings=(missed, *plan.warnings)) if missed else plan

    def _net(self, frees: int, kept: int) -> int:
        return frees - kept if self.survey.counts_points else frees

    def _ended(self, job: Job) -> None:
        """Note what the job has freed, and write the report."""
        outcome = job.end.outcome if job.end else None
        if outcome and outcome.bytes_freed is not None:
            self.nets.append(self._net(outcome.bytes_freed + outcome.kept_bytes, outcome.kept_bytes))
        self._report(job)

    def _carry_out(self, *, dry_run: bool, yes: bool, as_json: bool) -> int:
        request = request_of(choice_of(self.chosen))
        try:
            if request is not None:
                run_in_workbench(
                    self.invocation,
                    self.workbench,
                    lambda *_: request,
                    self._ended,
                    dry_run=dry_run,
                    yes=yes,
                    as_json=as_json,
                    judged=self._judged,
                )
        except RefusedError as error:
            self._report(refused=(error.title, *error.detail.splitlines()))
            raise
        except click.exceptions.Exit as ended:
            return ended.exit_code
        self._report()
        return 0

    def _say_goal(self, *, as_json: bool) -> None:
        undecided, broken = self._not_decided, self._broken_rules(self.chosen)
        if as_json:
            print_json(
                describe_goal(self.goal, has_goal=self.options.has_goal, not_decided=undecided, broken_rules=broken)
            )
        else:
            from condatui.cli.pages.cleanup import print_goal  # noqa: PLC0415 - Rich is for people

            frees = _frees(self.survey, self.chosen)
            print_goal(
                self.invocation,
                self.goal,
                self.chosen,
                frees,
                has_goal=self.options.has_goal,
                not_decided=undecided,
                broken_rules=broken,
            )

    def _report(self, job: Job | None = None, *, refused: tuple[str, ...] = ()) -> None:
        """Write the report, if one is wanted."""
        if not self.options.report_file:
            return
        left_out = job.plan.left_out if job else ()
        went = tuple(each for each in self.chosen if not why_left_out(each, left_out))
        stayed = [replace(each, blocked=why_left_out(each, left_out)) for each in self.chosen if each not in went]
        report = CleanupReport(
            way_back="condatui restore {id}",
            host=socket.gethostname(),
            at=self.invocation.clock(),
            policy_file=self.options.policy_file,
            policy=self.options.policy,
            goal=self.goal if self.options.has_goal else None,
            chosen=went,
            blocked=(*stayed, *self._staying()),
            broken_rules=() if refused else self._broken_rules(went),
            freed=self.survey.frees_in_order(went),
            end=job.end if job else None,
            points=asyncio.run(_points(self.workbench, job)) if job else (),
            free_bytes=_free_bytes(self.workbench, self.survey) if self.options.keeps_free else None,
            refused=refused,
        )
        try:
            write_whole(Path(self.options.report_file), cleanup_markdown(report).encode(), replace=True)
        except OSError as error:
            raise CondatuiError("The report cannot be written.", f"{self.options.report_file}: {error}") from error
        say(f"condatui: the report is in {self.options.report_file}")
