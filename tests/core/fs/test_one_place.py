"""What only `fs` may do: delete trees, and write files that count."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condatui
import condatui_core

_OF_TREES = {"rmtree", "removedirs", "walk", "fwalk", "rglob"}
_LISTING = {"scandir", "listdir", "iterdir", "glob"}
_DELETING = {"unlink", "remove", "rmdir"}
_WRITING = {"write_bytes", "write_text", "fsync", "mkstemp", "NamedTemporaryFile"}
_OF_OTHERS = {"remove", "walk"}
"""Names that other functions have too: these count only where they are called on `os`."""


def _modules() -> list[Path]:
    packages = (Path(each.__path__[0]) for each in (condatui_core, condatui))
    return [file for package in packages for file in sorted(package.rglob("*.py")) if file.parent.name != "fs"]


def _trees(*words: set[str]) -> Iterator[tuple[Path, ast.Module]]:
    """The modules in which a word of each kind stands at all; to take all of them apart would take long."""
    for file in _modules():
        text = file.read_text(encoding="utf-8")
        if all(any(each in text for each in kind) for kind in words):
            yield file, ast.parse(text)


def _called(tree: ast.AST) -> Iterator[str]:
    """The names of functions that are called or handed on."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            of_os = isinstance(node.value, ast.Name) and node.value.id == "os"
            if of_os or node.attr not in _OF_OTHERS:
                yield node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id not in _OF_OTHERS:
            yield node.func.id


def _functions(file: Path, module: ast.Module) -> Iterator[tuple[str, set[str]]]:
    """Each function of a module, and what is called in it."""
    for node in ast.walk(module):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{file.name}: {node.name}", set(_called(node))


def _opens_to_replace(tree: ast.AST) -> bool:
    """Whether a file is opened here in a mode that makes it new."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            arguments = (*node.args[1:2], *(each.value for each in node.keywords if each.arg == "mode"))
            modes = [str(each.value) for each in arguments if isinstance(each, ast.Constant)]
            if any({"w", "x"} & set(mode) for mode in modes):
                return True
    return False


def test_trees_are_deleted_by_delete_tree_alone() -> None:
    assert len(_modules()) > 500
    of_trees = [each for found in _trees(_OF_TREES) for each in _functions(*found)]
    assert [name for name, called in of_trees if called & _OF_TREES] == []
    both = [each for found in _trees(_LISTING, _DELETING) for each in _functions(*found)]
    assert [name for name, called in both if called & _LISTING and called & _DELETING] == []


def test_files_are_written_by_atomic_write_alone() -> None:
    # The probe is one file that runs in any Python, and imports nothing of ours; the reserve is there to be deleted.
    writing = [file.name for file, tree in _trees(_WRITING) if set(_called(tree)) & _WRITING]
    opening = [file.name for file, tree in _trees({"open("}) if _opens_to_replace(tree)]
    assert [name for name in (*writing, *opening) if name not in ("script.py", "reserve.py")] == []


def test_home_is_asked_for_once() -> None:
    ways = {"expanduser", "home"}
    asking = [file.name for file, tree in _trees(ways) if ways & _called_on_paths(tree)]
    assert asking == ["invocation.py"]


def _called_on_paths(tree: ast.Module) -> set[str]:
    """What is called as `os.path.NAME`, and as `Path.NAME`."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            value = node.func.value
            if isinstance(value, ast.Attribute) or (isinstance(value, ast.Name) and value.id == "Path"):
                found.add(node.func.attr)
    return found


@pytest.mark.parametrize(
    "line", ["shutil.rmtree(p)", "for x in os.walk(p): os.unlink(x)", "rmtree(p)", "each(rmtree=shutil.rmtree)"]
)
def test_the_rules_see_what_they_forbid(line: str) -> None:
    ((_, called),) = _functions(Path("module.py"), ast.parse(f"def f(p):\n    {line}\n"))
    assert called & _OF_TREES
