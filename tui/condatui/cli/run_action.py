"""Run an action from the command line: plan, question, job, result."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import click

from condatui.cli.invocation import Invocation
from condatui.cli.options import json_flag
from condatui.cli.remedies import command_line_words
from condatui.cli.reporters import Reporter, make_reporter
from condatui.cli.stderr import report, say, say_problems
from condatui_core.errors import CondatuiError, NoCondaError, RefusedError
from condatui_core.records.environment import Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.job import Job, Plan
from condatui_core.records.relinking import SMALLEST
from condatui_core.records.request import (
    CheckpointRequest,
    ExportAllRequest,
    MergeRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
    RestoreRequest,
    SeparateRequest,
    SeveralRequest,
    ShipRequest,
    UpdateRequest,
)
from condatui_core.remedy import NameConda
from condatui_core.text import shell_words

if TYPE_CHECKING:
    from condatui_core.actions.protocol import JobContext
    from condatui_core.jobs.queue import JobQueue
    from condatui_core.workbench import Workbench


_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])
MakeRequest = Callable[[Inventory, "JobContext"], Request]
"""Makes a request from the user's arguments and the inventory; raises CondatuiError if it cannot."""

_INTERRUPTED = 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def acting_options(command: _Decorated) -> _Decorated:
    """Give a command `--dry-run`, `--yes` and `--json`: the parameters `dry_run`, `yes` and `as_json`."""
    return confirming_options(_json(command))


def confirming_options(command: _Decorated) -> _Decorated:
    """Give a command `--dry-run` and `--yes`: the parameters `dry_run` and `yes`."""
    for option in (_yes, _dry_run):
        command = option(command)
    return command


_dry_run = click.option("--dry-run", is_flag=True, help="Print what would be done, and do nothing.")
_yes = click.option("--yes", "-y", is_flag=True, help="Do not ask for confirmation.")
_json = json_flag("Print plan, events and result as lines of JSON.")


def run_action(invocation: Invocation, make_request: MakeRequest, *, dry_run: bool, yes: bool, as_json: bool) -> None:
    """Plan a request, print the plan, ask for confirmation, run the job, and print its result.

    Raises Exit with the job's exit code, and RefusedError if there is a blocker or no terminal to ask on.
    """
    run_in_workbench(
        invocation, invocation.workbench(), make_request, lambda _: None, dry_run=dry_run, yes=yes, as_json=as_json
    )


def run_in_workbench(
    invocation: Invocation,
    workbench: Workbench,
    make_request: MakeRequest,
    on_end: Callable[[Job], None],
    *,
    dry_run: bool,
    yes: bool,
    as_json: bool,
    judged: Callable[[Plan], Plan] = lambda plan: plan,
) -> None:
    """Do the same in a workbench that may have loaded already; `on_end` gets the job before its exit code is raised.

    `judged` may add to the warnings of the plan.
    """
    reporter = make_reporter(invocation, as_json=as_json)
    plan = judged(asyncio.run(_plan(workbench, make_request)))
    reporter.plan(plan)
    _refuse(plan)
    if dry_run:
        return
    workbench.check_writable()
    if not yes:
        _ask(plan, invocation)
    received: list[int] = []
    job = asyncio.run(_carry_out(workbench.jobs, plan, reporter, received))
    reporter.result(job)
    with suppress(OSError):  # the reader has closed the pipe
        _say_failure(job)
    on_end(job)
    raise click.exceptions.Exit(_exit_code(job, received))


async def _plan(workbench: Workbench, make_request: MakeRequest) -> Plan:
    context = await workbench.job_context()
    say_problems(context.inventory.problems)
    await _report_interrupted(workbench.jobs)
    return await workbench.jobs.plan(make_request(context.inventory, context))


async def _report_interrupted(jobs: JobQueue) -> None:
    """Report the interrupted jobs of earlier runs; one that needs a repair is reported until it is repaired."""
    from condatui_core.jobs.journal_store import interrupted_finding  # noqa: PLC0415 - which the queue has imported

    for job in await jobs.interrupted():
        say(f"condatui: {interrupted_finding(job).message}")
        _say_way_out(job)
        if job.recovery and job.recovery.state != "half":
            await jobs.settle(job.id)
    say_problems((*jobs.newer, *jobs.damaged))


def _refuse(plan: Plan) -> None:
    if plan.blockers:
        lines = [line for each in plan.blockers for line in _reason(each)]
        refused = NoCondaError if all(isinstance(each.remedy, NameConda) for each in plan.blockers) else RefusedError
        raise refused(f"{plan.title}: this cannot be done.", "\n".join(lines))


def _reason(blocker: Finding) -> Iterator[str]:
    yield f"{blocker.message} {command_line_words(blocker.remedy)}".rstrip()
    yield from (f"  {line}" for line in blocker.evidence)


def _ask(plan: Plan, invocation: Invocation) -> None:
    """Ask whether to go on; Exit with 130 if not, RefusedError without a terminal."""
    if not invocation.terminal:
        raise RefusedError(
            "There is no terminal to ask for confirmation.",
            "Input, output and messages must all be on it, so that the plan is read before the answer.",
            hint="--yes goes on without asking, --dry-run prints what would be done.",
        )
    try:
        if plan.confirm:
            answer = click.prompt(f"Type {plan.confirm} to go on", default="", show_default=False, err=True)
            agreed = answer.strip() == plan.confirm
        else:
            agreed = click.confirm("Go on?", err=True)
    except click.Abort:
        click.echo(err=True)  # the question has not been answered by enter
        agreed = False
    if not agreed:
        say("condatui: nothing was done.")
        raise click.exceptions.Exit(_INTERRUPTED)


async def _carry_out(jobs: JobQueue, plan: Plan, reporter: Reporter, received: list[int]) -> Job:
    """Run the job and report its events; a signal ends it in order, a second one at once."""
    submitted = jobs.submit(plan)
    loop = asyncio.get_running_loop()
    leaving: list[asyncio.Task[bool]] = []

    def stop(number: int) -> None:
        received.append(number)
        if number == signal.SIGINT:
            jobs.cancel(submitted.id)
        else:  # the output may be gone: the next start reports how it ended
            leaving.append(loop.create_task(jobs.close()))

    for number in _SIGNALS:
        if signal.getsignal(number) is signal.SIG_IGN:  # as under nohup
            continue
        with suppress(NotImplementedError, RuntimeError, ValueError):  # only possible in the main thread
            loop.add_signal_handler(number, partial(stop, number))
    async for event in jobs.events(submitted.id):
        reporter.event(event)
    await jobs.close()
    return jobs.job(submitted.id) or submitted


def _say_failure(job: Job) -> None:
    if job.end and job.end.state != "done":
        report(CondatuiError(job.end.message, job.end.detail, job.end.hint))
        _say_recovery(job)


def _say_recovery(job: Job) -> None:
    """Print the state of the disk and the way out."""
    if job.recovery:
        say(f"  {job.recovery.message}")
        _say_way_out(job)


def _say_way_out(job: Job) -> None:
    if job.recovery and job.recovery.way_out:
        say(f"  The way out: {job.recovery.way_out_title}")
        if words := way_out_words(job.recovery.way_out):
            say(f"  $ {shell_words(('condatui', *words))}")


def _update_words(request: UpdateRequest) -> tuple[str, ...]:
    source = ("-f", request.file) if request.file else ("--like", request.like)
    flags = (("--prune", request.prune), ("--offline", request.offline))
    return ("update", *source, *(flag for flag, given in flags if given), "--", *request.prefixes)


def way_out_words(request: Request) -> tuple[str, ...]:  # noqa: PLR0911 - one line a kind
    """The words of the command for the way out; empty if there is none."""
    if isinstance(request, RemoveRequest):
        flags = (("--no-restore-point", not request.restore_point), ("--with-kernels", request.with_kernels))
        return ("remove", *(flag for flag, given in flags if given), "--", *request.prefixes)
    if isinstance(request, MergeRequest) and request.put_back:
        return ("merge", "--put-back", "--into", request.keeper, "--", request.member)
    if isinstance(request, UpdateRequest):
        return _update_words(request)
    if isinstance(request, CheckpointRequest):
        return ("checkpoint", *(("--note", request.note) if request.note else ()), "--", *request.prefixes)
    if isinstance(request, ExportAllRequest | ShipRequest):
        return _export_words(request) if isinstance(request, ExportAllRequest) else _ship_words(request)
    if isinstance(request, RelinkRequest | SeparateRequest):
        return _relink_words(request)
    if isinstance(request, SeveralRequest):
        ids = [each.id for each in request.parts if isinstance(each, RestoreRequest)]
        return ("restore", *ids) if len(ids) == len(request.parts) else ()
    return ("restore", request.id) if isinstance(request, RestoreRequest) else ()


def _relink_words(request: RelinkRequest | SeparateRequest) -> tuple[str, ...]:
    if isinstance(request, SeparateRequest):
        return ("relink", "--undo", request.prefix)
    method = ("--method", request.method) if request.method else ()
    smallest = ("--smallest", str(request.smallest)) if request.smallest != SMALLEST else ()
    prefixes = ("--", *request.prefixes) if request.prefixes else ()
    return ("relink", *method, *smallest, *prefixes)


def _export_words(request: ExportAllRequest) -> tuple[str, ...]:
    """The words of the command that exports several environments."""
    flags = {
        "--no-builds": not request.builds,
        "--portable": request.portable,
        "--from-history": request.from_history,
        "--leaves": request.leaves,
        "--no-variables": not request.variables,
        "--force": request.replace,
    }
    chosen = tuple(flag for flag, is_set in flags.items() if is_set)
    which = ("--", *request.prefixes) if request.prefixes else ("--all",)
    return ("export", "--dir", request.directory, "--format", request.format, *chosen, *which)


def _ship_words(request: ShipRequest) -> tuple[str, ...]:
    """The words of the command that writes a directory for an image."""
    options = (
        *("--from", request.source, "--base", request.base),
        *(("--command", shlex.join(request.command)) if request.command else ()),
        *(("--port", str(request.port)) if request.port is not None else ()),
        *(() if request.variables else ("--no-variables",)),
        *(("--slim", ",".join(request.slim)) if request.slim else ()),
        *(("--force",) if request.replace else ()),
    )
    return ("ship", "-o", request.directory, *options, "--", request.prefix)


def _exit_code(job: Job, received: list[int]) -> int:
    """The exit code of the job; 128 + N if signal N ended it."""
    if job.end is None:
        return 1
    if job.end.state in ("cancelled", "interrupted") and received:
        return 128 + received[0]
    return job.end.exit_code
