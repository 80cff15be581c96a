"""The words of the workbench with the default keys, for texts that say what to do."""

from __future__ import annotations

from functools import partial

from condatui.actions.keymap import Keymap
from condatui.actions.registry import ACTION_BY_ID
from condatui.view_models.remedies import workbench_words


def key(action: str) -> str:
    """The default key of an action."""
    return Keymap({}).labels(ACTION_BY_ID[action])[0]


words = partial(workbench_words, key=key)
"""Says a remedy as the workbench does."""
