"""What a machine offers to programs that were built elsewhere, and what a program needs of one."""

from __future__ import annotations

from msgspec import Struct


class Host(Struct, frozen=True, kw_only=True):
    """This machine, as conda describes machines."""

    platform: str
    """`linux-64`, `osx-arm64`."""
    virtual: tuple[tuple[str, str], ...] = ()
    """The virtual packages of conda that are known to be there, with their versions: `("__glibc", "2.36")`."""


class BinaryNeeds(Struct, frozen=True, kw_only=True):
    """What a compiled file needs of a machine, by its own headers."""

    platform: str = ""
    """`linux-64`; empty for a processor that conda has no name for."""
    glibc: tuple[int, ...] = ()
    """The version of the GNU C library from which it runs; empty if it asks for none."""


class UnmetNeed(Struct, frozen=True, kw_only=True):
    """Something that packages need of a machine, and that this one does not have."""

    name: str
    """The virtual package: `__glibc`, `__cuda`."""
    needs: str
    """The spec: `__glibc >=2.28`."""
    has: str = ""
    """The version that is here; empty if there is none."""
    packages: tuple[str, ...] = ()
    """The packages that need it."""
