"""`make cold-start`: what each start imports, in milliseconds and modules, each in processes of its own."""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys

_RUNS = 5
_IMPORTS = ("condatui_core", "condatui.app")

_MEASURE = """
import contextlib, io, json, sys, time
before, start, silent = set(sys.modules), time.perf_counter(), io.StringIO()
with contextlib.redirect_stdout(silent), contextlib.suppress(SystemExit):
    {statement}
took = time.perf_counter() - start
print(json.dumps([took * 1000, len(set(sys.modules) - before), silent.getvalue()]))
"""


def _in_a_process(statement: str) -> tuple[float, int, str]:
    """Milliseconds, modules and output of one statement in a fresh interpreter."""
    argv = [sys.executable, "-c", _MEASURE.format(statement=statement)]
    took, modules, output = json.loads(subprocess.run(argv, capture_output=True, check=True, text=True).stdout)
    return took, modules, output


def _line(label: str, statement: str) -> str:
    runs = [_in_a_process(statement) for _ in range(_RUNS)]
    return f"{label:<24} {statistics.median(took for took, _, _ in runs):7.0f} {runs[0][1]:9}"


def _command(*words: str) -> str:
    """A statement that runs the command line up to its help: all that it imports before it begins to work."""
    return f"sys.argv = {['condatui', *words, '--help']}; from condatui.__main__ import main; main()"


def main() -> None:
    """Print a line for each import and each command."""
    print(f"{'median of ' + str(_RUNS):<24} {'ms':>7} {'modules':>9}")
    for module in _IMPORTS:
        print(_line(f"import {module}", f"import {module}"), flush=True)
    listed = _in_a_process(_command())[2].partition("Commands:")[2]
    for name in ("", *re.findall(r"^  (\S+)", listed, re.MULTILINE)):
        print(_line(f"condatui {name} --help".replace("  ", " "), _command(*name.split())), flush=True)


if __name__ == "__main__":
    main()
