from __future__ import annotations

from condatui_core.analyses.environments import owning_root
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.prefix import History, PrefixContents, PrefixPointer, Revision

TWO = tuple(Installation(executable=f"{root}/bin/conda", root_prefix=root) for root in ("/opt/conda", "/home/u/forge"))


def _made_by(command: str) -> PrefixContents:
    return PrefixContents(history=History(revisions=(Revision(number=0, command=command),)))


def test_what_lies_inside_an_installation_is_its_own() -> None:
    assert owning_root(
        PrefixPointer(prefix="/opt/conda/envs/x"), _made_by("/home/u/forge/bin/conda create"), TWO, {}
    ) == ("/opt/conda")
    assert owning_root(PrefixPointer(prefix="/opt/conda"), None, TWO, {}) == "/opt/conda"


def test_elsewhere_the_conda_that_made_it_owns_it() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x")
    assert owning_root(pointer, _made_by("/home/u/forge/bin/conda create -p /data/envs/x"), TWO, {}) == "/home/u/forge"
    assert owning_root(pointer, _made_by("conda create"), TWO, {}) is None


def test_elsewhere_and_without_history_the_only_one_that_lists_it_or_keeps_envs_there() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x", envs_dir="/data/envs")
    listed = {"/opt/conda": CondaFacts(environments=("/data/envs/x/",)), "/home/u/forge": CondaFacts()}
    kept = {"/opt/conda": CondaFacts(), "/home/u/forge": CondaFacts(envs_dirs=("/data/envs",))}
    both = {root: CondaFacts(environments=("/data/envs/x",)) for root in listed}
    assert owning_root(pointer, None, TWO, listed) == "/opt/conda"
    assert owning_root(pointer, None, TWO, kept) == "/home/u/forge"
    assert owning_root(pointer, None, TWO, both) is None


def test_a_lone_installation_owns_everything_and_no_installation_nothing() -> None:
    assert owning_root(PrefixPointer(prefix="/data/x"), None, TWO[:1], {}) == "/opt/conda"
    assert owning_root(PrefixPointer(prefix="/data/x"), None, (), {}) is None
