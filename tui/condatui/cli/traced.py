"""The options by which `condatui slim` runs a command and sees what it uses, and the running itself."""

from __future__ import annotations

import asyncio
import shlex
import signal
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import TYPE_CHECKING, Any

import click

from condatui.cli.stderr import say
from condatui_core.records.environment import Environment
from condatui_core.records.usage import RUN_SECONDS, Run, Usage

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench

_RUN = "--run"
_END_OF_OPTIONS = "--"
"""What many put before a command; a command cannot be called so."""
_REST = "condatui.run"
"""The key under which a context has what follows `--run`."""
_STDERR = 2
"""What the command prints is no answer of condatui's: it goes where messages go."""


class RunsRest(click.Command):
    """A command whose `--run` takes all that follows, options too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Take the words after `--run` out, and parse the others."""
        if _RUN in args:
            at = args.index(_RUN)
            args, rest = args[:at], args[at + 1 :]
            rest = rest[1:] if rest[:1] == [_END_OF_OPTIONS] else rest
            if not any(each.strip() for each in rest):
                raise click.UsageError(f"{_RUN} needs a command, such as {_RUN} python -m my_service.", ctx)
            ctx.meta[_REST] = _words(rest[0], ctx) if len(rest) == 1 else tuple(rest)
        return super().parse_args(ctx, args)


def tracing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command of the class `RunsRest` `--run`, `--trace` and `--timeout`: the parameter `running`."""

    @wraps(command)
    def running(
        *given: object,
        modules: tuple[str, ...],
        run: str | None,
        timeout: float | None,
        **named: Any,  # noqa: ANN401 - the other parameters of the command
    ) -> object:
        return command(*given, running=_run_of(click.get_current_context(), modules, run, timeout), **named)

    for option in (_timeout, _trace, _run):
        running = option(running)
    return running


def _run_of(context: click.Context, modules: tuple[str, ...], run: str | None, timeout: float | None) -> Run | None:
    """What is to be run; None if nothing is. Raises click's UsageError for options that exclude each other."""
    command = context.meta.get(_REST) or _words(run or "", context)
    if command and modules:
        raise click.UsageError("--run and --trace exclude each other.")
    if not command and not modules:
        if timeout is not None:
            raise click.UsageError("--timeout needs --run or --trace.")
        return None
    seconds = RUN_SECONDS if timeout is None else timeout
    return Run(command=command, modules=modules, directory=context.obj.cwd, seconds=seconds, output=_STDERR)


def _words(text: str, context: click.Context) -> tuple[str, ...]:
    """The words of a command that was given as one, as a shell splits it."""
    try:
        return tuple(shlex.split(text))
    except ValueError as error:
        raise click.UsageError(f"{_RUN} has a quote that is not closed: {error}.", context) from error


def traced(workbench: Workbench, environment: Environment, run: Run) -> Usage:
    """Run it and see what it uses; ctrl-c stops it in order, a second time or another signal at once.

    Raises Exit with 128 + N after signal N.
    """
    received: list[int] = []
    try:
        return asyncio.run(_traced(workbench, environment, run, received))
    except asyncio.CancelledError:
        raise click.exceptions.Exit(128 + received[-1] if received else 1) from None


async def _traced(workbench: Workbench, environment: Environment, run: Run, received: list[int]) -> Usage:
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    working = asyncio.ensure_future(workbench.trace(environment, run, stop))

    def receive(number: int) -> None:
        received.append(number)
        if number == signal.SIGINT and not stop.is_set():
            say("condatui: the command is stopped; what it used is shown then. Ctrl-c again ends it at once.")
            stop.set()
        else:
            working.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            with suppress(NotImplementedError, RuntimeError, ValueError):  # only possible in the main thread
                loop.add_signal_handler(number, receive, number)
    return await working


_run = click.option(
    _RUN,
    metavar="CMD...",
    help="Run this in the environment, and mark its packages by what was used. Takes all that follows: give it last.",
)
_trace = click.option(
    "--trace",
    "modules",
    metavar="MODULE",
    multiple=True,
    help="Only import this by the python of the environment, as --run would; may be given again.",
)
_timeout = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help=f"End the command after this time, {RUN_SECONDS:g} seconds by default; 0 lets it run to its end.",
)
