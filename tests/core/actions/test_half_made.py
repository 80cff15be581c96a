"""What of a half-made environment the job and conda explain, and what somebody has put there since."""

from __future__ import annotations

from pathlib import Path

from condatui_core.actions.half_made import came_into
from condatui_core.actions.incomplete_marker import mark_incomplete
from support.disk_trees import write
from support.inventories import NOW
from support.removals import RemovalMachine

COPY = "0b5ad5f2-3c0a-4b5f-9d0e-7f3f0f6a1c11"
"""Named as conda names the copies of files into which it writes the prefix."""


def test_what_a_killed_conda_has_left_of_its_own_is_not_taken_for_a_user_s(tmp_path: Path) -> None:
    machine = RemovalMachine(tmp_path)
    source = machine.make("source")
    half = machine.envs / "half"
    mark_incomplete(str(half), job="1", now=NOW, source=str(source))
    machine.note(half)
    write(half / ".condatmp" / COPY, 500)
    assert came_into(str(half), machine.context()) == ()
    write(half / ".condatmp/notes.txt", 500)
    assert came_into(str(half), machine.context()) == (".condatmp/notes.txt",)
