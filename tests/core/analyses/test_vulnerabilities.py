"""What scanners have reported, found in environments: by name and version, and each vulnerability once."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.analyses.vulnerabilities import Scans, is_ignored, vulnerabilities_of
from condatui_core.records.package import ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.vulnerability import FoundVulnerability, ReportedVulnerability, Scanner, ScanReport
from condatui_core.scan_reports.reading import read_scan_report
from support.inventories import package, pip_package

DATA = Path(__file__).parents[2] / "data" / "scans"
TORCH = (ProvidedDistribution("torch", "2.5.1", "lib/torch.dist-info"),)


def reported(name: str, version: str = "1.0", *ids: str, **fields: object) -> ReportedVulnerability:
    given = {"source": "pypi", "ids": ids or ("CVE-1",), **fields}
    return ReportedVulnerability(name=name, version=version, **given)  # type: ignore[arg-type]


def scan(*found: ReportedVulnerability, scanner: Scanner = "Grype") -> ScanReport:
    return ScanReport(file=f"{scanner}.json", scanner=scanner, vulnerabilities=found)


def found(contents: PrefixContents, *reports: ScanReport) -> tuple[FoundVulnerability, ...]:
    return vulnerabilities_of(Scans(reports).hits(contents))


def of_pip(*distributions: object) -> PrefixContents:
    return PrefixContents(distributions=distributions)  # type: ignore[arg-type]


def test_one_that_three_scanners_name_by_different_ids_is_one() -> None:
    contents = PrefixContents(
        packages=(
            package("openssl", "3.0.7", build="h0b41bf4_2"),
            package("pytorch", "2.5.1", provides=TORCH),
            package("requests", "2.28.1", provides=(ProvidedDistribution("requests", "2.28.1", "lib/r"),)),
        )
    )
    by = [read_scan_report(DATA / f"{name}.json") for name in ("grype", "trivy", "osv")]
    openssl, torch, other, requests = found(contents, *by)
    assert (openssl.id, openssl.severity, openssl.scanners) == ("CVE-2024-5535", "critical", ("Grype",))
    assert torch == FoundVulnerability(
        id="CVE-2025-32434",
        aliases=(),
        severity="critical",
        package="pytorch",
        source="conda",
        name="torch",
        version="2.5.1",
        fixed=("2.5.2", "2.6.0"),
        scanners=("Trivy",),
    )
    assert requests == FoundVulnerability(
        id="CVE-2023-32681",
        aliases=("GHSA-j8r2-6x86-q33q", "PYSEC-2023-74"),
        severity="medium",
        package="requests",
        source="conda",
        name="requests",
        version="2.28.1",
        fixed=("2.31.0",),
        scanners=("Grype", "Trivy", "osv-scanner"),
    )
    assert (other.id, other.severity) == ("GHSA-887c-mr87-cxwp", "medium")


def test_ids_are_put_together_at_any_remove_and_the_gravest_word_counts() -> None:
    reports = (
        scan(reported("a", "1.0", "GHSA-1", severity="low"), reported("a", "1.0", "CVE-9", severity="high")),
        scan(reported("a", "1.0", "PYSEC-1", "GHSA-1", "CVE-9", fixed=("1.10", "1.9")), scanner="osv-scanner"),
    )
    (only,) = found(of_pip(pip_package("a")), *reports)
    assert (only.id, only.aliases, only.severity) == ("CVE-9", ("GHSA-1", "PYSEC-1"), "high")
    assert (only.fixed, only.scanners) == (("1.9", "1.10"), ("Grype", "osv-scanner"))


def test_one_of_a_conda_package_and_of_what_it_ships_is_one_and_of_another_package_another() -> None:
    contents = PrefixContents(packages=(package("pytorch", "2.5.1", provides=TORCH), package("b", "1.0")))
    both = (reported("torch", "2.5.1"), reported("pytorch", "2.5.1", source="conda"), reported("b", source="conda"))
    assert [each.package for each in found(contents, scan(*both))] == ["b", "pytorch"]


@pytest.mark.parametrize(
    ("installed", "version", "is_found"),
    [
        ("1.0", "1.0.0", True),
        ("1.0", "1.1", False),
        ("2.5.1+cu124", "2.5.1", True),
        ("2.5.1+cu124", "2.5.1+cu124", True),
        ("2.5.1", "2.5.1+cu124", False),
        ("odd", "odd", True),
    ],
)
def test_versions_are_held_against_each_other_as_pip_does(installed: str, version: str, is_found: bool) -> None:
    assert bool(found(of_pip(pip_package("Foo_Bar", installed)), scan(reported("foo-bar", version)))) is is_found


def test_the_build_has_to_be_the_same_where_the_report_states_one() -> None:
    contents = PrefixContents(packages=(package("a", build="h1_0"),))
    assert found(contents, scan(reported("a", source="conda", build="h1_0")))
    assert found(contents, scan(reported("a", source="conda")))
    assert not found(contents, scan(reported("a", source="conda", build="h2_0")))


def test_what_is_not_there_any_more_or_not_what_the_index_has_is_not_found() -> None:
    replaced = Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1")
    contents = PrefixContents(
        packages=(package("numpy", "1.26.4", provides=(ProvidedDistribution("numpy", "1.26.4", "lib/n"),)),),
        distributions=(pip_package("numpy", "2.0.1"), pip_package("own", "1.0", origin="editable")),
        replaced=(replaced,),
    )
    stale = (reported("numpy", "1.26.4"), reported("numpy", "1.26.4", source="conda"), reported("own"))
    assert found(contents, scan(*stale)) == ()
    (only,) = found(contents, scan(*stale, reported("numpy", "2.0.1")))
    assert (only.package, only.source) == ("numpy", "pypi")


@pytest.mark.parametrize(
    ("ids", "ignored", "result"),
    [
        (("CVE-1", "GHSA-a"), ("cve-1",), True),
        (("CVE-1", "GHSA-a"), ("ghsa-A",), True),
        (("CVE-1", "GHSA-a"), ("CVE-2",), False),
        (("CVE-1", "CVE-2", "GHSA-a"), ("CVE-1",), False),
        (("CVE-1", "CVE-2", "GHSA-a"), ("CVE-1", "CVE-2"), True),
        (("GHSA-a",), (), False),
    ],
)
def test_a_policy_ignores_one_by_any_id_but_no_second_cve_along_with_it(
    ids: tuple[str, ...],
    ignored: tuple[str, ...],
    result: bool,
) -> None:
    (only,) = found(of_pip(pip_package("a")), scan(reported("a", "1.0", *ids)))
    assert is_ignored(only, ignored) is result
