from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui.view_models.environments.filters import HELP, parse_filter
from condatui_core.records.environment import KeepMark
from condatui_core.records.finding import FINDING_IDS
from condatui_core.records.prefix import Manager
from support.inventories import environment, finding, loaded, package, pip_package, research

RESEARCH = research()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "resea",
        "RESEARCH miniforge3",
        "finding:pip-over-conda",
        "channel:pytorch",
        "channel:PyPI",
        "python:3.10",
        "python:3",
        "python:>=3.10,<3.11",
        "python:=3.10",
        "package:numpy",
        "package:NumPy>=2",
        "package:numpy=2.0",
        "package:numpy==2.0.1",
        "package:torch",
        "package:pytorch=2.5.*",
        "package:research",
        "state:ok",
        "!channel:bioconda",
        "!research bert",
        'miniforge3 package:"numpy >= 2"',
    ],
)
def test_it_matches(text: str) -> None:
    assert parse_filter(text).matches(RESEARCH)
    assert not parse_filter(text).error


@pytest.mark.parametrize(
    "text",
    [
        "bert",
        "research bert",
        "!research",
        "finding:orphan",
        "channel:conda",
        "python:3.1",
        "python:<3.10",
        "package:num",
        "package:numpy=1.2",
        "package:numpy>2.0.1",
        "package:numpy=1.26",
        "package:scipy",
        "state:broken",
        '"research miniforge3"',
    ],
)
def test_it_does_not_match(text: str) -> None:
    assert not parse_filter(text).matches(RESEARCH)


def test_links_have_names_too() -> None:
    assert parse_filter("current").matches(environment("prod", aliases=("/envs/current",)))


def test_a_machine_is_found_by_its_name_with_and_without_the_domain() -> None:
    there = environment("x", host="GPU07.cluster", prefix="GPU07.cluster:/x")
    assert all(parse_filter(f"host:{text}").matches(there) for text in ("gpu07", "gpu07.cluster", "Gpu07"))
    assert not any(parse_filter(f"host:{text}").matches(there) for text in ("gpu0", "cluster", "gpu08"))
    assert not parse_filter("host:gpu07").matches(environment("x"))


def test_main_finds_pkgs_main() -> None:
    assert parse_filter("channel:main").matches(environment("x", channels=(("pkgs/main", 3),)))


def test_those_of_a_tool_are_found_and_those_of_a_project_by_the_name_that_is_shown() -> None:
    prefix = "/work/lab/.pixi/envs/test"
    manager = Manager(tool="pixi", project="/work/lab", environment="test")
    managed = environment(prefix, prefix=prefix, manager=manager, project="/work/lab")
    assert parse_filter("managed:pixi").matches(managed)
    assert parse_filter("lab/test").matches(managed)
    assert not parse_filter("managed:snakemake").matches(managed)
    assert not parse_filter("managed:pixi").matches(RESEARCH)
    assert "pixi" in parse_filter("managed:pix").error


def test_quotes_keep_a_word_together_and_its_colon_plain() -> None:
    spaced = environment("my env", prefix="/envs/a:b/my env")
    assert parse_filter('"my env"').matches(spaced)
    assert parse_filter('"a:b"').matches(spaced)
    assert parse_filter('"my en', typed=True).matches(spaced)


def test_what_pip_has_replaced_counts_as_python_sees_it() -> None:
    """conda still states 1.26.4; pip has put 2.0.1 in its place."""
    assert parse_filter("package:numpy==2.0.1").matches(RESEARCH)
    assert not parse_filter("package:numpy==1.26.4").matches(RESEARCH)


def test_a_name_is_found_however_it_is_spelled() -> None:
    """PyPI's rules: case, `-`, `_` and `.` are all one."""
    assert parse_filter("package:ruamel_yaml").matches(loaded("x", [package("ruamel.yaml")]))
    assert parse_filter("package:typing-extensions").matches(loaded("x", [], [pip_package("typing_extensions")]))


def test_versions_are_ordered_as_conda_orders_them() -> None:
    openssl = loaded("x", [package("openssl", "1.1.1w")])
    assert parse_filter("package:openssl=1.1").matches(openssl)
    assert parse_filter("package:openssl>1.1.1k").matches(openssl)


def test_prereleases_count_as_versions() -> None:
    assert parse_filter("package:torch>=2.5").matches(loaded("x", [], [pip_package("torch", "2.6.0.dev20250101")]))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("chanel:x", "finding, channel, python, package, used, disk, frees, gpu, marked, host, state"),
        ("package:numpy>=", ">="),
        ("package:>=2", "name"),
    ],
)
def test_what_cannot_be_understood_says_so_and_hides_nothing(text: str, words: str) -> None:
    wrong = parse_filter(text)
    assert words in wrong.error
    assert wrong.matches(RESEARCH)


@pytest.mark.parametrize(
    ("text", "position"),
    [("chanel:x", 0), ("  nlp package:numpy>= x", 6), ("!a package:", 3), ('a "b c', 2), ("é\tstate:", 2)],
)
def test_an_error_has_a_position(text: str, position: int) -> None:
    wrong = parse_filter(text)
    assert (bool(wrong.error), wrong.position) == (True, position)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("finding:pip-ovr-conda", "pip-over-conda"),
        ("finding:pip", "pip-over-conda"),
        ("state:orfan", "orphan"),
        ("is:frosen", "frozen"),
        ("chanel:x", "channel"),
    ],
)
def test_a_value_or_field_that_there_is_not_says_which_is_near(text: str, meant: str) -> None:
    wrong = parse_filter(text)
    assert f" Did you mean `{meant}`?" in wrong.error
    assert wrong.matches(RESEARCH)


def test_every_finding_of_an_environment_can_be_asked_for() -> None:
    for each in FINDING_IDS:
        assert parse_filter(f"finding:{each}").matches(environment("a", findings=(finding(each),)))


@pytest.mark.parametrize(
    "text", ["package:", '"my en', "state:", "package:numpy>=", "python:>", "finding:pip-ov", "is:k"]
)
def test_what_is_still_being_typed_is_no_error_and_hides_nothing(text: str) -> None:
    assert parse_filter(text, typed=True).error == ""
    assert parse_filter(text).error


@pytest.mark.parametrize("text", ["finding:pip-ov", "is:ke", "state:bro", "channel:de"])
def test_a_value_that_is_not_complete_hides_nothing(text: str) -> None:
    assert parse_filter(text, typed=True).matches(RESEARCH)


def test_a_value_that_can_be_none_is_an_error_while_it_is_typed() -> None:
    assert "There is no `finding:typo`." in parse_filter("finding:typo", typed=True).error


def test_a_filter_names_the_packages_that_it_is_about_once_each() -> None:
    assert parse_filter("nlp package:numpy>=1 package:torch package:numpy<3").packages == ("numpy", "torch")
    assert parse_filter("!package:NumPy").packages == ("NumPy",)
    assert parse_filter("nlp").packages == parse_filter("package:", typed=True).packages == ()


@pytest.mark.parametrize(
    ("quality", "fields"),
    [
        ("kept", {"keep": KeepMark()}),
        ("frozen", {"frozen": True}),
        ("baseline", {"baseline": True}),
        ("base", {"base": True}),
        ("active", {"active": True}),
    ],
)
def test_what_an_environment_is_can_be_asked_for(quality: str, fields: dict[str, object]) -> None:
    wanted = parse_filter(f"is:{quality.upper()}")
    assert wanted.matches(environment("a", **fields))
    assert not wanted.matches(environment("a"))
    assert parse_filter("is:nice").error == "There is no `is:nice`. There are kept, frozen, baseline, base, active."


def test_an_environment_that_is_not_read_has_no_package() -> None:
    assert not parse_filter("package:numpy").matches(environment("new"))
    assert not parse_filter("finding:stale").matches(environment("new", findings=(finding("orphan"),)))


@given(st.text(alphabet=st.sampled_from('ab:!|@"<>=~,.* python package used 3dG é\udcff\x00'), max_size=30))
def test_no_text_is_too_strange(text: str) -> None:
    assert isinstance(parse_filter(text).matches(RESEARCH), bool)
    assert isinstance(parse_filter(text, typed=True).matches(RESEARCH), bool)


def test_the_help_shows_filters_that_work() -> None:
    assert not any(parse_filter(example, remembered={"NAME": "nlp"}).error for example, _ in HELP)


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("bert | research", True),
        ("bert|research", True),
        ("bert | nlp", False),
        ("research bert | nlp", False),
        ("bert nlp | research miniforge3", True),
        ("bert | finding:orphan | package:numpy", True),
        ("!bert | nlp", True),
        ("!bert | research", False),
        ("research !bert", True),
        ("package:numpy !finding:pip-over-conda", False),
        ("bert | !finding:orphan", True),
        ("!research !bert", False),
        ("python:3.11|3.10", True),
        ("python:3.11|>=3.12", False),
        ("python:3.11|research", True),
        ("package:numpy=1.26|package:torch", True),
        ('"bert|research"', False),
        ("state:missing|ok", True),
        ("state:missing|orphan", False),
        ("state:missing |research", True),
        ("state:missing| research", True),
    ],
)
def test_a_bar_means_or_and_binds_less_than_a_space(text: str, matches: bool) -> None:
    assert parse_filter(text).error == ""
    assert parse_filter(text).matches(RESEARCH) is matches


@pytest.mark.parametrize(
    ("text", "position", "words"),
    [
        ("| nlp", 0, "nothing before the `|`"),
        ("nlp |", 4, "nothing after the `|`"),
        ("nlp | | bert", 6, "nothing before"),
        ("nlp !", 4, "nothing after the `!`"),
        ("!", 0, "nothing after the `!`"),
        (" ! ", 1, "nothing after the `!`"),
        ('""', 0, "nothing between the quotes"),
        ('nlp " "', 4, "nothing between the quotes"),
        ("nlp | chanel:x", 6, "Did you mean `channel`?"),
    ],
)
def test_a_sign_without_a_word_is_an_error_once_it_is_kept(text: str, position: int, words: str) -> None:
    wrong = parse_filter(text)
    assert words in wrong.error
    assert wrong.position == position
    assert wrong.matches(environment("other"))


@pytest.mark.parametrize("text", ["bert |", "|", "bert | finding:", "bert | !", "!finding:", "! "])
def test_what_is_still_missing_of_an_alternative_makes_no_difference(text: str) -> None:
    typed = parse_filter(text, typed=True)
    assert typed.error == ""
    assert typed.matches(environment("bert"))


def test_a_remembered_filter_stands_for_all_of_it() -> None:
    remembered = {"big": "package:numpy | bert", "not-mine": "!research"}
    for text, matches in (("@big", True), ("@big nlp", False), ("!@big", False), ("nlp !@not-mine", False)):
        assert parse_filter(text, remembered=remembered).matches(RESEARCH) is matches
    assert parse_filter("research !@not-mine", remembered=remembered).matches(RESEARCH)
    assert parse_filter("@big", remembered=remembered).packages == ("numpy",)
    assert parse_filter('"@big"', remembered=remembered).error == ""


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@bog", "There is no remembered filter `@bog`. Did you mean `big`?"),
        ("@wrong", "The remembered filter `@wrong` is wrong: There is no field `chanel`"),
        ("@chain", "The remembered filter `@chain` is wrong: A filter that is remembered names no other."),
    ],
)
def test_a_remembered_filter_that_cannot_be_used_says_so_and_hides_nothing(text: str, words: str) -> None:
    remembered = {"big": "nlp", "wrong": "chanel:x", "chain": "@big"}
    wrong = parse_filter(text, remembered=remembered)
    assert words in wrong.error
    assert wrong.matches(RESEARCH)
    assert "None is remembered yet." in parse_filter("@big").error


def test_a_name_of_a_remembered_filter_that_is_begun_hides_nothing() -> None:
    assert parse_filter("@bi", typed=True, remembered={"big": "nlp"}).matches(RESEARCH)
