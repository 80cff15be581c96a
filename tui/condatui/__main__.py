"""The entry point of `condatui` and `python -m condatui`, which imports only what this call of it needs."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress

from condatui.cli import COMPLETE_VARIABLE


def main() -> None:
    """Run the command line of this process."""
    opens = len(sys.argv) == 1 and COMPLETE_VARIABLE not in os.environ
    if opens:
        gc.disable()  # until the first picture is shown: what is imported stays, so there is nothing to collect
    from condatui.cli.standard_streams import guarded_standard_streams  # noqa: PLC0415 - what is imported is collected

    with guarded_standard_streams() as output:
        code = _open() if opens else _complete() if COMPLETE_VARIABLE in os.environ else _run_command()
        if problem := output.finish():
            from condatui.cli.stderr import report  # noqa: PLC0415 - only a failure needs it
            from condatui_core.errors import CondatuiError  # noqa: PLC0415 - as above

            report(CondatuiError("The output could not be written.", problem))
            code = code or CondatuiError.exit_code
    gc.freeze()  # an interpreter that ends would look through all records for garbage
    sys.exit(code)


def _run_command() -> int:
    from condatui.cli.invocation import Invocation  # noqa: PLC0415 - the workbench does without click
    from condatui.cli.main import condatui  # noqa: PLC0415 - as above

    code = condatui.main(prog_name="condatui", obj=Invocation.of_process(), standalone_mode=False)
    return code if isinstance(code, int) else 0


def _complete() -> int:
    """Answer a shell that completes a command line, and never disturb what the user types."""
    from condatui.cli.invocation import Invocation  # noqa: PLC0415 - as above
    from condatui.cli.main import condatui  # noqa: PLC0415 - as above

    invocation = Invocation.of_process()
    try:
        with suppress(SystemExit):  # click's way to end
            condatui.main(prog_name="condatui", obj=invocation, standalone_mode=False)
    except Exception as error:  # noqa: BLE001 - the named boundary of completion: the traceback goes to the log
        return invocation.unexpected(error).exit_code
    return 0


def _open() -> int:
    from condatui.cli.invocation import Invocation  # noqa: PLC0415 - after collecting is turned off
    from condatui.cli.opening import open_workbench  # noqa: PLC0415 - as above
    from condatui.cli.stderr import report  # noqa: PLC0415 - as above
    from condatui_core.errors import CondatuiError  # noqa: PLC0415 - as above

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
