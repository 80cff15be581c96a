"""Print what became of each host of a fleet for people."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.cli.stderr import say
from condatui.view_models import styles
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.table import TableColumn
from condatui_core.records.fleet import HostOutcome, HostState
from condatui_core.records.host_snapshot import Collector
from condatui_core.text import counted

_STATES: dict[HostState, str] = {
    "ok": "ok",
    "unreachable": "unreachable",
    "denied": "denied",
    "timed-out": "timed out",
    "nothing-to-run": "nothing to run",
    "failed": "failed",
    "no-snapshot": "no snapshot",
    "not-stored": "not stored",
}
_COLLECTORS: dict[Collector, str] = {"condatui": "condatui", "standalone": "piped"}


class _Hosts:
    """One row for each host."""

    columns = (
        TableColumn("sign", "", 1),
        TableColumn("host", "host", 60, flexible=True),
        TableColumn("state", "state", 11),
        TableColumn("environments", "envs", 6, align="right", priority=1),
        TableColumn("seconds", "seconds", 7, align="right", priority=3),
        TableColumn("collector", "by", 8, priority=2),
        TableColumn("snapshot", "snapshot", 9),
        TableColumn("reason", "", 240, flexible=True, cut="end"),
    )

    def __init__(self, outcomes: Sequence[HostOutcome], now: datetime, glyphs: Glyphs) -> None:
        self._outcomes = outcomes
        self._now = now
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._outcomes)

    def key(self, index: int) -> str:
        return self._outcomes[index].host

    def cells(self, index: int) -> tuple[Text, ...]:
        each = self._outcomes[index]
        tone = styles.GOOD if each.ok else styles.ERROR
        return (
            Text(self._glyphs.good if each.ok else self._glyphs.error, tone),
            Text(each.host),
            Text(_STATES[each.state], tone),
            Text("" if each.environments is None else str(each.environments)),
            Text(f"{each.seconds:.1f}"),
            Text(_COLLECTORS[each.collector] if each.collector else "", styles.DIM),
            self._age(each),
            Text(self._words(each), styles.DIM if each.ok else ""),
        )

    def _age(self, outcome: HostOutcome) -> Text:
        """How old the snapshot is that there is now."""
        if outcome.ok:
            return Text("new", styles.GOOD)
        return Text(spell_age(outcome.former, self._now) if outcome.former else self._glyphs.nothing, styles.DIM)

    def _words(self, outcome: HostOutcome) -> str:
        """Why there is no new snapshot, or what the new one lacks."""
        if outcome.ok and outcome.unread:
            return f"{counted(outcome.unread, 'thing')} could not be read there"
        return outcome.reason


def print_fleet(invocation: Invocation, directory: str, outcomes: Sequence[HostOutcome]) -> None:
    """Print a row for each host, and on stderr how many have answered and how to look at them."""
    printer = Printer(ascii_only=invocation.settings.ascii)
    printer.table(_Hosts(outcomes, invocation.clock(), printer.glyphs))
    stored = sum(each.ok for each in outcomes)
    say(f"condatui: new snapshots of {stored} of {counted(len(outcomes), 'host')}")
    if stored:
        say(f"  condatui list --snapshots {shlex.quote(directory)} shows them")
