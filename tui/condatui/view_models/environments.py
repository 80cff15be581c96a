"""The rows of place 1: one environment each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.environment_order import SORTS, descends, sort_environments
from condatui.view_models.finding_labels import findings_label, gravest_message
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.table import Column
from condatui.view_models.units import format_age, format_bytes, shorten_middle
from condatui_core.analyses.channels import PYPI
from condatui_core.printable import printable
from condatui_core.records.environment import Environment

__all__ = ["COLUMNS", "SORTS", "EnvironmentsModel", "descends", "sort_environments"]

COLUMNS = (
    Column("mark", "", 1),
    Column("name", "name", 36),
    Column("python", "python", 8, priority=2),
    Column("packages", "packages", 8, priority=3),
    Column("channels", "channels", 28, priority=5),
    Column("size", "size", 6, align="right", priority=1),
    Column("used", "used", 5, align="right", priority=4),
    Column("findings", "findings", 60, cut="end", flexible=True),
)
"""Whatever the terminal, the mark, the name and the findings stay."""


@dataclass(frozen=True, slots=True)
class _Row:
    """A row that was made, and what it was made from."""

    environment: Environment
    marked: bool
    shared_name: bool
    cells: tuple[Text, ...]


class EnvironmentsModel:
    """Environments as rows, in the order they are given; the key of a row is the prefix.

    Rows are made once: a model that follows a `former` takes over those of which nothing has changed.
    """

    def __init__(
        self,
        environments: Sequence[Environment],
        *,
        now: datetime,
        signs: Signs = UNICODE,
        marked: frozenset[str] = frozenset(),
        home: str = "",
        former: EnvironmentsModel | None = None,
    ) -> None:
        self._environments = environments
        self._now = now
        self._signs = signs
        self._home = home
        self._marked = marked
        self._name_uses = Counter(environment.name for environment in environments)
        alike = former is not None and former._now.date() == now.date() and former._signs == signs
        self._rows: dict[str, _Row] = former._rows if former and alike else {}

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns, left to right."""
        return COLUMNS

    def __len__(self) -> int:
        return len(self._environments)

    def key(self, index: int) -> str:
        """The prefix."""
        return self._environments[index].prefix

    def environment(self, index: int) -> Environment:
        """The environment behind a row."""
        return self._environments[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; the same object for as long as nothing in them changes."""
        environment = self._environments[index]
        marked, shared_name = environment.prefix in self._marked, self._name_uses[environment.name] > 1
        row = self._rows.get(environment.prefix)
        if row is None or row.environment is not environment or (row.marked, row.shared_name) != (marked, shared_name):
            row = _Row(environment, marked, shared_name, self._make(environment))
            self._rows[environment.prefix] = row
        return row.cells

    def _make(self, environment: Environment) -> tuple[Text, ...]:
        return (
            self._mark(environment),
            self._name(environment),
            self._python(environment),
            self._packages(environment),
            self._channels(environment),
            self._size(environment),
            self._used(environment),
            self._findings(environment),
        )

    def _mark(self, environment: Environment) -> Text:
        return Text(self._signs.mark if environment.prefix in self._marked else "")

    def _name(self, environment: Environment) -> Text:
        text = Text()
        text.append(
            printable(self._below_home(environment.name)), tones.PLAIN if environment.state == "ok" else tones.DIM
        )
        if self._name_uses[environment.name] > 1:
            text.append(f" {shorten_middle(printable(environment.prefix), 28, self._signs.ellipsis)}", tones.DIM)
        if signs := self._states(environment):
            text.append(f" {signs}", tones.STRONG)
        for alias in environment.aliases:
            text.append(f" {self._signs.alias}{printable(alias.rpartition('/')[2])}", tones.DIM)
        return text

    def _below_home(self, name: str) -> str:
        """A prefix that stands for a name, as people write it: `~/work/env`."""
        return f"~{name[len(self._home) :]}" if self._home and name.startswith(f"{self._home}/") else name

    def _states(self, environment: Environment) -> str:
        states = (
            (environment.base, self._signs.base),
            (environment.active, self._signs.active),
            (environment.frozen, self._signs.frozen),
            (environment.writable is False, self._signs.read_only),
        )
        return "".join(sign for holds, sign in states if holds)

    def _python(self, environment: Environment) -> Text:
        return Text(printable(environment.python)) if environment.python else self._absent(environment)

    def _packages(self, environment: Environment) -> Text:
        if environment.contents is None or environment.state in ("orphan", "missing"):
            return self._absent(environment)
        pip = len(environment.contents.pip_distributions)
        return Text(f"{len(environment.contents.packages)}{f'+{pip}' if pip else ''}")

    def _channels(self, environment: Environment) -> Text:
        # How many are pip's stands beside the packages already; `pkgs/main` is known as `main`.
        names = (name.removeprefix("pkgs/") for name, _ in environment.channels if name != PYPI)
        return Text(printable(" ".join(names))) if environment.channels else self._absent(environment)

    def _size(self, environment: Environment) -> Text:
        if not environment.managed_bytes:
            return self._absent(environment)
        return Text(f"{self._signs.approximately}{format_bytes(environment.managed_bytes)}")

    def _used(self, environment: Environment) -> Text:
        used = environment.last_used
        if used is None:
            return self._absent(environment)
        return Text(format_age(used.at, self._now), tones.PLAIN if used.reliable else tones.DIM)

    def _findings(self, environment: Environment) -> Text:
        if environment.state == "ok":
            return findings_label(environment.findings, self._signs)
        return gravest_message(environment, self._signs)

    def _absent(self, environment: Environment) -> Text:
        unread = environment.contents is None and environment.state == "ok"
        return Text(self._signs.unread if unread else self._signs.nothing, tones.DIM)
