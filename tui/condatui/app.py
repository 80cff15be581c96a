"""The app: its places, what runs beside them, and where errors become messages."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import BindingType
from textual.command import Provider
from textual.driver import Driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.geometry import Size
from textual.theme import ThemeProvider
from textual.widgets import Input
from textual.worker import Worker, WorkerState

from condatui.action_app import LEAVE_GROUP, SEEN_GROUP
from condatui.actions.action import KeyAction
from condatui.actions.context import ActionContext, comparable, left_out_of_comparison
from condatui.actions.registry import ACTION_BY_ID, bindings
from condatui.clipboard import COPY_GROUP
from condatui.messages import (
    AlikeAcrossFound,
    AlikeFound,
    CleanupFound,
    ComparisonProposed,
    DiskSurveyed,
    EnvironmentChosen,
    GpuChecksConfirmed,
    GpuLearned,
    InventoryLoaded,
    OthersRead,
    PackageSought,
)
from condatui.palette import Palette, PlaceCommands
from condatui.recovering_app import RecoveringApp
from condatui.screens.environments import EnvironmentsScreen
from condatui.screens.place import PlaceScreen
from condatui.services.alike_monitor import AlikeMonitor
from condatui.services.cleanup_monitor import CLEANUP_GROUP, CleanupMonitor
from condatui.services.disk_monitor import WALK_GROUP, DiskMonitor
from condatui.services.gpu_monitor import CHECKS_GROUP, GpuMonitor
from condatui.services.job_monitor import JOBS_GROUP, JobMonitor
from condatui.services.loader import LOAD_GROUP, Loader
from condatui.services.signals import leaving_on_signals
from condatui.services.snapshot_reader import OTHERS_GROUP, SnapshotReader
from condatui.session import Session
from condatui.terminal.sparing_driver import SparingDriver
from condatui.view_models.environments.columns import check_columns
from condatui.view_models.format import copyable
from condatui.view_models.styles import check_theme
from condatui.workers import start_worker
from condatui_core.errors import CondatuiError
from condatui_core.log import unexpected
from condatui_core.records.environment import Environment, Inventory
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


_LATER_STYLES = ("places", "widgets", "compare", "actions")
"""The style sheets that the first picture does without."""
SHELL_GROUP = "shell"
"""The worker group of an open shell."""


class CondatuiApp(RecoveringApp):
    """The workbench on a terminal. The app owns all work that goes on when the user leaves a screen."""

    TITLE = "condatui"
    DEFAULT_MODE = "environments"
    CSS_PATH: ClassVar = ["styles/frame.tcss", "styles/environments.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("everywhere")]
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {PlaceCommands}
    ENABLE_COMMAND_PALETTE = False  # the registry has its own, whose key can be remapped

    def __init__(
        self,
        workbench: Workbench,
        *,
        host: str,
        clock: Callable[[], datetime],
        first: Inventory | None = None,
    ) -> None:
        """`first` is shown before anything is read.

        Raises SettingError for an unknown theme or column, or impossible keys.
        """
        super().__init__()
        check_columns(workbench.settings.columns)
        self.animation_level = "none"
        self.session = Session(self, workbench, host=host, clock=clock)
        self.set_class(workbench.settings.ascii, "-ascii")
        self._first = first
        self._loader = Loader(self, self.session)
        self._disk_monitor = DiskMonitor(self, self.session)
        self._gpu_monitor = GpuMonitor(self, self.session)
        self._cleanup_monitor = CleanupMonitor(self, self.session)
        self._snapshot_reader = SnapshotReader(self, self.session)
        self._alike_monitor = AlikeMonitor(self, self.session)
        self.job_monitor = JobMonitor(self, self.session)
        if first:
            self.session.inventory = first
        self.set_keymap(dict(self.session.keymap.changed))
        if workbench.settings.theme:
            check_theme(workbench.settings.theme)
            self.theme = workbench.settings.theme

    async def run_until_left(self) -> None:
        """Run on the terminal of this process until the user, or a signal, ends it."""
        with leaving_on_signals(lambda code: self.exit(return_code=code)):
            try:
                await self.run_async()
            finally:
                if isinstance(driver := self._driver, SparingDriver):
                    driver.leave()

    def get_driver_class(self) -> type[Driver]:
        """Textual's driver, or in its place the one that sends only what changes."""
        driver = super().get_driver_class()  # another one if TEXTUAL_DRIVER names it
        return SparingDriver if driver is LinuxDriver else driver

    def get_default_screen(self) -> PlaceScreen:
        """Place 1, so that Textual draws no default screen before it."""
        return EnvironmentsScreen(self.session)

    def on_mount(self) -> None:
        """Register the other places, and start to load."""
        self.add_places()
        # After the first drawing: a load would compete with it for the interpreter.
        self.call_after_refresh(self._begin)

    def on_resize(self, event: Resize) -> None:
        """Draw everything again if the terminal has this size already: it was another one meanwhile, and lost lines."""
        self._forget_terminal(event.size)
        if self._can_recover and event.size == self.screen.size:
            self.screen.refresh()

    def action_redraw(self) -> None:
        """Draw the whole screen again."""
        self._forget_terminal(self.size)
        self.screen.refresh()

    def _forget_terminal(self, size: Size) -> None:
        """Let everything that is drawn next be sent: the terminal may not show any more what it was sent."""
        if isinstance(driver := self._driver, SparingDriver):
            driver.forget_screen(size)

    def _begin(self) -> None:
        self._read_later_styles()
        self._can_recover = True
        self._cleanup_monitor.follow()
        gc.freeze()  # the command line turns collecting off until now, to start faster
        gc.enable()
        self._load(refresh=False, glance=self._first is None)

    def _read_later_styles(self) -> None:
        """Read the style sheets of what is not shown yet, and apply them if a key has opened some of it already."""
        self.stylesheet.read_all([Path(__file__).parent / "styles" / f"{each}.tcss" for each in _LATER_STYLES])
        self.stylesheet.parse()
        place = self.screen
        if not isinstance(place, EnvironmentsScreen) or place.query("BottomPanel, HelpPanel, FilterBar"):
            self.refresh_css(animate=False)

    def _load(self, *, refresh: bool, glance: bool = False) -> None:
        """Load now, and watch from now on; `refresh` also measures and checks everything again."""
        if refresh:
            self._disk_monitor.request_full_walk()
            self._gpu_monitor.forget_looks()
        self._loader.load(refresh=refresh, glance=glance)
        self._snapshot_reader.read()

    @on(InventoryLoaded)
    def _take_inventory(self, event: InventoryLoaded) -> None:
        self.session.show(event.inventory)

    @on(OthersRead)
    def _take_others(self, event: OthersRead) -> None:
        self.session.show_others(event.others)

    @on(AlikeAcrossFound)
    def _take_groups_across(self, event: AlikeAcrossFound) -> None:
        self.session.show_groups_across(event.groups)

    @on(DiskSurveyed)
    def _take_survey(self, event: DiskSurveyed) -> None:
        self.session.show_disk(event.survey)

    @on(CleanupFound)
    def _take_cleanup(self, event: CleanupFound) -> None:
        self.session.show_cleanup(event.found)

    @on(GpuLearned)
    def _take_gpus(self, event: GpuLearned) -> None:
        self.session.show_gpus(event.state)
        self._alike_monitor.follow_gpus()

    @on(AlikeFound)
    def _take_groups(self, event: AlikeFound) -> None:
        self.session.show_groups(event.groups)

    @on(Worker.StateChanged)
    def _take_outcome(self, event: Worker.StateChanged) -> None:
        """The error boundary of the app's workers: show any failure as a message, and note what has ended."""
        group, error = event.worker.group, event.worker.error if event.state is WorkerState.ERROR else None
        if group == LOAD_GROUP:
            self._take_end_of_load(event.state, error)
        elif error is not None:
            self.session.fail(self._as_message(group, error))
        if group == WALK_GROUP and event.state in (WorkerState.ERROR, WorkerState.SUCCESS):
            self._disk_monitor.end()
        elif group == CHECKS_GROUP and event.worker.is_finished:
            self._gpu_monitor.end()

    def _take_end_of_load(self, state: WorkerState, error: BaseException | None) -> None:
        if error is not None:
            self.session.stop_loading(self._as_message(LOAD_GROUP, error))
        elif state is WorkerState.SUCCESS:
            self.session.stop_loading()
            self._disk_monitor.start()
            self._gpu_monitor.look()
            self._alike_monitor.start()
            self.job_monitor.start()

    def _as_message(self, group: str, error: BaseException) -> CondatuiError:
        of_jobs = group in (JOBS_GROUP, SEEN_GROUP, LEAVE_GROUP)
        title = "Following the jobs failed." if of_jobs else "Looking at the environments failed."
        if group == COPY_GROUP:
            title = "Copying failed."
        elif group == CLEANUP_GROUP:
            title = "Looking for what could go failed."
        elif group == SHELL_GROUP:
            title = "The shell failed."
        if group == OTHERS_GROUP:
            title = "The snapshots of other machines could not be read."
        return unexpected(error, title, f"{self.session.key('reload')} tries again.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Turn off actions while a panel is open, and those that take the keys while the user types."""
        if action != "perform":
            return True
        return not (
            self.panel_is_open or (ACTION_BY_ID[str(parameters[0])].takes_keys and isinstance(self.focused, Input))
        )

    async def action_perform(self, id: str) -> None:  # noqa: A002 - the name in settings and bindings
        """Run an action, or show why it is off."""
        action = ACTION_BY_ID[id]
        if action.takes_keys:
            await self.in_order(partial(self._perform, action))
        else:
            await self._perform(action)

    async def _perform(self, action: KeyAction) -> None:
        place = self.screen
        action_context = (
            place.action_context if isinstance(place, PlaceScreen) else ActionContext(self.session.everywhere)
        )
        if (reason := action.reason(action_context)) is None:
            await self.run_action(action.call)
        elif isinstance(place, PlaceScreen):
            place.say(reason)

    @property
    def clipboard(self) -> str:
        """What was copied last, which fields paste."""
        return self.session.clipboard.text

    def copy_to_clipboard(self, text: str) -> None:
        """Copy what the user has selected in a field."""
        self.session.clipboard.copy(text, "", lambda _: None)

    def action_reload(self) -> None:
        """Look again, and read what has changed."""
        self._load(refresh=False)

    def action_reload_all(self) -> None:
        """Read, measure and check everything again."""
        self._load(refresh=True)

    def action_shell(self) -> None:
        """Open a shell with the environment under the cursor, unless one is about to open."""
        current = self.screen.action_context.current if isinstance(self.screen, PlaceScreen) else None
        if current and not any(each.group == SHELL_GROUP for each in self.workers if not each.is_finished):
            start_worker(self, partial(self._open_shell, current), group=SHELL_GROUP, description="shell")

    async def _open_shell(self, environment: Environment) -> None:
        from condatui.services.shell_opener import open_shell  # noqa: PLC0415 - imported at the first use

        try:
            notice = await open_shell(self, self.session, environment)
        except CondatuiError as error:
            notice = sanitize(f"{error.in_one_line} {self.session.words(error.advice)}".strip())
        else:
            self.action_reload()
        if isinstance(self.screen, PlaceScreen):
            self.screen.say(notice)

    def action_copy_activation(self) -> None:
        """Copy the line that activates the environment under the cursor."""
        from condatui_core.shells import activation_line  # noqa: PLC0415 - imported at the first use

        place = self.screen
        if isinstance(place, PlaceScreen) and (current := place.action_context.current):
            place.copy(copyable(activation_line(current)))

    def action_check_gpu(self) -> None:
        """Check the marked environments, or the one under the cursor."""
        if isinstance(self.screen, PlaceScreen):
            self._gpu_monitor.check(each for each in self.screen.action_context.chosen if each.readable)

    async def action_check_all_gpus(self) -> None:
        """Ask whether to check every environment with a GPU framework: that runs for minutes on GPUs that others use.

        As root, leave out those of other users unless marked.
        """
        from condatui.panels.question_panel import gpu_checks_panel  # noqa: PLC0415 - imported when the user checks
        from condatui_core.gpu.check import checked_unasked  # noqa: PLC0415 - as above

        found = self.session.with_frameworks
        own = checked_unasked(found, euid=os.geteuid())
        if not isinstance(place := self.screen, PlaceScreen):
            return
        if not own:
            place.say("No environment of yours has PyTorch or the like.")
        else:
            await place.open_panel(gpu_checks_panel(self.session, own, left_out=len(found) - len(own)))

    @on(GpuChecksConfirmed)
    def _check_all_gpus(self, event: GpuChecksConfirmed) -> None:
        self._gpu_monitor.check(event.environments)

    def action_cancel_gpu(self) -> None:
        """Cancel all checks."""
        self._gpu_monitor.cancel()

    def action_toggle_read_only(self) -> None:
        """Let nothing be changed, or allow it again."""
        workbench = self.session.workbench
        try:
            workbench.set_read_only(not workbench.read_only)
        except CondatuiError as error:
            notice = f"{error.title} {self.session.words(error.advice)}"
        else:
            notice = "Read-only: no job begins." if workbench.read_only else "Changes are allowed again."
        if isinstance(self.screen, PlaceScreen):
            self.screen.say(notice)
            self.screen.show_jobs()  # the top line says it too

    def action_log(self) -> None:
        """Open the log of commands."""
        from condatui.screens.command_log import CommandLogScreen  # noqa: PLC0415 - imported at the first use

        if not isinstance(self.screen, CommandLogScreen):
            self.push_screen(CommandLogScreen(self.session))

    async def action_keys(self) -> None:
        """Open the list of keys."""
        from condatui.screens.keys import KeysScreen  # noqa: PLC0415 - imported at the first use

        if not isinstance(self.screen, KeysScreen):
            await self.push_screen(KeysScreen(self.session))

    async def action_palette(self) -> None:
        """Open the palette."""
        await self.push_screen(Palette(placeholder="What to do, or an environment to go to"))

    def search_themes(self) -> None:
        """Offer the themes in a palette."""
        self.push_screen(Palette([ThemeProvider], placeholder="Which colours"))

    def action_go(self, place: str) -> None:
        """Go to a place, which is as the user left it."""
        self.switch_mode(place)

    async def action_compare(self) -> None:
        """Compare the marked environments in place 2."""
        place = self.screen
        if isinstance(place, PlaceScreen):
            await self._compare(comparable(place.action_context), left_out_of_comparison(place.action_context))

    @on(ComparisonProposed)
    async def _take_comparison(self, event: ComparisonProposed) -> None:
        await self._compare(event.prefixes, event.left_out)

    async def _compare(self, prefixes: Sequence[str], left_out: str = "") -> None:
        from condatui.screens.compare import CompareScreen  # noqa: PLC0415 - imported at the first use

        await self.switch_mode("compare")
        if isinstance(self.screen, CompareScreen):
            self.screen.compare(prefixes, left_out)

    @on(EnvironmentChosen)
    async def _go_to_environment(self, event: EnvironmentChosen) -> None:
        await self.switch_mode("environments")
        while len(self.screen_stack) > 1:  # the log, or the files of an environment
            self.pop_screen()
        if isinstance(self.screen, EnvironmentsScreen):
            self.screen.go_to(event.prefix)

    @on(PackageSought)
    async def _show_everywhere(self, event: PackageSought) -> None:
        await self.switch_mode("environments")
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, EnvironmentsScreen):
            self.screen.seek_package(event.name)
