"""The fields of a filter that decide: ages, bytes, GPUs, marks and Anaconda's channels; and what is not known."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from msgspec.structs import replace

from condatui.view_models.environments.filter_fields import NO_FACTS, FilterFacts
from condatui.view_models.environments.filters import parse_filter
from condatui.view_models.environments.measures import is_begun_age
from condatui.view_models.environments.query import EnvironmentQuery
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment
from support.inventories import NOW, days_ago, environment, loaded
from support.other_machines import on

OLD = loaded("old", last_used=days_ago(91))
RECENT = loaded("recent", last_used=days_ago(90))
NEVER = loaded("never")
UNREAD = environment("unread")
TIMES = FilterFacts(now=NOW)


def found(text: str, environments: tuple[Environment, ...], facts: FilterFacts) -> list[str]:
    assert parse_filter(text).error == ""
    return [each.name for each in EnvironmentQuery(filter=text).of(environments, facts)]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("used:>90d", ["old", "never"]),
        ("used:>=90d", ["old", "recent", "never"]),
        ("used:<91d", ["recent"]),
        ("used:<=13w", ["old", "recent"]),
        ("used:>=3m", ["old", "recent", "never"]),
        ("used:>3M", ["old", "never"]),
        ("used:<1y", ["old", "recent"]),
        ("used:>1y", ["never"]),
        ("used:never", ["never"]),
        ("!used:>90d", ["recent"]),
    ],
)
def test_ages_are_days_as_the_column_counts_them_and_never_is_longer_ago_than_any(text: str, names: list[str]) -> None:
    assert found(text, (OLD, RECENT, NEVER, UNREAD), TIMES) == names


def test_what_is_not_read_yet_is_unknown_and_not_never_used() -> None:
    assert parse_filter("used:>90d").judge(UNREAD, TIMES) is None
    assert parse_filter("!used:>90d").judge(UNREAD, TIMES) is None
    assert parse_filter("used:>90d").judge(replace(UNREAD, state="orphan"), TIMES) is True


def test_a_machine_that_was_not_examined_does_not_tell_when_it_was_used() -> None:
    there = on("gpu01", NEVER)
    assert parse_filter("used:>90d").judge(there, TIMES) is True
    assert parse_filter("used:>90d").judge(there, replace(TIMES, unexamined=frozenset({"gpu01"}))) is None


MEASURED = loaded("measured", managed_bytes=1)
CLAIMED = loaded("claimed", managed_bytes=6_000_000_000)
NOTHING = environment("nothing")
COSTS = FilterFacts(costs={MEASURED.prefix: Cost(total=5_000_000_000, frees=900_000_000)})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("disk:>5G", ["claimed"]),
        ("disk:>=5G", ["measured", "claimed"]),
        ("disk:<=5000M", ["measured"]),
        ("disk:<0.1T", ["measured", "claimed"]),
        ("disk:>4.9GB", ["measured", "claimed"]),
        ("frees:>1G", []),
        ("frees:<1G", ["measured"]),
        ("frees:>800000K", ["measured"]),
    ],
)
def test_bytes_are_those_of_the_columns(text: str, names: list[str]) -> None:
    assert found(text, (MEASURED, CLAIMED, NOTHING), COSTS) == names


def test_what_is_not_measured_is_counted_as_unknown_and_its_inverse_too() -> None:
    for text in ("frees:>1G", "!frees:>1G"):
        assert EnvironmentQuery(filter=text).select((MEASURED, CLAIMED, NOTHING), COSTS).unknown == 2


def test_a_figure_that_is_the_least_decides_only_where_a_larger_one_would_too() -> None:
    facts = FilterFacts(costs={MEASURED.prefix: Cost(total=5_000_000_000, frees=0, at_least=True)})
    assert parse_filter("disk:>4G").judge(MEASURED, facts) is True
    assert parse_filter("disk:<4G").judge(MEASURED, facts) is False
    assert parse_filter("disk:>6G").judge(MEASURED, facts) is None
    assert parse_filter("disk:<6G").judge(MEASURED, facts) is None


def test_gpus_by_the_word_of_their_check() -> None:
    words = {OLD.prefix: "works", RECENT.prefix: "broken"}
    facts = FilterFacts(gpu_word=lambda prefix: words.get(prefix, "unknown"))
    every = (OLD, RECENT, NEVER)
    assert found("gpu:works", every, facts) == ["old"]
    assert found("gpu:BROKEN", every, facts) == ["recent"]
    assert found("gpu:unknown", every, facts) == ["never"]
    assert found("gpu:none", every, facts) == []
    assert "Did you mean `works`?" in parse_filter("gpu:work").error


def test_marks() -> None:
    facts = FilterFacts(marked=frozenset({OLD.prefix}))
    assert found("marked:yes", (OLD, NEVER), facts) == ["old"]
    assert found("marked:no", (OLD, NEVER), facts) == ["never"]


@pytest.mark.parametrize(
    "channel", ["pkgs/main", "pkgs/r", "defaults", "anaconda", "main", "https://nexus.example/conda/pkgs/main"]
)
def test_defaults_is_every_channel_of_anaconda(channel: str) -> None:
    assert parse_filter("channel:defaults").matches(environment("x", channels=((channel, 3),)))


@pytest.mark.parametrize("channel", ["conda-forge", "nvidia", "lab/anaconda-like", "pypi"])
def test_defaults_is_no_other_channel(channel: str) -> None:
    assert not parse_filter("channel:defaults").matches(environment("x", channels=((channel, 3),)))


def test_what_a_snapshot_does_not_tell_is_unknown() -> None:
    untold = environment("there", host="gpu01", prefix="gpu01:/there")
    for text in ("channel:defaults", "package:numpy", "python:3.11", "disk:>5G", "frees:<1G"):
        assert parse_filter(text).judge(untold, NO_FACTS) is None
    assert parse_filter("package:numpy host:gpu02").judge(untold, NO_FACTS) is False, "what decides is known"
    assert parse_filter("package:numpy | host:gpu01").judge(untold, NO_FACTS) is True


@dataclass(frozen=True)
class Wrong:
    text: str
    words: str


@pytest.mark.parametrize(
    "wrong",
    [
        Wrong("used:90d", "compares, with >, >=, < or <=: as in `used:>90d`"),
        Wrong("used:>90x", "`90x` is no age: such as 90d, 2w, 6m or 1y is"),
        Wrong("used:>", "compares"),
        Wrong("disk:5G", "as in `disk:>5G`"),
        Wrong("disk:>fiveG", "`fiveG` is no size: such as 20G"),
        Wrong("frees:=1G", "`frees:` compares"),
        Wrong("marked:maybe", "There is no `marked:maybe`. There are yes, no."),
        Wrong("dsk:>5G", "There is no field `dsk`. Did you mean `disk`?"),
    ],
)
def test_a_value_that_cannot_be_says_why_and_hides_nothing(wrong: Wrong) -> None:
    parsed = parse_filter(wrong.text)
    assert wrong.words in parsed.error
    assert parsed.matches(OLD)


@pytest.mark.parametrize(
    "text", ["used:>", "used:>9", "used:>90", "used:nev", "disk:>", "frees:<=", "gpu:wor", "!gpu:"]
)
def test_a_value_that_is_begun_hides_nothing(text: str) -> None:
    assert parse_filter(text, typed=True).error == ""
    assert parse_filter(text, typed=True).judge(OLD, TIMES) is True


def test_a_whole_age_is_not_begun() -> None:
    assert not any(map(is_begun_age, ("never", ">90d", "<1y")))
