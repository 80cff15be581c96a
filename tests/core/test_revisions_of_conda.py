"""Revisions are those that `conda list --revisions` counts, with what it says each has changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from condatui_core.analyses.revisions import changes_of, state_after
from condatui_core.prefixes.history import read_history
from condatui_core.records.prefix import History
from condatui_core.records.revision import HistoryPackage, RevisionChanges
from condatui_sandbox import Sandbox
from support.conda_oracle import CondaOracle
from support.histories import BY_CONDA, MAMBA, REINSTALLED


@pytest.fixture(scope="module")
def conda(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CondaOracle]:
    with CondaOracle(tmp_path_factory.mktemp("home")) as oracle:
        yield oracle


def prefix_with(text: str, directory: Path) -> Path:
    (directory / "conda-meta").mkdir(parents=True)
    (directory / "conda-meta" / "history").write_text(text)
    return directory


def read(prefix: Path) -> History:
    history, problems = read_history(str(prefix), ())
    assert problems == []
    return history


def ours(changes: RevisionChanges) -> dict[str, object]:
    """What a revision has changed, as conda spells packages."""
    pairs = [(spelled(move.before), spelled(move.after)) for move in changes.moves]
    return {
        "rev": changes.number,
        "install": {after for before, after in pairs if not before},
        "remove": {before for before, after in pairs if not after},
        "moved": {pair for pair in pairs if all(pair)},
    }


def spelled(package: HistoryPackage | None) -> str:
    return "-".join(filter(None, (package.dist_name, source(package)))) if package else ""


def source(package: HistoryPackage) -> str:
    return "/".join(filter(None, (package.channel, package.subdir)))


def condas(revision: Mapping[str, Any]) -> dict[str, object]:
    """What conda says; it orders versions as text, so that to it 1.10 is older than 1.9."""
    return {
        "rev": revision["rev"],
        "install": set(map(plain, revision["install"])),
        "remove": set(map(plain, revision["remove"])),
        "moved": {(plain(each["old"]), plain(each["new"])) for each in revision["upgrade"] + revision["downgrade"]},
    }


def plain(text: str) -> str:
    """A package without what conda leaves at its name: features, an extension, its word for an unknown channel."""
    for left in ("[nomkl]", ".tar.bz2", "-<unknown>"):
        text = text.replace(left, "")
    return text


def states(history: History) -> list[set[str]]:
    """The packages after each revision, as conda writes them into the file."""
    return [
        {"::".join(filter(None, (source(each), each.dist_name))) for each in state_after(history, revision.number)}
        for revision in history.revisions
    ]


def agree(prefix: Path, conda: CondaOracle) -> bool:
    history = read(prefix)
    assert [ours(each) for each in changes_of(history)] == list(map(condas, conda.revisions(str(prefix))))
    assert states(history) == [set(map(plain, each)) for each in conda.states(str(prefix))]
    return bool(history.revisions)


@pytest.mark.parametrize("version", BY_CONDA)
def test_histories_of_every_conda(version: str, conda: CondaOracle, tmp_path: Path) -> None:
    assert agree(prefix_with(BY_CONDA[version], tmp_path / "e"), conda)


def test_real_histories(sandbox: Sandbox, conda: CondaOracle) -> None:
    with_history = [each for each in sandbox.prefixes.values() if (each / "conda-meta" / "history").is_file()]
    assert sum(agree(each, conda) for each in with_history) >= 10


def test_conda_loses_sight_where_a_revision_has_no_lines_and_condatui_does_not(
    conda: CondaOracle, tmp_path: Path
) -> None:
    prefix = prefix_with(REINSTALLED, tmp_path / "e")
    assert conda.states(str(prefix))[1] == []
    assert len(states(read(prefix))[1]) == 2


def test_conda_keeps_what_mamba_has_removed_and_condatui_does_not(conda: CondaOracle, tmp_path: Path) -> None:
    prefix = prefix_with(MAMBA, tmp_path / "e")
    assert len(conda.states(str(prefix))[2]) == 3
    assert states(read(prefix))[2] == {"conda-forge/linux-64::numpy-1.26.4-py311_0"}
