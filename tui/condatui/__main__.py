"""The entry point of `condatui` and `python -m condatui`."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from condatui.cli.invocation import Invocation, report
from condatui.cli.main import open_workbench
from condatui_core.errors import CondatuiError


def main() -> None:
    """Run the command line of this process."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal that does not speak UTF-8 gets escapes for what it cannot show, not a traceback.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    if len(sys.argv) == 1:
        sys.exit(_open())
    from condatui.cli.main import condatui  # noqa: PLC0415 - opening the workbench needs no parser

    condatui.main(prog_name="condatui", obj=Invocation.of_process())


def _open() -> int:
    invocation = Invocation.of_process()
    try:
        return open_workbench(invocation)
    except CondatuiError as error:
        report(error)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # noqa: BLE001 - the named boundary of the workbench: the traceback goes to the log
        report(invocation.unexpected(error))
        return CondatuiError.exit_code


if __name__ == "__main__":
    main()
