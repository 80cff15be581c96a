"""Environments of a real conda, one of them copied: all that hashing finds twice is found, or it is said why not."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from condatui_core.disk.find_same_files import SearchRequest, search
from condatui_core.disk.same_files import holders_of
from condatui_core.prefixes.last_used import files_of_last_use
from condatui_core.prefixes.ownership import read_owners
from condatui_core.prefixes.prefix import read_prefix
from condatui_core.prefixes.site_packages import site_packages_candidates
from condatui_core.records.disk import DiskPlace
from condatui_core.records.environment import Environment
from condatui_core.records.relinking import RelinkRules, RelinkSurvey
from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.disk_trees import du

_SMALLEST = 4096


def test_it_is_found_as_hashing_finds_it_and_a_cleanup_frees_it_first(sandbox_copy: Callable[..., Sandbox]) -> None:
    sandbox = sandbox_copy("notebooks", "nlp-exp")
    source = sandbox.prefixes["notebooks"]
    shutil.copytree(source, source.parent / "copied", symlinks=True)
    prefixes = [sandbox.root_prefix, *sandbox.prefixes.values(), source.parent / "copied"]
    environments = [_read(each) for each in dict.fromkeys(prefixes)]
    cache = DiskPlace(path=str(sandbox.root_prefix / "pkgs"), cache=True)
    device = sandbox.root_prefix.stat().st_dev
    rules = RelinkRules(user=os.geteuid(), methods=((device, "hardlink"),))
    found = search(SearchRequest(tuple(holders_of(environments, [cache])), rules, "", 2))
    _is_true(found)
    in_sets = {file.path for each in found.sets for inode in (each.kept, *each.joined) for file in inode.paths}
    left = [path for group in _stored_twice(sandbox.root_prefix) if not in_sets & group for path in group]
    owned = {path for each in environments for path in _owned(each)}
    owned -= frozenset[str]().union(*(files_of_last_use(each.prefix) for each in environments))
    unexplained = [
        path for path in left if path in owned and not path.endswith((".pyc", ".yaml", ".cfg", ".toml", ".ini"))
    ]
    assert unexplained == []

    rows = json.loads(run_in(sandbox, "cleanup", "--json").stdout)["candidates"]
    of_caches = sum(each["frees"] for each in rows if each["tier"] == "cache" and not each["blocked"])
    before = du(sandbox.root_prefix)
    result = run_in(sandbox, "cleanup", "--free", f"{of_caches + found.frees // 2}", "--yes", "--json")
    assert result.exit_code == 0, result.output
    goal, plan, *_, end = map(json.loads, result.stdout.splitlines())
    assert any(key.endswith("#same-files") for key in goal["goal"]["chosen"])
    assert plan["plan"]["bytes_freed"] == goal["goal"]["frees"] == before - du(sandbox.root_prefix)
    assert end["result"]["outcome"]["bytes_freed"] == goal["goal"]["frees"]
    assert (source / "conda-meta" / "history").stat().st_nlink == 1
    assert run_in(sandbox, "relink", "--dry-run").exit_code == 3  # nothing is left to join


def _read(prefix: Path) -> Environment:
    contents = read_prefix(str(prefix), site_packages_candidates(str(prefix)))
    return Environment(prefix=str(prefix), name=prefix.name, contents=contents)


def _owned(environment: Environment) -> Iterator[str]:
    assert environment.contents
    owners = read_owners(environment.prefix, environment.contents)
    return (os.path.join(environment.prefix, path) for path in owners.by_path)


def _is_true(found: RelinkSurvey) -> None:
    """Each set has one content, mode and owner."""
    assert found.sets
    for each in found.sets:
        paths = [file.path for inode in (each.kept, *each.joined) for file in inode.paths]
        assert {_sha256(path) for path in paths} == {each.sha256}
        assert len({os.stat(path).st_mode for path in paths}) == 1
        assert all(os.stat(path).st_size >= _SMALLEST for path in paths)


def _stored_twice(root: Path) -> list[set[str]]:
    """By reading everything: the paths of each content that lies in more than one inode of environments."""
    groups: defaultdict[tuple[str, int], dict[int, set[str]]] = defaultdict(dict)
    for directory, _, names in os.walk(root):
        for path in (os.path.join(directory, name) for name in names if "/pkgs/" not in directory):
            status = os.lstat(path)
            if os.path.isfile(path) and not os.path.islink(path) and status.st_size >= _SMALLEST:
                groups[_sha256(path), status.st_mode].setdefault(status.st_ino, set()).add(path)
    return [set().union(*inodes.values()) for inodes in groups.values() if len(inodes) > 1]


def _sha256(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
