"""What to do is said in one language each: the command line never speaks of keys, the workbench never of flags."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import get_args, get_type_hints

import click
import pytest

from condatui.actions.keymap import Keymap
from condatui.actions.registry import ACTION_BY_ID
from condatui.cli.main import COMMANDS, condatui
from condatui.cli.remedies import command_line_words, findings_in_words
from condatui.view_models.remedies import workbench_words
from condatui_core.records.finding import blocker
from condatui_core.remedy import (
    AcceptSize,
    NameConda,
    Reload,
    Remedy,
    RemoveEnvironment,
    SeeInterrupted,
    WithoutRestorePoint,
)
from support.words import words

KEY = re.compile(r"\b(?:enter|esc|tab|space|place \d|the key)\b|\(\d\)|: [a-zA-Z]\.?$", re.IGNORECASE)
FLAG = re.compile(r"(?<![\w-])--?[a-z][\w-]*")
COMMAND = re.compile(rf"condatui (?:{'|'.join(COMMANDS)})\b")
ARGUMENTS = {
    "started": False,
    "limit_bytes": 500_000_000,
    "file": "/envs/a/conda-meta/frozen",
    "prefix": "/envs/a b",
    "prefixes": ("/envs/a b", "/envs/c"),
    "baseline": "/envs/base",
}


def samples() -> Iterator[Remedy]:
    """Every kind of remedy, and every variant of those that have some."""
    for kind in get_args(Remedy):
        yield kind(**{name: ARGUMENTS[name] for name in get_type_hints(kind) if name in ARGUMENTS})
    yield from (NameConda(why=why) for why in get_args(get_type_hints(NameConda)["why"]))
    yield from (WithoutRestorePoint(elsewhere=True), AcceptSize(limit_bytes=5, planned=False))
    yield SeeInterrupted(way_out=True)


def options() -> set[str]:
    commands = [command for name in COMMANDS if (command := condatui.get_command(click.Context(condatui), name))]
    return {option for command in commands for each in command.params for option in each.opts}


@pytest.mark.parametrize("remedy", tuple(samples()), ids=str)
def test_the_command_line_speaks_of_flags_and_commands_that_there_are(remedy: Remedy) -> None:
    said = command_line_words(remedy)
    assert said
    assert not KEY.search(said)
    assert {*FLAG.findall(said)} <= options()
    named = re.findall(r"`condatui ([\w-]+)|: condatui ([\w-]+)", said)
    assert {one or other for one, other in named} <= {*COMMANDS}


@pytest.mark.parametrize("remedy", tuple(samples()), ids=str)
def test_the_workbench_speaks_of_keys_and_fields_and_never_of_flags(remedy: Remedy) -> None:
    said = words(remedy)
    assert said
    assert not FLAG.search(said)
    assert not COMMAND.search(said)


def test_plain_advice_is_said_as_it_is_by_both() -> None:
    assert command_line_words("End it first.") == words("End it first.") == "End it first."
    assert command_line_words("") == words("") == ""


def test_keys_are_those_of_the_user() -> None:
    keymap = Keymap.of_settings({"reload": "f5"})
    said = workbench_words(Reload(), key=lambda action: keymap.labels(ACTION_BY_ID[action])[0])
    assert said == "Reload: f5."


def test_a_prefix_is_quoted_as_a_shell_takes_it() -> None:
    assert command_line_words(RemoveEnvironment(prefix="/envs/a b")).endswith("condatui remove '/envs/a b'")


def test_documents_have_the_words_of_the_command_line() -> None:
    (found,) = findings_in_words([blocker("no-conda", "None.", NameConda(why="unusable"))])
    assert found.remedy == "Repair that one, or name it: --conda PATH."
