"""A Python that cannot be copied away from its home is linked to instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_sandbox.layout import Interpreter
from condatui_sandbox.packages import python_files


def test_a_copy_of_this_python_runs(tmp_path: Path) -> None:
    interpreter = Interpreter.running().tried_in(tmp_path / "try")
    assert interpreter.movable
    python = next(iter(python_files(interpreter, size=0)))
    assert (python.path, python.target) == (f"bin/python{interpreter.minor}", "")
    assert python.content == interpreter.executable.read_bytes()


@pytest.mark.parametrize("script", ["#!/bin/sh\nexit 1\n", "#!/bin/sh\necho /usr\n", "no program at all"])
def test_one_that_does_not_run_elsewhere_becomes_a_symlink(tmp_path: Path, script: str) -> None:
    executable = tmp_path / "python"
    executable.write_text(script)
    executable.chmod(0o755)
    interpreter = Interpreter(executable, "3.12.1").tried_in(tmp_path / "try")
    assert not interpreter.movable
    python = next(iter(python_files(interpreter, size=0)))
    assert (python.path, python.target) == ("bin/python3.12", str(executable))
