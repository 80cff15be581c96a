"""Convert what a service would not need of an environment to the JSON document of `condatui slim`."""

from __future__ import annotations

from msgspec import Struct, field

from condatui.cli.documents.verification import VerifiedEnvironment
from condatui_core.records.comparison import Source
from condatui_core.records.environment import Environment
from condatui_core.records.slimming import Risk, SlimClass, SlimmedClass, SlimmedPackage, Slimming
from condatui_core.records.usage import Usage


class SlimClassDocument(Struct, frozen=True, kw_only=True):
    """One class of files."""

    name: SlimClass = field(name="class")
    """Its name; `kept` is what a service may need."""
    label: str
    """What it is, in a few words."""
    bytes: int
    """Allocated bytes, each inode once; all classes add up to `total`."""
    image_bytes: int
    """Bytes of contents, each inode once: what it weighs in an image."""
    frees: int
    """What `df` gains here if just this class is deleted."""
    files: int
    """Its inodes that are no directories."""
    risk: Risk
    """How likely a service misses it."""
    why: str
    """Why a service does not need it, and what it costs to leave it out."""


class LeafDocument(Struct, frozen=True, kw_only=True):
    """A package that a service does not need as a whole."""

    name: str
    """conda's or pip's name."""
    version: str
    """Its version."""
    source: Source
    """Who installed it."""
    class_name: SlimClass = field(name="class")
    """The class that it goes with."""
    needed_by: tuple[str, ...]
    """Which others of its class need it; empty for the one with which a chain begins."""
    bytes: int
    """Allocated bytes of its files, without directories."""
    image_bytes: int
    """Bytes of their contents."""
    frees: int
    """What `df` gains here if just these files are deleted."""
    files: int
    """How many they are."""


class SlimDocument(Struct, frozen=True, kw_only=True):
    """What a service would not need of one environment."""

    environment: VerifiedEnvironment
    """The environment."""
    total: int
    """Its allocated bytes, as in `disk`."""
    image_bytes: int
    """What all of it weighs in an image."""
    frees: int
    """What `df` gains here if everything but `kept` is deleted."""
    classes: tuple[SlimClassDocument, ...]
    """All classes in their order, of which the first that holds has a file; also those without one."""
    leaves: tuple[LeafDocument, ...]
    """The packages that nobody asked for and that nothing asked for needs, the largest first."""
    packages: tuple[LeafDocument, ...]
    """The packages of the other classes that take whole packages, the largest first."""
    cannot_travel: tuple[str, ...]
    """What lies outside of the prefix, or is no longer what conda's records say, so that no image has it."""
    limits: tuple[str, ...]
    """What could not be told, and why."""
    usage: Usage | None = None
    """With `--run` and `--trace`: how the command ended, and which packages it used; otherwise null."""


def describe_slimming(environment: Environment, slimming: Slimming, usage: Usage | None = None) -> SlimDocument:
    """Describe what was found."""
    return SlimDocument(
        environment=VerifiedEnvironment(name=environment.name, prefix=environment.prefix),
        total=slimming.total,
        image_bytes=slimming.image_bytes,
        frees=slimming.frees,
        classes=tuple(map(_class, slimming.classes)),
        leaves=tuple(map(_package, slimming.leaves)),
        packages=tuple(_package(each) for each in slimming.packages if each.class_name != "leaves"),
        cannot_travel=slimming.cannot_travel,
        limits=slimming.limits,
        usage=usage,
    )


def _class(each: SlimmedClass) -> SlimClassDocument:
    return SlimClassDocument(
        name=each.name,
        label=each.label,
        bytes=each.bytes,
        image_bytes=each.image_bytes,
        frees=each.frees,
        files=each.files,
        risk=each.risk,
        why=each.why,
    )


def _package(each: SlimmedPackage) -> LeafDocument:
    return LeafDocument(
        name=each.name,
        version=each.version,
        source=each.source,
        class_name=each.class_name,
        needed_by=each.needed_by,
        bytes=each.bytes,
        image_bytes=each.image_bytes,
        frees=each.frees,
        files=each.files,
    )
