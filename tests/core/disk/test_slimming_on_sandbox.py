"""What a service does not need of real environments: the sums, and the leaves against the records."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from condatui_core.analyses.dependencies import unmet_dependencies
from condatui_core.disk.measure import nested_in
from condatui_core.disk.slimming import slim_files
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.slimming import SlimmedFiles
from condatui_sandbox import Sandbox, ScaleTree
from support.disk_trees import cache, du, graph_of, prefixes


@pytest.fixture(scope="module")
def slimmed(sandbox: Sandbox) -> Mapping[str, tuple[SlimmedFiles, int]]:
    """Of every environment, by its prefix: its files in classes, and its bytes by the walk of the disk."""
    there = [path.resolve() for path in sandbox.prefixes.values() if (path / "conda-meta").is_dir()]
    places = [*prefixes(dict.fromkeys(there)), cache(sandbox.root_prefix / "pkgs")]
    graph = graph_of(places)
    return {
        place.path: (slim_files(place.path, nested_in(place.path, places)), graph.use_of(place.path).total)
        for place in places
        if not place.cache
    }


def test_classes_add_up_to_what_the_walk_of_the_disk_counts(slimmed: Mapping[str, tuple[SlimmedFiles, int]]) -> None:
    assert len(slimmed) > 5
    for prefix, (found, total) in slimmed.items():
        assert sum(each.bytes for each in found.slimming.classes) == found.slimming.total == total, prefix
        assert {*found.class_of} == {file.path for file in found.files}, prefix


def test_without_the_leaves_nothing_lacks_what_it_did_not_lack_before(
    slimmed: Mapping[str, tuple[SlimmedFiles, int]],
) -> None:
    for prefix, (found, _) in slimmed.items():
        contents = read_prefix(prefix)
        gone = {each.name for each in found.slimming.leaves if each.source == "conda"}
        remaining = [each for each in contents.packages if each.name not in gone]
        assert gone.isdisjoint(contents.requested_names), prefix
        assert {*unmet_dependencies(remaining)} <= {*unmet_dependencies(contents.packages)}, prefix


def test_byte_code_and_bookkeeping_are_found_in_a_real_environment(
    sandbox: Sandbox, slimmed: Mapping[str, tuple[SlimmedFiles, int]]
) -> None:
    found = slimmed[str(sandbox.prefixes["nlp-base"].resolve())][0].slimming
    assert found.of("conda-meta").files > 3
    assert 0 < found.of("kept").bytes < found.total


def test_classes_of_a_made_up_machine_add_up_to_what_du_says(scale_tree: ScaleTree) -> None:
    for prefix in scale_tree.contents:
        found = slim_files(str(prefix)).slimming
        assert sum(each.bytes for each in found.classes) == found.total == du(prefix), prefix
