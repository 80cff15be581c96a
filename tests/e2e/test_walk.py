"""Every place and every question of the workbench on one walk, in terminals of three sizes, and what carries out plans.

A screen has to say what it is about, which keys lead on, and may cut none of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from condatui_sandbox import Sandbox
from support.sandboxes import manifest
from support.terminal import Terminal
from support.tiers import thorough
from support.walks import ESCAPE, HOME, SIZES, Step, walk

MakeCopy = Callable[..., Sandbox]
NAMES = ("nlp-base", "nlp-exp", "bert-finetune", "try-again-final-v2")


@contextmanager
def opened(installed: Path, box: Sandbox, own: Path, columns: int, rows: int) -> Iterator[Terminal]:
    """The workbench with everything read and measured."""
    environ = {**box.environ, "CONDATUI_HOME": str(own), "CONDATUI_USUAL_PLACES": "0"}
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("conda 24.7.1")
        terminal.wait_for(lambda screen: not any(word in screen for word in ("reading", "asking", "measuring")))
        yield terminal


DETAILS: tuple[Step, ...] = (
    (HOME, "base ⌂", "_libgcc_mutex"),
    ("]", "channel code packages requested"),
    ("]", "of the largest"),
    ("]", "All good: nothing worth a finding."),
    ("]", "No PyTorch here"),
    ("]", "This is what is there now."),
    ("]", "a service needs", "M slimmed copy"),
    ("O", "No command has been run in it yet."),
    ("!", "Run in base", "esc leave"),
    (ESCAPE, "? help"),
    ("[[[[[[", "_libgcc_mutex", "c compare"),
    ("z", "~/work/segmentation/env"),
    ("z", "_libgcc_mutex"),
    ("\t", "▌ _libgcc_mutex"),
    ("\r", "comes with", "w where else"),
    ("w", "filter `package:_libgcc_mutex`", "c compare"),
    (ESCAPE, "· by name", "t gpu"),
    (f"{HOME}f", "entries below it", "backspace up"),
    ("\r", "base / lib"),
    ("\x7f", "conda-meta/"),
    (ESCAPE, "· by name", "c compare"),
)
"""Each tab of the environment under the cursor, and the places that lead further in."""

LISTS: tuple[Step, ...] = (
    ("s", "disk▾"),
    ("S", "disk▴"),
    ("|", "Columns", "backspace the usual ones"),
    (ESCAPE, "c compare"),
    ("/finding:pip-over-conda", "enter keep"),
    ("\r", "1 of 1 · filter", "c compare"),
    ("F", "Remember `finding:pip-over-conda` as", "enter remember"),
    (ESCAPE, "c compare"),
    (" ", "1 marked"),
    (" ", "1 of 1 · filter"),
    (ESCAPE, "bert-finetune"),
    ("W", "read-only", "Read-only: no job begins."),
    ("W", "Changes are allowed again."),
    ("y", "clipboard: "),
)
"""Order, columns, filters, marks and what else changes only what is shown."""

QUESTIONS: tuple[Step, ...] = (
    ("/nlp-exp", "/nlp-exp"),
    ("\r", "1 of 1 · filter", "c compare"),
    ("n", "Clone an environment", "and install", "enter go on esc leave"),
    (ESCAPE, "? help"),
    ("N", "Make an environment from a file", "enter go on esc leave"),
    (ESCAPE, "? help"),
    ("e", "Export nlp-exp", "name: nlp-exp", "esc leave"),
    (ESCAPE, "? help"),
    ("p", "Pack nlp-exp", "destination prefix not known", "ignore missing", "esc leave"),
    (ESCAPE, "? help"),
    ("M", "Make a slimmed copy of nlp-exp", "risk none or low", "esc leave"),
    (ESCAPE, "? help"),
    ("d", "Remove nlp-exp", "enter run esc leave"),
    (ESCAPE, "? help"),
    ("C", "Make a restore point of nlp-exp", "enter run esc leave"),
    (ESCAPE, "? help"),
    ("U", "Bring nlp-exp back to revision 0", "enter run esc leave"),
    (ESCAPE, "? help"),
    ("u", "There is no change to undo", "esc leave"),
    (ESCAPE, "? help"),
    ("v", "Verify nlp-exp against:", "enter verify", "esc leave"),
    (ESCAPE, "? help"),
    ("T", "Check the GPUs in", "check them", "esc leave"),
    (ESCAPE, "? help"),
    ("B", "There is no baseline"),
    ("=", "Only this machine is known"),
    (ESCAPE, "bert-finetune"),
)
"""The form or the plan behind each key that changes something, left without an answer."""

PLACES: tuple[Step, ...] = (
    ("2", "Nothing is compared yet"),
    ("1", "nlp-exp"),
    ("/nlp-", "/nlp-"),
    ("\r", "of 2 ", "c compare"),
    ("a", "● nlp-base", "● nlp-exp"),
    ("c", "nlp-base reference", "differing · same"),
    ("f", "only some have it"),
    ("F", "differing · same"),
    (">", "nlp-exp reference"),
    ("z", "nlp-exp reference"),
    ("z", " in nlp-exp"),
    ("w", "save as", "enter save"),
    (ESCAPE, "f kind"),
    ("M", "rows as Markdown"),
    ("3", "alike, keep this:", "choice frees"),
    ("+", "alike from 91 %"),
    ("-", "alike from 90 %"),
    ("f", "free at least", "esc leave it"),
    ("5M\r", "goal 5.0 M", "chosen 1", "enter plan"),
    ("\r", "enter run"),
    (ESCAPE, "goal 5.0 M", "? help"),
    ("4", "There are no jobs yet", "0 of 0 jobs"),
    ("5", "There are no restore points", "0 restore points"),
    ("@", "config --show", "of 1 command"),
    (ESCAPE, "0 restore points"),
    ("?", "type to filter", "Mark or unmark the restore point"),
    ("?", "space mark d delete"),
    (",", "Mark environments", "enter keep esc clear"),
    ("export", "`export` in the settings"),
    (ESCAPE, "Mark environments"),
    (ESCAPE, "0 restore points"),
    (":", "What to do, or an environment to go to"),
    (ESCAPE, "There are no restore points"),
    ("1", "name", "c compare"),
)
"""The other places, and what opens everywhere."""


ALL = (*DETAILS, *LISTS, *QUESTIONS, *PLACES)


@pytest.mark.parametrize(
    ("columns", "rows", "steps"),
    [(*SIZES[0], ALL), *thorough((*size, ALL) for size in SIZES[1:])],
)
def test_each_place_and_each_question_says_what_it_is_about_and_changes_nothing(
    installed: Path, sandbox_copy: MakeCopy, tmp_path: Path, columns: int, rows: int, steps: tuple[Step, ...]
) -> None:
    box = sandbox_copy(*NAMES)
    before = {name: manifest(prefix) for name, prefix in box.prefixes.items()}
    with opened(installed, box, tmp_path / "own", columns, rows) as terminal:
        walk(terminal, steps)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0
    assert {name: manifest(prefix) for name, prefix in box.prefixes.items()} == before
