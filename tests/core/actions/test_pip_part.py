"""What is said of a pip that fails: its own last words, line by line, and no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pytest

from condatui_core.actions.pip_part import uninstall_by_pip
from condatui_core.conda.answer import CondaAnswer
from condatui_core.errors import CondatuiError
from support.fake_conda import answer
from support.plain_work import PlainWork

STDERR = "Looking\n  fatal: unable to access 'https://me:pa55@host.invalid/a.git/'\n\x1b[31mERROR: Failed\x1b[0m\n"


@dataclass
class _Failing(PlainWork):
    async def run(
        self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None = None
    ) -> CondaAnswer:
        return answer(exit_code=1, stderr=STDERR, argv=argv)


async def test_its_last_words_are_lines_without_secrets_and_escapes() -> None:
    with pytest.raises(CondatuiError) as raised:
        await uninstall_by_pip("/envs/a", ["timm"], {}, _Failing())
    lines = raised.value.detail.splitlines()
    assert (len(lines), lines[0]) == (3, "Looking")
    assert "unable to access" in lines[1]
    assert "pa55" not in lines[1]
    assert lines[2] == r"\x1b[31mERROR: Failed\x1b[0m"
