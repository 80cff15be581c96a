"""Commands as a shell takes them, whatever is in their words."""

from __future__ import annotations

import os
import subprocess

import pytest

from condatui_core.text import sanitize, shell_words

WORDS = ["x", "a b", "it's", "", "a\nb", "\udcff\udcfe", "q'uo\\te\x1b]0;x\x07", "日本\u200b\u202e", "$(x)\n!", "\t"]


@pytest.mark.parametrize("word", WORDS)
def test_a_command_can_be_shown_and_a_shell_takes_it_word_for_word(word: str) -> None:
    line = shell_words(["printf", "%s", word])
    assert sanitize(line) == line
    done = subprocess.run(["bash", "--norc", "-c", os.fsencode(line)], capture_output=True, check=True)
    assert done.stdout == os.fsencode(word)
