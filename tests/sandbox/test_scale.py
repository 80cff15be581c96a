"""Made-up environments are such as conda would have made."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condatui_core.errors import RefusedError
from condatui_sandbox import Sandbox, ScaleTree, build_scale
from support.sandboxes import conda


def test_conda_reads_back_exactly_what_was_made(sandbox: Sandbox, scale_tree: ScaleTree) -> None:
    prefix, packages = next(iter(scale_tree.contents.items()))
    records = sorted(file.name for file in (prefix / "conda-meta").iterdir())
    rows = json.loads(conda(sandbox, "list", "-p", str(prefix), "--json"))
    listed = [(row["name"], row["version"], row["build_string"], row["channel"]) for row in rows]
    made = [(each.name, each.version, each.build, each.channel) for each in packages]
    assert sorted(listed) == sorted(made)
    assert len(made) == 30
    # conda takes records for stale whose Python files it does not find, and deletes them.
    assert sorted(file.name for file in (prefix / "conda-meta").iterdir()) == records


def test_conda_reads_the_history(sandbox: Sandbox, scale_tree: ScaleTree) -> None:
    prefix, packages = next(iter(scale_tree.contents.items()))
    revisions = json.loads(conda(sandbox, "list", "-p", str(prefix), "--revisions", "--json"))
    assert len(revisions[0]["install"]) == len(packages)


def test_every_file_is_linked_from_the_cache_and_is_what_its_record_says(scale_tree: ScaleTree) -> None:
    prefix = next(iter(scale_tree.contents))
    for file in (prefix / "conda-meta").glob("*.json"):
        record = json.loads(file.read_text())
        assert record["files"]
        for path in record["paths_data"]["paths"]:
            installed = (prefix / path["_path"]).stat()
            assert installed.st_ino == Path(record["extracted_package_dir"], path["_path"]).stat().st_ino
            assert installed.st_size == path["size_in_bytes"]


def test_environments_share_most_and_differ_in_some(scale_tree: ScaleTree) -> None:
    first, second, _ = (set(packages) for packages in scale_tree.contents.values())
    assert 0.5 < len(first & second) / len(first | second) < 1


def test_the_same_seed_makes_the_same_tree(tmp_path: Path, scale_tree: ScaleTree) -> None:
    again = build_scale(tmp_path / "again", environments=3, packages=30, seed=7, files=(3, 8))
    other = build_scale(tmp_path / "other", environments=3, packages=30, seed=8, files=(3, 8))
    made = list(scale_tree.contents.values())
    assert list(again.contents.values()) == made
    assert list(other.contents.values()) != made
    for prefix, twin in zip(scale_tree.contents, again.contents, strict=True):
        assert _contents(prefix) == _contents(twin)


def test_environments_that_exist_are_refused(tmp_path: Path) -> None:
    build_scale(tmp_path, environments=1, packages=2, files=(1, 1))
    with pytest.raises(RefusedError):
        build_scale(tmp_path, environments=2, packages=2, files=(1, 1))
    assert not (tmp_path / "envs" / "scale-001").exists()


def _contents(prefix: Path) -> dict[str, bytes]:
    """All files of a prefix but the records, which name absolute paths."""
    files = (path for path in prefix.rglob("*") if path.is_file() and path.suffix != ".json")
    return {str(path.relative_to(prefix)): path.read_bytes() for path in files}
