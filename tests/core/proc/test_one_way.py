"""Processes are started in one place, where they are bounded and ended; everything else goes through it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condatui
import condatui_core
import condatui_sandbox

_STARTERS = {
    "subprocess": ("Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput"),
    "asyncio": ("create_subprocess_exec", "create_subprocess_shell"),
    "asyncio.subprocess": ("create_subprocess_exec", "create_subprocess_shell"),
    "os": (
        *("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen", "startfile"),
        *("execl", "execle", "execlp", "execlpe", "execv", "execve", "execvp", "execvpe"),
        *("spawnl", "spawnle", "spawnlp", "spawnlpe", "spawnv", "spawnve", "spawnvp", "spawnvpe"),
    ),
    "pty": ("fork", "spawn"),
    "psutil": ("Popen",),
    "multiprocessing": ("Process", "Pool", "get_context"),
    "concurrent.futures": ("ProcessPoolExecutor",),
}
_NAMES = frozenset(f"{module}.{name}" for module, names in _STARTERS.items() for name in names)
_METHODS = frozenset({"subprocess_exec", "subprocess_shell"})
"""Of an event loop, whatever it is called."""
_WORDS = _METHODS | {name for names in _STARTERS.values() for name in names}
"""One of these stands in the text of each module that starts a process."""

_EXCEPTIONS = {
    # The walk's workers are forks without exec, which start in a tenth of the time and share what is imported. Their
    # parent is a child of proc's and in its group, so that they are ended with it.
    ("condatui_core.disk.workers", "os.fork"),
}


def starters_in(source: str) -> Iterator[str]:
    """Name what a module uses, by whatever name, that starts a process."""
    if not any(each in source for each in _WORDS):
        return
    tree = ast.parse(source)
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            top = {each.name.partition(".")[0] for each in node.names}
            known |= {name: name for name in top} | {each.asname: each.name for each in node.names if each.asname}
        elif isinstance(node, ast.ImportFrom) and node.module:
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
            yield from (name for each in node.names if (name := f"{node.module}.{each.name}") in _NAMES)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            name = _dotted(node, known)
            if name in _NAMES:
                yield name
            elif node.attr in _METHODS:
                yield node.attr


def _dotted(node: ast.expr, known: dict[str, str]) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value, known)}.{node.attr}"
    return known.get(node.id, "") if isinstance(node, ast.Name) else ""


def found_in(root: str) -> set[tuple[str, str]]:
    top = Path(root).parent
    return {
        (".".join(path.relative_to(top.parent).with_suffix("").parts), name)
        for path in top.rglob("*.py")
        for name in starters_in(path.read_text(encoding="utf-8"))
    }


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import subprocess\nsubprocess.run([])", ["subprocess.run"]),
        ("import subprocess as sp\nstart = sp.Popen", ["subprocess.Popen"]),
        ("from subprocess import check_output as ask", ["subprocess.check_output"]),
        ("import asyncio\nasyncio.create_subprocess_exec()", ["asyncio.create_subprocess_exec"]),
        (
            "import asyncio.subprocess\nasyncio.subprocess.create_subprocess_shell",
            ["asyncio.subprocess.create_subprocess_shell"],
        ),
        (
            "from asyncio import subprocess\nsubprocess.create_subprocess_exec",
            ["asyncio.subprocess.create_subprocess_exec"],
        ),
        ("loop().subprocess_exec(protocol)", ["subprocess_exec"]),
        ("import os\nos.fork(), os.posix_spawn, os.system", ["os.fork", "os.posix_spawn", "os.system"]),
        ("from subprocess import DEVNULL, SubprocessError\nfork = system = 1\nx.system()", []),
    ],
)
def test_what_starts_a_process_is_recognised_by_whatever_name(source: str, found: list[str]) -> None:
    assert sorted(starters_in(source)) == sorted(found)


def test_only_proc_starts_processes() -> None:
    found = found_in(condatui_core.__file__) | found_in(condatui.__file__)
    inside = {each for each in found if each[0].startswith("condatui_core.proc.")}
    assert {name for _, name in inside} == {
        "subprocess_exec",
        "subprocess.Popen",
        "asyncio.create_subprocess_exec",  # with the terminal of this process, so in its session
    }
    assert found - inside == _EXCEPTIONS


def test_the_sandbox_which_is_no_part_of_the_product_has_one_place_of_its_own() -> None:
    assert found_in(condatui_sandbox.__file__) == {("condatui_sandbox.layout", "subprocess.run")}
    source = Path(condatui_sandbox.__file__).with_name("layout.py").read_text(encoding="utf-8")
    assert list(starters_in(source)) == ["subprocess.run"]
