from __future__ import annotations

import pytest

from condatui_core.prefixes.cache import Stamp, too_fresh

NOW = 1_800_000_000_000_000_000
SECOND = 1_000_000_000


@pytest.mark.parametrize(
    ("ago", "fresh"),
    [(0, True), (1, True), (3, False), (86_400, False), (-60, True), (-86_400, False)],
)
def test_only_what_may_have_been_written_just_now_is_too_fresh(ago: int, fresh: bool) -> None:
    """A file server's clock may be a little ahead; a time of next year says nothing about now."""
    for stamp in (Stamp("conda-meta", modified=NOW - ago * SECOND), Stamp("conda-meta", changed=NOW - ago * SECOND)):
        assert too_fresh((Stamp("lib"), stamp), NOW) is fresh
