"""What an image with an environment is built from, as the files of its directory say it."""

from __future__ import annotations

from msgspec import Struct

from condatui_core.records.request import ShipSource
from condatui_core.records.slimming import SlimClass


class ImageSpec(Struct, frozen=True, kw_only=True):
    """Everything that the Dockerfile of an image depends on."""

    name: str
    """The environment's."""
    base: str
    """The image that the environment is put into, with a tag or a digest."""
    source: ShipSource
    variables: tuple[tuple[str, str], ...] = ()
    """The variables that the environment's activation would set, sorted by name."""
    by_scripts: tuple[tuple[str, tuple[str, ...]], ...] = ()
    """By script of its activation, the variables that only the script can compute: nothing runs it in an image."""
    command: tuple[str, ...] = ("python",)
    port: int | None = None
    requirements: bool = False
    """Whether pip installs something beside conda's packages."""
    hashes: bool = False
    """Whether the checksum of all of that is known."""
    relocates: bool = True
    """Whether the archive has a conda-unpack, which writes the path in the image into its files."""
    slim: tuple[SlimClass, ...] = ()
    """The classes of files that it lacks."""
    deletes: bool = False
    """Whether the first stage deletes what a file lists."""


class ImageLayer(Struct, frozen=True, kw_only=True):
    """One layer of an image."""

    name: str
    """`base`, `environment`."""
    from_: str = ""
    """The instruction that makes it, without its options."""
    bytes: int | None = None
    """What it holds before compression; None if that is not known here."""
    files: int | None = None
    """The number of its files; None likewise."""
