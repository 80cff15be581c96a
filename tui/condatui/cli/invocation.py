"""What a command gets from its process and user, as one object that tests can replace."""

from __future__ import annotations

import gc
import logging
import os
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click
import msgspec
from msgspec import Struct
from msgspec.structs import replace

from condatui.cli.remedies import command_line_words
from condatui.cli.standard_streams import OutputError
from condatui.json_documents import print_json
from condatui_core import __version__
from condatui_core.errors import CondatuiError, NoCondaError, UsageError
from condatui_core.own_package import replaced_error, was_replaced
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.settings import Locations, Settings, expand_home, read_settings
from condatui_core.text import sanitize

if TYPE_CHECKING:
    from condatui_core.workbench import Workbench


# Options of several commands


_Decorated = TypeVar("_Decorated", bound=Callable[..., Any])

version_option = click.version_option(__version__, message="condatui %(version)s")
_AS_JSON = "condatui.json"
"""The key under which a context records `--json`, for later errors."""


def json_flag(help: str) -> Callable[[_Decorated], _Decorated]:  # noqa: A002 - click's name
    """Create the option `--json`: the parameter `as_json`."""
    return click.option("--json", "as_json", is_flag=True, callback=_note_json, help=help)


def _note_json(context: click.Context, _parameter: click.Parameter, as_json: bool) -> bool:
    context.meta[_AS_JSON] = as_json
    return as_json


json_option = json_flag("Print one JSON document.")


def global_options(command: _Decorated) -> _Decorated:
    """Give a command `--conda`, `--root`, `--debug` and `--version`, which work before and after its name."""
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
    help="Log everything that is done; `condatui doctor` shows where.",
)


# Errors: a few lines on stderr and an exit code, never a traceback for what the user can fix


_INTERRUPTED = 130


class ErrorReport(Struct, frozen=True, kw_only=True):
    """What went wrong, where, and what to do."""

    title: str
    """One sentence."""
    detail: str
    """Where it failed, and the error message of the program or system; may have several lines."""
    hint: str
    """What the user can do about it; empty if unknown."""
    exit_code: int
    """The exit code of the command."""


class ErrorDocument(Struct, frozen=True):
    """The document that `--json` prints if a command fails; stderr has the same information."""

    error: ErrorReport
    """Why the command failed."""


class ReportingGroup(click.Group):
    """A group of commands that reports errors, those of its arguments too."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the global options, and note `--json` for errors in the arguments that follow."""
        ctx.meta[_AS_JSON] = "--json" in takewhile(lambda argument: argument != "--", args)
        with _reported(ctx):
            _check_texts(args)
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; its errors become messages and exit codes, and so does Ctrl-C."""
        with _reported(ctx):
            return super().invoke(ctx)


def _check_texts(arguments: Sequence[str]) -> None:
    """UsageError for an argument that the system could take neither for a name nor for a path."""
    if wrong := next((each for each in arguments if "\0" in each), None):
        raise UsageError(f"`{sanitize(wrong)}` has a zero byte in it, which no name or path can have.")


@contextmanager
def _reported(context: click.Context) -> Iterator[None]:
    """Turn errors into messages, and into the document that `--json` promises; Exit with their exit code."""
    try:
        yield
    except click.exceptions.Exit:
        raise
    except (KeyboardInterrupt, click.Abort):
        raise click.exceptions.Exit(_INTERRUPTED) from None
    except BrokenPipeError:  # the reader has seen enough
        raise click.exceptions.Exit(0) from None
    except OutputError:  # the end of the process tells it
        raise click.exceptions.Exit(CondatuiError.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise _failed(context, UsageError(error.format_message(), hint=_usage(error))) from error
    except CondatuiError as error:
        report(error)
        raise _failed(context, error) from error
    except Exception as error:  # the named boundary of commands: the traceback goes to the log
        described = context.obj.unexpected(error)
        report(described)
        raise _failed(context, described) from error


def _failed(context: click.Context, error: CondatuiError) -> click.exceptions.Exit:
    """Print the document about the error if `--json` was given; returns the Exit with its code."""
    if context.meta.get(_AS_JSON):
        with suppress(OSError):  # the reader has closed the pipe
            print_json(ErrorDocument(_described(error)))
    return click.exceptions.Exit(error.exit_code)


def _described(error: CondatuiError) -> ErrorReport:
    hint = command_line_words(error.advice)
    return ErrorReport(title=error.title, detail=error.detail, hint=hint, exit_code=error.exit_code)


def _usage(error: click.ClickException) -> str:
    context = error.ctx if isinstance(error, click.UsageError) else None
    return f"`{context.command_path} --help` shows how it is used." if context else ""


def report(error: CondatuiError) -> None:
    """Print what went wrong, where, and what to do."""
    say(f"condatui: {error.title}")
    for part in (error.detail, command_line_words(error.advice)):
        for line in part.splitlines():
            say(f"  {line}")


def say(message: str) -> None:
    """Print a line for the user, on stderr."""
    click.echo(sanitize(message), err=True)


def say_problems(problems: Sequence[Finding]) -> None:
    """Print the problems of the machine on stderr, so that they do not disturb the output."""
    for problem in problems:
        say(f"condatui: {problem.message} {command_line_words(problem.remedy)}".rstrip())


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
    # A parsing thread yields after half a millisecond instead of five, since handling a key takes a dozen switches.
    sys.setswitchinterval(0.0005)
    app = CondatuiApp(workbench, host=socket.gethostname(), clock=clock, first=first)
    app.run()
    return app.return_code or 0


class Invocation(Struct, frozen=True, kw_only=True):
    """The process, user and global options that a command runs with."""

    environ: Mapping[str, str]
    home: Path
    cwd: str
    clock: Clock
    terminal: bool
    """Whether stdin, stdout and stderr are terminals, so that the workbench can open: Textual draws on stderr."""
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
        """The invocation of this process."""
        return Invocation(
            environ=os.environ,
            home=Path(os.path.expanduser("~")),
            cwd=_working_directory(),
            clock=lambda: datetime.now().astimezone(),
            terminal=all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr)),
        )

    def adding(self, *, conda: tuple[str, ...] = (), roots: tuple[str, ...] = (), debug: bool = False) -> Invocation:
        """The invocation with further executables and root directories, and with `--debug` if given."""
        return replace(
            self,
            conda=(*self.conda, *map(self._named_conda, conda)),
            roots=(*self.roots, *map(self.absolute, roots)),
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
        """The absolute path of a path that the user typed; UsageError for an empty one."""
        if not path:
            raise UsageError("A path is empty.", hint="Perhaps a variable in the command line is not set.")
        return os.path.join(self.cwd, self.spelled_out(path))

    def _named_conda(self, text: str) -> str:
        """The path of a conda that the user named, as a shell finds it: a bare name is looked up in PATH first."""
        found = None if os.sep in text else shutil.which(text, path=self.environ.get("PATH", ""))
        return self.absolute(found or text)

    @property
    def locations(self) -> Locations:
        """Where condatui keeps its own files."""
        return Locations.of_user(self.environ, self.home)

    @property
    def settings(self) -> Settings:
        """The user's settings with those of the command line; UsageError if they are not usable."""
        return self.added_to(read_settings(self.locations.settings_file, self.environ))

    def added_to(self, settings: Settings) -> Settings:
        """These settings with those of the command line added."""
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
        """A workbench for this invocation, with the user's settings unless others are given.

        Raises NoCondaError if a conda of the command line is not there; with other settings it is only a problem.
        """
        if settings is None:
            settings = self.settings
            self._check_condas()
        self._open_log(debug=settings.debug)
        return self.make_workbench(settings, self.locations, self.environ, self.clock)

    def _check_condas(self) -> None:
        if not self.conda:
            return
        from condatui_core.conda.discovery import unusable  # noqa: PLC0415 - as below

        for each in self.conda:
            if reason := unusable(each, self.environ.get("PATH", ""), self.home):
                hint = "--conda takes the path of a conda, its root prefix, or a name that PATH has."
                raise NoCondaError(f"`{sanitize(each)}` is no conda.", reason, hint)

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

    def load(self) -> Inventory:
        """Load the complete inventory."""
        import asyncio  # noqa: PLC0415 - would take a third of the time of `--version`

        gc.disable()  # records have no cycles, and the process ends after it has printed
        last = [Inventory()]
        asyncio.run(_keep_last(self.workbench().load(), last))
        return last[0]


def _working_directory() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:  # deleted while the shell is in it
        return os.sep


async def _keep_last(inventories: AsyncIterator[Inventory], last: list[Inventory]) -> None:
    # Not returned: asyncio formats the result of its main task for an error that signal discards, which for an
    # inventory takes longer than loading it.
    async for inventory in inventories:
        last[0] = inventory
