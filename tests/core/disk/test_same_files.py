"""What is stored twice is found by records, and all of it: an oracle that hashes everything finds nothing more."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from condatui_core.disk import claimed_inodes, same_files
from condatui_core.disk.claimed_inodes import ClaimedInodes
from condatui_core.disk.same_files import holders_of, survey_same_files
from condatui_core.errors import CondatuiError
from condatui_core.proc.child import own_argv
from condatui_core.records.relinking import SkipReason
from support.disk_trees import du
from support.file_flags import set_nodump
from support.same_files import (
    SITE_PACKAGES,
    SameWorld,
    cache_package,
    content,
    install_wheel,
    join,
    joined_paths,
    link_into,
    skipped,
)
from support.sharing_disks import free, reflink, sharing_disk, sync
from support.tiers import examples

LIBRARY = "nvidia/lib/libcublas.so.12"


@pytest.fixture
def world(tmp_path: Path) -> SameWorld:
    return SameWorld(tmp_path)


def test_the_files_of_a_wheel_in_three_environments_are_stored_once(world: SameWorld) -> None:
    for name in ("a", "b", "c"):
        install_wheel(world.environment(name), "nvidia_cublas", {LIBRARY: content("cublas", 9000)}, "12.6")
    found = world.survey()
    (same,) = found.sets
    assert (same.size, len(same.joined)) == (9000, 2)
    assert same.sha256 == hashlib.sha256(content("cublas", 9000)).hexdigest()
    (package,) = found.packages
    assert (package.package, package.files, package.bytes) == ("nvidia_cublas 12.6", 2, found.frees)
    assert package.holders == tuple(str(each) for each in world.prefixes)
    before = du(world.root)
    join(found)
    assert found.frees == before - du(world.root) > 0
    assert not world.survey().sets


def test_a_copy_is_joined_to_the_package_cache_though_it_is_younger(world: SameWorld) -> None:
    files = {"lib/libz.so.1": content("zlib")}
    copied = world.environment("copied")
    copied.package("zlib", "1.3", "h1_0", files=files)
    package = cache_package(world.cache(), "zlib-1.3-h1_0", files)
    os.utime(copied.path / "lib/libz.so.1", ns=(0, 0))
    (same,) = world.survey().sets
    assert [each.path for each in same.kept.paths] == [str(package / "lib/libz.so.1")]
    assert joined_paths(world.survey(), copied.path) == {"lib/libz.so.1"}


def test_nothing_is_joined_to_a_package_that_no_environment_has(world: SameWorld) -> None:
    """Cleaning deletes it, and would not once it is linked."""
    cache_package(world.cache(), "unneeded-1.0-0", {"lib/libcublas.so.12": content("cublas")})
    first, _ = _twice(world)
    (same,) = world.survey().sets
    assert [each.path for each in same.kept.paths] == [str(first)]


def test_builds_of_a_package_share_the_files_that_are_the_same(world: SameWorld) -> None:
    for name, build in (("a", "py311_0"), ("b", "py312_0")):
        files = {"share/data.bin": content("data"), f"lib/{build}.so": content(build)}
        world.environment(name).package("scipy", "1.14", build, files=files)
    assert joined_paths(world.survey(), world.root / "envs" / "b") == {"share/data.bin"}


def test_what_conda_has_linked_is_not_stored_twice(world: SameWorld) -> None:
    files = {"lib/libz.so.1": content("zlib")}
    package = cache_package(world.cache(), "zlib-1.3-h1_0", files)
    for name in ("a", "b"):
        prefix = world.environment(name)
        prefix.package("zlib", "1.3", "h1_0", files=files)
        link_into(prefix, package, list(files))
    found = world.survey()
    assert (found.sets, found.skipped) == ((), ())


def test_what_is_linked_is_told_once_however_many_have_it(world: SameWorld) -> None:
    files = {"lib/libz.so.1": content("zlib"), "lib/small": b"small"}
    package = cache_package(world.cache(), "zlib-1.3-h1_0", files)
    for name in ("a", "b", "c", "copied"):
        prefix = world.environment(name)
        prefix.package("zlib", "1.3", "h1_0", files=files)
        link_into(prefix, package, list(files) if name != "copied" else [])
    environments = [each for each in holders_of(world.environments(), ()) if each.records]
    found = ClaimedInodes().look(environments, 4096)
    ((_, columns),) = found.columns.items()
    assert len(columns.keys) == 2  # of the cache's and of the copied one
    ((_, small),) = found.small.items()
    assert sorted(small.sizes).count(len(b"small")) == 2


def test_what_a_later_package_has_written_over_is_its_own(world: SameWorld) -> None:
    """conda lets one package overwrite another's file; the former claim says nothing of what is there."""
    first, second = _twice(world)
    over = os.path.relpath(second, world.prefixes[1].path)
    world.prefixes[1].package("earlier", files={over: b"of the earlier one"})
    second.write_bytes(first.read_bytes())
    (same,) = world.survey().sets
    assert joined_paths(world.survey(), world.root) == {os.path.relpath(second, world.root)}
    assert [each.package for each in same.joined[0].paths] == ["cublas 1.0"]


def test_two_caches_are_joined_as_far_as_environments_use_their_packages(world: SameWorld) -> None:
    used, unused = {"lib/libz.so.1": content("zlib")}, {"lib/libxml2.so": content("xml")}
    for name in ("one", "two"):
        cache = world.cache(name)
        prefix = world.environment(f"of-{name}")
        prefix.package("zlib", "1.3", "h1_0", files=used)
        link_into(prefix, cache_package(cache, "zlib-1.3-h1_0", used), list(used))
        cache_package(cache, "libxml2-2.1-h1_0", unused)
    found = world.survey()
    (same,) = found.sets
    assert [len(each.paths) for each in (same.kept, *same.joined)] == [2, 2]
    assert found.skipped == ()  # cleaning frees the others


def test_links_in_a_cache_without_records_are_found(world: SameWorld) -> None:
    """uv's cache has no list of its files: an inode with a link there is whole all the same, and stays."""
    archive = world.cache("uv", tool="uv") / "archive-v0" / "x"
    for name in ("by-uv", "by-pip", "by-uv-too"):
        (library,) = install_wheel(world.environment(name), "cublas", {LIBRARY: content("cublas")})
        if name != "by-pip":
            (archive / name).mkdir(parents=True)
            os.link(library, archive / name / "libcublas.so.12")
    found = world.survey()
    (same,) = found.sets
    assert (len(same.kept.paths), same.kept.elsewhere) == (2, 0)
    kept = os.path.basename(os.path.dirname(next(each.path for each in same.kept.paths if "/uv/" in each.path)))
    others = {"by-uv", "by-uv-too", "by-pip"} - {kept}
    expected = {f"envs/{each}/{SITE_PACKAGES}/{LIBRARY}" for each in others}
    cached = {f"uv/archive-v0/x/{each}/libcublas.so.12" for each in others - {"by-pip"}}
    assert joined_paths(found, world.root) == expected | cached
    assert skipped(found) == {}


# What is left alone, and why


def _twice(world: SameWorld, files: dict[str, bytes] | None = None) -> tuple[Path, Path]:
    """The same file in two environments; the first one is older."""
    files = files or {LIBRARY: content("cublas")}
    first, second = (install_wheel(world.environment(name), "cublas", files)[0] for name in ("a", "b"))
    os.utime(first, ns=(10**18, 10**18))
    return first, second


def _is_left(world: SameWorld, reason: str, **rules: object) -> None:
    found = world.survey(**rules)  # type: ignore[arg-type]
    assert (found.sets, [each.reason for each in found.skipped]) == ((), [reason])
    assert found.skipped[0].files == 1
    assert found.skipped[0].bytes >= 4096


def test_small_files_are_left_alone_unless_asked_for(world: SameWorld) -> None:
    _twice(world, {"small.py": content("small", 4095)})
    _is_left(world, "small")
    assert len(world.survey(smallest=4095).sets) == 1
    assert len(world.survey(smallest=1).sets) >= 1


def test_a_file_of_another_size_than_its_record_says_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    second.write_bytes(content("cublas", 5001))
    _is_left(world, "changed")


def test_a_file_that_nobody_may_read_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    second.chmod(0)
    _is_left(world, "unreadable")


def test_files_of_another_user_are_left_alone(world: SameWorld) -> None:
    _twice(world)
    _is_left(world, "other-owner", user=os.geteuid() + 1)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_file_of_another_group_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    os.chown(second, -1, 12345)
    _is_left(world, "other-owner")


def test_files_of_other_modes_are_joined_with_their_like_only(world: SameWorld) -> None:
    paths = [
        install_wheel(world.environment(name), "cublas", {LIBRARY: content("cublas")})[0]
        for name in ("a", "b", "c", "d")
    ]
    for each in paths[2:]:
        each.chmod(0o755)
    found = world.survey()
    assert len(found.sets) == 2
    assert skipped(found) == {"other-mode": (1, 8192)}
    join(found)
    assert [each.stat().st_mode & 0o777 for each in paths[2:]] == [0o755, 0o755]


def test_a_file_with_attributes_of_its_own_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    try:
        os.setxattr(second, "user.note", b"mine")
    except OSError:
        pytest.skip("this file system has no attributes of users")
    _is_left(world, "other-attributes")


def test_a_file_with_flags_of_its_own_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    set_nodump(second)
    _is_left(world, "other-attributes")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root sees these attributes")
def test_a_file_with_attributes_that_only_root_sees_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world)
    try:
        os.setxattr(second, "trusted.note", b"mine")
    except OSError:
        pytest.skip("this file system has no such attributes")
    _is_left(world, "other-attributes")


@pytest.mark.parametrize("path", ["../../../etc/cublas/options", "settings.yaml", "../../../share/jupyter/kernels/k"])
def test_what_people_edit_is_left_alone(world: SameWorld, path: str) -> None:
    _twice(world, {path: content("edited")})
    found = world.survey()
    assert (found.sets, skipped(found)) == ((), {"editable": (1, 8192)})


def test_files_with_the_prefix_in_them_are_left_alone(world: SameWorld) -> None:
    for name in ("a", "b"):
        record = world.environment(name).package("tool", files={"bin/tool": content("tool")})
        document = json.loads(record.read_text())
        document["paths_data"]["paths"][0]["prefix_placeholder"] = "/opt/placeholder"
        record.write_text(json.dumps(document))
    _is_left(world, "prefix-inside")


@pytest.mark.parametrize("reason", ["frozen", "managed", "in-use"])
def test_environments_are_left_alone_for_their_state(world: SameWorld, reason: str) -> None:
    _twice(world)
    _is_left(world, reason, left_alone=tuple((str(each), reason) for each in world.prefixes))


@pytest.mark.parametrize("reason", ["frozen", "managed"])
def test_nothing_becomes_one_with_a_file_of_a_frozen_environment_alone(world: SameWorld, reason: str) -> None:
    first, second = _twice(world)
    _is_left(world, reason, left_alone=((str(world.prefixes[1]), reason),))
    os.link(second, world.environment("c").path / "linked")
    _is_left(world, reason, left_alone=((str(world.prefixes[1]), reason),))  # no package owns that one
    third = install_wheel(world.prefixes[2], "cublas", {LIBRARY: content("cublas")})[0]
    third.unlink()
    os.link(second, third)
    (same,) = world.survey(left_alone=((str(world.prefixes[1]), reason),)).sets
    assert {each.path for each in same.kept.paths} == {str(second), str(third)}
    assert [each.path for each in same.joined[0].paths] == [str(first)]


def test_a_file_of_an_environment_in_which_something_runs_gets_links_but_stays(world: SameWorld) -> None:
    first, second = _twice(world)
    (same,) = world.survey(left_alone=((str(world.prefixes[1]), "in-use"),)).sets
    assert same.kept.paths[0].path == str(second)
    assert same.joined[0].paths[0].path == str(first)


def test_a_file_with_a_link_somewhere_is_left_alone_or_stays(world: SameWorld) -> None:
    _, second = _twice(world)
    os.link(second, world.root / "somewhere")
    (same,) = world.survey().sets  # the other one is joined to it
    assert (same.kept.paths[0].path, same.kept.elsewhere) == (str(second), 1)
    third = install_wheel(world.environment("c"), "cublas", {LIBRARY: content("cublas")})[0]
    os.link(third, world.root / "somewhere else")
    found = world.survey()
    assert len(found.sets) == 1
    assert skipped(found) == {"linked-elsewhere": (1, 8192)}


def test_a_file_system_that_may_lie_about_links_is_left_alone(world: SameWorld) -> None:
    _twice(world)
    _is_left(world, "file-system", method=None)


def test_links_do_not_lead_from_one_mount_to_another(world: SameWorld) -> None:
    """Bind mounts: one device, and no link between them."""
    for name in "abcd":
        install_wheel(world.environment(name), "cublas", {LIBRARY: content("cublas")})
    b, _, d = (str(each) for each in world.prefixes[1:])
    found = world.survey(mounts=("/", b, f"{d}/lib"))
    assert joined_paths(found, world.root) == {f"envs/c/{SITE_PACKAGES}/{LIBRARY}"}
    assert skipped(found) == {"file-system": (2, 16384)}
    assert len(world.survey(method="reflink", mounts=("/", b, f"{d}/lib")).sets[0].joined) == 3


def test_a_file_that_is_seen_by_several_mounts_is_left_alone(world: SameWorld) -> None:
    """An environment that is mounted at another place, too, as a file with two links is."""
    _twice(world)
    (third,) = install_wheel(world.environment("c"), "cublas", {LIBRARY: content("cublas")})
    second = world.prefixes[1].site_packages / LIBRARY
    third.unlink()
    os.link(second, third)
    assert skipped(world.survey(mounts=("/", str(world.prefixes[2])))) == {"file-system": (2, 8192)}


def test_no_file_gets_more_links_than_it_may_have(world: SameWorld) -> None:
    for name in "abcd":
        install_wheel(world.environment(name), "cublas", {LIBRARY: content("cublas")})
    found = world.survey(most_links=3)
    assert [len(each.joined) for each in found.sets] == [2]
    assert skipped(found) == {"link-limit": (1, 8192)}


def _compiled(source: Path, modified: int | None = None, flags: int = 0) -> None:
    """Byte code by the time of its source, or by another one."""
    status = source.stat()
    seconds = int(status.st_mtime) if modified is None else modified
    cache = source.parent / "__pycache__"
    cache.mkdir(exist_ok=True)
    header = b"\xa7\r\r\n" + flags.to_bytes(4, "little") + seconds.to_bytes(4, "little")
    (cache / f"{source.stem}.cpython-311.pyc").write_bytes(header + status.st_size.to_bytes(4, "little") + b"code")


def test_a_source_whose_byte_code_would_become_stale_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world, {"pkg/module.py": content("module")})
    _compiled(second, modified=12)  # it is stale already
    assert len(world.survey().sets) == 1
    _compiled(second, flags=1)  # by a hash
    assert len(world.survey().sets) == 1
    _compiled(second)
    _is_left(world, "byte-code")
    os.utime(second, ns=(10**18 + 5, 10**18 + 5))  # of the same second as the one that stays
    _compiled(second)
    assert len(world.survey().sets) == 1


def test_a_source_whose_stale_byte_code_would_become_valid_is_left_alone(world: SameWorld) -> None:
    _, second = _twice(world, {"pkg/module.py": content("module")})
    _compiled(second, modified=10**9)  # the time of the one that stays
    _is_left(world, "byte-code")


def test_what_shares_blocks_keeps_its_links_its_mode_and_its_byte_code(world: SameWorld) -> None:
    first, second = _twice(world, {"pkg/module.py": content("module")})
    _compiled(second)
    second.chmod(0o755)
    os.link(first, world.root / "somewhere")
    os.link(second, world.root / "somewhere else")
    found = world.survey(method="reflink")
    assert (len(found.sets), found.skipped) == (1, ())
    assert found.methods == ((world.root.stat().st_dev, "reflink"),)


@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_what_shares_its_blocks_already_is_not_stored_twice(tmp_path: Path, kind: str) -> None:
    with sharing_disk(tmp_path, kind) as disk:
        world = SameWorld(disk)
        first, *others = (
            install_wheel(world.environment(name), "cublas", {LIBRARY: content("cublas", 50_000)})[0]
            for name in "abcde"
        )
        sync(disk)
        assert len(world.survey(method="reflink").sets[0].joined) == 4
        reflink(first, others[0])
        sync(disk)
        (same,) = world.survey(method="reflink").sets
        assert same.kept.paths[0].path in {str(first), str(others[0])}  # the other one would keep its blocks
        assert {each.paths[0].path for each in same.joined} == {str(each) for each in others[1:]}
        before = free(disk)
        for each in others[1:]:
            reflink(first, each)
        assert abs(free(disk) - before - same.frees) <= 64_000  # the file system's own records
        assert not world.survey(method="reflink").sets


# Records that lie


def _claim(world: SameWorld, prefix: int, path: str, data: bytes) -> None:
    """Let a record of conda state a file, wherever it is."""
    record = world.prefixes[prefix].package("lying", files={"lib/own": data})
    document = json.loads(record.read_text())
    document["paths_data"]["paths"][0]["_path"] = path
    record.write_text(json.dumps(document))


LYING = {
    "another environment": "lib/../../b/lib/frozen.so",
    "outside": "../../outside.so",
    "absolute": "{root}/outside.so",
    "back and forth": "lib/../lib/own",
    "a dot": "./lib/own",
    "nothing between": "lib//own",
    "by a link": "link/frozen.so",
    "by a link within": "within/own",
    "an environment in it": "envs/inner/lib/frozen.so",
    "no path": "lib/\0/own",
}


@pytest.mark.parametrize("what", LYING)
def test_no_record_of_conda_leads_out_of_its_environment(what: str, world: SameWorld) -> None:
    data = content("frozen")
    a, b, c = (world.environment(name).path for name in "abc")
    inner = a / "envs/inner"
    for each in (b, inner):
        (each / "lib").mkdir(parents=True, exist_ok=True)
        (each / "lib/frozen.so").write_bytes(data)
    (inner / "conda-meta").mkdir()
    (world.root / "outside.so").write_bytes(data)
    (a / "link").symlink_to(b / "lib")
    (a / "within").symlink_to("lib")
    world.prefixes[2].package("honest", files={"lib/honest.so": data})
    _claim(world, 0, LYING[what].format(root=world.root), data)
    assert world.survey().sets == ()
    assert c.exists()


@pytest.mark.parametrize(
    "path",
    [
        "../../../../b/lib/frozen.so",
        "../../../../../outside.so",
        "{root}/outside.so",
        "../../../envs/inner/lib/frozen.so",
        "../../../within/frozen.so",
    ],
)
def test_no_record_of_pip_leads_out_of_its_environment(path: str, world: SameWorld) -> None:
    data = content("frozen")
    inner = world.root / "envs/a/envs/inner"
    (inner / "conda-meta").mkdir(parents=True)
    (inner / "lib").mkdir()
    (inner.parent.parent / "within").symlink_to("envs/inner/lib")
    (inner / "lib/frozen.so").write_bytes(data)
    (world.environment("b").path / "lib/frozen.so").write_bytes(data)
    (world.root / "outside.so").write_bytes(data)
    install_wheel(world.environment("c"), "honest", {"honest.so": data})
    install_wheel(world.environment("a"), "lying", {path.format(root=world.root): data})
    assert world.survey().sets == ()


def test_no_package_in_a_cache_leads_out_of_it(world: SameWorld) -> None:
    data = content("frozen")
    world.environment("a").package("zlib", "1.3", "h1_0", files={"lib/libz.so": data})
    package = cache_package(world.cache(), "zlib-1.3-h1_0", {"lib/libz.so": data})
    (world.root / "outside.so").write_bytes(data)
    document = json.loads((package / "info/paths.json").read_text())
    document["paths"][0]["_path"] = "../../outside.so"
    (package / "info/paths.json").write_text(json.dumps(document))
    assert world.survey().sets == ()


# What is asked for


def test_only_files_of_the_chosen_environments_are_joined(world: SameWorld) -> None:
    first, second = _twice(world)
    chosen = str(world.prefixes[0])
    found = world.survey(prefixes=(chosen,))
    assert joined_paths(found, world.root) == {os.path.relpath(first, world.root)}  # though it is the older one
    assert found.skipped == ()
    os.link(first, world.prefixes[1].path / "another")  # a path outside what was chosen would have to go along
    assert skipped(world.survey(prefixes=(chosen,))).keys() == {"linked-elsewhere"}
    assert second.exists()


def test_what_is_left_alone_is_told_only_of_the_chosen_environments(world: SameWorld) -> None:
    _twice(world, {LIBRARY: content("cublas"), "small.py": content("small", 100)})
    install_wheel(world.environment("c"), "cublas", {LIBRARY: content("cublas"), "small.py": content("small", 100)})
    one, two, three = map(str, world.prefixes)

    def told(*chosen: str) -> dict[SkipReason, tuple[int, int]]:
        return skipped(world.survey(prefixes=chosen, left_alone=((two, "frozen"), (three, "frozen"))))

    assert told() == told(one, two, three) == {"small": (2, 8192), "frozen": (2, 16384)}
    assert told(two) == {"small": (1, 4096), "frozen": (1, 8192)}


def test_what_is_linked_to_the_copy_that_stays_is_not_counted_as_a_place(world: SameWorld) -> None:
    files = {"lib/libz.so.1": content("zlib")}
    linked = cache_package(world.cache(), "zlib-1.3-h1_0", files)
    copied, *others = (world.environment(name) for name in ("copied", "a", "b", "c"))
    for each in (copied, *others):
        each.package("zlib", "1.3", "h1_0", files=files)
    for each in others:
        link_into(each, linked, list(files))
    (package,) = world.survey(prefixes=(str(copied.path),)).packages
    assert package.holders == tuple(sorted((str(copied.path), os.path.dirname(linked))))


def test_the_files_by_which_the_last_use_is_told_keep_their_times(world: SameWorld) -> None:
    for name in ("a", "b"):
        prefix = world.environment(name)
        prefix.package("python", files={"bin/python3.11": content("python"), "lib/libpython.so": content("library")})
        (prefix.path / "bin/python").symlink_to("python3.11")
    found = world.survey()
    assert joined_paths(found, world.root) == {"envs/b/lib/libpython.so"}
    assert skipped(found) == {"last-use": (1, 8192)}
    assert len(world.survey(method="reflink").sets) == 2  # both keep theirs
    bundled = {"bundled/python.bin": content("python")}
    install_wheel(world.environment("c"), "bundled", bundled)  # becomes no second name of an interpreter
    assert not any("c/" in each for each in joined_paths(world.survey(), world.root))


# Files of which no record states a digest


def _old_record(world: SameWorld, name: str, data: bytes, path: str = "lib/libold.so") -> Path:
    prefix = world.environment(name)
    record = prefix.package("old", files={path: data})
    document = json.loads(record.read_text())
    del document["paths_data"]
    record.write_text(json.dumps(document))
    return prefix.path / path


def test_files_without_digests_are_read_if_another_one_has_their_size(
    world: SameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, data in (
        ("a", content("old")),
        ("b", content("old")),
        ("c", content("new")),
        ("d", content("long", 7000)),
    ):
        _old_record(world, name, data)
    assert joined_paths(world.survey(), world.root) == {"envs/b/lib/libold.so"}
    install_wheel(world.environment("e"), "new", {"libnew.so": content("new")})  # the digest of this one is known
    kept = world.root / "kept"
    assert len(world.survey(kept=kept).sets) == 2

    def read(path: str) -> str:
        raise AssertionError(f"{path} is read though it is as it was")

    monkeypatch.setattr(claimed_inodes, "sha256_of", read)
    assert len(world.survey(kept=kept).sets) == 2
    monkeypatch.undo()
    (world.prefixes[0].path / "lib/libold.so").write_bytes(content("oldest"))
    (same,) = world.survey(kept=kept).sets  # the one of the wheel and of the old record
    assert same.sha256 == hashlib.sha256(content("new")).hexdigest()


def test_nothing_is_read_whose_digest_is_known(world: SameWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    _twice(world)

    def read(path: str) -> str:
        raise AssertionError(f"{path} is read")

    monkeypatch.setattr(claimed_inodes, "sha256_of", read)
    assert len(world.survey().sets) == 1


# All of it, and nothing else


_WORDS = ("one", "two", "three", "four")
_file = st.tuples(st.sampled_from(_WORDS), st.sampled_from([100, 4096, 9000]), st.sampled_from([0o644, 0o755]))
_holding = st.tuples(st.sampled_from(["copy", "link", "wheel"]), st.sets(st.integers(0, 5), max_size=5))


@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    files=st.lists(_file, min_size=6, max_size=6, unique_by=lambda each: each[:2]), envs=st.lists(_holding, max_size=5)
)
def test_it_finds_what_hashing_everything_finds_and_frees_what_it_says(
    tmp_path: Path,
    files: list[tuple[str, int, int]],
    envs: list[tuple[str, set[int]]],
) -> None:
    with tempfile.TemporaryDirectory(dir=tmp_path) as name:
        world = SameWorld(Path(name))
        cache = world.cache()
        world.environment("of-records").package("package", "1.0", "0")  # so that nobody cleans the cached package
        contents = {f"lib/{number}": content(word, size) for number, (word, size, _) in enumerate(files)}
        package = cache_package(cache, "package-1.0-0", contents)
        for number, (_, _, mode) in enumerate(files):
            (package / f"lib/{number}").chmod(mode)
        for number, (how, which) in enumerate(envs):
            _install(world, f"env{number}", how, {f"lib/{each}": contents[f"lib/{each}"] for each in which}, package)
        expected, before, seen = _by_hashing(world), du(world.root), _contents(world.root)
        found = world.survey()
        assert found.frees == expected
        join(found)
        assert found.frees == before - du(world.root)
        assert _contents(world.root) == seen
        assert _by_hashing(world) == world.survey().frees == 0


def _install(world: SameWorld, name: str, how: str, files: dict[str, bytes], package: Path) -> None:
    prefix = world.environment(name)
    if how == "wheel":
        for path in install_wheel(prefix, "package", {f"../../../{each}": data for each, data in files.items()}):
            path.chmod((package / "lib" / path.name).stat().st_mode)
        return
    prefix.package("package", "1.0", "0", files=files)
    if how == "link":
        link_into(prefix, package, list(files))
    for each in files if how == "copy" else ():
        (prefix.path / each).chmod((package / each).stat().st_mode)


def _by_hashing(world: SameWorld) -> int:
    """What could be freed, by reading every file: all inodes of one content and mode in environments but for one.

    What only a cache holds stays, and counts as the one that stays.
    """
    inodes: dict[tuple[str, int], dict[int, tuple[int, bool]]] = defaultdict(dict)
    for directory, _, names in os.walk(world.root):
        if "/envs/" not in directory and "/package-1.0-0/lib" not in directory:
            continue
        for path in (os.path.join(directory, each) for each in names):
            status = os.stat(path)
            key = hashlib.sha256(Path(path).read_bytes()).hexdigest(), status.st_mode
            if status.st_size >= 4096:
                cached = "/pkgs/" in path or inodes[key].get(status.st_ino, (0, False))[1]
                inodes[key][status.st_ino] = status.st_blocks * 512, cached
    return sum(_freed(each) for each in inodes.values())


def _freed(inodes: dict[int, tuple[int, bool]]) -> int:
    own = [size for size, cached in inodes.values() if not cached]
    return sum(own) - (max(own, default=0) if len(own) == len(inodes) else 0)


def _contents(root: Path) -> dict[str, tuple[bytes, int]]:
    return {
        str(each): (each.read_bytes(), each.stat().st_mode)
        for each in root.rglob("*")
        if each.is_file() and not each.is_symlink()
    }


# In a process of its own


async def test_it_is_found_in_a_process_of_its_own(world: SameWorld) -> None:
    odd = world.environment("odd \udcff name")
    for prefix in (world.environment("a"), odd):
        install_wheel(prefix, "cublas", {LIBRARY: content("cublas")})
    places, environ = tuple(world.caches), dict(os.environ)
    found = await survey_same_files(world.environments(), places, world.rules(), kept=None, environ=environ)
    assert found == world.survey()
    assert any("\udcff" in path.path for path in (*found.sets[0].kept.paths, *found.sets[0].joined[0].paths))


async def test_a_search_that_fails_is_an_error_with_its_last_words(
    world: SameWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same_files, "_SEARCH", own_argv("condatui_core.disk.not_there"))
    with pytest.raises(CondatuiError, match="could not be found") as raised:
        await survey_same_files(world.environments(), (), world.rules(), kept=None, environ=os.environ)
    assert "not_there" in raised.value.detail
