"""What pip has installed, as lines of requirements that install it again from where it came."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from packaging.utils import canonicalize_name

from condatui_core.analyses.versions import is_pep440
from condatui_core.records.package import Distribution
from condatui_core.text import AUTH_MASK, strip_credentials

_SSH_AS_SOMEBODY = re.compile(rf"(?:\w+\+)?ssh://{re.escape(AUTH_MASK)}@")


def pip_lines(distributions: Iterable[Distribution]) -> tuple[str, ...]:
    """One requirement per distribution, sorted by name, with its version or its direct origin; each line once."""
    by_name = sorted(distributions, key=lambda each: (canonicalize_name(each.name), each.version))
    # The name of a directory may contain bytes that are not UTF-8.
    lines = (pip_line(each).encode("utf-8", "replace").decode() for each in by_name)
    return tuple(dict.fromkeys(lines))


def pip_line(distribution: Distribution) -> str:
    """The requirement that installs a distribution again from the same origin, as `pip freeze` writes it.

    A project installed in place is given by its URL, which has room for its name; by its version if it has none.
    """
    name = canonicalize_name(distribution.name)
    has_place = bool(distribution.url or distribution.location)
    if distribution.origin == "editable" and has_place:
        return f"-e {_url(distribution)}{'&' if distribution.subdirectory else '#'}egg={name}"
    if distribution.origin in ("vcs", "local", "url") and has_place:
        return f"{name} @ {_url(distribution)}"
    if not distribution.version:
        return name
    return f"{name}{'==' if is_pep440(distribution.version) else '==='}{distribution.version}"


def pip_notes(distributions: Sequence[Distribution]) -> Iterator[str]:
    """Warnings about distributions that can only be reinstalled if something else is available."""
    for each in distributions:
        if each.origin in ("editable", "local") and (place := each.location or strip_credentials(each.url or "")):
            how = "installed in place from" if each.origin == "editable" else "installed from"
            yield f"{each.name} is {how} {place}, which must exist wherever this file is used"
        elif each.origin == "editable":
            yield f"{each.name} is installed in place, but its files do not name where; it is exported by its version"
        elif each.origin == "unknown":
            yield f"the origin of {each.name} {each.version} cannot be read; it is exported as if from the index"
    yield from _local_versions(each for each in distributions if each.origin in ("index", "unknown"))


PYTORCH_INDEXES = "https://download.pytorch.org/whl"
"""Below it is an index for each build: `cu121`, `cpu`."""
_OF_PYTORCH = ("torch", "torchvision", "torchaudio")
_BUILD_OF_PYTORCH = re.compile(r"\+(?P<build>cpu|xpu|cu\d{2,3}|rocm[\d.]+)$")


def _local_versions(distributions: Iterable[Distribution]) -> Iterator[str]:
    """PyPI takes no versions with a local part, `2.1.0+cu121`; PyTorch has an index for each of its builds."""
    for each in distributions:
        if "+" in each.version:
            build = _BUILD_OF_PYTORCH.search(each.version) if canonicalize_name(each.name) in _OF_PYTORCH else None
            where = f"in PyTorch's index {PYTORCH_INDEXES}/{build['build']}" if build else "where it was installed from"
            yield f"PyPI has no {each.name} {each.version}, which is only {where}"


def _url(distribution: Distribution) -> str:
    if distribution.location:
        url = f"file://{quote(os.fsencode(distribution.location))}"
    else:
        # pip records the user of an SSH address only if it is `git`: no secret, and necessary for access.
        scheme, _, rest = strip_credentials(distribution.url or "").partition("://")
        url = f"{scheme}://{'git@' if _SSH_AS_SOMEBODY.match(distribution.url or '') else ''}{rest}"
    if distribution.origin == "vcs":
        url = url if url.startswith(f"{distribution.vcs}+") else f"{distribution.vcs or 'git'}+{url}"
        url += f"@{distribution.revision}" if distribution.revision else ""
    return url + (f"#subdirectory={distribution.subdirectory}" if distribution.subdirectory else "")
