"""The collector as one script for the `python3` of a machine that has no condatui, and the command that starts it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Literal

from condatui_core.collector.main import BEGIN, END
from condatui_core.fs.safe_read import read_bounded

Remote = Literal["auto", "installed", "piped"]
"""What makes the snapshot there: the condatui that is installed, if it can; always that one; or the piped script."""

_PACKAGE = "condatui_core.collector"
_MODULES = ("credentials", "reading", "places", "conda_records", "distributions", "sizes", "snapshot", "main")
"""In the order in which they import each other."""
_LARGEST = 1 << 20
_SCRIPT = '''\
import sys

if sys.version_info < (3, 6):
    sys.exit("condatui: the collector needs Python 3.6, and this is Python %d.%d" % sys.version_info[:2])

import types


def load(name, source):
    """Make a module of its source, as if it had been imported."""
    module = types.ModuleType(name)
    module.__file__ = name
    module.__path__ = []
    sys.modules[name] = module
    exec(compile(source, name, "exec"), module.__dict__)
    return module


for name, source in {modules}:
    last = load(name, source)
last.main({version})
'''
_PYTHONS = ("python3", "/usr/bin/python3", "/usr/libexec/platform-python")
"""The last one is the system's own on Red Hat 8, where nothing else need be installed."""
_PATH = 'PATH="$PATH:$HOME/.local/bin:$HOME/bin"'
"""Where pip and pipx put a condatui; a shell that is no login shell may not look there."""
_INSTALLED = "command -v condatui >/dev/null 2>&1 && condatui snapshot --help >/dev/null 2>&1 </dev/null"


@cache
def collector_script(version: str) -> str:
    """The collector as one script, plain ASCII; it takes its arguments after the `-` of `python3 -`.

    A zipapp would have to lie in a file on the machine, and the collector writes none. `version` is condatui's own.
    """
    directory = Path(__file__).parent.parent / "collector"
    sources = ((name, read_bounded(str(directory / f"{name}.py"), _LARGEST).decode()) for name in _MODULES)
    modules = [("condatui_core", ""), (_PACKAGE, ""), *((f"{_PACKAGE}.{name}", source) for name, source in sources)]
    return _SCRIPT.format(modules=ascii(modules), version=ascii(version))


def remote_command(remote: Remote, arguments: Sequence[str], *, seconds: float) -> str:
    """What a login shell there is asked to run, be it sh, csh or fish: one line without `!`.

    What it says stands between the two marks. `arguments` go to `condatui snapshot` or the script alike; the script
    ends itself after `seconds`, and so does condatui where there is a `timeout`.
    """
    given = shlex.join(arguments)
    installed = f"{_bounded(seconds)} condatui snapshot -o - {given} </dev/null".replace("  ", " ")
    framed = f"{{ echo {BEGIN}; {{ {installed} || echo condatui-failed $? >&2; }} | base64; echo {END}; }}"
    options = shlex.join(("--lines", "--seconds", f"{seconds:g}", *arguments))
    tries = "; ".join(f"command -v {each} >/dev/null 2>&1 && exec {each} -I -S -B - {options}" for each in _PYTHONS)
    piped = f"{tries}; echo condatui: there is no python3 >&2; exit 127"
    if remote == "installed":
        missing = "echo condatui: there is no condatui that can make a snapshot >&2; exit 127"
        line = f"if {_INSTALLED}; then {framed}; else {missing}; fi"
    elif remote == "piped":
        line = piped
    else:
        line = f"if {_INSTALLED}; then {framed}; else {piped}; fi"
    return f"exec sh -c {shlex.quote(f'{_PATH}; {line}')}"


def _bounded(seconds: float) -> str:
    return f"$(command -v timeout >/dev/null 2>&1 && echo timeout {seconds:g})"
