"""The entry point of `condatui` and `python -m condatui`."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from condatui.cli.completion import COMPLETE_VARIABLE
from condatui.cli.invocation import Invocation
from condatui.cli.main import condatui, open_workbench
from condatui.cli.reporting import report
from condatui.cli.standard_streams import guarded_standard_streams
from condatui_core.errors import CondatuiError


def main() -> None:
    """Run the command line of this process."""
    with guarded_standard_streams() as output:
        code = _complete() if COMPLETE_VARIABLE in os.environ else _open() if len(sys.argv) == 1 else _run_command()
        if problem := output.finish():
            report(CondatuiError("The output could not be written.", problem))
            code = code or CondatuiError.exit_code
    gc.freeze()  # an interpreter that ends would look through all records for garbage
    sys.exit(code)


def _run_command() -> int:
    code = condatui.main(prog_name="condatui", obj=Invocation.of_process(), standalone_mode=False)
    return code if isinstance(code, int) else 0


def _complete() -> int:
    """Answer a shell that completes a command line, and never disturb what the user types."""
    invocation = Invocation.of_process()
    try:
        with suppress(SystemExit):  # click's way to end
            condatui.main(prog_name="condatui", obj=invocation, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the named boundary of completion: the traceback goes to the log
        return invocation.unexpected(error).exit_code
    return 0


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
