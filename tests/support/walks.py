"""A walk through the workbench: keys, what must be read on the screen after them, and what no screen may have."""

from __future__ import annotations

from collections.abc import Iterable

from support.terminal import Terminal

SIZES = ((80, 24), (120, 35), (200, 55))
"""Columns and rows: a plain terminal, a half of a screen, a large one."""

ESCAPE, HOME = "\x1b", "\x1b[H"

Step = tuple[str, ...]
"""Keys that are pressed at once, and the texts that have to stand on the screen after them.

A step that opens what the next one leaves has the way out among its texts: keys that follow at once join `esc`.
"""


def walk(terminal: Terminal, steps: Iterable[Step], *, redrawing: bool = False) -> None:
    """Press the keys of each step, wait until all of its texts stand there, and judge the screen.

    `redrawing` also lets all be drawn again after each step, and compares what stands there.
    """
    for keys, *texts in steps:
        terminal.press(keys)
        try:
            screen = terminal.wait_for(lambda screen, texts=texts: is_read(screen, *texts))  # type: ignore[misc]
        except AssertionError as error:
            raise AssertionError(f"{texts} do not follow {keys!r}: {error}") from None
        assert (why := fault_of(screen)) == "", f"{why} after {keys!r}\n{screen}"
        if redrawing:
            assert (why := differences(terminal)) == "", f"after {keys!r} the screen is not as when drawn anew:\n{why}"


def differences(terminal: Terminal) -> str:
    """How the screen differs from what is drawn where nothing was; empty if it does not.

    What changes while it is drawn anew, such as a figure that has been measured, is no difference: it is tried again.
    """
    before = terminal.cells
    for _ in range(12):
        before = terminal.cells
        terminal.lose_contents()
        try:
            terminal.wait_for(lambda _, before=before: terminal.cells == before, seconds=1.0)  # type: ignore[misc]
        except AssertionError:
            continue
        return ""
    lines = zip(before, terminal.cells, strict=True)
    return "\n".join(f"was {_text(was)}\nnow {_text(now)}" for was, now in lines if was != now)


def _text(cells: Iterable[tuple[object, ...]]) -> str:
    return "".join(str(cell[0]) for cell in cells)


def is_read(screen: str, *texts: str) -> bool:
    """Whether all texts stand there; the spaces that make columns count as one."""
    words = " ".join(screen.split())
    return all(text in words for text in texts)


def fault_of(screen: str) -> str:
    """What is wrong with a screen whatever it shows: no places above, no way on below, or a key that is cut."""
    lines = screen.splitlines()
    top, hints = lines[0], lines[-1]
    if not all(place in top for place in ("1 envs ", "2 compare", "3 cleanup", "4 jobs", "5 restore")):
        return "a place is missing in the top line"
    if "…" in hints:
        return "a key is cut"
    if "esc" not in hints and not hints.endswith("? help"):
        return "neither the way out nor the help is said"
    return "something failed" if "failed." in screen else ""
