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


SCENES = (
    Scene("environments", _go_to("final"), columns=160, rows=38),
    Scene("health", (*_go_to("final"), "right_square_bracket", "right_square_bracket"), columns=100, rows=34),
    Scene("small", columns=80, rows=24),
    Scene("compare", ("j", "space", "j", "space", "space", "c", "j", "j", "j", "right"), columns=140, rows=34),
    Scene("filter", ("slash", *"package:torch>=2.5"), columns=120, rows=24),
    Scene("log", ("R", "at"), columns=120, rows=24),
)
