"""Environments that should be the same on many machines: which are, and who differs in what."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import get_args

from condatui_core.analyses.alike import alike_groups
from condatui_core.analyses.nodes import NodeKey, node_groups
from condatui_core.analyses.suitability import suitable_environments
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.records.comparison import Column, Listing
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.node import NodeGroup
from condatui_core.records.package import PackageRecord
from support.inventories import NOW, environment, loaded, package, pip_package
from support.snapshots import put_snapshot, read_all

USUAL = [package("numpy", "1.26.4"), package("python", "3.11.9"), package("scipy", "1.14.0")]
OLDER = [package("numpy", "1.26.3"), *USUAL[1:]]
BUILT = [package("numpy", "1.26.4", build="h1_1"), *USUAL[1:]]
MORE = [*USUAL, package("tqdm", "4.0")]
LESS = USUAL[:2]


def _groups(tmp_path: Path, by: NodeKey = "name", **hosts: Sequence[Environment]) -> dict[str, NodeGroup]:
    for host, environments in hosts.items():
        put_snapshot(tmp_path, host, *environments)
    told = read_all(tmp_path)
    found = node_groups(told.inventory, [each.host for each in told.machines], by=by)
    return {each.name: each for each in found}


def _states(group: NodeGroup) -> dict[str, str]:
    return {each.host: each.state for each in group.nodes}


def _nlp(packages: Sequence[PackageRecord], **fields: object) -> list[Environment]:
    return [loaded("nlp", packages, (), **fields)]


def test_who_differs_in_what(tmp_path: Path) -> None:
    group = _groups(
        tmp_path,
        a=_nlp(USUAL),
        b=_nlp(USUAL),
        c=_nlp(OLDER),
        d=_nlp(BUILT),
        e=_nlp(MORE),
        f=_nlp(LESS),
        g=[],
        h=[environment("nlp", state="unreadable")],
        i=[loaded("nlp", USUAL[:2], [pip_package("scipy", "1.14.0")])],
    )["nlp"]
    assert _states(group) == {
        "a": "equal",
        "b": "equal",
        "c": "differs",
        "d": "builds",
        "e": "differs",
        "f": "differs",
        "g": "missing",
        "h": "unread",
        "i": "differs",
    }
    assert (group.equal, len(group.there), group.uniform) == (2, 8, False)
    assert group.reference in ("a:/opt/miniforge3/envs/nlp", "b:/opt/miniforge3/envs/nlp")
    assert group.path == "/opt/miniforge3/envs/nlp"
    by_host = {each.host: each.difference for each in group.nodes}
    older, built, more, less = (by_host[host] for host in "cdef")
    assert older
    assert [(each.name, each.keeper, each.member, each.order) for each in older.differs] == [
        ("numpy", "1.26.4", "1.26.3", "newer")
    ]
    assert built
    assert built.builds == ("numpy",)
    assert more
    assert more.extra == ("tqdm",)
    assert less
    assert less.lacking == ("scipy",)
    assert older.prefix == "c:/opt/miniforge3/envs/nlp"


def test_the_reference_is_what_most_have_and_of_equally_many_the_latest(tmp_path: Path) -> None:
    early, late = NOW - timedelta(days=9), NOW - timedelta(days=1)
    tied = _groups(tmp_path, a=_nlp(USUAL, modified=early), b=_nlp(OLDER, modified=late))["nlp"]
    assert tied.reference.startswith("b:")
    assert _states(tied) == {"a": "differs", "b": "equal"}
    most = _groups(tmp_path, c=_nlp(USUAL, modified=early))["nlp"]
    assert most.reference.startswith("a:")
    assert _states(most) == {"a": "equal", "b": "differs", "c": "equal"}


def test_a_name_on_few_machines_is_missing_nowhere(tmp_path: Path) -> None:
    groups = _groups(
        tmp_path, a=[*_nlp(USUAL), loaded("own", USUAL)], b=_nlp(USUAL), c=[], d=[], e=[], f=[environment("gone")]
    )
    assert list(groups) == ["nlp"]
    assert _states(groups["nlp"]) == {"a": "equal", "b": "equal"}


def test_by_path_and_a_name_that_a_machine_has_twice(tmp_path: Path) -> None:
    at, other = "/opt/miniforge3/envs/nlp", "/home/ada/envs/nlp"
    hosts = {
        "a": [loaded("nlp", USUAL, prefix=at), loaded("nlp", OLDER, prefix=other)],
        "b": [loaded("nlp", USUAL, prefix=at), loaded("nlp", OLDER, prefix=other)],
    }
    for host, environments in hosts.items():
        put_snapshot(tmp_path, host, *environments)
    told = read_all(tmp_path)
    by_name, by_path = (node_groups(told.inventory, ["a", "b"], by=by) for by in get_args(NodeKey))
    assert [each.path for each in by_name] == [other, at]
    assert [each.path for each in by_path] == [other, at]
    assert all(each.uniform for each in (*by_name, *by_path))


def test_the_same_name_in_different_places_is_one_by_name_and_none_by_path(tmp_path: Path) -> None:
    here, there = _nlp(USUAL), _nlp(USUAL, prefix="/data/nlp")
    (group,) = _groups(tmp_path, a=here, b=there).values()
    assert (group.uniform, group.path) == (True, "")
    assert _groups(tmp_path, "path", a=here, b=there) == {}


def test_other_analyses_work_across_machines(tmp_path: Path) -> None:
    """Environments of one path on two machines are two: each can be found, and they are alike."""
    many = [package(f"p{number}") for number in range(20)]
    put_snapshot(tmp_path, "a", loaded("x", [*many, package("numpy", "1.0")]))
    put_snapshot(tmp_path, "b", loaded("x", [*many, package("numpy", "2.0")]))
    told = read_all(tmp_path).inventory
    (group,) = alike_groups(told)
    assert {group.keeper, *(each.prefix for each in group.members)} == {
        "a:/opt/miniforge3/envs/x",
        "b:/opt/miniforge3/envs/x",
    }
    entry = conda_entry("numpy>=2", ChannelConfig())
    assert entry
    wanted = Listing(column=Column(label="", kind="spec list"), entries=(entry,))
    found = suitable_environments(told, lambda _python: wanted)
    assert [(each.environment.host, each.satisfies) for each in found] == [("b", True), ("a", False)]
