"""What the workbench carries out, from the first key to the last word, in terminals of three sizes.

After each step the screen says what it is about, shows nothing that a full redraw would not, and cuts no key; at the
end the disk is as it should be.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import yaml

from condatui_sandbox import Sandbox
from support.sandboxes import manifest
from support.terminal import Terminal
from support.tiers import thorough
from support.walks import ESCAPE, SIZES, Step, walk

MakeCopy = Callable[..., Sandbox]
AT_EACH_SIZE = pytest.mark.parametrize(("columns", "rows"), [SIZES[0], *thorough(SIZES[1:])])


@contextmanager
def opened(installed: Path, box: Sandbox, columns: int, rows: int) -> Iterator[Callable[..., None]]:
    """Open the workbench with everything read; gives a function that takes steps."""
    environ = {**box.environ, "CONDATUI_HOME": str(box.home / ".condatui"), "CONDATUI_USUAL_PLACES": "0"}
    with Terminal([str(installed / "condatui")], environ=environ, columns=columns, rows=rows) as terminal:
        terminal.wait_for("conda 24.7.1")
        terminal.wait_for(lambda screen: re.search(r"3 cleanup [\d.]+ [KMG]", screen) is not None)  # it is measured
        yield lambda *steps: walk(terminal, steps, redrawing=True)
        terminal.press("q")
        assert terminal.wait_for_exit() == 0


def only(name: str) -> tuple[Step, ...]:
    """Show one environment alone."""
    return (f"/{name}", f"/{name}", "enter keep"), ("\r", "1 of 1 · filter", "c compare")


ALL: tuple[Step, ...] = ((ESCAPE, "base ⌂", "c compare"),)
"""Show all environments again."""


def states(prefix: Path) -> dict[str, tuple[int, int, int]]:
    """What is in a prefix; how large a directory is, depends on what has been in it."""
    return {
        path: (mode, 0 if Path(path).is_dir() else size, 0 if Path(path).is_dir() else modified)
        for path, (mode, size, modified) in manifest(prefix).items()
    }


def all_states(box: Sandbox) -> dict[str, dict[str, tuple[int, int, int]]]:
    """By name, what is in each environment but base, below which lie the others and the package cache."""
    return {name: states(prefix) for name, prefix in box.prefixes.items() if name != "base"}


@pytest.fixture
def out() -> Iterator[Path]:
    """A directory with so short a path that a line of 80 columns has room for what was done there."""
    with tempfile.TemporaryDirectory(prefix="w") as directory:
        yield Path(directory)


@AT_EACH_SIZE
def test_what_is_made_of_an_environment(
    installed: Path, sandbox_copy: MakeCopy, out: Path, columns: int, rows: int
) -> None:
    box = sandbox_copy("nlp-base", "nlp-exp", "bert-finetune")
    before = all_states(box)
    with opened(installed, box, columns, rows) as step:
        step(
            *only("nlp-exp"),
            ("n", "Clone an environment", "and install", "enter go on esc leave"),
            ("fresh\tevaluate\r", "Clone nlp-exp to fresh", "added 1 package, nothing to download", "enter run"),
            ("\r", "fresh was made: 75 packages", "evaluate was added.", "c compare"),
            *ALL,
            *only("fresh"),
            ("\t", "▌ _libgcc_mutex"),
            (ESCAPE, "▏ _libgcc_mutex", "c compare"),
            ("e", "Export fresh", "name: fresh", "esc leave"),
            ("\t\x15", "as", "esc leave"),
            (f"{out}/fresh.yml\r", "fresh.yml", "enter run esc back"),
            ("\r", "fresh.yml was written: 76 packages", "c compare"),
            ("p", "Pack fresh", "ignore missing", "esc leave"),
            ("\t\x15", "compressed", "esc leave"),
            (f"{out}/fresh.tar.gz\r", "Pack fresh to", "enter run esc back"),
            ("\r", "was packed: ", "c compare"),
            *ALL,
            ("/nlp-", "/nlp-", "enter keep"),
            ("\r", "of 2 ", "c compare"),
            ("a", "● nlp-base", "● nlp-exp", "2 marked"),
            ("e", "Export 2 environments", "esc leave"),
            ("\t\x15", "into", "esc leave"),
            (f"{out}\r", "2 files: nlp-base.yml, nlp-exp.yml", "enter run esc back"),
            ("\r", "2 of 2 files written", "c compare"),
            ("a", "of 2 · filter"),
            *ALL,
            *only("nlp-exp"),
            ("v", "Verify nlp-exp against", "enter verify esc leave"),
            (f"{out}/nlp-base.yml\r", "nlp-exp: 3 packages differ from nlp-base.yml: 3 too many."),
            ("v", "Verify nlp-exp against", "enter verify esc leave"),
            (f"\x15{out}/nlp-exp.yml\r", "nlp-exp: It is what nlp-exp.yml describes: 75 packages compared."),
            ("4", "✓ Clone nlp-exp to fresh", "✓ Pack fresh", "of 4 jobs"),
        )
    names = {each.name for each in out.iterdir()}
    assert {"fresh.yml", "fresh.tar.gz", "fresh.tar.gz.sha256", "nlp-base.yml", "nlp-exp.yml"} <= names
    assert yaml.safe_load((out / "fresh.yml").read_text())["name"] == "fresh"
    assert (box.prefixes["nlp-exp"].with_name("fresh") / "conda-meta").is_dir()
    assert all_states(box) == before


@AT_EACH_SIZE
def test_what_is_changed_and_taken_back(installed: Path, sandbox_copy: MakeCopy, columns: int, rows: int) -> None:
    box = sandbox_copy("nlp-base", "nlp-exp")
    prefix = box.prefixes["nlp-exp"]
    before = states(prefix)
    with opened(installed, box, columns, rows) as step:
        step(
            *only("nlp-exp"),
            ("C", "Make a restore point of nlp-exp", "enter run esc leave"),
            ("\r", "has nlp-exp as it is: ", "5 restore 1"),
            ("d", "Remove nlp-exp", "75 packages", "enter run esc leave"),
            ("\r", "No environment matches", "nlp-exp was removed: ", "5 restore 2"),
        )
        assert not prefix.exists()
        step(
            ("u", "Bring back nlp-exp", "enter run esc leave"),
            ("\r", "nlp-exp is back: 75 packages, exactly as it was, ", "nlp-exp 3.11.7"),
        )
        assert states(prefix) == before
        step(
            ("d", "Remove nlp-exp", "enter run esc leave"),
            ("\r", "No environment matches", "nlp-exp was removed: ", "5 restore 3"),
            ("5", "✓ nlp-exp", "everything is here", "3 restore points"),
            ("\r", "Bring back nlp-exp", "enter run esc leave"),
            ("\r", "replaces what is there", "nlp-exp is back: 75 packages, exactly as it was, "),
        )
        assert states(prefix) == before
        step(
            ("1", "nlp-exp", "nlp-exp 3.11.7"),
            ("]]]]]", "This is what is there now."),
            ("\t", "▌ 1 "),
            ("j", "▌ 0 ", "Going back downloads nothing"),
            ("U", "Bring nlp-exp back to revision 0", "not there any more: nltk* 3.9.1, wandb* 0.19.1", "enter run"),
            ("\r", "nlp-exp is back at revision 0: 3 packages; ", "now − click"),
            ("u", "Bring nlp-exp back to how it was at", "new: click 8.1.7, nltk 3.9.1", "enter run esc leave"),
            ("\r", "nlp-exp is back: 75 packages, exactly as it was, ", "now + nltk"),
            ("4", "✓ Bring nlp-exp back to revision 0", "of 7 jobs"),
        )
    assert states(prefix) == before


@AT_EACH_SIZE
def test_what_is_cleaned_up_and_taken_back(installed: Path, sandbox_copy: MakeCopy, columns: int, rows: int) -> None:
    box = sandbox_copy("nlp-base", "nlp-exp", "bert-finetune", "try-again-final-v2")
    before = all_states(box)
    with opened(installed, box, columns, rows) as step:
        step(
            ("3", "≈ nlp-base (3 alike, keep this: requested the most) choice frees 0 B", "stored twice (pip) 78 K"),
            ("f", "free at least", "esc leave it"),
            ("60M\r", "It gets as far as ", " of 60 MB"),
            ("j", "goal 60 M · chosen 3 · frees 4", " M missing", "enter plan"),
            ("\x1b[F ", "goal 60 M · chosen 4 · frees 6", " M − restore points "),
            ("\r", "Clean up: ", "1 environment and 1 cache", "enter run esc leave"),
            ("\r", "Cleaned up: ", " MB predicted, ", " kept in restore point", "5 restore 1"),
        )
        assert not box.prefixes["try-again-final-v2"].exists()
        step(
            ("u", "Undo: Clean up: ", "enter run esc leave"),
            ("\r", "▌ try-again-final-v2 ", "Undo: Clean up: 1 relink, 1 environment and 1 cache: 2 of 2 done. "),
            ("1", "bert-finetune", "try-again-final-v2", "c compare"),
            ("4", "✓ Clean up: ", "✓ Undo: Clean up: ", "of 2 jobs"),
        )
    assert all_states(box) == before
