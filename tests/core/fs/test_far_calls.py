"""What lies on another machine is asked for from several threads at once, and nothing else is."""

from __future__ import annotations

import threading

import pytest

from condatui_core.fs.far_calls import AT_ONCE, are_far, ask_each
from condatui_core.fs.mounts import Mount

MOUNTED = (Mount("/", "ext4"), Mount("/nfs", "nfs4"), Mount("/nfs/scratch", "xfs"), Mount("/layers", "overlay"))


@pytest.mark.parametrize(
    ("path", "far"),
    [("/nfs/envs/a", True), ("/nfs/scratch/a", False), ("/home/a", False), ("/nfsx/a", False), ("/layers/a", False)],
)
def test_only_what_another_machine_answers_for_is_far(path: str, far: bool) -> None:
    assert are_far([path], MOUNTED) is far
    assert are_far(["/home/b", path], MOUNTED) is far


def test_those_that_wait_are_asked_at_once_and_answer_in_their_order() -> None:
    together = threading.Barrier(AT_ONCE)

    def ask(path: str) -> str:
        together.wait(timeout=60)  # broken if fewer come
        return path.upper()

    paths = [f"/nfs/{number}" for number in range(AT_ONCE)]
    assert ask_each(ask, paths, MOUNTED) == [path.upper() for path in paths]


def test_what_is_near_is_asked_for_in_this_thread() -> None:
    here = ask_each(lambda _: threading.current_thread(), ["/home/a", "/home/b"], MOUNTED)
    assert here == [threading.current_thread()] * 2
    assert ask_each(lambda _: threading.current_thread(), ["/nfs/a"], MOUNTED) == [threading.current_thread()]
    assert ask_each(str.upper, [], MOUNTED) == []
