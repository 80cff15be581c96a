"""Find in environments what vulnerability scanners have reported of packages, each vulnerability once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from condatui_core.analyses.needs import Node
from condatui_core.analyses.parts import Part, parts_of
from condatui_core.analyses.versions import version_key
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.vulnerability import SEVERITIES, FoundVulnerability, ReportedVulnerability, ScanReport

_CVE = "CVE-"


class Hit(NamedTuple):
    """A vulnerability that a scanner has reported of a part of an environment."""

    part: Part
    report: ScanReport
    reported: ReportedVulnerability


class Scans:
    """The reports of scanners, prepared once for many environments."""

    def __init__(self, reports: Sequence[ScanReport]) -> None:
        self.reports = reports
        self._of: dict[Node, list[tuple[ScanReport, ReportedVulnerability]]] = defaultdict(list)
        for report in reports:
            for each in report.vulnerabilities:
                self._of[Node(each.source, each.name)].append((report, each))

    def hits(self, contents: PrefixContents) -> Iterator[Hit]:
        """What the reports say of the packages of an environment, by their names and versions.

        A conda package that pip has replaced is not there any more, and what was installed from a directory or a
        repository is not what an index has under its name.
        """
        for part in parts_of(contents):
            if part.published and not part.replaced_by:
                for report, each in self._of.get(Node(part.source, part.node.name.lower()), ()):
                    if _is_about(each, part):
                        yield Hit(part, report, each)


def _is_about(reported: ReportedVulnerability, part: Part) -> bool:
    if reported.build and part.record and reported.build != part.record.build:
        return False
    if part.source == "conda":
        return version_key(reported.version, "conda") == version_key(part.version, "conda")
    # `2.5.1+cu124` is 2.5.1 to whoever asks for that, as to pip.
    version = part.version if "+" in reported.version else part.version.partition("+")[0]
    return version_key(reported.version, "pep440") == version_key(version, "pep440")


def vulnerabilities_of(hits: Iterable[Hit]) -> tuple[FoundVulnerability, ...]:
    """The vulnerabilities of an environment, the gravest first: several reports, or names, of one are one.

    So is what is reported of a conda package and of the distribution that it ships.
    """
    by_package: dict[Node, list[Hit]] = defaultdict(list)
    for hit in hits:
        by_package[hit.part.package].append(hit)
    found = (_found(package, same) for package, own in by_package.items() for same in _same(own))
    return tuple(sorted(found, key=lambda each: (SEVERITIES.index(each.severity), each.package, each.id)))


def _same(hits: Iterable[Hit]) -> list[list[Hit]]:
    """Put together what is about one vulnerability, by the ids that they share, at any remove."""
    groups: list[tuple[set[str], list[Hit]]] = []
    for hit in hits:
        ids, together = set(hit.reported.ids), [hit]
        apart = []
        for known in groups:
            if known[0].isdisjoint(ids):
                apart.append(known)
            else:
                ids |= known[0]
                together = [*known[1], *together]
        groups = [*apart, (ids, together)]
    return [each for _, each in groups]


def _found(package: Node, hits: Sequence[Hit]) -> FoundVulnerability:
    ids = sorted({each for hit in hits for each in hit.reported.ids}, key=lambda each: (not _is_cve(each), each))
    named = next((hit.part for hit in hits if hit.part.source == "pypi"), hits[0].part)
    fixed = dict.fromkeys(each for hit in hits for each in hit.reported.fixed)
    return FoundVulnerability(
        id=ids[0],
        aliases=tuple(ids[1:]),
        severity=SEVERITIES[min(SEVERITIES.index(hit.reported.severity) for hit in hits)],
        package=named.shipped_by or named.name,
        source=package.source,
        name=named.name,
        version=named.version,
        fixed=tuple(sorted(fixed, key=lambda each: version_key(each, "pep440"))),
        scanners=tuple(dict.fromkeys(hit.report.scanner for hit in hits)),
    )


def is_ignored(found: FoundVulnerability, ignored: Collection[str]) -> bool:
    """Whether a policy ignores a vulnerability, by any of its ids; of several CVEs it has to name each one."""
    ids = (found.id, *found.aliases)
    lowered = {each.lower() for each in ignored}
    cves = [each.lower() in lowered for each in ids if _is_cve(each)]
    return any(each.lower() in lowered for each in ids if not _is_cve(each)) or (bool(cves) and all(cves))


def _is_cve(text: str) -> bool:
    return text.upper().startswith(_CVE)
