"""Place 1: the environments of the machine, and details of the one under the cursor."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.events import DescendantFocus, Resize

from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext
from condatui.actions.registry import bindings
from condatui.messages import TraceProposed, VerifyProposed
from condatui.screens.filtered_place import FilteredPlace
from condatui.services.disk_monitor import Breakdowns
from condatui.services.file_checker import FileChecker
from condatui.services.revision_finder import RevisionFinder
from condatui.services.slim_finder import SlimFinder
from condatui.services.tracer import Tracer
from condatui.services.verifier import Verifier
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.channel_codes import code_legend
from condatui.view_models.details.subject import DetailSubject
from condatui.view_models.environments.columns import CODES, columns_of, fit_beside
from condatui.view_models.environments.filter_values import NOTHING_KNOWN, Choices, choices_at, known_values
from condatui.view_models.environments.filters import HELP as FILTER_HELP
from condatui.view_models.environments.query import EnvironmentQuery
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.format import copyable, shorten_text
from condatui.view_models.gpu import GpuSubject
from condatui.view_models.status import marked_elsewhere, marked_line
from condatui.view_models.table import measure
from condatui.widgets.detail_pane import DetailPane
from condatui.widgets.input_bars import FilterBar
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.environment import Environment
from condatui_core.records.finding import finding
from condatui_core.text import counted, sanitize

if TYPE_CHECKING:
    from condatui.view_models.told import Told

_HINTS = {
    "packages": {"package.everywhere": "where else"},
    "disk": {"environments.browse": "browse"},
    "health": {"verify": "verify"},
    "gpu": {"gpu.check": "check"},
    "history": {"rollback": "roll back", "undo": "undo"},
    "slim": {"slim": "slimmed copy", "slim.trace": "run", "slim.view": "used"},
}
"""By tab and action, the word in the line of keys."""


class EnvironmentsScreen(FilteredPlace):
    """One row for each environment; its details below, or beside it in a wide terminal."""

    PLACE = "environments"
    LANGUAGES: ClassVar = {"What a filter can say": FILTER_HELP}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("environments")]
    HORIZONTAL_BREAKPOINTS = []  # noqa: RUF012 - the columns say from which width on the details are beside the table

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.environment_query = EnvironmentQuery()
        self.shown: tuple[Environment, ...] = ()
        """The environments that pass the filter, in their order."""
        self._unknown = 0
        """Of how many it is not known whether they pass."""
        self._breakdowns = Breakdowns(self, session, self._show_detail)
        self._files = FileChecker(self, session, self._show_detail)
        self._revisions = RevisionFinder(self, session, self._show_detail)
        self._slims = SlimFinder(self, session, self._show_detail)
        self._tracer = Tracer(self, session, self._show_traced)
        self._verifier = Verifier(self, session, self._show_verified)
        self._known = NOTHING_KNOWN
        """The values that a filter can ask for."""
        self._known_of: tuple[Environment, ...] | None = None
        """The environments that have these values; None before they were looked for."""
        self._model: EnvironmentsModel | None = None
        self._findings_need = 0
        """The cells of the longest findings so far: the details do not come and go beside the table with a filter."""
        self._at_work: frozenset[str] = frozenset()
        """The prefixes that jobs work on."""

    def compose_body(self) -> ComposeResult:
        """The environments and the details."""
        self._arrange()
        yield VirtualTable(self.session.glyphs, id="environments")
        yield DetailPane(self.session.glyphs, id="detail")

    @property
    def table(self) -> VirtualTable:
        """The table of environments."""
        return self.query_one("#environments", VirtualTable)

    @property
    def detail(self) -> DetailPane:
        """The details of the environment under the cursor."""
        return self.query_one(DetailPane)

    @property
    def current_environment(self) -> Environment | None:
        """The environment under the cursor."""
        row = self.table.cursor_row
        return self.shown[row] if row < len(self.shown) else None

    @property
    def action_context(self) -> ActionContext:
        """The environments under the cursor, marked and hidden; of the first, its revision and what a run has used."""
        revision, current = self.detail.revision, self.current_environment
        number = revision.number if revision else None
        traced = self._tracer.of(current) if current else None
        usage = traced.usage if traced else None
        return replace(
            super().action_context,
            hidden=self._hidden,
            revision=number,
            usage=usage,
            filter=self.environment_query.filter,
        )

    @property
    def _hidden(self) -> frozenset[str]:
        every = self.session.listed
        if len(every) == len(self.shown):
            return frozenset()
        return frozenset(each.prefix for each in every) - {each.prefix for each in self.shown}

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; the line of keys names first those that belong to the tab that is shown."""
        tab = self.detail.tab
        # The packages are there from the start, and have the keys only while the cursor is in them.
        hints = {} if tab == "packages" and not self.detail.view.has_focus else _HINTS.get(tab, {})
        actions = tuple(super().actions)
        yield from (replace(each, hint=hints[each.id]) for each in actions if each.id in hints)
        yield from (each for each in actions if each.id not in hints)

    @property
    def explained(self) -> Mapping[str, Sequence[tuple[str, str]]]:
        """What the help explains: the filter, the channels in short, and the signs."""
        channels = [(code, sanitize(name)) for code, name in code_legend(self.session.channel_codes)]
        return {**super().explained, **({"Channels in short": channels} if channels else {})}

    def on_mount(self) -> None:
        """Focus the environments."""
        self.focus_body()

    @on(DescendantFocus)
    def _name_keys_of_packages(self) -> None:
        if self.detail.tab == "packages":
            self.draw_bottom()

    def focus_body(self) -> None:
        """Show and focus the environments."""
        self.remove_class("-zoom-detail")
        self.table.focus()

    def show_session(self) -> None:
        """Show the new state; the cursor and the details stay where they are."""
        self._show_environments()
        super().show_session()

    def show_jobs(self) -> None:
        """Show what the jobs work on."""
        super().show_jobs()
        if self._at_work != self.session.prefixes_at_work:
            self._show_environments()

    def _show_environments(self) -> None:
        session = self.session
        self._at_work = session.prefixes_at_work
        self.environment_query = replace(self.environment_query, remembered=session.remembered_filters)
        found = self.environment_query.select(session.listed, session.filter_facts)
        self.shown, self._unknown = tuple(map(self._calmed, found.shown)), found.unknown
        self._model = self._model_with(session.columns, former=self._model)
        needs = zip(self._model.columns, measure(self._model), strict=True)
        self._findings_need = max(self._findings_need, *(need for each, need in needs if each.id == "findings"), 0)
        self.table.show_order(self.environment_query.by, descending=self.environment_query.descending)
        self._arrange()
        self.table.set_model(self._model, empty=self._why_empty())
        self._show_detail()

    def _model_with(self, chosen: Sequence[str], *, former: EnvironmentsModel | None = None) -> EnvironmentsModel:
        """The rows that are shown, with the usual columns or with chosen ones."""
        session = self.session
        return EnvironmentsModel(
            self.shown,
            now=session.clock(),
            glyphs=session.glyphs,
            marked=session.marked,
            costs=session.costs,
            gpus=session.gpus_everywhere,
            here=session.host if session.others and session.others.machines else "",
            packages=self.environment_query.packages,
            home=str(session.workbench.locations.home),
            chosen=chosen,
            sorted_by=self.environment_query.by,
            codes=session.channel_codes,
            former=former,
        )

    def _arrange(self) -> None:
        """Put the details beside the table if all of its columns have room there, otherwise below."""
        several = bool(self.session.others and self.session.others.machines)
        columns = columns_of(
            self.session.columns,
            absent=() if several else ("host",),
            packages=self.environment_query.packages,
            sorted_by=self.environment_query.by,
        )
        self.set_class(fit_beside(self.app.size.width, columns, self._findings_need), "-wide")

    async def _on_resize(self, event: Resize) -> None:
        await super()._on_resize(event)
        self._arrange()

    def _calmed(self, environment: Environment) -> Environment:
        """The environment; what a job is making or deleting looks damaged until it has ended, which is no finding."""
        if environment.state == "ok" or environment.prefix not in self._at_work:
            return environment
        return replace(environment, findings=(finding("orphan", "note", "a job works on it"),))

    def _why_empty(self) -> Text:
        if self.environment_query.filter:
            unknown = f" It is not known yet of {counted(self._unknown, 'environment')}." if self._unknown else ""
            return Text(
                f"No environment matches `{sanitize(self.environment_query.filter)}`: esc clears the filter.{unknown}",
                styles.DIM,
            )
        if self.session.loading or not self.session.everywhere.complete:
            return Text("Looking for environments…", styles.DIM)
        return Text(
            "There are no environments here. `conda create -n NAME python` makes one, r looks again.", styles.DIM
        )

    def _show_detail(self) -> None:
        environment, session = self.current_environment, self.session
        if environment is None:
            self.detail.show(None)
        elif told := session.told(environment):
            self.detail.show(self._told_subject(environment, told))
        else:
            disk = self._breakdowns.subject(environment) if self.detail.tab == "disk" else None
            healthy = self.detail.tab == "health"
            verified = self._verifier.verified(environment) if healthy else None
            revisions = self._revisions.of(environment) if self.detail.tab == "history" else ()
            slim = self._slims.of(environment) if self.detail.tab == "slim" else None
            traced = self._tracer.of(environment) if self.detail.tab == "slim" else None
            environment = self._files.checked(environment) if healthy else environment
            now, key = session.clock(), session.key("gpu.check")
            gpu = GpuSubject(environment, session.gpus, now, key)
            self.detail.show(
                DetailSubject(
                    environment,
                    session.inventory.channel_config(environment),
                    now,
                    session.words,
                    disk,
                    gpu,
                    revisions,
                    slim,
                    traced,
                    session.key("gpu.cancel"),
                    verified,
                    session.channel_codes,
                )
            )

    def _told_subject(self, environment: Environment, told: Told) -> DetailSubject:
        """The details of an environment on another machine: nothing of it is on this disk."""
        from condatui.view_models.details.disk import DiskSubject  # noqa: PLC0415 - as in the services of these tabs
        from condatui.view_models.details.slim import SlimSubject  # noqa: PLC0415 - as above
        from condatui.view_models.told import no_slimming  # noqa: PLC0415 - only snapshots need it

        session = self.session
        return DetailSubject(
            environment,
            session.everywhere.channel_config(environment),
            told.now,
            session.words,
            DiskSubject(environment, told=told),
            GpuSubject(environment, session.gpus, told.now, told=told),
            slim=SlimSubject(environment.prefix, state="impossible", why=no_slimming(environment.host)),
            codes=session.channel_codes,
            told=told,
        )

    def status(self) -> Text:
        """What is marked; if nothing is, the position of the cursor, the filter and the order."""
        session, query = self.session, self.environment_query
        every = session.everywhere.environments if session.marked else ()
        marked = [each for each in every if each.prefix in session.marked]
        if any(each.host for each in marked):
            return Text(marked_elsewhere(marked, hidden=len(session.marked & self._hidden), glyphs=session.glyphs))
        if marked:
            width = self.query_one("#status", Line).content_size.width
            hidden = len(session.marked & self._hidden)
            return marked_line(
                marked, session.freed, names=session.names, width=width, hidden=hidden, glyphs=session.glyphs
            )
        parts = [f"{self.table.cursor_row + 1} of {len(self.shown)}" if self.shown else "0 of 0"]
        if error := query.kept_error:
            return Text(f"`{sanitize(query.filter)}` hides nothing: {sanitize(error)}", styles.WARNING)
        if query.filter:
            parts.append(f"filter `{sanitize(query.filter)}`")
        if self._unknown:
            parts.append(f"{self._unknown} unknown")
        parts.append(f"by {query.by}")
        if (current := self.current_environment) and (told := session.told(current)):
            parts.append(f"{told.host}: {told.age}")
        return Text(f" {session.glyphs.separator} ".join(parts), styles.DIM)

    @property
    def filter_text(self) -> str:
        """The present filter."""
        return self.environment_query.filter

    def apply_filter(self, text: str) -> None:
        """Show the environments that pass a filter."""
        self._apply_query(self.environment_query.filtered(text))

    async def action_filter(self) -> None:
        """Filter the environments; while the packages have the focus, those."""
        if self.detail.tab == "packages" and self.detail.view.has_focus:
            await self.detail.type_packages_filter()
            self.draw_bottom()
            return
        await super().action_filter()
        if self._known_of is not self.session.listed:
            self._learn_values(self.session.listed)

    @work(group="filter values", exclusive=True, exit_on_error=False, description="find values for the filter")
    async def _learn_values(self, environments: tuple[Environment, ...]) -> None:
        self._known = await asyncio.to_thread(known_values, environments, self.session.host)
        self._known_of = environments
        self.query_one("#filter", FilterBar).offer()

    def filter_choices(self, text: str, cursor: int) -> Choices:
        """The fields before a colon, their values after it, and the filters that are remembered."""
        return choices_at(text, cursor, self._known, self.session.remembered_filters)

    def filter_hints(self, width: int) -> Text:
        """The keys of the filter, or what is wrong with what is typed."""
        if error := self.environment_query.filter_error:
            return shorten_text(Text(sanitize(error), styles.WARNING), width, self.session.glyphs.ellipsis, cut="end")
        help_text = Text("enter keep  esc clear  up/down choose  tab take  ! inverse  | or")
        return shorten_text(help_text, width, self.session.glyphs.ellipsis, cut="end")

    @on(DetailPane.FilterTyped)
    def _end_packages_filter(self) -> None:
        self.draw_bottom()

    def hints(self, width: int) -> Text:
        """The hints; while the user types a filter for the packages, what it can say."""
        if not self.detail.is_typed_in:
            return super().hints(width)
        hints = Text("enter keep  esc clear  ! inverse  name, version, build, channel, pip, asked")
        return shorten_text(hints, width, self.session.glyphs.ellipsis, cut="end")

    @on(VirtualTable.CursorMoved, "#environments")
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        self.follow(event)
        self.follow_later(self._show_detail)

    @on(VirtualTable.Selected, "#environments")
    def action_switch(self) -> None:
        """Move the focus to the details, or back to the environments."""
        if self.help_is_open:
            self.close_help()
        elif self.table.has_focus:
            self._show_detail()
            self.remove_class("-zoom-table")
            self.set_class(not self.detail.display, "-zoom-detail")
            self.detail.view.focus()
        else:
            self.focus_body()

    @on(VirtualTable.Selected, "#packages")
    async def _open_package(self) -> None:
        """Show all there is to say of the package under the cursor."""
        from condatui.screens.package import PackageScreen  # noqa: PLC0415 - imported at the first use

        environment, row = self.current_environment, self.detail.package
        if self.help_is_open:
            self.close_help()
        elif environment and row:
            await self.app.push_screen(PackageScreen(self.session, environment, row.package))

    def action_everywhere(self) -> None:
        """Show which environments have the package under the cursor."""
        if row := self.detail.package:
            self.seek_package(row.name)
        else:
            self.say("There is no package under the cursor: tab goes to the packages.")

    def seek_package(self, name: str) -> None:
        """Show the environments that have a package, and what each of them has of it."""
        self.narrow(f'package:"{name}"' if " " in name else f"package:{name}")
        self.focus_body()

    def action_mark(self) -> None:
        """Mark or unmark the environment under the cursor, and go to the next."""
        if (environment := self.current_environment) is None:
            return
        self.session.mark([environment.prefix], marked=environment.prefix not in self.session.marked)
        self.table.action_down()
        self.say("")  # so that what is marked is said

    def action_mark_all(self) -> None:
        """Mark all that are shown; if all are marked, unmark them."""
        shown = {environment.prefix for environment in self.shown}
        self.session.mark(shown, marked=not shown <= self.session.marked)
        self.say("")

    def action_sort(self) -> None:
        """Sort by the next column."""
        self._apply_query(self.environment_query.next_sort())

    def action_reverse(self) -> None:
        """Reverse the order."""
        self._apply_query(self.environment_query.reversed())

    async def action_columns(self) -> None:
        """Choose the columns, beginning with those that are on at any width."""
        from condatui.panels.columns_panel import ColumnsPanel  # noqa: PLC0415 - imported at the first use

        await self.open_panel(ColumnsPanel(self.session, self._columns_shown))

    def _columns_shown(self, chosen: Sequence[str]) -> frozenset[str]:
        """The ids of the columns that the table has with this choice, in this terminal."""
        shown = self.table.columns_with_room(self._model_with(chosen))
        return frozenset("channels" if each.id == CODES else each.id for each in shown)

    def _apply_query(self, query: EnvironmentQuery) -> None:
        self.environment_query = query
        self._show_environments()
        self.say("")

    async def action_browse(self) -> None:
        """Browse the files of the environment under the cursor."""
        from condatui.screens.browse import BrowseScreen  # noqa: PLC0415 - imported at the first use

        if environment := self.current_environment:
            await self.app.push_screen(BrowseScreen(self.session, environment))

    async def action_nodes(self) -> None:
        """Fold the environments of one name on many machines into one row each."""
        from condatui.screens.nodes import NodesScreen  # noqa: PLC0415 - imported at the first use

        await self.app.push_screen(NodesScreen(self.session))

    def action_previous_tab(self) -> None:
        """Show the tab on the left."""
        self._turn(-1)

    def action_next_tab(self) -> None:
        """Show the tab on the right."""
        self._turn(1)

    @on(VerifyProposed)
    def _verify(self, event: VerifyProposed) -> None:
        self._verifier.verify(event.environment, event.file)
        self.detail.go_to("health")
        self._show_detail()
        self.draw_bottom()

    def _show_verified(self, said: str) -> None:
        self._show_detail()
        if said:
            self.say(said)

    @on(TraceProposed)
    def _trace(self, event: TraceProposed) -> None:
        self.detail.go_to("slim")
        self._tracer.run(event.environment, event.text)

    def _show_traced(self, said: str) -> None:
        self._show_detail()
        self.say(said)

    async def action_trace(self) -> None:
        """Ask what is to be run in the environment under the cursor; the last command is offered."""
        from condatui.panels.line_panel import run_panel  # noqa: PLC0415 - imported at the first use

        if (environment := self.current_environment) and not self.refuses_changes():
            last = self._tracer.of(environment)
            await self.open_panel(run_panel(environment, last.command if last else ""))

    def action_trace_view(self) -> None:
        """Turn between the classes of files and what a command has used."""
        if not self.detail.turn_slim():
            self.say("No command has been run in it yet.")

    async def action_cancel_check(self) -> None:
        """Stop the command that is traced; if none is, cancel the checks of GPUs."""
        if self._tracer.at_work:
            self._tracer.stop()
        else:
            await self.run_action("app.cancel_gpu")

    def _turn(self, steps: int) -> None:
        self.detail.turn(steps)
        self._show_detail()
        self.draw_bottom()

    def action_copy(self) -> None:
        """Copy what is under the cursor: the prefix of an environment, or in the details what their tab is about."""
        if (environment := self.current_environment) is None:
            return
        if copied := environment.prefix if self.table.has_focus else self.detail.copied:
            self.copy(copyable(copied), copied)
        else:
            self.say("There is nothing to copy here.")

    def action_back(self) -> None:
        """Leave the innermost of the help, the details, the zoom, the filter and a notice."""
        if self.help_is_open:
            self.close_help()
        elif self.detail.package_filter_is_in_use:
            self.detail.filter_packages("")
        elif not self.table.has_focus:
            self.focus_body()
        elif self.has_class("-zoom-table"):
            self.remove_class("-zoom-table")
        elif self.environment_query.filter:
            self.apply_filter("")
        elif self.detail.packages_are_filtered:
            self.detail.filter_packages("")
        else:
            super().action_back()

    def go_to(self, prefix: str) -> None:
        """Put the cursor on an environment, and clear a filter that hides it."""
        if prefix not in {environment.prefix for environment in self.shown}:
            self.apply_filter("")
        self.table.go_to(prefix)
        self.focus_body()
