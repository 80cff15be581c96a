"""One package of an environment: why it is there, where it came from, its history and its files."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from condatui.actions.action import KeyAction, reworded
from condatui.actions.registry import bindings
from condatui.messages import PackageSought
from condatui.screens.filtered_place import FilteredPlace
from condatui.session import Session
from condatui.view_models import styles
from condatui.view_models.format import copyable, shorten_text
from condatui.view_models.package import FilesModel, PackageBlock, PackageSubject, files_line, package_blocks
from condatui.widgets.blocks_pane import BlocksPane
from condatui.widgets.line import Line
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.analyses.present import look_up
from condatui_core.records.environment import Environment
from condatui_core.records.package import Distribution, PackageFiles, PackageRecord
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.analyses.package_facts import PackageFacts


class PackageScreen(FilteredPlace):
    """What there is to say of the package, block by block, and a row for each of its files."""

    PLACE = "package"
    LANGUAGES: ClassVar = {"What a filter can say": (("word", "in the path"), ("!…", "what does not match the rest"))}
    BINDINGS: ClassVar[list[BindingType]] = [*bindings("package")]

    def __init__(self, session: Session, environment: Environment, package: PackageRecord | Distribution) -> None:
        super().__init__(session)
        self._environment = environment
        self.package = package
        self._files = PackageFiles()
        self._inspected = False
        self._sought = ""
        self._failure = ""

    def compose_body(self) -> ComposeResult:
        """The facts; beside or below them, the files."""
        glyphs = self.session.glyphs
        yield BlocksPane(glyphs, id="facts")
        yield Line(id="files-line")
        yield VirtualTable(glyphs, id="files")

    @property
    def table(self) -> VirtualTable:
        """The table of files."""
        return self.query_one("#files", VirtualTable)

    @property
    def facts(self) -> BlocksPane:
        """The pane with all that is no file."""
        return self.query_one("#facts", BlocksPane)

    @property
    def current_environment(self) -> Environment | None:
        """The environment that has the package."""
        return self._environment

    @property
    def numbered_place(self) -> str:
        """The place that it was opened from."""
        return "environments"

    @property
    def actions(self) -> Iterable[KeyAction]:
        """The actions of this place; opening a line leads to the package that it names."""
        words = {
            "list.open": ("to that package", "To the package that the line under the cursor names."),
            "package.everywhere": ("where else", "Show which environments have the package, each with its version."),
        }
        return reworded(super().actions, words)

    def on_mount(self) -> None:
        """Begin to look."""
        self._show_files()
        self.focus_body()
        self._inspect()

    def focus_body(self) -> None:
        """Focus the facts, unless the user types a filter for the files."""
        (self.table if self._sought else self.facts).focus()

    @work(group="package", exclusive=True, exit_on_error=False, description="look at a package")
    async def _inspect(self) -> None:
        facts, files = await self.session.workbench.inspect_package(self._environment, self.package)
        self._inspected, self._files = True, files
        self._show_facts(facts)
        self._show_files()

    def tell_failure(self, group: str, error: BaseException) -> None:
        """Say where the files would be that nothing could be found out."""
        super().tell_failure(group, error)
        self._failure = "It could not be looked at: the line above says why."
        self._show_files()

    def _show_facts(self, facts: PackageFacts) -> None:
        session, environment = self.session, self._environment
        subject = PackageSubject(
            self.package,
            environment.label,
            session.everywhere.channel_config(environment),
            facts,
            self._files,
            session.clock().tzinfo,
        )
        self.facts.show(package_blocks(subject, session.glyphs))

    def _show_files(self) -> None:
        glyphs = self.session.glyphs
        model = FilesModel(self._files.files, text=self._sought, glyphs=glyphs)
        self.table.set_model(model, empty=self._why_empty())
        line = files_line(self._files, glyphs) if self._inspected else Text("files", styles.STRONG)
        self.query_one("#files-line", Line).draw(lambda width: shorten_text(line, width, glyphs.ellipsis, cut="end"))
        self.draw_bottom()

    def _why_empty(self) -> Text:
        if self._failure or self._files.why_not:
            return Text(sanitize(self._failure or self._files.why_not), styles.WARNING)
        if not self._inspected:
            return Text("Looking at its files…", styles.DIM)
        if self._sought:
            return Text(f"No path matches `{sanitize(self._sought)}`: esc clears the filter.", styles.DIM)
        return Text("Its record lists no files.", styles.DIM)

    def status(self) -> Text:
        """The package, the environment, and the filter of the files."""
        parts = [f"{sanitize(self.package.name)} in {sanitize(self._environment.label)}"]
        if self._sought:
            parts.append(f"files that match `{sanitize(self._sought)}`")
        return Text(f" {self.session.glyphs.separator} ".join(parts), styles.DIM)

    @property
    def filter_text(self) -> str:
        """The present filter of the files."""
        return self._sought

    def apply_filter(self, text: str) -> None:
        """Show the files that pass a filter."""
        self._sought = text
        self._show_files()

    @on(VirtualTable.CursorMoved, "#files")
    def _follow_cursor(self, event: VirtualTable.CursorMoved) -> None:
        self.follow_notice(event)

    @on(BlocksPane.Opened)
    async def _go_on(self, event: BlocksPane.Opened) -> None:
        """Open the package that the block under the cursor leads to; the way back leads here."""
        name = event.block.leads_to if isinstance(event.block, PackageBlock) else ""
        contents = self._environment.contents
        found = look_up(contents, name) if contents and name else None
        if self.help_is_open:
            self.close_help()
        elif found and (package := found.record or found.distribution):
            await self.app.push_screen(PackageScreen(self.session, self._environment, package))

    def action_switch(self) -> None:
        """Move the focus to the files, or back to the facts."""
        (self.facts if self.table.has_focus else self.table).focus()

    def action_everywhere(self) -> None:
        """Show which environments have the package."""
        self.post_message(PackageSought(self.package.name))

    def action_copy(self) -> None:
        """Copy the path of the file under the cursor, or what the block under it says."""
        if self.table.has_focus and (path := self.table.cursor_key):
            whole = os.path.join(self._environment.path, path)
            self.copy(copyable(whole), whole)
        elif block := self.facts.block:
            self.copy(copyable(block.to_copy), block.to_copy)

    def action_back(self) -> None:
        """Leave the innermost of the help, the filter and the files; then go back to the environments."""
        if self.help_is_open:
            self.close_help()
        elif self._sought:
            self.apply_filter("")
        elif self.table.has_focus:
            self.facts.focus()
        elif self.is_current:
            self.dismiss()
