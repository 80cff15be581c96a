"""The core speaks no front end's language, and neither front end speaks the other's.

What is a flag here and a key there is a remedy, not a text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import condatui
import condatui_core

_COMMANDS = "list|show|keep|baseline|compare|disk|gpu|export|pack|clone|remove|restore|demo|clean|create|update"
_OURS = (
    "force|offline|with-conda|exclude|ignore-editable|ignore-missing|no-restore-point|override-frozen|override-kept"
    "|undo|conda|list"
)
SPOKEN = {
    "a flag": re.compile(rf"(?<![\w-])--(?:{_OURS}|dry-run|yes|root|anew|dest-prefix)(?![\w-])"),
    "a command": re.compile(rf"\bcondatui (?:{_COMMANDS})\b"),
    "a place": re.compile(r"\bplace \d\b", re.IGNORECASE),
    "a key": re.compile(r"\b(?:press(?:es)?|enter|esc|escape|tab) (?=\w)|\(`?[a-zA-Z\d]`?\)", re.IGNORECASE),
}
OF_CONDA = "conda 25.5 and later refuse to change it without --override-frozen"
"""The one sentence with a flag of conda's own that is called like one of ours."""


def texts(tree: ast.AST) -> Iterator[str]:
    """The texts of a module that may be read by users: sentences, and pieces of them; no docstrings, no arguments."""
    passed_over = {id(value) for value in map(_documentation, ast.walk(tree)) if value}
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in passed_over:
            continue
        if " " in node.value or id(node) in parts:
            yield node.value


def _documentation(node: ast.AST) -> ast.expr | None:
    return node.value if isinstance(node, ast.Expr) else None


@cache
def texts_of(file: Path) -> tuple[str, ...]:
    """Those of a file, which each of the rules reads."""
    return tuple(texts(ast.parse(file.read_text(encoding="utf-8"))))


def spoken(what: str, files: Iterable[Path]) -> list[str]:
    found = (text for file in files for text in texts_of(file))
    return [text for text in found if SPOKEN[what].search(text) and text != OF_CONDA]


CLI = Path(condatui.__file__).parent / "cli"
WORKBENCH = ("screens", "panels", "widgets", "services", "actions", "view_models")


@pytest.mark.parametrize("what", ["a key", "a place"])
def test_the_command_line_speaks_of_no_key(what: str) -> None:
    assert spoken(what, CLI.rglob("*.py")) == []


@pytest.mark.parametrize("what", ["a flag", "a command"])
def test_the_workbench_speaks_of_no_flag(what: str) -> None:
    files = (file for name in WORKBENCH for file in (CLI.parent / name).rglob("*.py"))
    assert spoken(what, files) == []


@pytest.mark.parametrize("what", SPOKEN)
def test_no_text_of_the_core_names_what_only_one_front_end_has(what: str) -> None:
    assert spoken(what, Path(condatui_core.__file__).parent.rglob("*.py")) == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a flag", "Choose another name, or `--force`."),
        ("a command", "`condatui list` shows them all."),
        ("a place", "Place 5 shows them all."),
        ("a key", "or enter replaces it"),
    ],
)
def test_such_a_text_would_be_found(tmp_path: Path, what: str, text: str) -> None:
    (tmp_path / "a.py").write_text(f'HINT = "{text}"\nMORE = f"{{HINT}} {text}"\n')
    assert len(spoken(what, tmp_path.rglob("*.py"))) == 2
