"""What a command gets from its surroundings, so that tests can give it others."""

from __future__ import annotations

import gc
import logging
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui.cli.remedies import command_line_words
from condatui.json_documents import print_json
from condatui_core import __version__
from condatui_core.errors import CondatuiError
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.settings import Locations, Settings, expand_home, read_settings
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


# Options that several commands have.


_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

version_option = click.version_option(__version__, message="condatui %(version)s")
_AS_JSON = "condatui.json"
"""What a context notes of `--json`, for what goes wrong afterwards."""


def json_flag(help: str) -> Callable[[_Decorated], _Decorated]:  # noqa: A002 - click's word
    """Make the option `--json`: the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, callback=_note_json, help=help)


def _note_json(context: click.Context, _parameter: click.Parameter, as_json: bool) -> bool:
    context.meta[_AS_JSON] = as_json
    return as_json


json_option = json_flag("Print one JSON document.")


def global_options(command: _Decorated) -> _Decorated:
    """Give a command `--conda`, `--root`, `--debug` and `--version`, which hold before and after its name."""
    for option in (version_option, _debug, _root, _conda):
        command = option(command)
    return command


def _add_conda(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    context.obj = context.obj.adding(conda=paths)


def _add_roots(context: click.Context, _parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    context.obj = context.obj.adding(roots=paths)


def _set_debug(context: click.Context, _parameter: click.Parameter, debug: bool) -> None:
    context.obj = context.obj.adding(debug=debug)


_conda = click.option(
    "--conda",
    type=click.Path(),
    multiple=True,
    expose_value=False,
    callback=_add_conda,
    help="Use this conda executable too; may be given again.",
)
_root = click.option(
    "--root",
    type=click.Path(),
    multiple=True,
    expose_value=False,
    callback=_add_roots,
    help="Look for environments in this directory too; may be given again.",
)
_debug = click.option(
    "--debug",
    is_flag=True,
    expose_value=False,
    callback=_set_debug,
    help="Log all that is done; `condatui doctor` says where.",
)


# Where errors end: a few lines on stderr and an exit code, never a traceback for what the user can mend.


_INTERRUPTED = 130


class ErrorReport(Struct, frozen=True, kw_only=True):
    """What went wrong, where, and what to do."""

    title: str
    """One sentence."""
    detail: str
    """Where, and the words of whoever refused; may have several lines."""
    hint: str
    """What the user can do about it; empty if nothing is known."""
    exit_code: int
    """What the command exits with."""


class ErrorDocument(Struct, frozen=True):
    """What is printed with `--json` when a command comes to nothing; the same is said on stderr."""

    error: ErrorReport
    """Why nothing came of it."""


def _described(error: CondatuiError) -> ErrorReport:
    return ErrorReport(title=error.title, detail=error.detail, hint=error.hint, exit_code=error.exit_code)


class ReportingGroup(click.Group):
    """A group of commands that says what went wrong."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; its errors become messages and exit codes, and so does Ctrl-C."""
        try:
            return super().invoke(ctx)
        except CondatuiError as error:
            report(error)
            if ctx.meta.get(_AS_JSON):
                with suppress(OSError):  # nobody listens any more
                    print_json(ErrorDocument(_described(error)))
            raise click.exceptions.Exit(error.exit_code) from error
        except KeyboardInterrupt:
            raise click.exceptions.Exit(_INTERRUPTED) from None
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise  # click has words and exit codes for these
        except Exception as error:  # the named boundary of commands: the traceback goes to the log
            report(ctx.obj.unexpected(error))
            raise click.exceptions.Exit(CondatuiError.exit_code) from error


def report(error: CondatuiError) -> None:
    """Say what went wrong, where, and what to do."""
    say(f"condatui: {error.title}")
    for part in (error.detail, command_line_words(error.advice)):
        for line in part.splitlines():
            say(f"  {line}")


def say(message: str) -> None:
    """Print a line for the user, on stderr."""
    click.echo(sanitize(message), err=True)


def say_problems(problems: Sequence[Finding]) -> None:
    """Say what is wrong with the machine, which spoils no output."""
    for problem in problems:
        say(f"condatui: {problem.message} {command_line_words(problem.remedy)}".rstrip())


Clock = Callable[[], datetime]
"""Says what time it is, with the local zone."""

MakeWorkbench = Callable[[Settings, Locations, Mapping[str, str], Clock], "Workbench"]
RunApp = Callable[["Workbench", Clock], int]


def _make_workbench(settings: Settings, locations: Locations, environ: Mapping[str, str], clock: Clock) -> Workbench:
    from condatui_core.workbench import Workbench  # noqa: PLC0415 - `--help` and `--version` need none

    return Workbench(settings, locations, environ=environ, clock=clock)


def _run_app(workbench: Workbench, clock: Clock) -> int:
    gc.disable()  # until the first picture stands: what is imported stays, so there is nothing to collect
    with ThreadPoolExecutor(1) as pool:
        glance = pool.submit(workbench.glance)  # while Textual is imported, so that the first picture has names
        from condatui.app import CondatuiApp  # noqa: PLC0415 - Textual is for those who open the workbench

        first = glance.result()
    # A thread that parses gives way to a key press after half a millisecond, not five: a key takes a dozen turns.
    sys.setswitchinterval(0.0005)
    app = CondatuiApp(workbench, host=socket.gethostname(), clock=clock, first=first)
    app.run()
    return app.return_code or 0


class Invocation(Struct, frozen=True, kw_only=True):
    """Where, when and for whom a command runs."""

    environ: Mapping[str, str]
    home: Path
    cwd: str
    clock: Clock
    terminal: bool
    """Whether someone sits at all ends, so that the workbench can open: Textual draws on stderr."""
    conda: tuple[str, ...] = ()
    """What `--conda` adds to the settings."""
    roots: tuple[str, ...] = ()
    """What `--root` adds to the settings."""
    debug: bool = False
    """Whether `--debug` was given."""
    make_workbench: MakeWorkbench = _make_workbench
    run_app: RunApp = _run_app

    @staticmethod
    def of_process() -> Invocation:
        """The surroundings of this very process."""
        return Invocation(
            environ=os.environ,
            home=Path(os.path.expanduser("~")),
            cwd=_working_directory(),
            clock=lambda: datetime.now().astimezone(),
            terminal=all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)),
        )

    def adding(self, *, conda: tuple[str, ...] = (), roots: tuple[str, ...] = (), debug: bool = False) -> Invocation:
        """The same with more executables and directories to look at, and with more in the log."""
        return replace(
            self,
            conda=(*self.conda, *map(self.absolute, conda)),
            roots=(*self.roots, *map(self.absolute, roots)),
            debug=self.debug or debug,
        )

    def spelled_out(self, text: str) -> str:
        """What the user typed, an environment or a path, with their home for `~`: `--root=~/x` comes as it is."""
        return expand_home(text, self.home)

    def environment(self, inventory: Inventory, text: str) -> Environment:
        """The environment that the user typed by its name or its prefix; UsageError if it is none, or several."""
        from condatui_core.analyses.environments import resolve  # noqa: PLC0415 - `--help` and `--version` need none

        return resolve(inventory.environments, self.spelled_out(text), cwd=self.cwd, real_path=os.path.realpath)

    def absolute(self, path: str) -> str:
        """A path that the user typed, from the root on."""
        return os.path.join(self.cwd, self.spelled_out(path))

    @property
    def locations(self) -> Locations:
        """Where condatui keeps its own files."""
        return Locations.of_user(self.environ, self.home)

    @property
    def settings(self) -> Settings:
        """The user's settings and what the command line adds; UsageError if they cannot be used."""
        return self.added_to(read_settings(self.locations.settings_file, self.environ))

    def added_to(self, settings: Settings) -> Settings:
        """These settings and what the command line adds."""
        return msgspec.structs.replace(
            settings,
            conda=(*self.conda, *settings.conda),
            roots=(*settings.roots, *self.roots),
            debug=self.debug or settings.debug,
        )

    @property
    def given(self) -> frozenset[str]:
        """The settings that the command line changes."""
        return frozenset(name for name in ("conda", "roots", "debug") if getattr(self, name))

    def workbench(self, settings: Settings | None = None) -> Workbench:
        """A workbench on these surroundings, with the user's settings unless others are given."""
        settings = settings or self.settings
        self._open_log(debug=settings.debug)
        return self.make_workbench(settings, self.locations, self.environ, self.clock)

    def unexpected(self, error: Exception) -> CondatuiError:
        """Log an error that nobody has thought of, and put it in words."""
        from condatui_core.log import unexpected  # noqa: PLC0415 - as below

        self._open_log(debug=self.debug)  # it may be the first thing there is to log
        return unexpected(error)

    def _open_log(self, *, debug: bool) -> None:
        from condatui_core.log import open_log  # noqa: PLC0415 - `--help` and `--version` log nothing

        open_log(self.locations.log, debug=debug)
        words = "condatui %s %s, Python %s on %s"
        arguments = " ".join(sys.argv[1:])
        logging.getLogger(__name__).debug(words, __version__, arguments, sys.version.split()[0], sys.platform)

    def load(self) -> Inventory:
        """Load all there is to know."""
        import asyncio  # noqa: PLC0415 - a third of what `--version` would take

        gc.disable()  # records hold no cycles, and the process ends when it has printed
        last = [Inventory()]
        asyncio.run(_keep_last(self.workbench().load(), last))
        return last[0]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # removed under the shell's feet
        return os.sep


async def _keep_last(inventories: AsyncIterator[Inventory], last: list[Inventory]) -> None:
    # Not returned: asyncio prints the result of its main task into an error that signal throws away, which for an
    # inventory takes longer than to load it.
    async for inventory in inventories:
        last[0] = inventory
