"""What holds for every action that a test plans or carries out."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from condatui_core import actions
from support.loop_watch import looks_on_the_loop


@pytest.fixture(autouse=True)
def _nothing_blocks_the_event_loop() -> Iterator[None]:
    (place,) = actions.__path__
    with looks_on_the_loop(os.path.join(place, "")) as looks:
        yield
    assert looks == [], "a coroutine looks at the disk itself: hand that to a thread"
