"""Place 3 by the keyboard alone, on a real conda in a real terminal, judged by the disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.terminal import Terminal

_NAMES = ("nlp-base", "nlp-exp", "bert-finetune", "try-again-final-v2")


@pytest.mark.parametrize(("columns", "rows"), [(80, 24), (140, 40)])
def test_a_group_a_keeper_a_goal_and_back(
    installed: Path, sandbox_copy: Callable[..., Sandbox], columns: int, rows: int
) -> None:
    box = sandbox_copy(*_NAMES)
    prefix = box.prefixes["try-again-final-v2"]
    before = {path.relative_to(prefix) for path in prefix.rglob("*")}
    environ = {**box.environ, "CONDATUI_HOME": str(box.home / ".condatui"), "CONDATUI_USUAL_PLACES": "0"}
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("conda 24.7.1")
        terminal.press("3")
        terminal.wait_for("nlp-base  (3 alike, keep this:")
        terminal.wait_for(lambda screen: "choice frees" in screen and "choice frees …" not in screen)

        terminal.press("jj=")  # nlp-exp has all that nlp-base has, and more
        terminal.wait_for("nlp-exp  (3 alike, keep this: chosen by you)")
        terminal.wait_for("subset (3 fewer)")
        terminal.press("=")
        terminal.wait_for("nlp-base  (3 alike, keep this:")

        terminal.press("f")
        terminal.wait_for("free at least")
        terminal.press("5G\r")
        terminal.wait_for("of 5.0 GB")
        terminal.press("f")
        terminal.wait_for("free at least 5.0G")
        terminal.press("\x15")  # ctrl-u
        terminal.press("\r")
        terminal.wait_for(lambda screen: "goal 5" not in screen and "free at least" not in screen)

        terminal.press("a")
        terminal.wait_for("− restore points")
        terminal.press("a")
        terminal.wait_for("nothing is chosen")
        terminal.press("\x1b[F ")  # end
        terminal.wait_for("chosen 1 · frees")
        terminal.press("\r")
        terminal.wait_for("Remove try-again-final-v2")
        terminal.wait_for("enter run")
        assert prefix.is_dir()
        terminal.press("\r")
        terminal.wait_for("was removed")
        assert not prefix.exists()

        terminal.press("u")
        terminal.wait_for("Bring back try-again-final-v2")
        terminal.wait_for("enter run")
        terminal.press("\r")
        terminal.wait_for("is back")
    assert {path.relative_to(prefix) for path in prefix.rglob("*")} == before
