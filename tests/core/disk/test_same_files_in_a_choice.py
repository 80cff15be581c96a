"""What is stored twice as a part of a choice: what `df` gains is said of the whole, and nothing counts twice."""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_fields

from condatui_core.analyses.cleanup.choice import choice_of, parts_of
from condatui_core.analyses.cleanup.relinks import relinks_of
from condatui_core.analyses.relinking import places_of
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.disk.findings import holders_of_packages
from condatui_core.disk.usage import DiskUsage, ManagedSizes
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Inventory
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.request import Cleanable, RelinkRequest, RemoveRequest
from support.disk_trees import du, graph_of
from support.inventories import NOW
from support.same_files import SameWorld, cache_package, content, install_wheel, join, link_into
from support.tiers import examples

_FILES = {f"lib/{word}": content(word, size) for word, size in (("one", 5000), ("two", 9000), ("three", 20_000))}
_how = st.sampled_from(["copy", "link", "wheel", "first"])
"""An environment has copies of a package's files, links to the cache, pip's own, or links to the first copy."""
_env = st.tuples(_how, st.sets(st.sampled_from(sorted(_FILES)), min_size=1))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(envs=st.lists(_env, min_size=2, max_size=5), going=st.sets(st.integers(0, 4)), cleans=st.booleans())
def test_what_a_choice_frees_with_relinking_is_what_du_says(
    tmp_path: Path, envs: list[tuple[str, set[str]]], going: set[int], cleans: bool
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        world = SameWorld(Path(name))
        _build(world, envs)
        gone = [str(each) for number, each in enumerate(world.prefixes) if number in going]
        usage = _usage(world)
        if not usage.same_files.sets:
            return
        survey = _survey(world, usage)
        (relink,) = [each for each in survey.candidates if each.kind == "relink"]
        packages: tuple[Cleanable, ...] = ("packages",)
        cleaned = ((str(world.root / "pkgs"), packages),) if cleans else ()
        choice = CleanupChoice(prefixes=tuple(gone), cleaned=cleaned, relinks=(relink.prefixes,))
        predicted = survey._frees(choice)
        before = du(world.root)
        _carry_out(world, choice)
        assert predicted == before - du(world.root)


def _build(world: SameWorld, envs: list[tuple[str, set[str]]]) -> None:
    package = cache_package(world.cache(), "package-1.0-0", _FILES)
    first: dict[str, Path] = {}
    for number, (how, paths) in enumerate(envs):
        prefix, files = world.environment(f"env{number}"), {each: _FILES[each] for each in sorted(paths)}
        if how == "wheel":
            install_wheel(prefix, "package", {f"../../../{each}": data for each, data in files.items()})
        else:
            prefix.package("package", "1.0", "0", files=files)
        if how == "link":
            link_into(prefix, package, list(files))
        for each in files:
            if how == "first" and each in first:
                (prefix.path / each).unlink()
                os.link(first[each], prefix.path / each)
            elif how != "link":
                first.setdefault(each, prefix.path / each)


def _usage(world: SameWorld) -> DiskUsage:
    environments = world.environments()
    places = (*(DiskPlace(path=str(each)) for each in world.prefixes), *world.caches)
    graph = graph_of(places)
    uses = {each.prefix: graph.use_of(each.prefix) for each in environments}
    known = DiskUsage(ManagedSizes(Inventory(environments=tuple(environments))), graph=graph, uses=uses)
    return replace(known, copied_by=holders_of_packages(environments), same_files=world.survey())


def _survey(world: SameWorld, usage: DiskUsage) -> CleanupSurvey:
    inventory = Inventory(environments=tuple(world.environments()))
    return CleanupSurvey.of(inventory, usage, (), counts_points=False, now=NOW, user="")


def _carry_out(world: SameWorld, choice: CleanupChoice) -> None:
    """Look again and join as the request says, then remove, then clean as condatui does."""
    (request, *_) = parts_of(choice)
    assert isinstance(request, RelinkRequest)
    every = world.prefixes
    world.prefixes = [each for each in every if str(each) not in request.leaving_out]
    join(world.survey(prefixes=request.prefixes))
    for prefix in choice.prefixes:
        shutil.rmtree(prefix)
    for cache, _ in choice.cleaned:
        package = Path(cache, "package-1.0-0")
        linked = any(each.stat().st_nlink > 1 for each in package.rglob("*") if each.is_file())
        recorded = any((each.meta / "package-1.0-0.json").exists() for each in world.prefixes)
        if not linked and not recorded:
            shutil.rmtree(package)


def test_relinking_comes_first_and_leaves_out_what_goes() -> None:
    choice = CleanupChoice(prefixes=("/envs/b",), merges=(("/envs/c", "/envs/a"),), relinks=(("/envs/a", "/envs/b"),))
    relink, *others = parts_of(choice)
    assert relink == RelinkRequest(prefixes=("/envs/a",), leaving_out=("/envs/b", "/envs/c"))
    assert RemoveRequest(prefixes=("/envs/b",)) in others


def test_a_goal_drops_what_relinking_makes_needless(tmp_path: Path) -> None:
    """Two copies free as much as removing both environments: no environment goes for that."""
    world = SameWorld(tmp_path)
    for name in ("a", "b", "c"):
        install_wheel(world.environment(name), "cublas", {"lib.so": content("cublas", 50_000)})
    survey = _survey(world, _usage(world))
    (relink,) = survey.candidates
    others = (
        replace_fields(relink, key=str(each), path=str(each), kind="environment", tier="stale")
        for each in world.prefixes
    )
    candidates = [relink, *others]
    frees = survey.frees([relink])
    goal = survey.reach(candidates, frees)
    assert goal.chosen == (relink.key,)
    assert survey.reach(candidates, frees + 1).chosen == (relink.key, str(world.prefixes[0]))


def test_there_is_a_row_for_each_disk_with_what_is_stored_there(tmp_path: Path) -> None:
    world = SameWorld(tmp_path)
    for name in ("a", "b", "c"):
        install_wheel(world.environment(name), "nvidia_cublas", {"lib.so": content("cublas", 50_000)}, "12.6")
    found = world.survey()
    elsewhere = tuple(replace_fields(each, device=4711) for each in found.sets)
    here, there = relinks_of(replace_fields(found, sets=(*found.sets, *elsewhere)), {})
    assert here.candidate.bytes == there.candidate.bytes == found.frees
    assert here.candidate.name == "stored twice (nvidia_cublas)"
    reason = here.candidate.reasons[0]
    assert reason.text == "the same content in 3 places: nvidia_cublas; nothing is removed"
    assert reason.evidence[0].startswith("nvidia_cublas 12.6 in 3 places")
    assert reason.evidence[1] == "copies go in b, c; one of each stays"
    assert "edit in place" in reason.evidence[-1]
    assert relinks_of(RelinkSurvey(), {}) == ()
    assert choice_of([here.candidate]).relinks == (tuple(str(each) for each in world.prefixes),)


def test_the_row_counts_the_places_that_the_plan_counts_and_none_that_has_only_links(tmp_path: Path) -> None:
    world = SameWorld(tmp_path)
    package = cache_package(world.cache(), "package-1.0-0", _FILES)
    for name in ("copied", "a", "b", "c"):
        prefix = world.environment(name)
        prefix.package("package", "1.0", "0", files=_FILES)
        link_into(prefix, package, [] if name == "copied" else list(_FILES))
    found = world.survey()
    (row,) = relinks_of(found, {})
    assert row.candidate.reasons[0].text == "the same content in 2 places: package; nothing is removed"
    assert row.candidate.reasons[0].evidence[0].startswith(f"package 1.0 in {places_of(found.packages)}, ")
    assert "copies go in copied; " in row.candidate.reasons[0].evidence[1]
