"""A name with an underscore stays in its module: what another one needs is public, and says what it does."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import condatui
import condatui_core
import condatui_sandbox

PACKAGES = (condatui, condatui_core, condatui_sandbox)
OURS = tuple(package.__name__ for package in PACKAGES)


def private_imports(source: str) -> Iterator[str]:
    """The private names that a module takes from others of condatui."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in OURS:
            yield from (f"{node.module}.{each.name}" for each in node.names if _is_private(each.name))


def _is_private(name: str) -> bool:
    return name.startswith("_") and not name.endswith("__")


@pytest.mark.parametrize("package", PACKAGES, ids=OURS)
def test_no_module_takes_a_private_name_from_another(package: object) -> None:
    files = sorted(Path(package.__file__).parent.rglob("*.py"))  # type: ignore[attr-defined]
    assert files
    found = {file.name: [*private_imports(file.read_text(encoding="utf-8"))] for file in files}
    assert {name: names for name, names in found.items() if names} == {}


def test_a_private_name_is_seen() -> None:
    assert [*private_imports("from condatui_core.fs.tree import _a, b")] == ["condatui_core.fs.tree._a"]
