"""The rows of place 1, one for each environment."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING

from msgspec import Struct
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.channel_codes import NO_CODES, ChannelCodes, joined_codes
from condatui.view_models.environments.columns import CODES, columns_of, while_reading
from condatui.view_models.environments.filter_fields import NO_COSTS, Costs
from condatui.view_models.format import below_home, format_age, short_bytes, short_count, shorten_middle
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.gpu import GpuState, Label, gpu_label
from condatui.view_models.table import TableColumn
from condatui_core.analyses.channels import PYPI
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.records.disk import Cost


# Findings in a table


def findings_label(findings: Sequence[Finding], glyphs: Glyphs) -> Text:
    """Each kind of finding once, by glyph and id or label, in the order given: `✗ missing files ≈ nlp-exp 98 %`."""
    uses = Counter(finding.id for finding in findings)
    kinds = {finding.id: finding for finding in reversed(findings)}
    label = Text()
    for kind, count in uses.items():
        words = (kinds[kind].label or kind.replace("-", " ")) + (f" x{count}" if count > 1 else "")
        glyph, severity = _glyph(kinds[kind], glyphs), kinds[kind].severity
        label.append(f"{' ' if label else ''}{glyph} {sanitize(words)}", styles.for_severity(severity))
    return label


def _glyph(finding: Finding, glyphs: Glyphs) -> str:
    return glyphs.alike if finding.source == "alike" else glyphs.of(finding.severity)


def gravest_message(environment: Environment, glyphs: Glyphs) -> Text:
    """The first finding of an environment that is not `ok`; its state if there is none."""
    if not environment.findings:
        return Text(f"{glyphs.error} {environment.state}", styles.ERROR)
    gravest = environment.findings[0]
    return Text(f"{glyphs.of(gravest.severity)} {sanitize(gravest.message)}", styles.for_severity(gravest.severity))


# The rows


class _Frame(Struct, frozen=True):
    """What all rows depend on."""

    day: date
    """Cells have ages."""
    glyphs: Glyphs
    here: str
    codes: ChannelCodes
    columns: tuple[str, ...]


class _EnvironmentRow(Struct, frozen=True):
    """The cells of a row, and what they were made from."""

    environment: Environment
    marked: bool
    shared_name: bool
    cost: Cost | None
    gpu: Label | None
    frame: _Frame
    cells: tuple[Text, ...]

    def kept(self, environment: Environment, made_of: tuple[object, ...], frame: _Frame) -> Mapping[str, Text]:
        """By column, the cells that would be the same if they were made anew, of this environment and these facts."""
        old = self.frame
        if self.environment is not environment or (self.marked, self.shared_name, self.cost, self.gpu) != made_of:
            return _NO_CELLS
        if (old.day, old.glyphs, old.here) != (frame.day, frame.glyphs, frame.here):
            return _NO_CELLS
        kept = dict(zip(old.columns, self.cells, strict=True))
        if old.codes != frame.codes:
            kept.pop(CODES, None)
        return kept


_NO_CELLS: Mapping[str, Text] = MappingProxyType({})


class EnvironmentsModel:
    """Environments as rows, in the order given; the key of a row is the prefix.

    A model takes the rows that have not changed from its `former` one.
    """

    def __init__(  # noqa: PLR0913 - a row shows what comes from all of these
        self,
        environments: Sequence[Environment],
        *,
        now: datetime,
        glyphs: Glyphs = UNICODE,
        marked: frozenset[str] = frozenset(),
        costs: Costs | None = NO_COSTS,
        gpus: GpuState | None = None,
        packages: Sequence[str] = (),
        home: str = "",
        here: str = "",
        chosen: Sequence[str] = (),
        sorted_by: str = "name",
        codes: ChannelCodes = NO_CODES,
        former: EnvironmentsModel | None = None,
    ) -> None:
        """`costs` is None if the disk is not going to be measured: then there are no columns `frees` and `inodes`.

        Each of the `packages` has a column that shows what an environment has of it. `here` is the name of this machine
        if there are others: then a column says on which one each environment is. `chosen` are the ids of the columns
        that the user wants to see; empty for the usual ones.
        """
        self._environments = environments
        self._now = now
        self._glyphs = glyphs
        self._home = home
        self._here = here
        self._marked = marked
        self._costs = NO_COSTS if costs is None else costs
        self._gpus = gpus
        absent = {"frees", "inodes"} if costs is None else set()
        absent |= set() if gpus and (gpus.telling or any(map(self._gpu_awaited, environments))) else {"gpu"}
        absent |= set() if here or any(each.host for each in environments) else {"host"}
        absent |= set() if any(each.behind for each in environments) else {"behind"}
        self._codes = codes
        awaiting = any(map(self._is_awaited, environments))
        columns = columns_of(
            chosen,
            absent=absent,
            packages=packages,
            sorted_by=sorted_by,
            wanted="gpu" if gpus and gpus.checked else "",  # the result of a check is seen even in 80 columns
        )
        self._columns = tuple(map(while_reading, columns)) if awaiting else columns
        self._name_uses = Counter((environment.host, environment.label) for environment in environments)
        self._frame = _Frame(now.date(), glyphs, here, codes, tuple(column.id for column in self._columns))
        self._rows: dict[str, _EnvironmentRow] = former._rows if former else {}
        """By prefix, the rows that were made."""
        self._valid: dict[str, _EnvironmentRow] = former._valid if former and self._shows_as(former) else {}
        """By prefix, those that hold as long as their environment is the same."""

    def _shows_as(self, former: EnvironmentsModel) -> bool:
        """Whether another model shows the same environment in the same way."""
        return (
            self._costs is former._costs
            and self._gpus is former._gpus
            and self._marked == former._marked
            and self._frame == former._frame
            and self._name_uses == former._name_uses
        )

    @property
    def columns(self) -> tuple[TableColumn, ...]:
        """The columns, left to right."""
        return self._columns

    def __len__(self) -> int:
        return len(self._environments)

    def key(self, index: int) -> str:
        """The prefix."""
        return self._environments[index].prefix

    def environment(self, index: int) -> Environment:
        """The environment behind a row."""
        return self._environments[index]

    def cells(self, index: int) -> tuple[Text, ...]:
        """The cells of a row; the same object as long as nothing in them changes."""
        environment = self._environments[index]
        row = self._valid.get(environment.prefix)
        if row is None or row.environment is not environment:
            row = self._rows[environment.prefix] = self._valid[environment.prefix] = self._row(environment)
        return row.cells

    def _row(self, environment: Environment) -> _EnvironmentRow:
        """A row, made anew as far as something in it has changed."""
        label = gpu_label(self._gpus, environment.prefix, self._glyphs) if self._gpus else None
        marked, shared_name = environment.prefix in self._marked, self._shares_name(environment)
        made_of = (marked, shared_name, self._costs.get(environment.prefix), label)
        former = self._rows.get(environment.prefix)
        kept = former.kept(environment, made_of, self._frame) if former else _NO_CELLS
        if former and former.frame == self._frame and kept:
            return former
        return _EnvironmentRow(environment, *made_of, self._frame, self._make(environment, kept))

    def _make(self, environment: Environment, kept: Mapping[str, Text]) -> tuple[Text, ...]:
        makers: dict[str, Callable[[Environment], Text]] = {
            "mark": self._mark,
            "host": self._host,
            "name": self._name,
            "python": self._python,
            "packages": self._packages,
            "channels": self._channels,
            CODES: self._channel_codes,
            "disk": self._disk,
            "frees": self._frees,
            "inodes": self._inodes,
            "behind": self._behind,
            "used": self._used,
            "gpu": self._gpu,
            "findings": self._findings,
        }
        return tuple(
            kept[column.id]
            if column.id in kept
            else makers[column.id](environment)
            if column.id in makers
            else self._package(column.title, environment)
            for column in self._columns
        )

    def _mark(self, environment: Environment) -> Text:
        return Text(self._glyphs.mark if environment.prefix in self._marked else "")

    def _shares_name(self, environment: Environment) -> bool:
        """Whether another one on its machine has the same name."""
        return self._name_uses[environment.host, environment.label] > 1

    def _host(self, environment: Environment) -> Text:
        if environment.host:
            return Text(sanitize(environment.host))
        return Text(sanitize(self._here), styles.DIM) if self._here else self._absent(environment)

    def _name(self, environment: Environment) -> Text:
        text = Text()
        text.append(
            sanitize(below_home(environment.label, self._home)),
            styles.PLAIN if environment.state == "ok" else styles.DIM,
        )
        if self._shares_name(environment):
            text.append(f" {shorten_middle(sanitize(environment.path), 28, self._glyphs.ellipsis)}", styles.DIM)
        if states := self._states(environment):
            text.append(f" {states}", styles.STRONG)
        for alias in environment.aliases:
            text.append(f" {self._glyphs.alias}{sanitize(alias.rpartition('/')[2])}", styles.DIM)
        return text

    def _states(self, environment: Environment) -> str:
        states = (
            (environment.base, self._glyphs.base),
            (environment.active, self._glyphs.active),
            (environment.frozen, self._glyphs.frozen),
            (environment.keep is not None, self._glyphs.kept),
            (environment.baseline, self._glyphs.baseline),
            (environment.writable is False, self._glyphs.read_only),
        )
        return "".join(glyph for holds, glyph in states if holds)

    def _python(self, environment: Environment) -> Text:
        return Text(sanitize(environment.python)) if environment.python else self._absent(environment)

    def _package(self, name: str, environment: Environment) -> Text:
        """What it has of a package that the filter is about: the version, then the build, or pip as its installer."""
        from condatui.view_models.environments.version_specs import package_finder  # noqa: PLC0415 - only filters need it

        found = package_finder(name).of(environment)
        if found is None:
            return self._absent(environment)
        origin = found.record.build if found.record else "pip"
        return Text.assemble(sanitize(found.version), (f" {sanitize(origin)}", styles.DIM))

    def _packages(self, environment: Environment) -> Text:
        if environment.contents is None or environment.state in ("orphan", "missing"):
            return self._absent(environment)
        pip = len(environment.contents.pip_distributions)
        return Text(f"{len(environment.contents.packages)}{f'+{pip}' if pip else ''}")

    def _channels(self, environment: Environment) -> Text:
        # `pkgs/main` is known as `main`.
        names = (name.removeprefix("pkgs/") for name in _conda_channels(environment))
        return Text(sanitize(" ".join(names))) if environment.channels else self._absent(environment)

    def _channel_codes(self, environment: Environment) -> Text:
        codes = joined_codes(_conda_channels(environment), self._codes)
        return Text(sanitize(codes)) if environment.channels else self._absent(environment)

    def _disk(self, environment: Environment) -> Text:
        if cost := self._costs.get(environment.prefix):
            return self._bytes(cost, cost.total)
        if not environment.managed_bytes:
            return self._absent(environment)
        return Text(f"{self._glyphs.approximately}{short_bytes(environment.managed_bytes)}")

    def _frees(self, environment: Environment) -> Text:
        if cost := self._costs.get(environment.prefix):
            return Text(self._glyphs.nothing, styles.DIM) if cost.frees is None else self._bytes(cost, cost.frees)
        return self._awaited(environment)

    def _inodes(self, environment: Environment) -> Text:
        """The files and directories that it has, once they are counted."""
        cost = self._costs.get(environment.prefix)
        if cost and cost.inodes:
            return Text(f"{self._bound(cost)}{short_count(cost.inodes)}")
        if cost and cost.frees is None:
            return Text(self._glyphs.nothing, styles.DIM)
        return self._awaited(environment)

    def _bytes(self, cost: Cost, count: int) -> Text:
        return Text(f"{self._bound(cost)}{short_bytes(count)}")

    def _bound(self, cost: Cost) -> str:
        """The sign of a figure that is a claim, or less than it really is."""
        if not cost.measured:
            return self._glyphs.approximately
        return self._glyphs.at_least if cost.at_least else ""

    def _behind(self, environment: Environment) -> Text:
        """The number of packages that the baseline has in a newer version."""
        return Text(str(len(environment.behind))) if environment.behind else self._absent(environment)

    def _used(self, environment: Environment) -> Text:
        used = environment.last_used
        if used is None:
            return self._absent(environment)
        age = format_age(used.at, self._now)
        return Text(age) if used.reliable else Text(f"{self._glyphs.approximately}{age}", styles.DIM)

    def _gpu(self, environment: Environment) -> Text:
        label = gpu_label(self._gpus, environment.prefix, self._glyphs) if self._gpus else None
        if label:
            return Text(*label)
        waits = self._gpu_awaited(environment)
        return (
            Text(f" {self._glyphs.unread}", styles.DIM) if waits else Text(" ").append_text(self._absent(environment))
        )

    def _findings(self, environment: Environment) -> Text:
        if environment.state == "ok":
            return findings_label(environment.findings, self._glyphs)
        return gravest_message(environment, self._glyphs)

    def _awaited(self, environment: Environment) -> Text:
        """What is not measured yet."""
        waits = bool(environment.managed_bytes) and not environment.host
        return Text(self._glyphs.unread, styles.DIM) if waits else self._absent(environment)

    def _absent(self, environment: Environment) -> Text:
        return Text(self._glyphs.unread if _is_unread(environment) else self._glyphs.nothing, styles.DIM)

    def _is_awaited(self, environment: Environment) -> bool:
        """Whether its packages, its disk use or its GPU are still to come."""
        measured = environment.prefix in self._costs or not environment.managed_bytes or bool(environment.host)
        return _is_unread(environment) or not measured or self._gpu_awaited(environment)

    def _gpu_awaited(self, environment: Environment) -> bool:
        """Whether its files were not looked at yet for what they say of GPUs."""
        looked_at = self._gpus is None or environment.prefix in self._gpus.results
        return _is_unread(environment) or (environment.contents is not None and not environment.host and not looked_at)


def _is_unread(environment: Environment) -> bool:
    """Whether its packages are still to come; what a snapshot does not tell does not come later."""
    return environment.contents is None and environment.state == "ok" and not environment.host


def _conda_channels(environment: Environment) -> tuple[str, ...]:
    """The channels of conda's packages, that of most first; the packages column counts those of pip already."""
    return tuple(name for name, _ in environment.channels if name != PYPI)
