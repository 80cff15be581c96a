"""What snapshots tell of environments on other machines: their bytes, their GPU checks, and how old that is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import short_bytes, short_count, spell_age
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.gpu import gpu_sign, gpu_tone
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment, Inventory, packages_untold
from condatui_core.records.host_snapshot import HeldBytes, ToldVerdict
from condatui_core.records.other_machine import OtherMachine, OtherMachines
from condatui_core.text import sanitize


class Told(Struct, frozen=True):
    """What a snapshot tells of one environment."""

    machine: OtherMachine
    now: datetime
    """When it is looked at, for ages."""
    bytes: HeldBytes | None = None
    """None if it was not measured there."""
    verdict: ToldVerdict | None = None
    """None if its GPU was never checked there."""

    @property
    def host(self) -> str:
        """The machine, as it is shown."""
        return sanitize(self.machine.host)

    @property
    def age(self) -> str:
        """How long ago the machine told it: `told today`, `told 3 d ago`."""
        return f"told {spell_age(self.machine.at, self.now)}"


class United:
    """What is known of this machine and of others, in one; the last result is kept as long as neither changes."""

    def __init__(self, host: str) -> None:
        """`host` is the name of this machine."""
        self._host = host
        self._inventory: tuple[Inventory, OtherMachines, Inventory] | None = None
        self._listed: tuple[Inventory, tuple[Environment, ...]] | None = None
        self._costs: tuple[Mapping[str, Cost], OtherMachines, Mapping[str, Cost]] | None = None

    def inventory(self, here: Inventory, others: OtherMachines) -> Inventory:
        """The environments of this machine, and after them those that snapshots tell of."""
        there = others.inventory
        if not there.environments and not there.problems and not there.pending:
            return here
        if self._inventory is None or self._inventory[0] is not here or self._inventory[1] is not others:
            whole = replace(
                here,
                environments=(*here.environments, *there.environments),
                channel_configs=(*here.channel_configs, *there.channel_configs),
                problems=(*here.problems, *there.problems),
                pending=here.pending + there.pending,
            )
            self._inventory = (here, others, whole)
        return self._inventory[2]

    def listed(self, here: Inventory, others: OtherMachines) -> tuple[Environment, ...]:
        """The environments of a list: those of this machine once, as they are and not as its snapshot tells."""
        whole = self.inventory(here, others)
        if not here.environments:
            return whole.environments
        if self._listed is None or self._listed[0] is not whole:
            self._listed = (whole, tuple(each for each in whole.environments if each.host != self._host))
        return self._listed[1]

    def costs(self, here: Mapping[str, Cost], others: OtherMachines) -> Mapping[str, Cost]:
        """The disk use of environments by prefix, as it is measured here and told of others."""
        if not others.disk:
            return here
        if self._costs is None or self._costs[0] is not here or self._costs[1] is not others:
            self._costs = (here, others, {**others.costs, **here})
        return self._costs[2]


def disk_words(told: Told) -> tuple[str, str, str]:
    """What it occupies on its machine, what of that is its own, and how old this is: three lines."""
    age = f"{told.age[:1].upper()}{told.age[1:]}."
    if (held := told.bytes) is None:
        return f"The snapshot of {told.host} does not say what it occupies.", "", age
    own = "" if held.exclusive is None else f"{short_bytes(held.exclusive)} of it its own"
    inodes = "" if held.inodes is None else f"{short_count(held.inodes)} inodes"
    return f"{short_bytes(held.bytes)} on {told.host}", ", ".join(filter(None, (own, inodes))), age


def gpu_lines(told: Told, glyphs: Glyphs) -> Text:
    """What the last GPU check on its machine has found."""
    if (verdict := told.verdict) is None:
        return Text(f"Its GPU was not checked on {told.host}: {told.age}.", styles.DIM)
    checked = f"Checked on {told.host} {spell_age(verdict.at, told.now)}." if verdict.at else f"Of {told.host}."
    said = sanitize(verdict.message or verdict.verdict)
    return Text("\n").join(
        [
            Text(f"{gpu_sign(verdict.kind, glyphs)} {said}", gpu_tone(verdict.kind)),
            Text(f"{checked} {told.age[:1].upper()}{told.age[1:]}.", styles.DIM),
        ]
    )


def no_history(host: str) -> str:
    """Why there is no history of an environment on another machine."""
    return f"A snapshot has no history: {sanitize(host)} itself has it."


def no_slimming(host: str) -> str:
    """Why it is not known what a service would not need of an environment on another machine."""
    return f"A snapshot has no files: {sanitize(host)} itself can tell what a service would not need."


def no_packages(environment: Environment, told: Told | None) -> str:
    """That a snapshot does not tell what an environment holds, and what else it says of it."""
    untold = packages_untold(sanitize(environment.host))
    if environment.state != "ok":
        return f"{untold} Its state there is {environment.state}."
    unread = told.machine.unread if told else ()
    said = next((why for path, why in unread if path == environment.path), "")
    return f"{untold} It says: {sanitize(said)}." if said else untold
