from __future__ import annotations

import os

import pytest

from condatui_core.analyses.environments import in_order, resolve
from condatui_core.errors import UsageError
from condatui_core.remedy import ListEnvironments
from support.inventories import environment

NLP = environment("nlp-exp", aliases=("/opt/miniforge3/envs/current",))
BERT = environment("bert-finetune")
TWINS = (environment("e1", prefix="/a/envs/e1"), environment("e1", prefix="/b/envs/e1"))
APART = environment("/data/proj/env", prefix="/data/proj/env")
ALL = (NLP, BERT, *TWINS, APART)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("nlp-exp", NLP),
        ("current", NLP),
        ("/opt/miniforge3/envs/nlp-exp", NLP),
        ("/opt/miniforge3/envs/nlp-exp/", NLP),
        ("/opt/miniforge3/envs/current", NLP),
        ("../miniforge3/envs/nlp-exp", NLP),
        ("/data/proj/env", APART),
        ("/b/envs/e1", TWINS[1]),
    ],
)
def test_an_environment_is_found_by_name_prefix_and_link(text: str, found: object) -> None:
    assert resolve(ALL, text, cwd="/opt/mamba") is found


def test_one_of_a_project_is_found_as_the_list_shows_it_unless_that_is_a_path() -> None:
    mine = environment("/work/lab/.conda", prefix="/work/lab/.conda", project="/work/lab")
    path = environment("/here/lab/.conda", prefix="/here/lab/.conda")
    assert resolve((mine,), "lab/.conda", cwd="/here") is mine
    assert resolve((mine, path), "lab/.conda", cwd="/here") is path
    twin = environment("/old/lab/.conda", prefix="/old/lab/.conda", project="/old/lab")
    with pytest.raises(UsageError, match="More than one"):
        resolve((mine, twin), "lab/.conda", cwd="/here")


def test_those_of_one_project_stand_together_wherever_they_lie() -> None:
    paths = ("/a/env", "/detached/lab-1/envs/test", "/m/env", "/work/lab/.conda")
    kept = [environment(path, prefix=path, project="/work/lab" if "lab" in path else "") for path in paths]
    ordered = in_order([*reversed(kept), BERT, environment("base", base=True)])
    assert [each.name for each in ordered] == ["base", "bert-finetune", "/a/env", "/m/env", paths[1], paths[3]]


def test_a_dot_is_the_directory_one_is_in() -> None:
    assert resolve(ALL, ".", cwd="/data/proj/env") is APART


def test_links_on_the_way_are_followed_if_the_caller_can() -> None:
    found = resolve(ALL, "/home/ada/env", cwd="/", real_path={"/home/ada/env": "/data/proj/env"}.__getitem__)
    assert found is APART


def test_a_name_comes_before_a_link_of_the_same_name() -> None:
    other = environment("current", prefix="/elsewhere/current")
    assert resolve((NLP, other), "current", cwd="/") is other


def test_an_ambiguous_name_lists_the_prefixes() -> None:
    with pytest.raises(UsageError, match="More than one") as error:
        resolve(ALL, "e1", cwd="/")
    assert error.value.detail.splitlines() == ["/a/envs/e1", "/b/envs/e1"]


def test_an_unknown_name_comes_with_those_that_are_close() -> None:
    with pytest.raises(UsageError) as error:
        resolve(ALL, "nlp-ex", cwd="/")
    assert error.value.hint == "Did you mean `nlp-exp`?"
    with pytest.raises(UsageError) as error:
        resolve(ALL, "quite-another", cwd="/")
    assert error.value.advice == ListEnvironments()


def test_a_name_is_not_a_path_and_a_path_is_not_a_name() -> None:
    """As conda has it: `-n env` and `-p ./env` are two things."""
    with pytest.raises(UsageError):
        resolve(ALL, "env", cwd="/data/proj")
    assert resolve(ALL, "./env", cwd="/data/proj") is APART


def test_what_was_typed_cannot_draw_on_the_terminal() -> None:
    with pytest.raises(UsageError) as error:
        resolve(ALL, "\x1b[31m", cwd="/")
    assert "\x1b" not in str(error.value)


def test_a_path_with_a_zero_byte_is_no_environment() -> None:
    with pytest.raises(UsageError, match="There is no environment"):
        resolve(ALL, "/x\0/nlp-exp", cwd="/", real_path=os.path.realpath)


HOSTS = tuple(
    environment("nlp", prefix=f"{host}:/opt/envs/nlp", host=host, aliases=("/links/here",))
    for host in ("gpu01", "gpu02")
)


@pytest.mark.parametrize("text", ["gpu02:nlp", "gpu02:/opt/envs/nlp", "gpu02:/opt/envs/nlp/", "gpu02:here"])
def test_an_environment_of_another_machine_is_found_by_host_and_name_or_prefix(text: str) -> None:
    assert resolve(HOSTS, text, cwd="/") is HOSTS[1]


def test_a_name_on_several_machines_asks_for_the_machine() -> None:
    for text in ("nlp", "/opt/envs/nlp"):
        with pytest.raises(UsageError) as error:
            resolve(HOSTS, text, cwd="/")
        assert error.value.detail == "gpu01:/opt/envs/nlp\ngpu02:/opt/envs/nlp"
        assert error.value.hint == f"Say which: `gpu01:{text}`."


def test_an_environment_of_another_machine_is_not_taken_for_one_of_this_one() -> None:
    with pytest.raises(UsageError) as told:
        resolve([environment("nlp-exp")], "gpu07:nlp-exp", cwd="/")
    assert told.value.hint == "Other machines can be looked at (`--snapshots DIR`), not changed."


def test_a_colon_in_a_name_is_no_machine() -> None:
    odd = environment("gpu01:nlp", prefix="/opt/envs/gpu01:nlp")
    assert resolve((odd,), "gpu01:nlp", cwd="/") is odd
