"""A real conda: it removes and cleans what was predicted, to the byte."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from condatui_core.actions.clean.items import freed_by, items_of
from condatui_core.disk.findings import holders_of_packages
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.request import Cleanable
from condatui_sandbox import Sandbox
from support.disk_trees import cache, du, graph_of, prefixes, write
from support.sandboxes import conda

NAMES = ("nlp-base", "nlp-exp", "notebooks", "pip-mix")


def places_of(sandbox: Sandbox) -> list[DiskPlace]:
    return [*prefixes(sandbox.prefixes.values()), cache(sandbox.root_prefix / "pkgs")]


def _occupied(sandbox: Sandbox) -> int:
    return du(sandbox.root_prefix)


def _but_the_index(sandbox: Sandbox) -> int:
    """What is occupied without the channel index, which every conda command may write again."""
    return _occupied(sandbox) - du(sandbox.root_prefix / "pkgs" / "cache")


def test_conda_frees_what_was_predicted(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy(*NAMES)
    gone = [str(sandbox.prefixes[name]) for name in ("nlp-exp", "pip-mix")]
    graph = graph_of(places_of(sandbox))
    freed, cleaned = graph.frees(gone), graph.frees_with_cache_clean(gone)
    before = _but_the_index(sandbox)
    for prefix in gone:
        conda(sandbox, "remove", "--all", "--yes", "--offline", "-p", prefix)
    assert 0 < freed == before - _but_the_index(sandbox)
    conda(sandbox, "clean", "--tarballs", "--packages", "--yes")
    assert freed < cleaned == before - _but_the_index(sandbox)


def test_a_choice_frees_what_was_predicted(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy(*NAMES)
    gone, pkgs = str(sandbox.prefixes["nlp-exp"]), str(sandbox.root_prefix / "pkgs")
    graph = graph_of(places_of(sandbox))
    freed = graph.frees_with_cleaning([gone], {pkgs: ("packages", "index")}, copied_by={})  # conda spares no copies
    before = _occupied(sandbox)
    conda(sandbox, "remove", "--all", "--yes", "--offline", "-p", gone)
    conda(sandbox, "clean", "--packages", "--index-cache", "--yes")
    assert graph.frees([gone]) < freed == before - _occupied(sandbox)


def test_what_place_3_promises_is_what_cleaning_plans(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy(*NAMES)
    pkgs = str(sandbox.root_prefix / "pkgs")
    write(Path(pkgs, ".logs/conda.log"), 9000)
    environments = [_read(path) for path in sandbox.prefixes.values() if (path / "conda-meta").is_dir()]
    graph, copied_by = graph_of(places_of(sandbox)), holders_of_packages(environments)
    use = graph.cache_use(pkgs, copied_by=copied_by)
    everything: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs")
    choices: tuple[tuple[Cleanable, ...], ...] = (*((part,) for part in everything), everything)
    for parts in choices:
        promised = graph.frees_with_cleaning([], {pkgs: parts}, copied_by=copied_by)
        assert 0 < promised == freed_by(items_of(use, parts).items), parts


def _read(prefix: Path) -> Environment:
    contents = read_prefix(str(prefix), site_packages_candidates(str(prefix)))
    return Environment(name=prefix.name, prefix=str(prefix), contents=contents)


def test_totals_are_what_du_says(sandbox: Sandbox) -> None:
    there = [path for name, path in sandbox.prefixes.items() if name not in {"current", "deleted-project"}]
    graph = graph_of([*prefixes(there), cache(sandbox.root_prefix / "pkgs")])
    for prefix in there:
        assert graph.use_of(str(prefix)).with_nested == du(prefix)


def test_packages_of_copied_environments_only_look_unused(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("notebooks")
    copy = tmp_path / "copy"
    shutil.copytree(sandbox.prefixes["notebooks"], copy, symlinks=True)
    conda(sandbox, "remove", "--all", "--yes", "--offline", "-p", str(sandbox.prefixes["notebooks"]))
    pkgs = sandbox.root_prefix / "pkgs"
    contents = read_prefix(str(copy), site_packages_candidates(str(copy)))
    copied_by = holders_of_packages([Environment(name="copy", prefix=str(copy), contents=contents)])
    units = {
        unit.name: unit
        for unit in graph_of([*prefixes([sandbox.root_prefix, copy]), cache(pkgs)])
        .cache_use(str(pkgs), copied_by=copied_by)
        .units
    }
    [ipykernel] = [unit for name, unit in units.items() if name.startswith("ipykernel-") and unit.kind == "package"]
    assert ipykernel.unused
    assert ipykernel.copied_by == (str(copy),)


def test_what_symlinks_lead_to_is_not_cleaned(sandbox_copy: Callable[..., Sandbox], tmp_path: Path) -> None:
    sandbox = sandbox_copy("notebooks")
    pkgs = sandbox.root_prefix / "pkgs"
    [package] = [each for each in pkgs.glob("ipykernel-*") if each.is_dir()]
    soft = tmp_path / "soft"
    soft.mkdir()
    (soft / "kernel").symlink_to(package / "info")
    conda(sandbox, "remove", "--all", "--yes", "--offline", "-p", str(sandbox.prefixes["notebooks"]))
    places = [*prefixes([sandbox.root_prefix, soft]), cache(pkgs)]
    use = graph_of(places).cache_use(str(pkgs), copied_by={})
    [unit] = [unit for unit in use.units if unit.name == package.name]
    assert unit.unused and unit.soft_linked_by == (str(soft),)
    assert use.unsafe == unit.bytes == du(package)
    before = _occupied(sandbox)
    conda(sandbox, "clean", "--tarballs", "--packages", "--yes")
    assert use.cleanable + use.unsafe == before - _occupied(sandbox)
