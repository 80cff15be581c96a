"""What every change of an environment that stays ends with: the way back, and what is not as it was to become."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from condatui_core.actions.checkpoint import Checkpoint
from condatui_core.actions.verified_change import naming_way_back
from condatui_core.errors import CondatuiError

KEPT = cast(Checkpoint, SimpleNamespace(point=SimpleNamespace(id="20260101-nlp")))
SAVED = "Restore point 20260101-nlp has it as it was."


@pytest.mark.parametrize(
    ("error", "detail", "hint"),
    [
        (CondatuiError("It failed.", "there"), "there", SAVED),
        (CondatuiError("It failed.", "there", "Wait."), f"there\n{SAVED}", "Wait."),
        (CondatuiError("It failed.", "", "Wait."), SAVED, "Wait."),
    ],
)
def test_an_error_after_the_restore_point_was_made_names_it(error: CondatuiError, detail: str, hint: str) -> None:
    with pytest.raises(CondatuiError) as raised, naming_way_back(KEPT):
        raise error
    assert (raised.value.title, raised.value.detail, raised.value.hint) == ("It failed.", detail, hint)


def test_so_does_one_that_was_not_foreseen() -> None:
    with pytest.raises(CondatuiError) as raised, naming_way_back(KEPT):
        raise OSError(28, "No space left on device", "/envs/nlp")
    assert SAVED in str(raised.value)
