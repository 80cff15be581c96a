"""`make profile`: where the time goes from the start of the process until the workbench has drawn the first name."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pexpect

_ROOT = Path(__file__).parents[1]
_SANDBOX = _ROOT / ".sandbox"
_PAGE = _ROOT / ".profile" / "start.html"
_SESSION = _PAGE.with_suffix(".pyisession")
_DEMO = ["condatui", "demo", "--dir", str(_SANDBOX)]
_FIRST_NAME = "base"
_SECONDS = 120


def _pyinstrument(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "pyinstrument", *map(str, arguments)]


def main() -> None:
    """Open the workbench in a terminal under the profiler, close it at once, and report."""
    _PAGE.parent.mkdir(exist_ok=True)
    # Builds the sandbox and the bytecode, which are no part of a usual start.
    subprocess.run([sys.executable, "-m", *_DEMO, "--list"], check=True, stdout=subprocess.DEVNULL)
    program, *arguments = _pyinstrument("-o", _SESSION, "-r", "pyisession", "-m", *_DEMO)
    child = pexpect.spawn(program, arguments, dimensions=(40, 140), timeout=_SECONDS)
    child.expect_exact(_FIRST_NAME)
    child.send("q")
    child.expect(pexpect.EOF)
    subprocess.run(_pyinstrument("--load", _SESSION, "-o", _PAGE, "-r", "html"), check=True)
    subprocess.run(_pyinstrument("--load", _SESSION, "-p", "processor_options.filter_threshold=0.02"), check=True)
    print(f"The whole of it: {_PAGE.relative_to(_ROOT)}")


if __name__ == "__main__":
    main()
