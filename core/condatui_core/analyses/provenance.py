"""Findings about the origins of an environment's packages."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from condatui_core.analyses.channels import ANACONDA_NAMES, channel_identity, channel_label
from condatui_core.analyses.consistency import conda_install
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import (
    Distribution,
    LeftoverDistribution,
    Origin,
    PackageRecord,
    PathOutside,
    Replacement,
)
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import counted, format_bytes, shell_words, some_of

# Families: packages that are built against one another, and so should come from one channel


DEFAULTS = "defaults"
"""The lineage of all of Anaconda's own channels."""
CONDA_FORGE = "conda-forge"
"""The lineage of conda-forge and of bioconda, which builds upon it."""

_ANACONDA = re.compile(rf"^anaconda$|(?:^|/)(?:{'|'.join(ANACONDA_NAMES)})$")
_CONDA_FORGE = re.compile(r"(?:^|/)(?:conda-forge|bioconda)$")


_USUAL_CONFIG = ChannelConfig()
"""conda's own defaults, for channels of which only the short name is known."""


class Family(Struct, frozen=True):
    """A group of packages that load one another's libraries."""

    title: str
    members: re.Pattern[str]
    """Matches the whole name of a member."""
    any_channels: bool = False
    """Whether any two channels clash; otherwise only defaults and conda-forge do, since others build upon them."""


class Mixture(Struct, frozen=True):
    """A family whose members in an environment come from incompatible channels."""

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
"""The families known to break when their channels are mixed."""


@lru_cache(maxsize=4096)
def lineage(base_url: str | None, config: ChannelConfig) -> str | None:
    """The lineage of a channel's builds: `defaults`, `conda-forge`, otherwise the channel itself without a label."""
    if base_url is None:
        return None
    channel = channel_identity(base_url, config).partition("/label/")[0]
    if _ANACONDA.search(channel):
        return DEFAULTS
    return CONDA_FORGE if _CONDA_FORGE.search(channel) else channel


def is_of_anaconda(channel: str) -> bool:
    """Whether a channel, by its short name, is one of Anaconda's own: `pkgs/main`, a mirror of it, `anaconda`."""
    return lineage(channel, _USUAL_CONFIG) == DEFAULTS


def _lineages(packages: Sequence[PackageRecord], config: ChannelConfig) -> Mapping[str | None, str | None]:
    """The lineage of each channel that packages come from, by its base URL: a few, of hundreds of packages."""
    return {url: lineage(url, config) for url in {each.base_url for each in packages}}


def mixtures(packages: Sequence[PackageRecord], config: ChannelConfig) -> Iterator[Mixture]:
    """Find the families whose members come from incompatible channels."""
    lineages = _lineages(packages, config)
    if len(set(filter(None, lineages.values()))) <= 1:
        return
    origins = [(record, origin) for record in packages if (origin := lineages[record.base_url])]
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
    """The indices of the families that a package belongs to; cached, as the same names occur in every environment."""
    return tuple(index for index, family in enumerate(FAMILIES) if family.members.fullmatch(name))


def provenance_findings(contents: PrefixContents, config: ChannelConfig, prefix: str) -> tuple[Finding, ...]:
    """The findings about origins: clashing or unknown channels, and packages that pip installed or replaced."""
    pip = contents.pip_distributions
    return (
        *_pip_over_conda(contents.replaced, prefix),
        *_leftovers(contents.leftovers),
        *_mixed_channels(contents.packages, config),
        *_anaconda_terms(contents.packages, config),
        *_unknown_channel(contents.packages),
        *_not_exportable("editable", "editable", (*_of_origin("editable", pip), *_outside(contents.outside))),
        *_not_exportable("local", "installed from local files", _of_origin("local", pip)),
        *_stale_python(contents),
    )


def _pip_over_conda(replaced: Sequence[Replacement], prefix: str) -> list[Finding]:
    if not replaced:
        return []
    remedy, command = _way_back(replaced[0], prefix)
    names = some_of([f"{each.package} {_change(each)}" for each in replaced])
    count = "a conda package" if len(replaced) == 1 else counted(len(replaced), "conda package")
    return [
        Finding(
            id="pip-over-conda",
            severity="warning",
            message=f"pip replaced {count}: {names}",
            remedy=f"to restore conda's: {remedy}",
            command=command,
            evidence=tuple(_replacement_lines(replaced)),
        )
    ]


def _way_back(replacement: Replacement, prefix: str) -> tuple[str, str]:
    """What restores conda's package, in words and as a command; without version and build, conda would upgrade it."""
    spec = "=".join(filter(None, (replacement.package, replacement.conda_version, replacement.conda_build)))
    install = conda_install(prefix, "--force-reinstall", spec)
    if replacement.beside:  # pip uninstalls whichever dist-info it finds first
        return f"`{install}`, then delete {replacement.beside}", ""
    python = os.path.join(prefix, "bin", "python")  # the pip that a shell finds belongs to what is active there
    uninstall = shell_words((python, "-m", "pip", "uninstall", replacement.distribution))
    return f"`{uninstall}`, then `{install}`", f"{uninstall} && {install}"


def _leftovers(leftovers: Sequence[LeftoverDistribution]) -> list[Finding]:
    if not leftovers:
        return []
    names = some_of([f"{each.name} {each.version}" for each in leftovers])
    return [
        Finding(
            id="pip-leftover",
            severity="note",
            message=f"pip has left behind what is overwritten since: {names}",
            remedy="delete these directories; `pip uninstall` would delete the files that are in use",
            evidence=tuple(f"{each.path}, under {each.overwritten_by}: {each.evidence}" for each in leftovers),
        )
    ]


def _change(replacement: Replacement) -> str:
    if replacement.conda_version == replacement.pip_version:
        return f"{replacement.pip_version} by the same version"
    return f"{replacement.conda_version} by {replacement.pip_version}"


def _replacement_lines(replaced: Iterable[Replacement]) -> Iterable[str]:
    for each in replaced:
        yield f"{each.package}: conda says {each.conda_version}, Python imports {each.distribution} {each.pip_version}"
        yield from (f"  {line}" for line in each.evidence)


def _mixed_channels(packages: Sequence[PackageRecord], config: ChannelConfig) -> list[Finding]:
    found = list(mixtures(packages, config))
    if not found:
        return []
    families = some_of([mixture.family for mixture in found])
    return [
        Finding(
            id="mixed-channels",
            severity="warning",
            message=f"built by different channels yet used together: {families}",
            remedy="recreate it from one channel: `conda create --override-channels --channel CHANNEL …`",
            evidence=tuple(line for mixture in found for line in _mixture_lines(mixture, config)),
        )
    ]


def _mixture_lines(mixture: Mixture, config: ChannelConfig) -> Iterable[str]:
    for _, records in mixture.by_channel:
        by_label: dict[str, list[str]] = {}
        for each in records:
            by_label.setdefault(channel_label(each.base_url, config), []).append(f"{each.name} {each.version}")
        yield from (f"{mixture.family} from {label}: {', '.join(names)}" for label, names in sorted(by_label.items()))


def _anaconda_terms(packages: Sequence[PackageRecord], config: ChannelConfig) -> list[Finding]:
    lineages = _lineages(packages, config)
    theirs = [record for record in packages if lineages[record.base_url] == DEFAULTS]
    if not theirs:
        return []
    count = counted(len(theirs), "package is", "packages are")
    return [
        Finding(
            id="mixed-channels",
            severity="note",
            message=f"{count} from Anaconda's default channels, for which commercial terms may apply",
            remedy="see Anaconda's terms of service, or recreate it from conda-forge",
            evidence=tuple(f"{record.name} {record.version} from {record.base_url}" for record in theirs),
        )
    ]


def _unknown_channel(packages: Sequence[PackageRecord]) -> list[Finding]:
    lost = [f"{record.name} {record.version}" for record in packages if record.base_url is None]
    if not lost:
        return []
    count = f"the channel of {counted(len(lost), 'package')}"
    return [
        Finding(
            id="unknown-channel",
            severity="note",
            message=f"{count} is unknown: {some_of(lost)}",
            remedy="an export cannot state their origin; `conda install` them again from a channel",
            evidence=tuple(lost),
        )
    ]


class _Uncarried(Struct, frozen=True):
    """Something that an export cannot carry."""

    name: str
    evidence: str


_UNNAMED = "a directory that its files do not name"
"""Where an editable distribution is whose finder holds the directory in its code."""


def _of_origin(origin: Origin, distributions: Sequence[Distribution]) -> tuple[_Uncarried, ...]:
    return tuple(
        _Uncarried(each.name, f"{each.name} {each.version} from {each.location or each.url or _UNNAMED}")
        for each in distributions
        if each.origin == origin
    )


def _outside(paths: Sequence[PathOutside]) -> tuple[_Uncarried, ...]:
    """The code that `conda develop` or a hand has put on the path, which is named like its directory."""
    return tuple(
        _Uncarried(posixpath.basename(each.location.rstrip("/")), f"{each.location}, which {each.file} adds")
        for each in paths
    )


def _not_exportable(finding_id: str, what: str, found: Sequence[_Uncarried]) -> list[Finding]:
    if not found:
        return []
    return [
        Finding(
            id=finding_id,
            severity="note",
            message=f"{what}, which an export cannot include: {some_of([each.name for each in found])}",
            remedy="keep the sources: they must be installed by hand wherever this environment is recreated",
            evidence=tuple(each.evidence for each in found),
        )
    ]


def _stale_python(contents: PrefixContents) -> Iterator[Finding]:
    python = next((each.version for each in contents.packages if each.name == "python"), "")
    for each in contents.stale_site_packages:
        size = f", {format_bytes(each.bytes)} by their RECORD files" if each.bytes else ""
        yield Finding(
            id="stale-python",
            severity="note",
            message=f"python {python} does not read {each.path}: {counted(len(each.names), 'package')} of pip{size}",
            remedy="install what is still needed again, and delete the directory unless another python uses it",
            evidence=each.names,
        )
