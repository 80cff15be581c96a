"""What a service would not need of a made-up environment."""

from __future__ import annotations

from msgspec.structs import replace

from condatui_core.analyses.slimming.classes import CLASSES
from condatui_core.records.slimming import SlimClass, SlimmedClass, SlimmedPackage, Slimming

_BYTES: dict[SlimClass, int] = {
    "leaves": 96_000_000,
    "developer-packages": 412_000_000,
    "conda-meta": 4_100_000,
    "byte-code": 180_000_000,
    "tests": 90_000_000,
    "translations": 700,
    "kept": 4_300_000_000,
}


def slimming(prefix: str) -> Slimming:
    """A research environment of 5 GB; an image weighs a tenth less than the disk, and half of it is freed."""
    classes = tuple(
        SlimmedClass(
            name=rule.name,
            label=rule.label,
            risk=rule.risk,
            why=rule.why,
            bytes=(size := _BYTES.get(rule.name, 0)),
            image_bytes=size * 9 // 10,
            frees=size // 2,
            files=size // 10_000 + bool(size),
        )
        for rule in CLASSES
    )
    total = sum(each.bytes for each in classes)
    return Slimming(
        prefix=prefix,
        total=total,
        image_bytes=sum(each.image_bytes for each in classes),
        frees=sum(each.frees for each in classes if each.name != "kept"),
        classes=classes,
        packages=(
            _package("jupyterlab", "developer-packages", 300_000_000),
            _package("black", "developer-packages", 112_000_000),
            _package("stray", "leaves", 90_000_000),
            replace(_package("straybase", "leaves", 6_000_000), needed_by=("stray",)),
        ),
        cannot_travel=("mine is installed in place: its code is in /home/ada/[mine]\x1b",),
        limits=("Nothing says which packages were requested of pip.",),
    )


def _package(name: str, class_name: SlimClass, size: int) -> SlimmedPackage:
    return SlimmedPackage(name=name, version="1.0", source="conda", class_name=class_name, bytes=size, frees=size // 2)
