"""Run processes inside a sandbox."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from condatui_core.errors import CondaError
from condatui_core.sandbox.layout import Layout

_LAST_LINES = 15
_SECONDS = 300


def run_conda(layout: Layout, *arguments: str) -> str:
    """Run the sandbox's conda and return what it prints; raises CondaError with its words if it fails."""
    return run_process([str(layout.conda), *arguments], layout)


def run_process(argv: Sequence[str], layout: Layout) -> str:
    """Run a command in the sandbox's environment and return its stdout; raises CondaError if it fails."""
    try:
        done = subprocess.run(
            argv,
            env=layout.environ(),
            cwd=layout.home,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=_SECONDS,
            check=True,
        )
    except subprocess.CalledProcessError as error:
        words = f"{error.stdout}\n{error.stderr}".strip().splitlines()
        detail = "\n".join([" ".join(argv), *words[-_LAST_LINES:]])
        raise CondaError(f"The sandbox could not be made: exit code {error.returncode}.", detail) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CondaError("The sandbox could not be made.", f"{' '.join(argv)}\n{error}") from error
    return done.stdout
