"""The script that the Python of any environment runs."""

from __future__ import annotations

import ast
import importlib.resources

import pytest

from condatui_core.gpu.probe.prober import SCRIPT

TOO_NEW = (
    ast.AnnAssign,
    ast.AsyncFunctionDef,
    ast.JoinedStr,
    ast.MatMult,
    ast.Match,
    ast.NamedExpr,
    ast.Nonlocal,
    ast.YieldFrom,
)
"""What Python 2.7 does not know."""


@pytest.fixture(scope="module")
def nodes() -> list[ast.AST]:
    return list(ast.walk(ast.parse(SCRIPT.read_text())))


def test_it_comes_with_the_package() -> None:
    assert (
        SCRIPT.read_bytes() == importlib.resources.files("condatui_core.gpu.probe").joinpath("script.py").read_bytes()
    )


def test_it_is_written_for_any_python(nodes: list[ast.AST]) -> None:
    assert not [ast.unparse(node) for node in nodes if isinstance(node, TOO_NEW)]
    functions = [node for node in nodes if isinstance(node, ast.FunctionDef)]
    assert len(functions) > 10
    for function in functions:
        arguments = function.args
        assert not function.returns and not arguments.kwonlyargs and not arguments.posonlyargs, function.name
        assert not any(each.annotation for each in (*arguments.args, arguments.vararg, arguments.kwarg) if each)
    for node in nodes:
        if isinstance(node, ast.Call):
            assert not (node.keywords and isinstance(node.args[-1] if node.args else None, ast.Starred))
        if isinstance(node, ast.Raise):
            assert node.cause is None
        if isinstance(node, (ast.List, ast.Tuple, ast.Set)) and isinstance(node.ctx, ast.Load):  # type: ignore[union-attr]
            assert not any(isinstance(each, ast.Starred) for each in node.elts)
        if isinstance(node, ast.Dict):
            assert None not in node.keys


def test_it_is_plain_ascii_and_imports_nothing_but_the_standard_library(nodes: list[ast.AST]) -> None:
    assert SCRIPT.read_text().isascii(), "without a coding line, Python 2 would not read it"
    imported = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"importlib", "json", "os", "sys", "time", "traceback", "warnings"}
    assert not [node for node in nodes if isinstance(node, ast.ImportFrom)]
