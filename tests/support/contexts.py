"""What actions get to see in tests: a sandbox as it is loaded, or a machine made by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from condatui_core.actions.protocol import JobContext
from condatui_core.conda.client import CondaClient, ask, run_conda
from condatui_core.conda.commands import Caller
from condatui_core.proc.runner import CommandLog, ProcessRunner
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import CondaFacts
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox
from support.inventories import NOW


def now() -> datetime:
    """What time it is, with the local zone."""
    return datetime.now().astimezone()


async def context_of(sandbox: Sandbox, *, environ: Mapping[str, str] | None = None) -> JobContext:
    """Load a sandbox, and ask its conda what actions need to know."""
    variables = {**sandbox.environ, "CONDATUI_HOME": str(sandbox.home / ".condatui"), **(environ or {})}
    settings, locations = Settings(usual_places=False), Locations.of_user(variables, sandbox.home)
    workbench = Workbench(settings, locations, environ=variables, clock=now)
    inventory = [each async for each in workbench.load()][-1]
    caller = Caller(variables, sandbox.home, 1000)
    runner = ProcessRunner(CommandLog(), now)
    client = CondaClient(runner, caller, locations.conda_cache, now, 60)
    facts = {each.root_prefix: (await ask(each, client)).facts for each in inventory.installations}
    return JobContext(
        inventory=inventory,
        settings=settings,
        locations=locations,
        caller=caller,
        clock=now,
        conda_facts=facts,
        ask_conda=partial(run_conda, runner),
    )


def made_context(
    inventory: Inventory,
    home: Path,
    *,
    environ: Mapping[str, str] | None = None,
    euid: int = 1000,
    facts: Mapping[str, CondaFacts] | None = None,
) -> JobContext:
    """Surroundings with an inventory made by hand."""
    return JobContext(
        inventory=inventory,
        settings=Settings(usual_places=False),
        locations=Locations.of_user({"CONDATUI_HOME": str(home / ".condatui")}, home),
        caller=Caller(environ or {}, home, euid),
        clock=lambda: NOW,
        conda_facts=facts or {},
    )


def asking(context: JobContext) -> JobContext:
    """The surroundings in which the conda can be asked for dry runs."""
    return replace(context, ask_conda=partial(run_conda, ProcessRunner(CommandLog(), now)))
