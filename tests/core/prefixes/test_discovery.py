from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.prefixes import discovery
from condatui_core.prefixes.probe import probe_prefix
from condatui_core.records.installation import CondaFacts, Installation


def _environment(prefix: Path) -> Path:
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    return prefix


def test_envs_directories_come_from_variables_installations_conda_and_home(tmp_path: Path) -> None:
    root = tmp_path / "conda"
    installation = Installation(executable=str(root / "bin/conda"), root_prefix=str(root))
    facts = {str(root): CondaFacts(envs_dirs=(str(tmp_path / "fast/envs"), str(root / "envs")))}
    environ = {"CONDA_ENVS_PATH": f"{tmp_path}/one{os.pathsep}~/two"}
    assert discovery.envs_directories([installation], facts, tmp_path, environ) == tuple(
        str(tmp_path / each) for each in ("one", "two", "conda/envs", "fast/envs", ".conda/envs")
    )


def test_children_follow_links_and_leave_out_files_and_hidden_ones(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".conda_envs_dir_test").touch()
    assert list(discovery.children(str(tmp_path))) == [str(tmp_path / "a"), str(tmp_path / "b")]
    assert list(discovery.children(str(tmp_path / "nowhere"))) == []


def test_a_link_is_an_alias_of_the_real_prefix_and_not_another_environment(tmp_path: Path) -> None:
    envs = tmp_path / "envs"
    real = _environment(envs / "nlp-exp")
    (envs / "current").symlink_to(real)
    (pointer,) = discovery.merge(
        [(str(envs / "current"), "conda"), (str(real), "environments.txt"), (f"{real}/", "conda")], (), (str(envs),)
    )
    assert pointer.prefix == str(real)
    assert pointer.aliases == (str(envs / "current"),)
    assert pointer.sources == ("conda", "environments.txt")
    assert pointer.envs_dir == str(envs)
    assert not pointer.root


def test_a_link_in_an_envs_directory_to_an_environment_elsewhere_lies_in_that_directory(tmp_path: Path) -> None:
    real = _environment(tmp_path / "elsewhere" / "x")
    envs = tmp_path / "envs"
    envs.mkdir()
    (envs / "y").symlink_to(real)
    (pointer,) = discovery.merge([(str(envs / "y"), "envs")], (), (str(envs),))
    assert (pointer.prefix, pointer.envs_dir) == (str(real), str(envs))


def test_a_linked_home_makes_no_aliases(tmp_path: Path) -> None:
    real = _environment(tmp_path / "data" / "home" / "e")
    (tmp_path / "home").symlink_to(tmp_path / "data" / "home")
    (pointer,) = discovery.merge([(str(tmp_path / "home" / "e"), "environments.txt")], (), ())
    assert (pointer.prefix, pointer.aliases) == (str(real), ())


def test_relative_lines_are_no_prefixes() -> None:
    assert discovery.merge([("relative/path", "environments.txt"), ("", "conda")], (), ()) == ()


def test_search_finds_environments_below_users_and_remains_in_their_envs(tmp_path: Path) -> None:
    root = _environment(tmp_path / "users/ann/miniconda3")
    inner = _environment(root / "envs/deep")
    lone = _environment(tmp_path / "projects/p/.venv-conda")
    (root / "envs/half/bin").mkdir(parents=True)
    (root / "envs/notes").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    found, whole = discovery.search_root(str(tmp_path))
    assert whole
    assert found == tuple(sorted(map(str, (root, inner, lone, root / "envs/half"))))


def test_a_search_that_takes_too_long_ends_with_what_is_near(tmp_path: Path) -> None:
    near = _environment(tmp_path / "near")
    _environment(tmp_path / "z/far")
    seconds = iter((0.0, 1.0, 2.0, 3.0, 11.0))
    assert discovery.search_root(str(tmp_path), lambda: next(seconds)) == ((str(near),), False)


def test_a_search_ends_where_there_are_too_many_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = [str(_environment(tmp_path / name)) for name in "abcd"]
    monkeypatch.setattr(discovery, "_MOST_PREFIXES", 2)
    assert discovery.search_root(str(tmp_path)) == (tuple(made[:2]), False)


def test_look_tells_environments_remains_and_nothing_apart(tmp_path: Path) -> None:
    environment = probe_prefix(str(_environment(tmp_path / "e")))
    assert (environment.exists, environment.has_conda_meta, environment.has_history) == (True, True, True)
    assert environment.writable is True
    (tmp_path / "half" / "lib").mkdir(parents=True)
    half = probe_prefix(str(tmp_path / "half"))
    assert (half.has_conda_meta, half.has_history, half.remains, half.writable) == (False, False, ("lib",), None)
    (tmp_path / "killed" / ".condatmp").mkdir(parents=True)
    killed = probe_prefix(str(tmp_path / "killed"))
    assert killed.remains == (".condatmp",), "all that a conda leaves that is killed before it links a file"
    assert not probe_prefix(str(tmp_path / "gone")).exists


def test_what_a_removal_has_set_aside_is_a_child_and_says_where_it_was(tmp_path: Path) -> None:
    aside = _environment(tmp_path / ".nlp.condatui-removing-0123456789abcdef")
    _environment(tmp_path / ".nlp.condatui-removing-short")
    assert list(discovery.children(str(tmp_path))) == [str(aside)]
    assert probe_prefix(str(aside)).set_aside_from == str(tmp_path / "nlp")
    assert probe_prefix(str(aside)).set_aside_by == "removing"
    assert (probe_prefix(str(tmp_path)).set_aside_from, probe_prefix(str(tmp_path)).set_aside_by) == ("", None)
    merged = probe_prefix(str(_environment(tmp_path / ".nlp.condatui-merging-0123456789abcdef")))
    assert (merged.set_aside_from, merged.set_aside_by) == (str(tmp_path / "nlp"), "merging")
