"""What Grype, Trivy and osv-scanner write, as far as it is read: a reader each. Go writes null for an empty list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from condatui_core.fs.documents import decode
from condatui_core.records.vulnerability import ReportedVulnerability, Scanner, VulnerabilitySeverity
from condatui_core.scan_reports.reported import ScannedPackage, package_of, package_of_purl, reported

_Id = Annotated[str, Meta(min_length=1)]


class _GrypeFix(Struct, frozen=True):
    versions: list[str] | None = None


class _GrypeRelated(Struct, frozen=True):
    id: _Id


class _GrypeVulnerability(Struct, frozen=True):
    id: _Id
    severity: str = ""
    fix: _GrypeFix | None = None


class _GrypeArtifact(Struct, frozen=True):
    name: str
    version: str
    type: str = ""
    purl: str = ""


class _GrypeMatch(Struct, frozen=True):
    vulnerability: _GrypeVulnerability
    artifact: _GrypeArtifact
    related: list[_GrypeRelated] | None = msgspec.field(default=None, name="relatedVulnerabilities")


class _GrypeReport(Struct, frozen=True):
    matches: list[_GrypeMatch] | None


def _of_grype(data: bytes) -> Iterator[ReportedVulnerability]:
    for match in decode(data, msgspec.json.Decoder(_GrypeReport)).matches or ():
        artifact, found = match.artifact, match.vulnerability
        package = package_of_purl(artifact.purl) or package_of(artifact.type, artifact.name, artifact.version)
        if package:
            ids = (found.id, *(each.id for each in match.related or ()))
            fixed = found.fix.versions if found.fix else None
            yield reported(package, ids, found.severity, fixed or ())


class _TrivyIdentifier(Struct, frozen=True):
    purl: str = msgspec.field(default="", name="PURL")


class _TrivyVulnerability(Struct, frozen=True, rename="pascal"):
    vulnerability_id: _Id = msgspec.field(name="VulnerabilityID")
    pkg_name: str
    installed_version: str
    vendor_ids: list[_Id] | None = msgspec.field(default=None, name="VendorIDs")
    pkg_identifier: _TrivyIdentifier | None = None
    fixed_version: str = ""
    severity: str = ""


class _TrivyResult(Struct, frozen=True, rename="pascal"):
    type: str = ""
    vulnerabilities: list[_TrivyVulnerability] | None = None


class _TrivyReport(Struct, frozen=True, rename="pascal"):
    results: list[_TrivyResult] | None = None


def _of_trivy(data: bytes) -> Iterator[ReportedVulnerability]:
    for result in decode(data, msgspec.json.Decoder(_TrivyReport)).results or ():
        for each in result.vulnerabilities or ():
            purl = each.pkg_identifier.purl if each.pkg_identifier else ""
            package = package_of_purl(purl) or package_of(result.type, each.pkg_name, each.installed_version)
            if package:
                ids = (each.vulnerability_id, *(each.vendor_ids or ()))
                yield reported(package, ids, each.severity, each.fixed_version.split(","))


class _OsvPackage(Struct, frozen=True):
    name: str = ""
    version: str = ""
    ecosystem: str = ""


class _OsvEvent(Struct, frozen=True):
    fixed: str = ""


class _OsvRange(Struct, frozen=True):
    type: str = ""
    events: list[_OsvEvent] | None = None


class _OsvAffected(Struct, frozen=True):
    package: _OsvPackage = _OsvPackage()
    ranges: list[_OsvRange] | None = None


class _OsvSpecific(Struct, frozen=True):
    severity: object = None
    """A word in the advisories of GitHub; other databases put there what they want."""


class _OsvVulnerability(Struct, frozen=True):
    id: _Id
    aliases: list[_Id] | None = None
    affected: list[_OsvAffected] | None = None
    database_specific: _OsvSpecific | None = None


class _OsvGroup(Struct, frozen=True):
    ids: list[_Id]
    aliases: list[_Id] | None = None
    max_severity: str = ""


_NO_GROUP = _OsvGroup([])


class _OsvResult(Struct, frozen=True):
    package: _OsvPackage
    vulnerabilities: list[_OsvVulnerability] | None = None
    groups: list[_OsvGroup] | None = None


class _OsvSource(Struct, frozen=True):
    packages: list[_OsvResult] | None


class _OsvReport(Struct, frozen=True):
    results: list[_OsvSource] | None


def _of_osv(data: bytes) -> Iterator[ReportedVulnerability]:
    for source in decode(data, msgspec.json.Decoder(_OsvReport)).results or ():
        for each in source.packages or ():
            if package := package_of(each.package.ecosystem, each.package.name, each.package.version):
                yield from _of_osv_package(package, each)


def _of_osv_package(package: ScannedPackage, result: _OsvResult) -> Iterator[ReportedVulnerability]:
    """The vulnerabilities of one package: osv-scanner has put those that are the same into groups."""
    groups = {member: each for each in result.groups or () for member in each.ids}
    for each in result.vulnerabilities or ():
        group = groups.get(each.id, _NO_GROUP)
        word = each.database_specific.severity if each.database_specific else ""
        ids = (each.id, *(each.aliases or ()), *group.ids, *(group.aliases or ()))
        yield reported(package, ids, _by_score(group.max_severity) or str(word), _fixed_in(each, package))


def _fixed_in(vulnerability: _OsvVulnerability, package: ScannedPackage) -> Iterator[str]:
    for each in vulnerability.affected or ():
        if package_of(each.package.ecosystem, each.package.name, package.version) == package:
            for of_versions in each.ranges or ():
                if of_versions.type != "GIT":  # those are commits
                    yield from (event.fixed for event in of_versions.events or ())


def _by_score(text: str) -> VulnerabilitySeverity | None:
    """The word for a score of CVSS; None if there is none."""
    try:
        score = float(text)
    except ValueError:
        return None
    bounds: tuple[tuple[float, VulnerabilitySeverity], ...] = (
        (9, "critical"),
        (7, "high"),
        (4, "medium"),
        (0.1, "low"),
    )
    return next((word for bound, word in bounds if score >= bound), None)


READERS: Mapping[Scanner, Callable[[bytes], Iterator[ReportedVulnerability]]] = {
    "Grype": _of_grype,
    "Trivy": _of_trivy,
    "osv-scanner": _of_osv,
}
"""What reads the report of each scanner. Raises OSError if it is not as that writes it."""
