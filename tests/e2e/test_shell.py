"""A shell that is opened from the workbench, on a real conda and in a real terminal, and the way back."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from condatui_sandbox import Sandbox
from support.terminal import Terminal
from support.tiers import thorough


@contextmanager
def shell_in_nlp_base(sandbox: Sandbox, own: Path, shell: str) -> Iterator[Terminal]:
    environ = dict(sandbox.environ) | {
        "CONDATUI_HOME": str(own),
        "CONDATUI_USUAL_PLACES": "0",
        "SHELL": str(shutil.which(shell)),
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }
    with Terminal([sys.executable, "-m", "condatui"], environ=environ) as terminal:
        terminal.wait_for(lambda screen: "nlp-base" in screen and "reading" not in screen and "asking" not in screen)
        terminal.press("/nlp-base")
        terminal.press("\r")
        terminal.wait_for("filter")
        terminal.press("o")
        terminal.wait_for("nlp-base is active in this shell; exit leads back to condatui.")
        terminal.wait_for("(nlp-base) ")
        yield terminal


def test_conda_activates_and_exit_leads_back(sandbox: Sandbox, tmp_path: Path) -> None:
    with shell_in_nlp_base(sandbox, tmp_path, "bash") as terminal:
        terminal.press('[ "$(command -v python)" = "$CONDA_PREFIX/bin/python" ] && echo "<$CONDA_DEFAULT_ENV>"\r')
        terminal.wait_for("<nlp-base>")
        terminal.press("exit 3\r")
        terminal.wait_for("The shell in nlp-base has ended with exit code 3.")
        terminal.wait_for("? help")
        terminal.press("o")
        terminal.wait_for(lambda screen: "is active in this shell" in screen and "(nlp-base) " in screen)
        terminal.press("kill -9 $$\r")
        terminal.wait_for("The shell in nlp-base has ended by signal 9.")
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert [*(tmp_path / "state" / "private").iterdir()] == []


@pytest.mark.parametrize("number", [signal.SIGHUP, *thorough([signal.SIGTERM])])
def test_a_workbench_that_has_to_end_takes_its_shell_along(
    sandbox: Sandbox, tmp_path: Path, number: signal.Signals
) -> None:
    with shell_in_nlp_base(sandbox, tmp_path, "bash") as terminal:
        (shell,) = (each for each in psutil.Process(terminal.pid).children() if each.name() == "bash")
        os.kill(terminal.pid, number)
        assert terminal.wait_for_exit() == 128 + number
        assert psutil.wait_procs([shell], timeout=10)[1] == []
    assert [*(tmp_path / "state" / "private").iterdir()] == []
