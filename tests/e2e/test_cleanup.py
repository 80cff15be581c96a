"""Place 3 by the keyboard alone, on a real conda in a real terminal, judged by the disk."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condatui_core.actions.incomplete_marker import is_marked_incomplete
from condatui_core.actions.set_aside import set_aside_of
from condatui_sandbox import Sandbox
from support.dying_job import dying_conda
from support.sandboxes import manifest
from support.terminal import Terminal
from support.tiers import thorough

_NAMES = ("nlp-base", "nlp-exp", "bert-finetune", "try-again-final-v2")
MakeCopy = Callable[..., Sandbox]


@contextmanager
def opened(installed: Path, box: Sandbox, columns: int = 80, rows: int = 24) -> Iterator[Terminal]:
    """The workbench in place 3, which has found all that could go."""
    environ = {**box.environ, "CONDATUI_HOME": str(box.home / ".condatui"), "CONDATUI_USUAL_PLACES": "0"}
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("conda 24.7.1")
        terminal.press("3")
        terminal.wait_for("alike, keep this:")
        terminal.wait_for(lambda screen: "choice frees" in screen and "choice frees …" not in screen)
        yield terminal


def run(terminal: Terminal, title: str) -> None:
    """Read the plan with this title, and have it carried out."""
    terminal.wait_for(title)
    terminal.wait_for("enter run")
    terminal.press("\r")


def choose_another_keeper_and_back(terminal: Terminal) -> None:
    terminal.press("jj=")  # nlp-exp has all that nlp-base has, and more
    terminal.wait_for("nlp-exp  (3 alike, keep this: chosen by you)")
    terminal.wait_for("subset (3 fewer)")
    terminal.press("=")
    terminal.wait_for("nlp-base  (3 alike, keep this:")


def set_a_goal_and_take_it_back(terminal: Terminal) -> None:
    terminal.press("f")
    terminal.wait_for("free at least")
    terminal.press("5G\r")
    terminal.wait_for("of 5.0 GB")
    terminal.press("f")
    terminal.wait_for("free at least 5.0G")
    terminal.press("\x15")  # ctrl-u
    terminal.press("\r")
    terminal.wait_for(lambda screen: "goal 5" not in screen and "free at least" not in screen)


def remove_and_bring_back(terminal: Terminal, prefix: Path) -> None:
    """Of the row at the end."""
    terminal.press("a")
    terminal.wait_for("− restore points")
    terminal.press("a")
    terminal.wait_for("nothing is chosen")
    terminal.press("\x1b[F ")  # end
    terminal.wait_for("chosen 1 · frees")
    terminal.press("\r")
    run(terminal, f"Remove {prefix.name}")
    terminal.wait_for("was removed")
    assert not prefix.exists()
    terminal.press("u")
    run(terminal, f"Bring back {prefix.name}")
    terminal.wait_for("is back")


def merge_and_bring_back(terminal: Terminal, prefix: Path) -> None:
    """Of the first member."""
    terminal.press("\x1b[Hjm")  # home
    run(terminal, f"Merge {prefix.name} into nlp-base")
    terminal.wait_for("was merged into nlp-base")
    assert next(prefix.glob("conda-meta/transformers-4.47.1-*.json"), None)
    terminal.press("u")
    run(terminal, f"Bring {prefix.name} back")
    terminal.wait_for("is back")


@pytest.mark.parametrize(
    ("columns", "rows", "name", "carry_out"),
    [
        (80, 24, "try-again-final-v2", remove_and_bring_back),
        *thorough([(140, 40, "bert-finetune", merge_and_bring_back)]),
    ],
)
def test_a_group_a_keeper_a_goal_and_back(
    installed: Path,
    sandbox_copy: MakeCopy,
    columns: int,
    rows: int,
    name: str,
    carry_out: Callable[[Terminal, Path], None],
) -> None:
    box = sandbox_copy(*_NAMES)
    before = manifest(box.prefixes[name])
    with opened(installed, box, columns, rows) as terminal:
        choose_another_keeper_and_back(terminal)
        set_a_goal_and_take_it_back(terminal)
        carry_out(terminal, box.prefixes[name])
    assert manifest(box.prefixes[name]) == before


@pytest.mark.thorough
def test_after_a_kill_in_a_merge_the_next_start_says_what_is_there_and_puts_the_member_back(
    installed: Path, sandbox_copy: MakeCopy
) -> None:
    box = sandbox_copy(*_NAMES[:3])
    member = box.prefixes["bert-finetune"]
    before = manifest(member)
    with dying_conda(box, "install", "os.link", str(member), 100, with_parent=True), opened(installed, box) as terminal:
        terminal.press("jm")
        run(terminal, "Merge bert-finetune into nlp-base")
        assert terminal.wait_for_exit() == -signal.SIGKILL
    assert len(set_aside_of(str(member))) == 1
    with opened(installed, box) as terminal:
        terminal.press("4")
        terminal.wait_for("bert-finetune is not merged: it is whole")
        terminal.wait_for("enter: Put bert-finetune back as it was")
        terminal.press("\r")
        run(terminal, "Put bert-finetune back as it was")
        terminal.wait_for("bert-finetune is back as it was")
    assert manifest(member) == before
    assert all(is_marked_incomplete(each) for each in set_aside_of(str(member))), "with what conda began to write"
