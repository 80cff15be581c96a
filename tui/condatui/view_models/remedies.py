"""What to do about something, said for the workbench: what a flag is to a command, a field or a key is here."""

from __future__ import annotations

_SAID_HERE = (
    ("or `--force`", "or enter replaces it"),
    ("pass `--ignore-editable`", "say yes to `ignore editable`"),
    ("pass `--ignore-missing`", "say yes to `ignore missing`"),
    ("`--exclude`", "in the field `without`"),
    ("The dest-prefix has", "What stands at `will lie in` has"),
    ("--with-conda takes", "yes to `with conda itself` takes"),
    ("Clone it without --offline", "Say no to `without downloads`"),
    ("; --no-restore-point does without", ""),  # the hint says which key does
    ("; --no-restore-point keeps nothing", "; agreed to, all of it is kept"),
    ("--no-restore-point does without", "Enter does without"),
    ("`--no-restore-point`", "`condatui remove --no-restore-point`"),
    ("`condatui restore --list` shows", "Place 5 shows"),
    ("Name a conda: --conda PATH", "Start condatui with --conda PATH"),
    ("Name one: --conda PATH", "Start condatui with --conda PATH"),
    ("name it: --conda PATH", "start condatui with --conda PATH"),
)
"""(as it is said to everybody, as it is said here) pairs, tried in this order."""


def said_here(remedy: str) -> str:
    """The same remedy without flags for which there is a field or a key."""
    for everywhere, here in _SAID_HERE:
        remedy = remedy.replace(everywhere, here)
    return remedy
