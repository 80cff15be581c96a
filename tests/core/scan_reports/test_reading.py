"""Reports of scanners: each recognised by its content and read in full, and everything else told as what it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from condatui_core.errors import UsageError
from condatui_core.records.vulnerability import ReportedVulnerability, ScanReport
from condatui_core.scan_reports.reading import read_scan_report
from condatui_core.scan_reports.reported import ScannedPackage, package_of_purl

DATA = Path(__file__).parents[2] / "data" / "scans"
REQUESTS = ReportedVulnerability(
    ids=("CVE-2023-32681", "GHSA-j8r2-6x86-q33q"),
    source="pypi",
    name="requests",
    version="2.28.1",
    severity="medium",
    fixed=("2.31.0",),
)


def read(text: str | bytes, directory: Path) -> ScanReport:
    file = directory / "report.json"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_scan_report(file)


def test_grype() -> None:
    report = read_scan_report(DATA / "grype.json")
    requests, openssl = report.vulnerabilities  # what is Debian's is of no environment
    assert report.scanner == "Grype"
    assert requests.ids == ("GHSA-j8r2-6x86-q33q", "CVE-2023-32681")
    assert (requests.source, requests.name, requests.version, requests.severity) == (
        "pypi",
        "requests",
        "2.28.1",
        "medium",
    )
    assert requests.fixed == ("2.31.0",)
    assert openssl == ReportedVulnerability(
        ids=("CVE-2024-5535",),
        source="conda",
        name="openssl",
        version="3.0.7",
        build="h0b41bf4_2",
        severity="critical",
    )


def test_trivy() -> None:
    report = read_scan_report(DATA / "trivy.json")
    assert report.scanner == "Trivy"
    assert report.vulnerabilities == (
        REQUESTS,
        ReportedVulnerability(
            ids=("CVE-2025-32434",),
            source="pypi",
            name="torch",
            version="2.5.1",
            severity="critical",
            fixed=("2.6.0", "2.5.2"),
        ),
    )


def test_osv_scanner() -> None:
    report = read_scan_report(DATA / "osv.json")
    ghsa, pysec, torch = report.vulnerabilities  # what is npm's is of no environment
    assert report.scanner == "osv-scanner"
    assert set(ghsa.ids) == set(pysec.ids) == {"GHSA-j8r2-6x86-q33q", "CVE-2023-32681", "PYSEC-2023-74"}
    assert (ghsa.severity, pysec.severity) == ("medium", "medium")
    assert ghsa.fixed == pysec.fixed == ("2.31.0",)  # neither a commit nor what another package is fixed in
    assert (torch.name, torch.severity, torch.fixed) == ("torch", "medium", ())


@pytest.mark.parametrize(
    ("text", "scanner"),
    [
        ('{"matches": [], "descriptor": {"name": "grype"}}', "Grype"),
        ('{"SchemaVersion": 2, "ArtifactName": "x"}', "Trivy"),
        ('{"SchemaVersion": 2, "ArtifactName": "x", "Results": null}', "Trivy"),
        ('{"results": [], "experimental_config": {}}', "osv-scanner"),
        (b'\xef\xbb\xbf{"results": null}', "osv-scanner"),
    ],
)
def test_a_report_of_nothing_is_one(tmp_path: Path, text: str | bytes, scanner: str) -> None:
    report = read(text, tmp_path)
    assert report.scanner == scanner
    assert report.vulnerabilities == ()


DEEP = '{"matches": ' + "[" * 100_000
WHOLE = (DATA / "trivy.json").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "not valid JSON"),
        (WHOLE[: len(WHOLE) // 2], "not valid JSON"),
        (DEEP, "nested too deeply"),
        (b"\xff\xfe{\0}\0", "not UTF-8"),
        ("[]", "unexpected content"),
        ('{"matches": [{"vulnerability": {"severity": "High"}}]}', "`id` is missing"),
        ('{"matches": [{"vulnerability": {"id": ""}, "artifact": {"name": "a", "version": "1"}}]}', "length >= 1"),
        ('{"SchemaVersion": 2, "ArtifactName": "x", "Results": [{"Vulnerabilities": [{}]}]}', "unexpected content"),
        ('{"results": [{"check_id": "x"}]}', "`packages` is missing"),
        ('{"results": [], "errors": []}', "no report of Grype, Trivy or osv-scanner"),
        ('{"bomFormat": "CycloneDX"}', "it is a document of CycloneDX"),
        ('{"version": "2.1.0", "runs": []}', "it is SARIF"),
        ("{}", "no report of Grype, Trivy or osv-scanner"),
    ],
)
def test_what_is_no_report_is_told_with_its_file(tmp_path: Path, text: str | bytes, words: str) -> None:
    with pytest.raises(UsageError) as raised:
        read(text, tmp_path)
    assert words in str(raised.value)
    assert str(tmp_path / "report.json") in raised.value.detail
    assert "grype -o json" in raised.value.hint


def test_a_file_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "huge.json"
    with file.open("wb") as stream:
        stream.truncate((256 << 20) + 1)  # of holes
    with pytest.raises(UsageError, match="larger than 256 MB"):
        read_scan_report(file)
    with pytest.raises(UsageError, match="No such file"):
        read_scan_report(tmp_path / "none.json")


def test_words_that_no_scanner_uses_and_odd_characters_do_no_harm(tmp_path: Path) -> None:
    found = {"id": "CVE-1\x1b[31m", "severity": "Apocalyptic", "fix": {"versions": ["1\n2", " "]}}
    match = {"vulnerability": found, "artifact": {"name": "Ruamel_YAML", "version": "1", "type": "python"}}
    report = read(json.dumps({"matches": [match]}), tmp_path)
    (only,) = report.vulnerabilities
    assert (only.ids, only.severity, only.fixed) == (("CVE-1\\x1b[31m",), "unknown", ("1\\n2",))
    assert only.name == "ruamel-yaml"


@pytest.mark.parametrize(
    ("purl", "package"),
    [
        ("pkg:pypi/Torch@2.5.1%2Bcu124", ScannedPackage("pypi", "torch", "2.5.1+cu124")),
        ("PKG:PyPI/a_b@1?file_name=x#y", ScannedPackage("pypi", "a-b", "1")),
        ("pkg:conda/x@1?subdir=noarch&build=h1+2_0", ScannedPackage("conda", "x", "1", "h1+2_0")),
        ("pkg:npm/%40a/b@1", None),
        ("pkg:pypi/torch", None),
        ("pkg:conda/@1", None),
        ("", None),
    ],
)
def test_package_urls(purl: str, package: ScannedPackage | None) -> None:
    assert package_of_purl(purl) == package
