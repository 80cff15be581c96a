"""Packages that are built against one another, and so should come from one channel."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import PackageRecord

DEFAULTS = "defaults"
"""The lineage of all that Anaconda's own channels carry, whichever of them."""
CONDA_FORGE = "conda-forge"
"""The lineage of conda-forge and of bioconda, which is built upon it."""

_ANACONDA_PATH = re.compile(r"/pkgs/(?:main|free|r|pro|msys2|mro|archive)$")
_ANACONDA_NAMES = ("main", "anaconda", "free", "r", "msys2")
_CONDA_FORGE_PATH = re.compile(r"/(?:conda-forge|bioconda)$")


class Family(Struct, frozen=True):
    """Packages that load one another's libraries."""

    title: str
    members: re.Pattern[str]
    """Matches the whole name of a member."""
    any_channels: bool = False
    """Whether any two channels clash; otherwise only defaults with conda-forge, as others build upon one of them."""


class Mixture(Struct, frozen=True):
    """A family of which an environment has members from channels that do not go together."""

    family: str
    by_channel: tuple[tuple[str, tuple[PackageRecord, ...]], ...]
    """(lineage, members) pairs, sorted by lineage."""


def _family(title: str, *members: str, any_channels: bool = False) -> Family:
    return Family(title, re.compile("|".join(members)), any_channels)


FAMILIES = (
    _family(
        "PyTorch",
        r"(lib|py)torch(-gpu|-cpu|-cuda|-mutex)?|torchvision|torchaudio|torchtriton|cpuonly",
        any_channels=True,
    ),
    _family(
        "CUDA",
        r"cuda|cuda-.*|cudatoolkit|cudnn|nccl|cutensor",
        r"libcu(blas|fft|file|rand|solver|sparse)(-dev)?|libnpp|libnvjitlink|libnvjpeg",
        any_channels=True,
    ),
    _family("TensorFlow", r"tensorflow(-base|-gpu|-estimator|-mkl|-eigen)?|libtensorflow(_cc)?|keras|tensorboard"),
    _family("Python and NumPy", r"python|numpy(-base)?|scipy|pandas|numexpr|numba|scikit-learn|matplotlib-base"),
    _family("BLAS", r"blas|mkl([-_].*)?|lib(c?blas|lapacke?|openblas)|openblas|intel-openmp|llvm-openmp"),
    _family("C and C++ runtime", r"lib(gcc|stdcxx|gfortran)(-ng|\d)?|libgomp|_libgcc_mutex|_openmp_mutex"),
    _family("OpenSSL", r"openssl|cryptography|(lib)?curl|libssh2"),
    _family("HDF5", r"hdf5|h5py|libnetcdf|netcdf4|pytables"),
    _family("GDAL", r"(lib)?gdal(-.*)?|proj|geos|rasterio|fiona|pyproj|shapely|cartopy"),
    _family("Qt", r"qt|qt6?-(main|webengine)|pyqt|pyqt5-sip|sip|pyside\d"),
    _family("Arrow", r"arrow-cpp|libarrow(-.*)?|pyarrow(-core)?"),
    _family("OpenCV", r"(lib|py-)?opencv|ffmpeg"),
    _family("R", r"r-.*"),
)
"""What is known to break when it is mixed."""


@lru_cache(maxsize=4096)
def lineage(base_url: str | None, config: ChannelConfig) -> str | None:
    """Name whose builds a channel carries: `defaults`, `conda-forge`, else its own base URL without a label."""
    if base_url is None:
        return None
    location = base_url.partition("/label/")[0]
    if _ANACONDA_PATH.search(location) or location in _anaconda_channels(config):
        return DEFAULTS
    return CONDA_FORGE if _CONDA_FORGE_PATH.search(location) else location


def mixtures(packages: Iterable[PackageRecord], config: ChannelConfig) -> Iterator[Mixture]:
    """Find the families of which an environment holds members from channels that do not go together."""
    origins = [(record, origin) for record in packages if (origin := lineage(record.base_url, config))]
    by_family: dict[int, dict[str, list[PackageRecord]]] = {}
    for record, origin in origins:
        for index in _families_of(record.name):
            if FAMILIES[index].any_channels or origin in (DEFAULTS, CONDA_FORGE):
                by_family.setdefault(index, {}).setdefault(origin, []).append(record)
    for index, found in sorted(by_family.items()):
        if len(found) > 1:
            title = FAMILIES[index].title
            yield Mixture(title, tuple((origin, tuple(found[origin])) for origin in sorted(found)))


@lru_cache(maxsize=16384)
def _families_of(name: str) -> tuple[int, ...]:
    """The families that a package is a member of; the same names come up in every environment."""
    return tuple(index for index, family in enumerate(FAMILIES) if family.members.fullmatch(name))


def _anaconda_channels(config: ChannelConfig) -> Iterator[str]:
    """The copies of defaults that anaconda.org, or what stands in for it, keeps as ordinary channels."""
    for host in {config.channel_alias, ChannelConfig().channel_alias}:
        yield from (f"{host}/{name}" for name in _ANACONDA_NAMES)
