"""A machine at scale with all that makes it hard to say what a cleanup frees, made from a seed."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import msgspec

from condatui_core.actions.incomplete_marker import mark_incomplete
from condatui_core.actions.protocol import JobContext
from condatui_core.disk.usage import Disk, DiskUsage
from condatui_core.prefixes.kernels import read_kernels
from condatui_core.records.cleanup import CleanupChoice
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import CondaFacts
from condatui_core.records.request import Cleanable
from condatui_sandbox.scale import SITE_PACKAGES, ScalePackage, ScaleTree, build_scale, cache_package
from support.disk_trees import du, write
from support.inventories import NOW
from support.kernels import make_kernel
from support.prefixes import FakePrefix, distribution_files
from support.removals import RemovalMachine

ENVIRONMENTS, PACKAGES, FILES = 8, 24, (2, 6)
_PARTS: tuple[Cleanable, ...] = ("tarballs", "packages", "index", "logs")
_TOOLS: tuple[Cleanable, ...] = ("pip", "uv")
_OLD = "lib/python3.9/site-packages"
_T = TypeVar("_T")


@dataclass
class CleanupWorld:
    """The machine, and what can be chosen on it."""

    machine: RemovalMachine
    chance: random.Random
    tree: ScaleTree
    leftovers: tuple[str, ...] = ()
    """The prefixes in which an older python has left something behind."""
    outer: str = ""
    """The prefix of the environment that another one lies in."""
    mergeable: tuple[str, ...] = ()
    """The prefixes of environments that can be merged, and be merged into."""

    @property
    def home(self) -> Path:
        """The home directory, which has everything in it."""
        return self.machine.home

    @property
    def second(self) -> Path:
        """Another package cache."""
        return self.home / "more-pkgs"

    def context(self) -> JobContext:
        """What actions get to see."""
        context = self.machine.context()
        prefixes = [each.prefix for each in context.inventory.environments]
        kernels = read_kernels(prefixes, environ={}, home=self.home)
        inventory = Inventory(
            environments=context.inventory.environments,
            installations=context.inventory.installations,
            pkgs_dirs=tuple(map(str, (self.tree.packages, self.second))),
            kernels=kernels,
        )
        facts = {str(self.machine.root): CondaFacts(envs_dirs=(str(self.machine.envs),), pkgs_dirs=inventory.pkgs_dirs)}
        return replace(context, inventory=inventory, conda_facts=facts)

    def choice(self) -> CleanupChoice:
        """Some of what could go; an environment with another one in it cannot."""
        prefixes = self._some([each.prefix for each in self.machine.environments if each.prefix != self.outer], most=6)
        caches = {str(each): self._some(_PARTS, least=1) for each in self._some([self.tree.packages, self.second])}
        for tool in self._some(_TOOLS):
            caches[str(self.home / ".cache" / tool)] = (tool,)
        return CleanupChoice(
            prefixes=prefixes,
            cleaned=tuple(caches.items()),
            kernels=self._some([str(self.home / ".local/share/jupyter/kernels/gone")]),
            leftovers=tuple(each for each in self._some(self.leftovers) if each not in prefixes),
        )

    def choice_with_merges(self) -> CleanupChoice:
        """The same, beside merges of a few of the others into one that stays."""
        choice = self.choice()
        keeper, *members = self._some([each for each in self.mergeable if each not in choice.prefixes], least=2, most=3)
        return msgspec.structs.replace(
            choice,
            leftovers=tuple(each for each in choice.leftovers if each not in members),
            merges=tuple((each, keeper) for each in members),
        )

    def _some(self, of: Sequence[_T], *, least: int = 0, most: int = 99) -> tuple[_T, ...]:
        return tuple(self.chance.sample(of, self.chance.randint(least, min(most, len(of)))))

    def occupied(self) -> int:
        """The bytes of all but what condatui notes of its own walks, jobs and uses, each inode once."""
        own = self.home / ".condatui"
        others = [each for each in self.home.iterdir() if each != own]
        return du(*others, own / "state/restore", own / "state/kernels")

    def kept(self) -> int:
        """The bytes of all restore points, and of the copies of kernels."""
        state = self.home / ".condatui/state"
        return du(*(each for name in ("restore", "kernels") for each in (state / name).iterdir()))


def cleanup_world(home: Path, seed: int) -> CleanupWorld:
    """Make the machine: the same seed makes the same."""
    chance = random.Random(seed)
    machine = RemovalMachine(home)
    tree = build_scale(machine.root, environments=ENVIRONMENTS, packages=PACKAGES, files=FILES, seed=seed)
    world = CleanupWorld(machine, chance, tree)
    for name in ("state/restore", "state/kernels"):
        (home / ".condatui" / name).mkdir(parents=True)
    prefixes = [FakePrefix(each) for each in tree.contents]
    _fill_caches(world)
    _share_with_uv(home / ".cache/uv/archive-v0", prefixes[:3], chance)
    _copy_and_link_softly(tree, prefixes[2], prefixes[3])
    for number in range(12):
        _install_by_pip(prefixes[4], f"heavy-{number}", chance)
    _install_from_elsewhere(world, prefixes[5:6])
    world.leftovers = tuple(_leave_behind(each, chance) for each in (prefixes[0], prefixes[4]))
    inner = machine.make("scale-007/envs/inner", registered=False)
    machine.environments.clear()
    world.outer = str(prefixes[7])
    world.mergeable = tuple(map(str, (*prefixes[:3], *prefixes[4:7])))
    machine.note(inner.path)
    for each in prefixes:
        machine.note(each.path)
    _add_remains(machine, chance)
    _add_half_made(machine, prefixes[1])
    make_kernel(home / ".local/share/jupyter/kernels/gone", str(machine.envs / "long-gone/bin/python"))
    machine.note(machine.envs / "missing", state="missing", contents=None)
    machine.registry.write_text("".join(f"{each.prefix}\n" for each in machine.environments))
    return world


async def measured(context: JobContext) -> DiskUsage:
    """Measure everything."""
    disk = Disk(context.locations, environ=context.caller.environ, clock=context.clock)
    async with aclosing(disk.survey(context.inventory)) as steps:
        *_, last = [each async for each in steps]
    return last


def _fill_caches(world: CleanupWorld) -> None:
    """A second package cache with packages that no environment has, and what lies in caches beside packages."""
    for number in range(6):
        package = ScalePackage(f"spare-{number}", "1.0", "h123_0", "conda-forge", "linux-64")
        cache_package(world.second, package, FILES)
    for pkgs_dir in (world.tree.packages, world.second):
        for name in ("cache/497deca9.json", "cache/497deca9.info.json", ".logs/conda.log"):
            write(pkgs_dir / name, world.chance.randrange(1, 30_000))
    write(world.home / ".cache/pip/http-v2/a/b/body", 40_000)
    write(world.home / ".cache/pip/wheels/1f/own-1.0-py3-none-any.whl", 9000)
    write(world.home / ".cache/uv/CACHEDIR.TAG", 43)
    write(world.home / ".cache/uv/.lock", 0)
    write(world.home / ".cache/uv/simple-v16/pypi/numpy.rkyv", 7000)


def _share_with_uv(archive: Path, prefixes: list[FakePrefix], chance: random.Random) -> None:
    """Packages that uv has linked from its cache into several environments, and one into none."""
    for number in range(4):
        name = f"fast-{number}"
        files = distribution_files(name, "1.0", "uv", (), root=".")
        holders = chance.sample(prefixes, 2 if number else 0)
        for path, data in files.items():
            content = data if isinstance(data, bytes) else data.encode()
            cached = archive / f"{number}abc" / path
            cached.parent.mkdir(parents=True, exist_ok=True)
            cached.write_bytes(content)
            for prefix in holders:
                target = prefix.path / SITE_PACKAGES / path
                target.parent.mkdir(parents=True, exist_ok=True)
                if not target.exists():
                    os.link(cached, target)


def _copy_and_link_softly(tree: ScaleTree, copies: FakePrefix, links: FakePrefix) -> None:
    """Let one environment hold copies of a few packages, and another symlinks to some."""
    for prefix, softly in ((copies, False), (links, True)):
        for package in tree.contents[prefix.path][:4]:
            for source in (tree.packages / package.stem).rglob("*"):
                target = prefix.path / source.relative_to(tree.packages / package.stem)
                if source.is_file() and target.is_file():
                    target.unlink()
                    target.symlink_to(source) if softly else target.write_bytes(source.read_bytes())


def _install_by_pip(prefix: FakePrefix, name: str, chance: random.Random) -> None:
    for path, data in distribution_files(name, "1.0", "pip", (), root=SITE_PACKAGES).items():
        prefix.write(path, data)
    prefix.write(f"{SITE_PACKAGES}/{name}/data.bin", b"x" * chance.randrange(1, 90_000))


def _install_from_elsewhere(world: CleanupWorld, prefixes: list[FakePrefix]) -> None:
    """A package whose channel was a directory that is gone, linked into environments."""
    package = ScalePackage("local", "1.0", "h123_0", "conda-forge", "linux-64")
    cached = cache_package(world.tree.packages, package, FILES)
    record = {**json.loads(cached.record), "url": f"file:///gone/linux-64/{package.stem}.conda"}
    for prefix in prefixes:
        for source, path in cached.links:
            target = prefix.path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source, target)
        prefix.write_record(package.stem, record)


def _leave_behind(prefix: FakePrefix, chance: random.Random) -> str:
    for path, data in distribution_files("rich", "13.0", "pip", (), root=_OLD).items():
        prefix.write(path, data)
    prefix.write(f"{_OLD}/own.bin", b"x" * chance.randrange(1, 50_000))
    return str(prefix)


def _add_remains(machine: RemovalMachine, chance: random.Random) -> None:
    write(machine.envs / "remains/lib/own.bin", chance.randrange(1, 50_000))
    (machine.envs / "remains/conda-meta").mkdir()
    machine.note(machine.envs / "remains", state="orphan")


def _add_half_made(machine: RemovalMachine, source: FakePrefix) -> None:
    """A clone that was killed while its files were linked."""
    half = machine.envs / "half"
    mark_incomplete(str(half), job="1", now=NOW, source=str(source))
    for number, record in enumerate(sorted(source.meta.glob("*.json"))):
        for path in json.loads(record.read_bytes())["files"] if number % 2 else ():
            target = half / path
            target.parent.mkdir(parents=True, exist_ok=True)
            os.link(source.path / path, target)
    machine.note(half)
