from __future__ import annotations

import pytest

from condatui.view_models.glyphs import ASCII, UNICODE
from condatui.view_models.status import marked_line
from condatui_core.records.disk import Freed, Sharing
from support.inventories import environment, loaded
from support.tiers import thorough

ONE, TWO = loaded("one", managed_bytes=3_000_000_000), loaded("two", managed_bytes=400_000_000)
NAMES = {each.prefix: each.name for each in (ONE, TWO, environment("nlp-base"), environment("x"), environment("y"))}
BASE = environment("nlp-base").prefix


def freed(**fields: object) -> Freed:
    given = {
        "frees": 3_400_000_000,
        "with_cache_clean": 3_400_000_000,
        "one_by_one": 10_200_000_000,
        "together": 10_200_000_000,
        "kept_by": (Sharing(path="/opt/pkgs", bytes=6), Sharing(path=BASE, bytes=5)),
        **fields,
    }
    return Freed(**given)  # type: ignore[arg-type]


def line(known: Freed | None, width: int = 200) -> str:
    return marked_line([ONE, TWO], known, names=NAMES, width=width).plain


def test_nothing_is_said_where_nothing_is_marked() -> None:
    assert not marked_line([], None, names={}, width=80).plain


def test_before_anything_is_measured_it_says_what_records_claim() -> None:
    assert line(None) == "2 marked · ~3.4 GB by their records"
    claim = freed(measured=False, frees=96_000_000)
    assert line(claim) == "2 marked · ~3.4 GB by their records, ~96 MB of it in no other environment"


def test_it_says_why_it_is_less_than_the_sum() -> None:
    assert line(freed()) == (
        "2 marked · removing them frees 3.4 GB (not 10 GB: 6.8 GB is shared with nlp-base and the package cache)"
    )


def test_what_they_share_with_each_other_is_told_from_what_others_keep() -> None:
    assert line(freed(together=7_200_000_000)) == (
        "2 marked · removing them frees 3.4 GB"
        " (not 10 GB: 3.0 GB is shared among them, 3.8 GB with nlp-base and the package cache)"
    )
    among = freed(together=3_400_000_000, one_by_one=5_000_000_000, kept_by=())
    assert line(among) == "2 marked · removing them frees 3.4 GB (not 5.0 GB: 1.6 GB is shared among them)"


def test_what_frees_its_whole_size_needs_no_reason() -> None:
    whole = freed(one_by_one=3_400_000_000, together=3_400_000_000, kept_by=())
    assert line(whole) == "2 marked · removing them frees 3.4 GB"
    assert marked_line([ONE], whole, names=NAMES, width=80).plain == "1 marked · removing it frees 3.4 GB"


def test_what_cleaning_the_cache_adds_is_said() -> None:
    assert line(freed(with_cache_clean=4_600_000_000)).endswith(" · +1.2 GB with the cache cleaned")


def test_the_inodes_that_go_are_said_where_there_is_room() -> None:
    assert "frees 3.4 GB and 41 K inodes (not 10 GB: " in line(freed(inodes=41_000))
    assert "inodes" not in line(freed(inodes=41_000), width=110)
    whole = freed(inodes=41_000, one_by_one=3_400_000_000, together=3_400_000_000, kept_by=())
    assert line(whole) == "2 marked · removing them frees 3.4 GB and 41 K inodes"


def test_links_that_nobody_sees_and_places_inside_are_named() -> None:
    known = freed(outside=1, kept_by=(), nested=2)
    assert line(known) == (
        "2 marked · they hold 2 environments · removing them frees 3.4 GB "
        "(not 10 GB: 6.8 GB is shared with links elsewhere)"
    )


def test_the_one_that_holds_others_is_named() -> None:
    names = {**NAMES, f"{ONE.prefix}/envs/inner": "inner"}
    known = freed(one_by_one=3_400_000_000, nested=1)
    shown = marked_line([ONE, TWO], known, names=names, width=200).plain
    assert shown == f"2 marked · {ONE.name} holds 1 environment · removing them frees 3.4 GB"


def test_what_could_not_be_read_makes_it_a_lower_bound() -> None:
    assert "frees ≥3.4 GB" in line(freed(at_least=True))


def test_the_cache_of_uv_is_told_from_that_of_conda() -> None:
    uv = Sharing(path="/home/me/.cache/uv", bytes=3, tool="uv")
    assert line(freed(kept_by=(uv,))).endswith("6.8 GB is shared with the uv cache)")
    assert line(freed(kept_by=(Sharing(path="/opt/pkgs", bytes=6), uv))).endswith(
        "6.8 GB is shared with the package cache and the uv cache)"
    )
    assert "shared with the uv cache" in line(freed(kept_by=(uv,)), 70)


def test_many_holders_are_counted() -> None:
    others = tuple(Sharing(path=prefix, bytes=1) for prefix in NAMES)
    assert "with one, two and 3 more)" in line(freed(kept_by=others))


@pytest.mark.parametrize("width", [*range(30, 140, 7), *thorough(each for each in range(30, 140) if (each - 30) % 7)])
def test_the_line_fits_and_never_loses_the_figure(width: int) -> None:
    said = line(freed(with_cache_clean=4_600_000_000), width)
    assert "frees 3.4 GB" in said
    assert len(said) <= width


def test_80_columns_have_the_figure_the_reason_and_the_cache() -> None:
    assert line(freed(with_cache_clean=4_600_000_000), 78) == (
        "2 marked · frees 3.4 GB (not 10 GB: shared with 1 other) · +1.2 GB of cache"
    )


def test_hostile_names_are_printable_and_signs_may_be_ascii() -> None:
    known = freed(kept_by=(Sharing(path="/x", bytes=1),), at_least=True)
    said = marked_line([ONE], known, names={"/x": "a\x1b[31m"}, width=200, glyphs=ASCII).plain
    assert "\x1b" not in said
    assert said.isascii()
    assert UNICODE.separator not in said
