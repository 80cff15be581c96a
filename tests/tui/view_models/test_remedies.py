"""Remedies name the fields and keys of the workbench, whatever the flags of the commands are called."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

import condatui_core.actions
from condatui.view_models.remedies import _SAID_HERE, said_here

FLAG = re.compile(
    r"(?<!condatui remove )(?<!ondatui with )"
    r"--(?:force|offline|with-conda|exclude|ignore-(?:editable|missing)|no-restore-point|conda|list)(?![\w-])"
)


def sentences() -> list[str]:
    """What the jobs say in whole sentences."""
    files = Path(condatui_core.actions.__file__).parent.rglob("*.py")
    nodes = (node for file in files for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))))
    texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    return [text for text in texts if " " in text]


def test_no_flag_is_named_where_there_is_a_field_or_a_key() -> None:
    said = [said_here(text) for text in sentences()]
    assert len(said) > 100
    assert [text for text in said if FLAG.search(text)] == []


@pytest.mark.parametrize("phrase", [phrase for phrase, _ in _SAID_HERE])
def test_each_phrase_is_still_said(phrase: str) -> None:
    assert any(phrase in text for text in sentences())
