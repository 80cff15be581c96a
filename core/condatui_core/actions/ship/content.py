"""Makes the files of a ship directory from an environment, and says what of it cannot travel into an image."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

import msgspec
from packaging.utils import canonicalize_name

from condatui_core.actions.export.one_file import encoded, make_text
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.ship.activation import packages_variables, script_variables
from condatui_core.actions.ship.slimming import ImageSlimming
from condatui_core.environment_files.explicit_list import archive_url, locked_text
from condatui_core.environment_files.export_model import conda_packages, export_name, wheels
from condatui_core.environment_files.pip_requirements import pip_line
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.image import ImageLayer, ImageSpec
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportOptions, ShipRequest
from condatui_core.remedy import BuildFromArchive, LeaveOutVariables
from condatui_core.reports.dockerfile import (
    LAYERS,
    LEFT_OUT,
    LOCK,
    MARK,
    PREFIX,
    REQUIREMENTS,
    can_be_written,
    dockerfile,
    dockerignore,
    files_to_copy,
    layers_document,
    left_out_document,
)
from condatui_core.text import AUTH_MASK, counted, mask_credentials, sanitize, some_of, strip_credentials

_MOST = 50


@dataclass(frozen=True, slots=True)
class ShipContent:
    """What a ship writes, without the archive, and what is to be known of it."""

    spec: ImageSpec
    layers: tuple[ImageLayer, ...]
    files: tuple[tuple[str, bytes], ...]
    """By name, the content of each text file, in the order in which they are written."""
    findings: tuple[Finding, ...]
    """What stands against it, and what it leaves out."""


def make_content(
    request: ShipRequest,
    environment: Environment,
    slimming: ImageSlimming,
    context: JobContext,
    *,
    packed: tuple[int, int] | None = None,
) -> ShipContent:
    """Make the files of an environment that has these contents by now, and of which an image lacks that; blocks.

    `packed` are the bytes and the files that an archive of it holds, if it is built from one.
    """
    contents = slimming.contents
    variables, unwritten = _variables(request, slimming)
    spec = _spec(request, environment, slimming, variables)
    layers = _layers(spec, slimming, packed)
    findings = (
        *slimming.findings,
        *_record_findings(contents),
        *_emptiness(request, slimming),
        *(_lock_findings(contents) if request.source == "lock" else ()),
        *_pip_notes(spec),
        *_variable_findings(spec, unwritten),
        *_command_findings(request, spec),
    )
    if any(each.severity == "error" for each in findings):
        return ShipContent(spec, layers, (), findings)
    files = tuple(_files(request, environment, slimming, context, spec, layers))
    return ShipContent(spec, layers, files, findings)


def _files(
    request: ShipRequest,
    environment: Environment,
    slimming: ImageSlimming,
    context: JobContext,
    spec: ImageSpec,
    layers: Sequence[ImageLayer],
) -> Iterator[tuple[str, bytes]]:
    contents = slimming.contents
    if request.source == "lock":
        yield LOCK, locked_text(conda_packages(contents), f"{MARK}\n").encode()
        if spec.requirements:
            lines = (*_requirements(contents, hashes=spec.hashes), "")
            yield REQUIREMENTS, "\n".join((MARK, *lines)).encode("utf-8", "replace")
        if spec.deletes:
            yield LEFT_OUT, left_out_document(slimming.deletions.topmost).encode()
    travelling = tuple(each for each in contents.distributions if each.origin not in ("editable", "local"))
    described = msgspec.structs.replace(contents, distributions=travelling)
    text = make_text(environment, described, ExportOptions(variables=False), context)
    yield "environment.yml", f"{MARK}\n".encode() + encoded(text)
    yield LAYERS, layers_document(spec, layers).encode()
    yield ".dockerignore", dockerignore(files_to_copy(spec)).encode()
    yield "Dockerfile", dockerfile(spec).encode("utf-8", "replace")  # last: with it, the directory is whole


def _spec(
    request: ShipRequest,
    environment: Environment,
    slimming: ImageSlimming,
    variables: Sequence[tuple[str, str]],
) -> ImageSpec:
    contents = slimming.contents
    pip = _by_pip(contents) if request.source == "lock" else ()
    return ImageSpec(
        name=export_name(environment),
        base=request.base,
        source=request.source,
        variables=tuple(variables),
        by_scripts=script_variables(environment.prefix, slimming.left_out),
        command=request.command or ("python",),
        port=request.port,
        requirements=bool(pip),
        hashes=bool(pip) and all(_has_hash(each) for each in pip),
        relocates=any(each.name == "python" for each in contents.packages),
        slim=slimming.classes,
        deletes=bool(slimming.deletions.topmost),
    )


def _layers(spec: ImageSpec, slimming: ImageSlimming, packed: tuple[int, int] | None) -> tuple[ImageLayer, ...]:
    if packed:
        size, files = packed
    else:
        contents = slimming.contents
        pip = sum(each.installed_bytes for each in contents.pip_distributions)
        size = sum(each.installed_bytes for each in contents.packages) + pip - slimming.deletions.bytes
        files = sum(each.file_count for each in contents.packages) - slimming.deletions.files
    return (
        ImageLayer(name="base", from_=f"FROM {spec.base}"),
        ImageLayer(name="environment", from_=f"COPY {PREFIX}", bytes=size, files=files),
    )


# What can be installed again from a list, and what cannot


def _by_pip(contents: PrefixContents) -> tuple[Distribution, ...]:
    of_conda = (
        Distribution(name=each.name, version=each.version, path="", url=each.url, sha256=each.sha256)
        for each in wheels(contents)
    )
    return tuple(sorted((*contents.pip_distributions, *of_conda), key=lambda each: canonicalize_name(each.name)))


def _has_hash(distribution: Distribution) -> bool:
    return bool(distribution.sha256 and distribution.url)


def _requirements(contents: PrefixContents, *, hashes: bool) -> Iterator[str]:
    for each in _by_pip(contents):
        checked = f" --hash=sha256:{each.sha256}" if hashes else ""
        url = strip_credentials(each.url or "")
        line = f"{canonicalize_name(each.name)} @ {url}" if hashes else pip_line(each)
        yield sanitize(f"{line}{checked}")


def _record_findings(contents: PrefixContents) -> Iterator[Finding]:
    """What cannot be read of what is installed: an image would lack it, and nobody could tell."""
    if unreadable := [f"{each.path}: {each.reason}" for each in contents.unreadable]:
        count = counted(len(unreadable), "record cannot", "records cannot")
        message = f"{count} be read: the image would lack what only they name."
        remedy = "Install these packages again; `conda doctor` and `condatui verify` say more."
        yield blocker("broken", message, remedy, map(sanitize, unreadable), most=_MOST)


def _emptiness(request: ShipRequest, slimming: ImageSlimming) -> Iterator[Finding]:
    """That there is nothing to install; of what was slimmed away, that is told with the classes."""
    contents = slimming.contents
    if request.source == "lock" and not (slimming.classes or contents.packages or contents.unreadable):
        yield blocker("nothing-left", "There is no package: the image would be its base and nothing else.", "")


def _lock_findings(contents: PrefixContents) -> Iterator[Finding]:
    """What a list cannot say so that it can be installed again elsewhere."""
    lost = [f"{each.dist_name}: {why}" for each in conda_packages(contents) if (why := _why_not_locked(each))]
    secret = (each for each in _by_pip(contents) if AUTH_MASK in strip_credentials(each.url or ""))
    lost += [f"{each.name} {each.version}: its URL has a secret in it" for each in secret]
    if lost:
        message = f"{counted(len(lost), 'package')} cannot be downloaded again with a checksum."
        yield blocker("not-lockable", message, BuildFromArchive(), map(sanitize, lost), most=_MOST)
    yield from _with_credentials(contents)
    stay = [each for each in contents.pip_distributions if each.origin in ("editable", "local", "vcs")]
    if stay:
        lines = (f"{each.name} {each.version}: {_why_it_stays(each)}" for each in stay)
        message = f"{some_of([sanitize(each.name) for each in stay])} cannot travel in a list."
        in_place = any(each.origin == "editable" for each in stay)
        remedy = "Install it from an index, not in place." if in_place else BuildFromArchive()
        yield blocker("editable", message, remedy, map(sanitize, lines), most=_MOST)
    if contents.slimmed is not None:
        message = "A list installs whole packages: the image gets what was left out of this slimmed copy."
        yield finding("slimmed", "warning", message, BuildFromArchive())
    names = {each.name for each in contents.packages}
    if _by_pip(contents) and not {"python", "pip"} <= names:
        yield blocker("no-pip", "pip has installed something, and conda's pip is not there to do it again.", "")
    for each in contents.replaced:
        message = f"pip has put {sanitize(each.distribution)} {each.pip_version} over conda's {each.conda_version}:"
        yield finding("pip-over-conda", "note", f"{message} the image gets both, in this order.")


def _with_credentials(contents: PrefixContents) -> Iterator[Finding]:
    """Channels that ask for a token or a password, which is written nowhere."""
    asking = [each for each in conda_packages(contents) if each.url and strip_credentials(each.url) != each.url]
    if asking:
        channels = sorted({(urlsplit(archive_url(each)).hostname or "") for each in asking})
        count = counted(len(asking), "package comes", "packages come")
        message = f"{count} from a channel with a token or a password, which the list does not have."
        remedy = (
            "Whoever builds the image has to supply it to micromamba in the first stage, such as by a build secret."
        )
        yield finding("credentials", "warning", message, remedy, map(sanitize, channels), most=_MOST)


def _why_not_locked(record: PackageRecord) -> str:
    url = archive_url(record)
    if not url:
        return "its URL is not known"
    if urlsplit(url).scheme not in ("http", "https"):
        return "its channel is on this machine"
    if AUTH_MASK in mask_credentials(url):
        return "its URL has a secret in it"
    return "" if record.sha256 or record.md5 else "its checksum is not known"


def _why_it_stays(distribution: Distribution) -> str:
    if distribution.origin == "vcs":
        return "the first stage has no git to fetch its repository with"
    return "it is used from a directory here" if distribution.origin == "editable" else "it came from a directory here"


def _pip_notes(spec: ImageSpec) -> Iterator[Finding]:
    if spec.requirements and not spec.hashes:
        message = "pip has not recorded the checksums of what it installed: the index is trusted for it."
        yield finding("no-checksum", "warning", message, BuildFromArchive())


# Variables and the command


def _variables(request: ShipRequest, slimming: ImageSlimming) -> tuple[list[tuple[str, str]], list[str]]:
    """The variables that the image sets, with its own prefix in them, and the names of those that it cannot."""
    if not request.variables:
        return [], []
    stated = {**packages_variables(request.prefix, slimming.left_out), **dict(slimming.contents.variables)}
    moved = {name: value.replace(request.prefix, PREFIX) for name, value in stated.items()}
    own = sorted((name, value) for name, value in moved.items() if can_be_written(name, value))
    return own, sorted(moved.keys() - dict(own).keys())


def _variable_findings(spec: ImageSpec, left_out: Sequence[str]) -> Iterator[Finding]:
    if names := [name for name, _ in spec.variables]:
        message = f"{counted(len(names), 'environment variable')} will be in the image, with their values."
        yield finding(
            "variables",
            "warning",
            message,
            LeaveOutVariables(),
            names,
            most=_MOST,
        )
    if left_out:
        message = f"{counted(len(left_out), 'environment variable')} cannot be written into a Dockerfile."
        yield finding(
            "variables", "warning", message, "Set them where the container starts.", map(sanitize, left_out), most=_MOST
        )
    if spec.by_scripts:
        lines = (f"{script}: {', '.join(names)}" for script, names in spec.by_scripts)
        message = "Scripts of its activation set variables, which the image does not have."
        remedy = "If the service needs one, set it in the Dockerfile."
        yield finding("activation", "warning", message, remedy, map(sanitize, lines), most=_MOST)


def _command_findings(request: ShipRequest, spec: ImageSpec) -> Iterator[Finding]:
    program = spec.command[0]
    if os.sep not in program and not os.path.lexists(os.path.join(request.prefix, "bin", program)):
        message = f"{sanitize(program)} is no program of the environment."
        yield finding("no-program", "warning", message, "Is it in the base, or in what you add?")
