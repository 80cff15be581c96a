"""What a command gets from its process and user, as one object that tests can replace."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui.cli.stderr import say
from condatui_core import __version__
from condatui_core.errors import CondatuiError, NoCondaError, UsageError
from condatui_core.own_package import replaced_error, was_replaced
from condatui_core.records.environment import Environment, Inventory
from condatui_core.settings import Locations, SettingError, Settings, SettingSource, absolute_path, expand_home
from condatui_core.settings_files.effective import read_settings, setting_sources
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.records.alike import AlikeGroup
    from condatui_core.records.other_machine import OtherMachines
    from condatui_core.workbench import Workbench

Clock = Callable[[], datetime]
"""Returns the current time with the local zone."""

MakeWorkbench = Callable[[Settings, Locations, Mapping[str, str], Clock], "Workbench"]
RunApp = Callable[["Workbench", Clock], int]


def _make_workbench(settings: Settings, locations: Locations, environ: Mapping[str, str], clock: Clock) -> Workbench:
    from condatui_core.workbench import Workbench  # noqa: PLC0415 - `--help` and `--version` need none

    return Workbench(settings, locations, environ=environ, clock=clock)


def _run_app(workbench: Workbench, clock: Clock) -> int:
    gc.disable()  # until the first screen is shown: imports stay, so there is nothing to collect
    with ThreadPoolExecutor(1) as pool:
        glance = pool.submit(workbench.glance)  # while Textual is imported, so that the first screen shows names

        from condatui.app import CondatuiApp  # noqa: PLC0415 - only the workbench needs Textual

        first = glance.result()
    if not (sys.stderr.encoding or "").lower().startswith("utf"):  # the terminal that Textual draws on
        workbench.settings = replace(workbench.settings, ascii=True)
    app = CondatuiApp(workbench, host=socket.gethostname(), clock=clock, first=first)
    from condatui.terminal.event_loop import run_first  # noqa: PLC0415 - as above

    run_first(app.run_until_left())
    return app.return_code or 0


class Invocation(Struct, frozen=True, kw_only=True):
    """The process, user and global options that a command runs with."""

    environ: Mapping[str, str]
    home: Path
    cwd: str
    """The working directory; empty if it does not exist any more."""
    clock: Clock
    terminal: bool
    """Whether stdin, stdout and stderr are terminals, so that the workbench can open: Textual draws on stderr."""
    conda: tuple[str, ...] = ()
    """What `--conda` adds to the settings."""
    roots: tuple[str, ...] = ()
    """What `--root` adds to the settings."""
    prefixes: tuple[str, ...] = ()
    """The prefixes among the environments that the user has named, absolute."""
    snapshots: str = ""
    """The directory, or the file, that `--snapshots` names, absolute: then nothing is about this machine."""
    read_only: bool = False
    """Whether `--read-only` was given."""
    no_sizes: bool = False
    """Whether `--no-sizes` was given."""
    debug: bool = False
    """Whether `--debug` was given."""
    make_workbench: MakeWorkbench = _make_workbench
    run_app: RunApp = _run_app

    @staticmethod
    def of_process() -> Invocation:
        """The invocation of this process."""
        if not os.path.isabs(os.environ.get("HOME", os.sep)):
            del os.environ["HOME"]  # an empty or relative one would lead own files into the working directory
        if not os.path.isabs(os.path.expanduser("~")):
            os.environ["HOME"] = os.sep  # a user whom nobody knows, as in a container, where it is this too
        return Invocation(
            environ=os.environ,
            home=Path(os.path.expanduser("~")),
            cwd=_working_directory(),
            clock=lambda: datetime.now().astimezone(),
            terminal=all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)),
        )

    def adding(
        self,
        *,
        conda: tuple[str, ...] = (),
        roots: tuple[str, ...] = (),
        prefixes: tuple[str, ...] = (),
        snapshots: str | None = None,
        read_only: bool = False,
        no_sizes: bool = False,
        debug: bool = False,
    ) -> Invocation:
        """The invocation with further executables, root directories and prefixes, and with the flags if given."""
        return replace(
            self,
            conda=(*self.conda, *map(self._named_conda, conda)),
            roots=(*self.roots, *map(self.absolute, roots)),
            prefixes=(*self.prefixes, *filter(_is_prefix, map(self.absolute, filter(_is_path, prefixes)))),
            snapshots=self.snapshots if snapshots is None else self.absolute(snapshots),
            read_only=self.read_only or read_only,
            no_sizes=self.no_sizes or no_sizes,
            debug=self.debug or debug,
        )

    def spelled_out(self, text: str) -> str:
        """An environment or path that the user typed, with `~` expanded: no shell does this in `--root=~/x`."""
        return expand_home(text, self.home)

    def environment(self, inventory: Inventory, text: str) -> Environment:
        """The environment that the user named; UsageError if there is none or more than one."""
        from condatui_core.analyses.environments import resolve  # noqa: PLC0415 - `--help` and `--version` need none

        return resolve(inventory.environments, self.spelled_out(text), cwd=self.cwd, real_path=os.path.realpath)

    def absolute(self, path: str) -> str:
        """The absolute path of a path that the user typed; UsageError for an empty one, and as `absolute_path`."""
        if not path:
            raise UsageError("A path is empty.", hint="Perhaps a variable in the command line is not set.")
        return absolute_path(self.spelled_out(path), self.cwd)

    def _named_conda(self, text: str) -> str:
        """The path of a conda that the user named, as a shell finds it: a bare name is looked up in PATH first."""
        from condatui_core.conda.discovery import named_in_path  # noqa: PLC0415 - only `--conda` needs it

        return self.absolute(named_in_path(text, self.environ.get("PATH", "")) or text)

    @property
    def locations(self) -> Locations:
        """Where condatui keeps its own files."""
        return Locations.of_user(self.environ, self.home)

    @property
    def settings(self) -> Settings:
        """The user's settings with those of the command line; UsageError if they are not usable."""
        return self.added_to(read_settings(self.locations, self.environ))

    def added_to(self, settings: Settings) -> Settings:
        """These settings with those of the command line added."""
        return msgspec.structs.replace(
            settings,
            conda=(*self.conda, *settings.conda),
            roots=(*settings.roots, *self.roots),
            unmeasured=(os.sep,) if self.no_sizes else settings.unmeasured,
            read_only=self.read_only or settings.read_only,
            debug=self.debug or settings.debug,
        )

    def located(self, error: SettingError) -> UsageError:
        """An error about a setting's value with the file and line, or the variable, that it comes from."""
        where = self.source_of(error.setting).where
        return UsageError(error.title, f"In {where}" if where else error.detail, error.advice)

    def source_of(self, setting: str) -> SettingSource:
        """Where the value of a setting comes from."""
        sources = setting_sources(self.settings, self.locations, self.environ, self.given)
        return next(each for each in sources if each.name == setting)

    @property
    def given(self) -> frozenset[str]:
        """The settings that the command line changes."""
        given = {name for name in ("conda", "roots", "read_only", "debug") if getattr(self, name)}
        return frozenset(given | {"unmeasured"} if self.no_sizes else given)

    def workbench(self, settings: Settings | None = None) -> Workbench:
        """A workbench for this invocation, with the user's settings unless others are given.

        Raises NoCondaError if a conda of the command line is not there; with other settings it is only a problem.
        """
        if settings is None:
            settings = self.settings
            self._check_condas()
        self._open_log(debug=settings.debug)
        workbench = self.make_workbench(settings, self.locations, self.environ, self.clock)
        if self.prefixes:
            workbench.point_to(self.prefixes)
        return workbench

    def _check_condas(self) -> None:
        if not self.conda:
            return
        from condatui_core.conda.discovery import unusable  # noqa: PLC0415 - as below

        for each in self.conda:
            if reason := unusable(each, self.environ.get("PATH", ""), self.home):
                hint = "--conda takes the path of a conda, its root prefix, or a name that PATH has."
                raise NoCondaError(f"`{sanitize(each)}` is no conda.", reason, hint)

    def prefixes_of(self, spelled: Sequence[str], inventory: Inventory) -> tuple[str, ...]:
        """The prefixes of environments as they were spelled, each once. Raises UsageError if there is no such one."""
        from condatui_core.analyses.environments import resolve  # noqa: PLC0415 - as above

        words = map(self.spelled_out, spelled)
        known = inventory.environments
        return tuple(
            dict.fromkeys(resolve(known, each, cwd=self.cwd, real_path=os.path.realpath).prefix for each in words)
        )

    def unexpected(self, error: Exception) -> CondatuiError:
        """Log an unforeseen error and describe it."""
        if was_replaced():  # then a module that is imported only now may be of another version
            return replaced_error(error)
        from condatui_core.log import unexpected  # noqa: PLC0415 - as below

        self._open_log(debug=self.debug)  # it may be the first record
        return unexpected(error)

    def _open_log(self, *, debug: bool) -> None:
        from condatui_core.log import log_problem, open_log  # noqa: PLC0415 - `--help` and `--version` log nothing

        open_log(self.locations.log, debug=debug)
        words = "condatui %s %s, Python %s on %s"
        arguments = " ".join(sys.argv[1:])
        logging.getLogger(__name__).debug(words, __version__, arguments, sys.version.split()[0], sys.platform)
        if debug and (problem := log_problem()):
            say(f"condatui: nothing is logged. {problem}")

    def load(
        self, workbench: Workbench | None = None, *, with_journals: bool = False, with_duplicates: bool = False
    ) -> Inventory:
        """Load the complete inventory, in a new workbench unless one is given; with `--snapshots` that of others.

        `with_journals` adds to its problems what journals of jobs tell, `with_duplicates` to the findings of its
        environments to which others they are alike.
        """
        import asyncio  # noqa: PLC0415 - would take a third of the time of `--version`

        if self.snapshots:
            return self.other_machines(workbench).inventory
        last = [Inventory()]
        workbench = workbench or self.workbench()
        asyncio.run(load_into(last, workbench, workbench.load(), with_duplicates=with_duplicates))
        return self.with_journals(workbench, last[0]) if with_journals else last[0]

    def with_journals(self, workbench: Workbench, inventory: Inventory) -> Inventory:
        """The inventory whose problems include what journals of jobs tell."""
        told = workbench.journal_findings()
        return msgspec.structs.replace(inventory, problems=(*inventory.problems, *told)) if told else inventory

    def other_machines(self, workbench: Workbench | None = None) -> OtherMachines:
        """What the snapshots of `--snapshots` tell; UsageError if there are none."""
        import asyncio  # noqa: PLC0415 - as in `load`

        from condatui_core.records.other_machine import OtherMachines  # noqa: PLC0415 - most are about this machine

        last = [OtherMachines()]
        asyncio.run(_keep_last((workbench or self.workbench()).other_machines(self.snapshots), last))
        return last[0]


def _is_path(text: str) -> bool:
    return os.sep in text or text in (os.curdir, os.pardir)


def _is_prefix(path: str) -> bool:
    return os.path.isdir(os.path.join(path, "conda-meta"))


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # deleted while the shell is in it
        return ""


async def find_groups(
    workbench: Workbench, inventory: Inventory, threshold: float | None = None, chosen: Collection[str] = ()
) -> tuple[AlikeGroup, ...]:
    """The groups of alike environments, the `chosen` ones as keepers; without a threshold by that of the settings."""
    working = workbench.working_gpus(inventory)
    return await workbench.groups(inventory, threshold=threshold, chosen=chosen, working_gpu=working)


_Last = TypeVar("_Last")


async def load_into(
    last: list[Inventory], workbench: Workbench, inventories: AsyncIterator[Inventory], *, with_duplicates: bool
) -> None:
    """Keep the last of some inventories, for which see `Invocation.load`."""
    await _keep_last(inventories, last)
    if with_duplicates:
        from condatui_core.analyses.duplicates import with_duplicates as telling  # noqa: PLC0415 - few need it

        last[0] = telling(last[0], await find_groups(workbench, last[0]))


async def _keep_last(inventories: AsyncIterator[_Last], last: list[_Last]) -> None:
    gc.disable()  # records have no cycles, and the process ends after it has printed
    # Not returned: asyncio formats the result of its main task for an error that signal discards, which for an
    # inventory takes longer than loading it.
    async for inventory in inventories:
        last[0] = inventory
