"""`conda curate`: condatui as a command of the conda that it is installed beside.

conda imports this module at every start, so it imports nothing of condatui before the command is run.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence

from conda.plugins import hookimpl  # pyright: ignore[reportMissingImports] - conda imports this, so it is there
from conda.plugins.types import CondaSubcommand  # pyright: ignore[reportMissingImports] - as above


@hookimpl  # type: ignore[untyped-decorator] # conda's, of which there are no types here
def conda_subcommands() -> Iterator[CondaSubcommand]:
    """The commands that condatui adds to conda."""
    yield CondaSubcommand(
        name="curate", summary="Look at, compare and change the environments of this machine (condatui).", action=_run
    )


def _run(arguments: Sequence[str]) -> int:
    """Run condatui with these arguments, on this conda unless the user's variables name another one."""
    from condatui.__main__ import main  # noqa: PLC0415 - conda must not wait for it

    os.environ.setdefault("CONDA_EXE", os.path.join(sys.prefix, "bin", "conda"))
    sys.argv = ["condatui", *arguments]
    try:
        main()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    return 0
