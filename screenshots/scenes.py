"""What is on the pictures: a size, and the keys that lead there from the start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Scene:
    """One picture."""

    name: str
    keys: tuple[str, ...] = ()
    columns: int = 120
    rows: int = 32


def _go_to(name: str) -> tuple[str, ...]:
    """The keys that put the cursor on an environment: filter for it, keep that, and go back to all."""
    return ("slash", *name, "enter", "escape")


_NEXT_TAB = "right_square_bracket"
_MARK_TWO = ("j", "space", "j", "j", "space")

SCENES = (
    Scene("environments", (*_MARK_TWO, *_go_to("final")), columns=160, rows=38),
    Scene("health", (*_go_to("final"), *[_NEXT_TAB] * 3), columns=100, rows=34),
    Scene("disk", (*_go_to("pip-mix"), *[_NEXT_TAB] * 2), columns=120, rows=34),
    Scene("gpu", ("T", "enter", *_go_to("vision-cuda"), *[_NEXT_TAB] * 4), columns=140, rows=38),
    Scene("cleanup", ("3", "f", *"4G", "enter", "home", "down"), columns=140, rows=30),
    Scene("plan", (*_go_to("nlp-exp"), "d"), columns=120, rows=34),
    Scene("small", columns=80, rows=24),
    Scene("compare", ("j", "space", "j", "space", "space", "c", "j", "j", "j", "right"), columns=140, rows=34),
    Scene("filter", ("slash", *"package:torch>=2.5"), columns=120, rows=24),
    Scene("log", ("R", "at"), columns=120, rows=24),
    Scene("jobs", ("n", *"nlp-next", "enter", "enter", "4"), columns=120, rows=34),  # the last: it makes an environment
)
