from __future__ import annotations

import pytest

from condatui_core.analyses.installations import OwningRoots, program_of, root_of_program
from condatui_core.records.installation import CondaFacts, Installation
from condatui_core.records.prefix import History, PrefixContents, PrefixPointer, Revision

TWO = tuple(Installation(executable=f"{root}/bin/conda", root_prefix=root) for root in ("/opt/conda", "/home/u/forge"))


def _made_by(command: str, *linked_from: str) -> PrefixContents:
    revision = Revision(number=0, command=command, program=program_of(command))
    return PrefixContents(history=History(revisions=(revision,)), linked_from=linked_from)


def test_what_lies_inside_an_installation_is_its_own() -> None:
    pointer = PrefixPointer(prefix="/opt/conda/envs/x")
    assert OwningRoots(TWO, {}).owner_of(pointer, _made_by("/home/u/forge/bin/conda create")) == "/opt/conda"
    assert OwningRoots(TWO, {}).owner_of(PrefixPointer(prefix="/opt/conda"), None) == "/opt/conda"


def test_elsewhere_the_conda_that_made_it_owns_it() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x")
    roots = OwningRoots(TWO, {})
    assert roots.owner_of(pointer, _made_by("/home/u/forge/bin/conda create -p /data/envs/x")) == "/home/u/forge"
    assert roots.owner_of(pointer, _made_by("conda create")) is None


def test_the_latest_change_counts_and_a_link_to_an_installation_leads_there() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x")
    revisions = [
        Revision(number=number, program=program)
        for number, program in enumerate(("/opt/conda/bin/conda", "/home/u/conda/bin/conda", ""))
    ]
    contents = PrefixContents(history=History(revisions=tuple(revisions)))
    links = {"/home/u/conda": "/home/u/forge"}
    found = OwningRoots(TWO, {}, real_path=lambda path: links.get(path, path)).owner_of(pointer, contents)
    assert found == "/home/u/forge"


def test_without_a_command_the_cache_that_its_packages_came_from_tells() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x")
    facts = {"/opt/conda": CondaFacts(pkgs_dirs=("/scratch/pkgs",)), "/home/u/forge": CondaFacts()}
    assert OwningRoots(TWO, {}).owner_of(pointer, _made_by("conda create", "/home/u/forge/pkgs")) == "/home/u/forge"
    own = OwningRoots(TWO, facts)
    assert own.owner_of(pointer, _made_by("conda create", "/scratch/pkgs/https/forge")) == "/opt/conda"
    shared = OwningRoots(TWO, dict.fromkeys(facts, CondaFacts(pkgs_dirs=("/scratch/pkgs",))))
    assert shared.owner_of(pointer, _made_by("conda create", "/scratch/pkgs", "/opt/conda/pkgs")) == "/opt/conda"
    assert shared.owner_of(pointer, _made_by("conda create", "/scratch/pkgs")) is None


@pytest.mark.parametrize(
    ("command", "root"),
    [
        ("/opt/conda/bin/conda create -n x", "/opt/conda"),
        ("/opt/conda/condabin/conda create", "/opt/conda"),
        ("/home/my user/mini conda/bin/conda-env create -f x.yml", "/home/my user/mini conda"),
        ("/data/conda envs/bin/mamba install y", "/data/conda envs"),
        ("/opt/conda/lib/python3.12/site-packages/conda/__main__.py install y", "/opt/conda"),
        ("micromamba create -n x -p /data/bin/conda", ""),
        ("conda create -p /opt/conda/bin/conda", ""),
    ],
)
def test_the_program_in_a_command_of_the_history(command: str, root: str) -> None:
    assert root_of_program(program_of(command)) == root


def test_elsewhere_and_without_history_the_only_one_that_lists_it_or_keeps_envs_there() -> None:
    pointer = PrefixPointer(prefix="/data/envs/x", envs_dir="/data/envs")
    listed = {"/opt/conda": CondaFacts(environments=("/data/envs/x/",)), "/home/u/forge": CondaFacts()}
    kept = {"/opt/conda": CondaFacts(), "/home/u/forge": CondaFacts(envs_dirs=("/data/envs",))}
    both = {root: CondaFacts(environments=("/data/envs/x",)) for root in listed}
    assert OwningRoots(TWO, listed).owner_of(pointer, None) == "/opt/conda"
    assert OwningRoots(TWO, kept).owner_of(pointer, None) == "/home/u/forge"
    assert OwningRoots(TWO, both).owner_of(pointer, None) is None


def test_a_lone_installation_owns_everything_and_no_installation_nothing() -> None:
    assert OwningRoots(TWO[:1], {}).owner_of(PrefixPointer(prefix="/data/x"), None) == "/opt/conda"
    assert OwningRoots((), {}).owner_of(PrefixPointer(prefix="/data/x"), None) is None
