"""condatui in forks of a process that has imported it already, so that a call costs no start of a Python."""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from condatui import __main__ as program
from condatui import cli


class WarmCondatui:
    """Runs condatui with its streams as a shell would open or close them."""

    def __init__(self, directory: Path, environ: Mapping[str, str]) -> None:
        self._outputs = [directory / "stdout", directory / "stderr"]
        self._server = subprocess.Popen(
            [sys.executable, "-m", "support.warm_condatui"],
            env=dict(environ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def run(
        self, arguments: Sequence[str], home: Path, *, closed: Sequence[int] = (), full: Sequence[int] = ()
    ) -> subprocess.CompletedProcess[str]:
        """Run condatui with these streams closed, or led to a full disk."""
        assert self._server.stdin and self._server.stdout
        opened = [os.devnull, *map(str, self._outputs)]
        opened = ["" if each in closed else "/dev/full" if each in full else path for each, path in enumerate(opened)]
        for output in self._outputs:
            output.write_bytes(b"")
        self._server.stdin.write(json.dumps([list(arguments), str(home), opened]) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        return subprocess.CompletedProcess(
            arguments, code, *(each.read_text(errors="replace") for each in self._outputs)
        )

    def close(self) -> None:
        """End the process."""
        self._server.communicate()


def _serve() -> None:
    """Fork for each call; only a fork returns from here before the end, to run it and to end as any Python does."""
    commands = (module.name for module in pkgutil.walk_packages(cli.__path__, f"{cli.__name__}."))
    for name in (*commands, "condatui_core.workbench"):
        importlib.import_module(name)
    gc.freeze()  # nor does a fork look at all that again when it ends
    for line in sys.stdin:
        arguments, home, opened = json.loads(line)
        child = os.fork()
        if not child:
            _stand_in(home, opened)
            sys.argv = ["condatui", *arguments]
            program.main()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _stand_in(home: str, opened: Sequence[str]) -> None:
    """Let the streams of this process, and what Python makes of them, be as at the start of one."""
    os.chdir(home)
    os.environ.update(HOME=home, CONDATUI_HOME=os.path.join(home, "own"))
    for descriptor, path in enumerate(opened):
        os.close(descriptor)
        if path:
            place = os.open(path, os.O_RDWR)  # the lowest that is free, unless one below it stays closed
            if place != descriptor:
                os.dup2(place, descriptor)
                os.close(place)
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(descriptor) if opened[descriptor] else None
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _stream(descriptor: int) -> IO[str]:
    if not descriptor:
        return open(0, closefd=False)
    if descriptor == 1:
        return open(1, "w", closefd=False)
    return open(2, "w", buffering=1, errors="backslashreplace", closefd=False)


if __name__ == "__main__":
    _serve()
