"""Parse conda's match specs, which ask for a package by name, version, build, channel or digest."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from msgspec import Struct

from condatui_core.analyses.specs import satisfies_conda
from condatui_core.text import mask_credentials

ANY = "*"
"""The constraint that every version meets."""

_ONE_BUILD = re.compile(r"[A-Za-z0-9_.]+")
"""A build string that is no pattern."""


class Wanted(Struct, frozen=True, kw_only=True):
    """A request for one package: an exact version or a constraint."""

    name: str
    version: str = ""
    """The exact version; empty for a constraint."""
    constraint: str = ""
    """The constraint, `*` for any version; empty for an exact version."""
    build: str = ""
    """The build string, possibly a pattern: `py311*`, `^py.*$`."""
    build_number: str = ""
    """The constraint on the build number: `0`, `>=2`."""
    channel: str = ""
    """The name or URL of the channel, if the spec has one; credentials masked."""
    subdir: str = ""
    """The platform, if the spec has one."""
    md5: str = ""
    sha256: str = ""
    also: tuple[tuple[str, str], ...] = ()
    """What a spec states in brackets beside all this, such as `fn` or `license`: keys and values."""
    url: str | None = None
    """The URL of a distribution that is requested by URL; credentials masked."""
    extras: tuple[str, ...] = ()
    """The optional parts of a distribution that are wanted: `http` of `fsspec[http]`; sorted."""
    marker: str = ""
    """pip's environment marker: `python_version < "3.8"`; empty if it is wanted everywhere."""

    @property
    def names_one_build(self) -> bool:
        """Whether only one build of one version meets it."""
        return bool(self.version) and _ONE_BUILD.fullmatch(self.build) is not None


_LONGEST = 1000
_BRACKETS = re.compile(r".*(\[.*\])")
_PARENS = re.compile(r".*(\(.*\))")
_IN_BRACKETS = re.compile(r"(?P<key>[a-zA-Z0-9_-]+?)=(?P<quote>[\"']?)(?P<value>[^'\"]*?)(?P=quote)(?:[, ]|$)")
_NAME_AND_REST = re.compile(r"(?P<name>[^ =<>!~]+)(?P<rest>[><!=~ ].+)?")
_PACKAGE_NAME = re.compile(r"[a-z0-9_][a-z0-9_.+-]*|\*", re.IGNORECASE | re.ASCII)
_VERSION_AND_BUILD = re.compile(
    r"(?P<version>.+?[^><!,|]?)(?:(?<![=!|,<>~])[ =](?P<build>[^-=,|<>~]+?))?$",
)
_NOT_EXACT = re.compile(r"^[=<>!~^]|[,|*$()]")
_SUBDIR = re.compile(r"(?:noarch|(?:linux|osx|win|freebsd|zos|emscripten|wasi)-[a-z0-9_]+)")


def parse_match_spec(text: str) -> Wanted | None:
    """Parse a spec by conda's grammar: `numpy=1.26`, `conda-forge/linux-64::numpy>=1.2,<2`, `a==*=*cuda*[md5=…]`.

    None if conda takes it for no spec, or if it asks for a feature or for any name, and for what conda understands
    otherwise than it looks: `a=>1`, which is `a>1*`, and `c:::a`, of a channel `c:`. Where versions of conda differ, as
    for `==*=build` and `===1`, the newest counts.
    """
    spec = text.partition("#")[0].partition(" if ")[0].strip()
    if len(text) > _LONGEST or spec.endswith("@"):
        return None
    spec, stated = _without(_BRACKETS, spec)
    spec, _ = _without(_PARENS, spec)
    channel, _, spec = ["", "", *spec.rsplit(":", 2)][-3:]
    parts = _NAME_AND_REST.match(spec)
    if channel.endswith(":") or parts is None or not _PACKAGE_NAME.fullmatch(parts["name"]) or parts["name"] == ANY:
        return None
    asked = _version_and_build((parts["rest"] or "").strip(), stated)
    return None if asked is None else _wanted(parts["name"].lower(), channel, asked, stated)


def spec_fault(text: str) -> str:
    """What is wrong with a text that conda takes for no spec, as the end of a sentence that begins with the text."""
    if ":::" in text:
        return "has three colons where a channel ends with two"
    spec, bracket, _ = text.partition("#")[0].strip().rpartition("::")[2].partition("[")
    parts = _NAME_AND_REST.match(spec)
    if parts is None or not _PACKAGE_NAME.fullmatch(parts["name"]):
        return "does not begin with the name of a package"
    if parts["name"] == ANY:
        return "names no package, as `*` is all of them"
    if bracket:
        return "cannot be read: in brackets stands something like `version=1.26.*, build=*cuda*`"
    return f"cannot be read: `{spec[len(parts['name']) :].strip()}` is neither a version nor a range of versions"


def _without(section: re.Pattern[str], spec: str) -> tuple[str, dict[str, str]]:
    """Split off the `[key=value, …]` or `(key=value)`, which overrides the part before it."""
    match = section.match(spec)
    if match is None:
        return spec, {}
    found = _IN_BRACKETS.finditer(match[1][1:-1])
    return spec.replace(match[1], ""), {each["key"]: each["value"] for each in found}


class _Asked(Struct, frozen=True):
    """What a spec says of version and build."""

    version: str
    constraint: str
    build: str


def _version_and_build(text: str, stated: Mapping[str, str]) -> _Asked | None:
    """Version, constraint and build of a spec; None if they cannot be read."""
    found = _VERSION_AND_BUILD.search(text) if text else None
    beside = ((found and found["build"]) or "").strip()
    version = stated.get("version") or (found["version"] if found else ANY)
    has_build = bool(beside) and "version" not in stated
    exact, constraint = _exact_or_constraint("".join(version.split()), has_build=has_build)
    build = stated.get("build") or beside
    if "[" in text or satisfies_conda("1", exact or constraint) is None:
        return None
    return _Asked(exact, constraint, "" if build == ANY else build)


def _exact_or_constraint(version: str, *, has_build: bool) -> tuple[str, str]:
    """Classify a version spec as (exact, constraint): `==1.2` is exact; `=1.2` is exact only beside a build."""
    if version in ("=", "=="):
        return "", ""
    plain = version.lstrip("=") if version.startswith("=") else version
    joined = any(each in plain for each in "=,|")
    if version.startswith("==") and not has_build:
        version = plain
    elif version.startswith("=") and not joined:
        if has_build or plain.endswith("*") or plain.startswith("^"):
            version = plain
        elif "*" in plain:
            version = f"{plain}*"
    return ("", version) if _NOT_EXACT.search(version) else (version, "")


_FIELDS = frozenset({"name", "version", "build", "build_number", "channel", "subdir", "md5", "sha256"})


def _wanted(name: str, channel: str, asked: _Asked, stated: Mapping[str, str]) -> Wanted:
    channel, subdir = _channel_and_subdir(channel)
    stated_channel, stated_subdir = _channel_and_subdir(stated.get("channel", ""))
    channel = stated_channel or channel
    return Wanted(
        name=name,
        version=asked.version,
        constraint=asked.constraint,
        build=asked.build,
        build_number=stated.get("build_number", ""),
        channel="" if channel == ANY else mask_credentials(channel),
        subdir=stated.get("subdir") or stated_subdir or subdir,
        md5=stated.get("md5", ""),
        sha256=stated.get("sha256", ""),
        also=tuple(sorted((key, mask_credentials(value)) for key, value in stated.items() if key not in _FIELDS)),
    )


def names_builds(specs: Iterable[str]) -> bool:
    """Whether each spec names one build of one version, so that no newer one can meet it."""
    return all(wanted and wanted.names_one_build for wanted in map(parse_match_spec, specs))


def _channel_and_subdir(channel: str) -> tuple[str, str]:
    """Split `conda-forge/linux-64`."""
    name, _, last = channel.rpartition("/")
    return (name, last) if name and _SUBDIR.fullmatch(last) else (channel, "")
