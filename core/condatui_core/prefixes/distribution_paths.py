"""What the paths of Python's packaging files say: which file stands for a distribution, its name and its version."""

from __future__ import annotations

import re

_SITE_PACKAGES = r"(?:[Ll]ib|lib64)/(?:(?:python|pypy)[^/]*/)?site-packages"
_ANCHOR = re.compile(
    rf"""(?P<directory>{_SITE_PACKAGES}/[^/]+(?:
        \.dist-info (?=/METADATA$)
      | \.egg-info  (?=/PKG-INFO$|$)
      | \.egg       (?=/EGG-INFO/PKG-INFO$)
      | \.egg-link  $
    ))""",
    re.VERBOSE,
)
_IN_PREFIX = re.compile(rf"{_SITE_PACKAGES}/")
_KIND = re.compile(r"\.(?:dist-info|egg-info|egg-link|egg)$")
_NAME_VERSION = re.compile(r"(?P<name>.+?)-(?P<version>v?\d[^-]*)(?:-py\d.*)?$")


def distribution_directory(path: str) -> str | None:
    """Tell whose distribution a file declares: its dist-info, egg-info, egg or egg-link, relative to the prefix.

    Only the file that makes a distribution (METADATA, PKG-INFO) counts, and only directly in a site-packages: what
    a package has vendored deeper is nobody's installation.
    """
    match = _ANCHOR.match(path)
    return match["directory"] if match else None


def in_archive(path: str) -> str:
    """Spell the path of a file in site-packages without its python, as in the archive of a `noarch: python` package."""
    return _IN_PREFIX.sub("site-packages/", path, count=1)


def name_and_version(file_name: str) -> tuple[str, str]:
    """Take a distribution's name and version from the name of its directory; the version is empty if that has none."""
    stem = _KIND.sub("", file_name)
    match = _NAME_VERSION.match(stem)
    return (match["name"], match["version"]) if match else (stem, "")
