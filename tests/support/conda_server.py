"""A process that has imported conda, and forks for each call: `SERVER LAUNCHER SITE_PACKAGES SOCKET`.

A fork becomes what the start of a launcher would be: its prefix, variables, directory and streams. Then it runs the
text of that launcher, which sets the rest. The server ends, and kills what is at work, when its stdin is closed.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import marshal
import os
import pkgutil
import re
import select
import signal
import socket
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from types import CodeType, ModuleType
from typing import Any

_HOME = re.compile(r"HOME='([^']*)'")
_PREFIX = re.compile(r'^PREFIX = "(.*)"$', re.MULTILINE)
_PACKAGES = ("conda.cli", "conda.core", "conda.env")
_MODULES = ("conda.resolve", "conda.misc", "conda.history", "conda.gateways.connection.download")
_OTHERS = ("pysat.solvers", "conda_package_handling.api", "conda_package_streaming.package_streaming", "zstandard")


@dataclass
class Order:
    """What the front was started with."""

    launcher: str
    arguments: list[str]
    environ: dict[str, str]
    directory: str
    mask: int
    streams: list[int]


@dataclass
class Server:
    """Accepts orders, forks for them, passes signals on to the forks, and tells the fronts how they have ended."""

    listener: socket.socket
    fronts: dict[int, socket.socket] = field(default_factory=dict)
    """The front of each fork that is at work, by its process."""

    def serve(self) -> Order | None:
        """Go on until the end; in a fork, return what it has to carry out."""
        woken, wake = os.pipe()
        os.set_blocking(wake, False)
        signal.set_wakeup_fd(wake)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        while True:
            waited: list[Any] = [0, woken, self.listener, *self.fronts.values()]
            ready = select.select(waited, [], [])[0]
            if 0 in ready:
                self._end()
            if woken in ready:
                os.read(woken, 4096)
                self._tell_who_has_ended()
            for process, front in [*self.fronts.items()]:
                if front in ready:
                    _pass_on(process, front)
            if self.listener in ready and (order := self._accept()):
                return order

    def _accept(self) -> Order | None:
        front, _ = self.listener.accept()
        order = _received(front)
        if process := os.fork():
            self.fronts[process] = front
            for stream in order.streams:
                os.close(stream)
            return None
        os.setsid()
        for each in (self.listener, front, *self.fronts.values()):
            each.close()
        return order

    def _tell_who_has_ended(self) -> None:
        for process in [*self.fronts]:
            ended, status = os.waitpid(process, os.WNOHANG)
            if ended:
                with self.fronts.pop(process) as front:
                    _send(front, os.waitstatus_to_exitcode(status))

    def _end(self) -> None:
        for process in self.fronts:
            os.killpg(process, signal.SIGKILL)
        place = self.listener.getsockname()
        os.unlink(place)
        os.rmdir(os.path.dirname(place))
        os._exit(0)


def _received(front: socket.socket) -> Order:
    size, streams, _, _ = socket.recv_fds(front, 8, 3)
    length, text = int.from_bytes(size, "big"), b""
    while len(text) < length:
        text += front.recv(length - len(text))
    launcher, arguments, environ, directory, mask = marshal.loads(text)
    return Order(launcher, arguments, environ, directory, mask, streams)


def _send(front: socket.socket, code: int) -> None:
    with contextlib.suppress(OSError):  # it was killed
        front.sendall(code.to_bytes(4, "big", signed=True))


def _pass_on(process: int, front: socket.socket) -> None:
    """Send a process the signal that its front has got; a front that was killed leaves it no life of its own."""
    with contextlib.suppress(OSError):  # it has ended
        got = front.recv(1)
        os.kill(process, got[0]) if got else os.killpg(process, signal.SIGKILL)


def _run_text(text: str, name: str, file: str) -> None:
    code: CodeType = compile(text, file, "exec")
    module = ModuleType(name)
    module.__file__ = file
    sys.modules[name] = module
    exec(code, module.__dict__)


def _text_of(launcher: str) -> str:
    with open(launcher, encoding="utf-8") as file:
        return file.read()


def _import_all(launcher: str) -> None:
    """Import what calls of conda need, after the changes that a launcher makes before it imports the rest."""
    kept = dict(os.environ)
    _run_text(_text_of(launcher), "launcher", launcher)
    os.environ.clear()
    os.environ.update(kept)
    names = [*_MODULES, *_OTHERS]
    for package in map(importlib.import_module, _PACKAGES):
        names += [each.name for each in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")]
    for name in names:
        with contextlib.suppress(Exception):  # some are for Windows, or need what is not installed
            importlib.import_module(name)
    gc.collect()
    gc.freeze()  # a fork that looks at all that again would copy it


def _become(order: Order, prefix: str) -> None:
    """Be what the start of the launcher would be."""
    for descriptor, stream in enumerate(order.streams):
        os.dup2(stream, descriptor)
        os.close(stream)
    for number in (signal.SIGCHLD, signal.SIGINT):
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    os.chdir(order.directory)
    os.umask(order.mask)
    os.environ.clear()
    os.environ.update(order.environ)
    time.tzset()
    sys.prefix = sys.exec_prefix = prefix
    sys.executable = os.path.join(prefix, "bin", "python")
    sys.argv = [order.launcher, *order.arguments]
    for descriptor, (name, mode) in enumerate((("stdin", "r"), ("stdout", "w"), ("stderr", "w"))):
        errors = "backslashreplace" if name == "stderr" else None
        opened = open(descriptor, mode, closefd=False, encoding="utf-8", errors=errors)  # noqa: SIM115
        setattr(sys, name, opened)
        setattr(sys, f"__{name}__", opened)


def main() -> None:
    """Serve; the text of a launcher ends a fork by SystemExit, as it ends any Python."""
    if os.fork():  # so that it is no child of pytest, where tests look for processes that are left
        os._exit(0)
    launcher, site_packages, place = sys.argv[1:]
    python_path = [*sys.path[1:]]
    prefix = os.path.dirname(os.path.dirname(launcher))
    sys.prefix = sys.exec_prefix = prefix
    sys.path[:] = [*python_path, site_packages]
    _import_all(launcher)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.bind(place)
    listener.listen(64)
    os.write(1, b"%d\n" % os.getpid())
    order = Server(listener).serve()
    assert order
    text = _text_of(order.launcher)
    stated = _PREFIX.search(text)
    assert stated
    _become(order, stated[1])
    own = os.path.join(prefix, "lib")
    sys.path[:] = [*python_path, site_packages.replace(own, os.path.join(sys.prefix, "lib"))]
    _look_again(text)
    _end_with(lambda: _run_text(text, "__main__", order.launcher))


def _look_again(text: str) -> None:
    """Correct what conda has found out while it was imported: where it is configured, and whether it has a terminal."""
    contexts: Any = sys.modules["conda.base.context"]
    home = _HOME.search(text)
    assert home
    contexts.user_rc_path = os.path.join(home[1], ".condarc")
    contexts.sys_rc_path = os.path.join(sys.prefix, ".condarc")
    modules: list[Any] = [each for name, each in sys.modules.items() if name.startswith("conda.")]
    for module in modules:
        if hasattr(module, "IS_INTERACTIVE"):
            module.IS_INTERACTIVE = sys.stdout.isatty()


def _end_with(run: Callable[[], None]) -> None:
    """Run it and end as Python does, but for the hundreds of modules that it would take apart."""
    code = 0
    try:
        run()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else bool(ended.code)
    except BaseException:  # noqa: BLE001 - where Python prints it as well
        code = 1
        traceback.print_exc()
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):
            stream.flush()
    os._exit(code)


if __name__ == "__main__":
    main()
