"""What pip has installed, as lines that pip reads again."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from packaging.utils import canonicalize_name

from condatui_core.analyses.versions import is_pep440
from condatui_core.credentials import AUTH_MASK, strip_credentials
from condatui_core.records.package import Distribution

_PLAIN_PATH = re.compile(r"[\w/.,+@-]+", re.ASCII)
_SSH_AS_SOMEBODY = re.compile(rf"(?:\w+\+)?ssh://{re.escape(AUTH_MASK)}@")


def pip_lines(distributions: Iterable[Distribution]) -> tuple[str, ...]:
    """A requirement each, by name: a version from the index, or where else it is from; each line once."""
    by_name = sorted(distributions, key=lambda each: (canonicalize_name(each.name), each.version))
    # The name of a directory may hold bytes that are no UTF-8, and so no text.
    lines = (pip_line(each).encode("utf-8", "replace").decode() for each in by_name)
    return tuple(dict.fromkeys(lines))


def pip_line(distribution: Distribution) -> str:
    """The requirement that installs a distribution again from where it is from, as `pip freeze` writes it."""
    name = canonicalize_name(distribution.name)
    if distribution.origin == "editable":
        return f"-e {_editable(distribution)}"
    if (distribution.url or distribution.location) and distribution.origin in ("vcs", "local", "url"):
        return f"{name} @ {_url(distribution)}"
    if not distribution.version:
        return name
    return f"{name}{'==' if is_pep440(distribution.version) else '==='}{distribution.version}"


def pip_notes(distributions: Iterable[Distribution]) -> Iterator[str]:
    """Say what can only be installed where something else is as well."""
    for each in distributions:
        if each.origin in ("editable", "local") and (place := each.location or strip_credentials(each.url or "")):
            how = "installed in place from" if each.origin == "editable" else "installed from"
            yield f"{each.name} is {how} {place}, which has to be there wherever this is used"
        elif each.origin == "unknown":
            yield f"where {each.name} {each.version} is from cannot be read; it is written down as if from the index"


def _editable(distribution: Distribution) -> str:
    return distribution.location if _PLAIN_PATH.fullmatch(distribution.location) else _url(distribution)


def _url(distribution: Distribution) -> str:
    if distribution.location:
        url = f"file://{quote(os.fsencode(distribution.location))}"
    else:
        # pip writes down the user of an SSH address only if that is `git`: no secret, and without it nobody gets in.
        scheme, _, rest = strip_credentials(distribution.url or "").partition("://")
        url = f"{scheme}://{'git@' if _SSH_AS_SOMEBODY.match(distribution.url or '') else ''}{rest}"
    if distribution.origin == "vcs":
        url = url if url.startswith(f"{distribution.vcs}+") else f"{distribution.vcs or 'git'}+{url}"
        url += f"@{distribution.revision}" if distribution.revision else ""
    return url + (f"#subdirectory={distribution.subdirectory}" if distribution.subdirectory else "")
