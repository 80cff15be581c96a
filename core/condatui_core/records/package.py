"""Records of the packages in a prefix: conda's and pip's."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Origin = Literal["index", "vcs", "local", "editable", "url", "unknown"]
"""Where pip got a distribution from, by its direct_url.json; without one, an index."""


class ProvidedDistribution(Struct, frozen=True, array_like=True):
    """A Python distribution that a conda package ships: conda's `pytorch` provides `torch`."""

    name: str
    """Spelled as in its directory's name; compare by `packaging.utils.canonicalize_name`."""
    version: str
    path: str
    """The dist-info or egg-info, relative to the prefix."""


class PackageRecord(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One conda package installed in a prefix, as its file in conda-meta states it."""

    name: str
    version: str
    build: str
    """The build string, such as `py311h64a7726_0`."""
    build_number: int = 0
    base_url: str | None = None
    """The channel's location without platform, file name and credentials; None if the record states none."""
    url: str | None = None
    """The URL of the archive, credentials masked."""
    subdir: str = ""
    """The platform directory: `linux-64`, `noarch`."""
    noarch: str | None = None
    """`python` or `generic` for packages for any platform."""
    file_name: str = ""
    """The archive's file name."""
    md5: str = ""
    sha256: str = ""
    archive_bytes: int = 0
    """Size of the compressed archive, as conda's `size`."""
    installed_bytes: int = 0
    """Sum of the sizes of its files as the record states them."""
    file_count: int = 0
    depends: tuple[str, ...] = ()
    constrains: tuple[str, ...] = ()
    license: str = ""
    timestamp: int = 0
    """The time of the build, milliseconds since 1970; 0 if unknown."""
    requested_specs: tuple[str, ...] = ()
    """The user's specs that caused its installation, if the record states them."""
    provides: tuple[ProvidedDistribution, ...] = ()
    """The Python distributions among its files."""

    @property
    def dist_name(self) -> str:
        """Its name in a package cache, which its record is named after too: `numpy-1.26.4-py311h64a7726_0`."""
        return f"{self.name}-{self.version}-{self.build}"


class Distribution(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Python distribution in the site-packages of a prefix."""

    name: str
    """Spelled as in its metadata; compare by `packaging.utils.canonicalize_name`."""
    version: str
    path: str
    """The dist-info, egg-info or egg-link, relative to the prefix if it is inside."""
    installer: str = ""
    """The contents of INSTALLER: `pip`, `conda`, `uv`; not reliable, as many conda packages contain `pip`."""
    owner: str | None = None
    """The conda package whose record owns this dist-info; None if pip (or a person) installed it."""
    origin: Origin = "index"
    url: str | None = None
    """Its direct URL, credentials masked; None if it came from an index."""
    sha256: str = ""
    """Of the archive at its URL, if pip has recorded it."""
    revision: str = ""
    """The commit of a VCS install."""
    vcs: str = ""
    """The version control system of a VCS install: `git`, `hg`, `svn`, `bzr`."""
    subdirectory: str = ""
    """The project's directory in its repository or archive; empty at the top."""
    location: str = ""
    """The directory of an editable or local install."""
    installed_bytes: int = 0
    """Sum of the sizes that its RECORD states."""
    requires: tuple[str, ...] = ()
    """Its dependencies as requirement strings (Requires-Dist)."""


class Replacement(Struct, frozen=True, kw_only=True):
    """A conda package whose files pip has replaced: conda still states one version, Python imports another."""

    package: str
    """conda's name."""
    distribution: str
    """pip's name."""
    conda_version: str
    pip_version: str
    evidence: tuple[str, ...] = ()
    """The files that show it, one line each."""
    conda_build: str = ""
    """The build string that conda still states."""
    beside: str = ""
    """pip's dist-info, relative to the prefix, if conda's is still there as well; `pip uninstall` may take either."""


class LeftoverDistribution(Struct, frozen=True, kw_only=True):
    """A dist-info that pip has left behind: another installation has since written over the files that it lists."""

    name: str
    version: str
    path: str
    """Relative to the prefix."""
    overwritten_by: str
    """Such as `conda's idna 3.10`."""
    evidence: str
    """What shows it, one line."""


class PathOutside(Struct, frozen=True, kw_only=True):
    """A directory outside a prefix that its python imports from, by a .pth file that no distribution owns."""

    file: str
    """The .pth file, relative to the prefix."""
    location: str
    """The absolute path of the directory."""


class StaleSitePackages(Struct, frozen=True, kw_only=True):
    """A site-packages that the python of its prefix does not read: an upgrade has left it behind."""

    path: str
    """Relative to the prefix."""
    names: tuple[str, ...]
    """What pip has installed there, as `name version`."""
    bytes: int
    """The sum of the sizes that their RECORD files state."""


class UnmetDependency(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a conda package depends on, or is constrained by, and that is not so."""

    package: str
    needs: str
    """The spec, as the record states it."""
    has: str = ""
    """Name, version and build of what is installed; empty if there is none."""


class MalformedPin(Struct, frozen=True, kw_only=True):
    """A line of conda-meta/pinned that holds nothing."""

    line: str
    name: str
    """The package that it names, which is not installed; empty if the line is no spec."""


class PackageFile(Struct, frozen=True):
    """One file of a package."""

    path: str
    """Relative to the prefix."""
    bytes: int | None
    """What it takes on the disk; None if it is not there, or cannot be looked at."""


class PackageFiles(Struct, frozen=True):
    """The files of a package as its own record lists them."""

    files: tuple[PackageFile, ...] = ()
    """Sorted by path."""
    why_not: str = ""
    """Why they are not known; empty if they are."""

    @property
    def bytes(self) -> int:
        """What all of them take on the disk."""
        return sum(each.bytes or 0 for each in self.files)

    @property
    def missing(self) -> int:
        """How many are not there."""
        return sum(each.bytes is None for each in self.files)
