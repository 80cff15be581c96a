"""The help of every command: two examples that can be typed, and the same option in the same words everywhere."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timezone
from itertools import takewhile
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from condatui.cli.invocation import Invocation
from condatui.cli.main import COMMANDS, GROUPS, condatui

INVOCATION = Invocation(
    environ={}, home=Path("/nowhere"), cwd="/", clock=lambda: datetime.now(timezone.utc), terminal=True
)
ROOT = click.Context(condatui, info_name="condatui", obj=INVOCATION)

CHANGING = (*GROUPS["change"], "cleanup", "baseline", "slim", *GROUPS["take along"])
"""The commands that plan, ask and carry out."""


def command(name: str) -> click.Command:
    found = condatui.get_command(ROOT, name)
    assert found is not None
    return found


def examples_of(name: str) -> list[str]:
    """What stands below the last `Examples:` of its help."""
    lines = CliRunner().invoke(condatui, [name, "--help"], obj=INVOCATION).output.splitlines()
    assert "  Examples:" in lines, name
    return lines[len(lines) - lines[::-1].index("  Examples:") :]


def words_of(example: str) -> list[str]:
    """The words of an example up to the end of its first command."""
    return [*takewhile(lambda word: word not in ("|", ">"), shlex.split(example))]


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_ends_with_two_examples_that_can_be_typed(name: str) -> None:
    examples = examples_of(name)
    assert len(examples) == 2
    for each in examples:
        program, called, *arguments = words_of(each)
        assert (program, called) == ("condatui", name)
        command(name).make_context(name, arguments, parent=ROOT)


def test_an_example_that_could_not_be_typed_is_seen() -> None:
    with pytest.raises(click.NoSuchOption):
        command("list").make_context("list", ["--sizez"], parent=ROOT)


def options() -> Iterator[tuple[str, click.Option]]:
    for name in COMMANDS:
        for parameter in command(name).params:
            if isinstance(parameter, click.Option):
                yield name, parameter


DIFFER = {
    "--all": "what it is all of",
    "--anew": "what is done again",
    "--dir": "what the directory holds",
    "--into": "the name of a copy, and an environment",
    "--force": "a shipped directory is told by what stands in it",
    "--format": "the formats of an export, and of an archive",
    "--json": "one document, or lines of a plan and its job",
    "--list": "what is listed",
    "--note": "a mark has one note, and each restore point its own",
    "--offline": "of `slim` and `verify` only with another option",
    "--output": "what is written",
    "--platform": "of a file, and of several",
    "--policy": "what the rules are for",
    "--timeout": "what may take so long",
    "--undo": "what is undone",
    "--file": "what the file is for",
}
"""The options whose words differ from command to command, and why."""


def test_an_option_has_the_same_words_in_every_command() -> None:
    words: defaultdict[str, set[tuple[object, ...]]] = defaultdict(set)
    for _, option in options():
        words[_long(option)].add((*option.opts, option.is_flag, option.help))
    unlike = {name for name, different in words.items() if len(different) > 1}
    assert unlike == DIFFER.keys()


def test_a_short_option_means_the_same_everywhere() -> None:
    meant: defaultdict[str, set[str]] = defaultdict(set)
    for _, option in options():
        for short in (each for each in option.opts if not each.startswith("--")):
            meant[short].add(_long(option))
    assert meant == {"-o": {"--output"}, "-f": {"--file"}, "-y": {"--yes"}}


def _names(name: str) -> Sequence[str]:
    return [_long(each) for each in command(name).params if isinstance(each, click.Option)]


def _long(option: click.Option) -> str:
    return max(option.opts, key=len)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_ends_with_the_same_options(name: str) -> None:
    last: tuple[str, ...] = ("--conda", "--root", "--read-only", "--debug", "--version")
    asking = ("--dry-run", "--yes", "--json") if name in CHANGING else ("--json",) if "--json" in _names(name) else ()
    if name in ("completion", "demo"):  # which have nothing to do with this machine
        last = ("--version",)
    assert tuple(_names(name)[-len(last) - len(asking) :]) == (*asking, *last)
    assert name in CHANGING or not {"--dry-run", "--yes"} & {*_names(name)}


def test_what_is_asked_for_twice_says_so_in_the_same_words() -> None:
    unlike = [
        (name, _long(option))
        for name, option in options()
        if option.multiple and not str(option.help).endswith("may be given again.")
    ]
    assert unlike == [("clean", "--what")]  # a list of parts, separated by commas
