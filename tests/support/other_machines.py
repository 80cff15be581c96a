"""What snapshots would tell of other machines, made by hand."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from msgspec.structs import replace

from condatui_core.records.environment import Environment, Inventory, prefix_on
from condatui_core.records.finding import Finding
from condatui_core.records.host_snapshot import HeldBytes, ToldVerdict
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.other_machine import OtherMachine, OtherMachines
from support.inventories import NOW, ROOT, loaded, package


def on(host: str, environment: Environment) -> Environment:
    """The environment as a snapshot of this machine tells of it."""
    return replace(
        environment,
        host=host,
        prefix=prefix_on(host, environment.prefix),
        installation=prefix_on(host, environment.installation or ROOT),
    )


def others(
    *environments: Environment,
    pending: int = 0,
    problems: Sequence[Finding] = (),
    disk: Mapping[str, HeldBytes] | None = None,
    gpu: Mapping[str, ToldVerdict] | None = None,
    **machine: object,
) -> OtherMachines:
    """What snapshots of three days ago tell, with these environments on their machines."""
    hosts = Counter(each.host for each in environments)
    return OtherMachines(
        inventory=Inventory(
            environments=environments,
            channel_configs=tuple((prefix_on(host, ROOT), ChannelConfig()) for host in hosts),
            problems=tuple(problems),
            pending=pending,
        ),
        machines=tuple(
            OtherMachine(
                host=host,
                file=f"/snapshots/{host}.json.gz",
                at=NOW - timedelta(days=3),
                environments=count,
                **machine,  # type: ignore[arg-type]
            )
            for host, count in hosts.items()
        ),
        disk=disk or {},
        gpu=gpu or {},
        pending=pending,
    )


NUMPY = package("numpy", "2.0.1")
EXP = loaded("nlp-exp", [package("python", "3.10.14"), NUMPY], python="3.10.14")
OLDER = loaded("nlp-exp", [package("python", "3.10.14"), package("numpy", "1.26.3")], python="3.10.14")
MORE = loaded("nlp-exp", [package("python", "3.10.14"), NUMPY, package("scipy")], python="3.10.14")
FLEET = (on("gpu01", EXP), on("gpu02", EXP), on("gpu03", OLDER), on("gpu04", MORE), on("gpu05", loaded("own")))
"""Five machines: two have the same, one an older numpy, one scipy too, and one has no such environment."""
