"""Asking conda where channels have packages of which a history tells only names and channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from condatui_core.actions.protocol import JobContext
from condatui_core.actions.rollback.channel_search import SECONDS, ChannelSearch, search_channels
from condatui_core.conda.answer import CondaAnswer
from condatui_core.errors import CondaError
from condatui_core.records.installation import Installation
from condatui_core.records.revision import HistoryPackage
from support.contexts import made_context
from support.fake_channels import FakeChannels, answer_of
from support.inventories import NOW, inventory

CONDA = Installation(executable="/opt/conda/bin/conda", root_prefix="/opt/conda", kind="conda", version="26.7.1")
FORGE = "https://conda.anaconda.org/conda-forge"


def package(name: str, *, channel: str = "conda-forge", subdir: str = "linux-64") -> HistoryPackage:
    return HistoryPackage(name, "1.0", "0", channel, subdir)


def spec(name: str, channel: str = "conda-forge") -> str:
    return f"{channel}::{name}=1.0=0"


def context_with(conda: FakeChannels, home: Path) -> JobContext:
    environ = {"CONDA_PREFIX": "/opt/conda/envs/active"}
    return replace(made_context(inventory(), home, environ=environ), ask_conda=conda)


async def searched(conda: FakeChannels, home: Path, *packages: HistoryPackage) -> ChannelSearch:
    return await search_channels(packages, CONDA, context_with(conda, home))


def urls(search: ChannelSearch) -> dict[str, str]:
    return {each.package.name: each.url for each in search.found}


async def test_conda_is_asked_once_for_all_and_makes_nothing(tmp_path: Path) -> None:
    conda = FakeChannels("a", "b", "c")
    search = await searched(conda, tmp_path, *map(package, "abc"))
    (argv,) = conda.asked
    assert {"--dry-run", "--no-deps", "--json", "--override-channels", "conda-forge"} < set(argv)
    assert argv[-3:] == (spec("a"), spec("b"), spec("c"))
    assert not Path(argv[argv.index("-p") + 1]).parent.exists(), "the directory that it is asked in goes"
    assert (search.missing, search.problem) == ((), None)
    (first, *_) = search.found
    assert first.explicit == f"{FORGE}/linux-64/a-1.0-0.conda#{'d' * 32}", "without its credentials"
    assert (first.place, first.archive_bytes) == ("channel", 1000)


async def test_each_is_sought_at_the_channel_that_its_history_names(tmp_path: Path) -> None:
    conda = FakeChannels("a", "b")
    await searched(conda, tmp_path, package("a"), package("b", channel="https://host.org/own"))
    (argv,) = conda.asked
    assert argv[-2:] == (spec("a"), spec("b", "https://host.org/own"))
    assert [argv[at + 1] for at, each in enumerate(argv) if each == "--channel"] == [
        "conda-forge",
        "https://host.org/own",
    ]


async def test_one_that_is_gone_does_not_hide_the_others(tmp_path: Path) -> None:
    conda = FakeChannels(*"abcdefgh")
    search = await searched(conda, tmp_path, *map(package, "abcdXefgh"))
    assert (sorted(urls(search)), search.missing) == ([*"abcdefgh"], (package("X"),))
    assert len(conda.asked) < 9


async def test_what_does_not_go_together_is_looked_up_one_by_one(tmp_path: Path) -> None:
    conda = FakeChannels(*"abc", apart="b")
    search = await searched(conda, tmp_path, *map(package, "abc"))
    assert (sorted(urls(search)), search.missing) == ([*"abc"], ())
    assert ["search" in argv for argv in conda.asked].count(True) >= 1


async def test_what_conda_has_extracted_under_another_name_is_looked_up(tmp_path: Path) -> None:
    class Cached(FakeChannels):
        """A conda that has no need to download `a`."""

        async def __call__(
            self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None
        ) -> CondaAnswer:
            told = await super().__call__(argv, environ=environ, seconds=seconds)
            fetched = [self.archive("b")]
            return told if argv[1] == "search" else answer_of(argv, {"actions": {"FETCH": fetched}})

    search = await searched(Cached("a", "b"), tmp_path, package("a"), package("b"))
    assert sorted(urls(search)) == ["a", "b"]


async def test_a_package_for_another_platform_is_another_package(tmp_path: Path) -> None:
    conda = FakeChannels("a", subdir="noarch")
    assert (await searched(conda, tmp_path, package("a"))).missing == (package("a"),)
    assert urls(await searched(conda, tmp_path, package("a", subdir=""))) == {"a": f"{FORGE}/noarch/a-1.0-0.conda"}


@pytest.mark.parametrize("names", ["a", "ab"])
async def test_a_conda_that_cannot_say_is_a_problem_and_no_answer(tmp_path: Path, names: str) -> None:
    class Cut(FakeChannels):
        """A conda without a network."""

        async def __call__(
            self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None
        ) -> CondaAnswer:
            error = {"exception_name": "CondaHTTPError", "message": "HTTP 000 CONNECTION FAILED"}
            return answer_of(argv, error, exit_code=1)

    search = await searched(Cut(*names), tmp_path, *map(package, names))
    assert (search.found, search.missing) == ((), ())
    assert search.problem and "CONNECTION FAILED" in search.problem.detail


async def test_all_questions_together_have_one_time_limit(tmp_path: Path) -> None:
    passed = iter([0, 0, 400, 700])

    class Slow(FakeChannels):
        """A conda that takes its time."""

        async def __call__(
            self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None
        ) -> CondaAnswer:
            told = await super().__call__(argv, environ=environ, seconds=seconds)
            if seconds == 1:
                raise CondaError("conda did not answer within 1 second.")
            return told

    conda = Slow("a", apart="a")
    context = replace(context_with(conda, tmp_path), clock=lambda: NOW + timedelta(seconds=next(passed)))
    search = await search_channels((package("a"), package("X")), CONDA, context)
    assert conda.seconds == [SECONDS, SECONDS - 400, 1]
    assert (sorted(urls(search)), search.missing) == (["a"], ())
    assert search.problem and "did not answer" in search.problem.title
