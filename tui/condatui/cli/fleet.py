"""`condatui fleet`: the snapshots of many machines, collected over what a cluster has already."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any

import click

from condatui.cli.completion_values import directories
from condatui.cli.documents.fleet import describe_fleet
from condatui.cli.invocation import Invocation
from condatui.cli.options import examples, global_options, json_option
from condatui.cli.progress_line import ProgressLine
from condatui.json_documents import print_json
from condatui_core import __version__
from condatui_core.fleet.collect import FleetWishes, collect
from condatui_core.fleet.script import Remote, collector_script
from condatui_core.fleet.store import FleetStore
from condatui_core.records.fleet import HostOutcome
from condatui_core.text import counted

_SOME_FAILED = 1


class _NodeSets(click.Command):
    """Takes what stands before `--` for node sets, and what stands after it for the command on the hosts."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Split the arguments at the first `--`."""
        at = args.index("--") if "--" in args else len(args)
        ctx.params["arguments"] = tuple(args[at + 1 :])
        return super().parse_args(ctx, args[:at])


@dataclass(frozen=True, slots=True)
class Reach:
    """How the hosts are reached."""

    worker: str
    ssh_options: str
    fanout: int
    timeout: float
    connect_timeout: float


def _reaching_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options of ClusterShell: the parameter `reach`."""

    @wraps(command)
    def reaching(
        *given: object,
        worker: str,
        ssh_options: str,
        fanout: int | None,
        timeout: float,
        connect_timeout: float | None,
        **named: object,
    ) -> object:
        reach = Reach(worker, ssh_options, fanout or 0, timeout, connect_timeout or 0.0)
        return command(*given, reach=reach, **named)

    for option in (_worker, _ssh_options, _connect_timeout, _timeout, _fanout):
        reaching = option(reaching)
    return reaching


_fanout = click.option(
    "--fanout", type=click.IntRange(1), default=None, help="The most hosts at once; ClusterShell's 64 unless set."
)
_timeout = click.option(
    "--timeout", type=click.FloatRange(1, 86_400), default=300.0, show_default=True, help="Seconds for each host."
)
_connect_timeout = click.option(
    "--connect-timeout", type=click.FloatRange(1, 3_600), help="Seconds to connect; ClusterShell's 10 unless set."
)
_worker = click.option("--worker", default="", metavar="NAME", help="ClusterShell's worker: `ssh` unless set, `rsh`, …")
_ssh_options = click.option(
    "--ssh-options", default="", metavar="OPTIONS", help="Further options for ssh, as `clush -o` takes them."
)


def _print_script(context: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        click.echo(collector_script(__version__), nl=False)
        context.exit()


@click.command(
    "fleet",
    cls=_NodeSets,
    options_metavar="[OPTIONS] [-- OPTION…]",
    epilog=examples("fleet 'gpu[01-16]' -o snapshots", "fleet @compute --timeout 60"),
)
@click.argument("hosts", nargs=-1, required=True)
@click.option(
    "-o",
    "--output",
    "output",
    metavar="DIR",
    shell_complete=directories,
    help="Where the snapshots lie, one file a host.",
)
@click.option(
    "--remote",
    type=click.Choice(["auto", "installed", "piped"]),
    default="auto",
    help="What runs there: the installed condatui if it can, else the piped script; or only one of them.",
)
@click.option("--no-sizes", is_flag=True, help="Do not walk the disk.")
@click.option(
    "--print-script",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_script,
    help="Print the script that is piped, for other ways to run it, and exit.",
)
@_reaching_options
@json_option
@global_options
@click.pass_obj
def command(
    invocation: Invocation,
    *,
    hosts: tuple[str, ...],
    output: str | None,
    remote: Remote,
    no_sizes: bool,
    reach: Reach,
    as_json: bool,
    arguments: tuple[str, ...],
) -> None:
    """Collect a snapshot of each host over ClusterShell and store it, for `condatui list --snapshots` and others.

    HOSTS are node sets: `gpu[01-16],login` or `@group`. What stands after `--` goes to `condatui snapshot` there.
    A host that cannot be asked keeps the snapshot that it has; the exit code is 1 then.
    """
    store = FleetStore(Path(invocation.absolute(output)) if output is not None else invocation.locations.snapshots)
    wishes = FleetWishes(
        hosts=hosts,
        remote=remote,
        arguments=(*(["--no-sizes"] if no_sizes else []), *arguments),
        version=__version__,
        worker=reach.worker,
        ssh_options=reach.ssh_options,
        fanout=reach.fanout,
        timeout=reach.timeout,
        connect_timeout=reach.connect_timeout,
    )
    outcomes = sorted(asyncio.run(_all(wishes, invocation.environ, store)), key=lambda each: each.host)
    if as_json:
        print_json(describe_fleet(str(store.directory), outcomes))
    else:
        from condatui.cli.pages.fleet import print_fleet  # noqa: PLC0415 - Rich is for people

        print_fleet(invocation, str(store.directory), outcomes)
    if not all(each.ok for each in outcomes):
        raise click.exceptions.Exit(_SOME_FAILED)


async def _all(wishes: FleetWishes, environ: Mapping[str, str], store: FleetStore) -> list[HostOutcome]:
    """What became of all hosts; interrupted, all that was started ends first."""
    outcomes: list[HostOutcome] = []
    progress = ProgressLine()
    asked = [0]

    def show() -> None:
        progress.show(f"{len(outcomes)} of {counted(asked[0], 'host')}")

    def on_hosts(hosts: Sequence[str]) -> None:
        asked[0] = len(hosts)
        show()

    try:
        async with aclosing(collect(wishes, environ, store, on_hosts)) as each_one:
            async for outcome in each_one:
                outcomes.append(outcome)
                show()
    finally:
        progress.end()
    return outcomes
