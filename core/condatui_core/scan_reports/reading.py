"""Reads the report of a vulnerability scanner: Grype's, Trivy's or osv-scanner's JSON, told apart by what is in it."""

from __future__ import annotations

from pathlib import Path

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType

from condatui_core.errors import UsageError
from condatui_core.fs.documents import decode
from condatui_core.fs.safe_read import read_bounded, reason
from condatui_core.records.vulnerability import Scanner, ScanReport
from condatui_core.scan_reports.formats import READERS

_LARGEST = 256 << 20
"""Bytes of a report; that of an image with thousands of findings has some tens of megabytes."""
_HINT = "Let the scanner write its own JSON: grype -o json, trivy --format json, osv-scanner --format json."


def read_scan_report(file: Path) -> ScanReport:
    """Read the report of a scanner. UsageError if it cannot be read, or is none that is known."""
    try:
        data = read_bounded(str(file), _LARGEST).removeprefix(b"\xef\xbb\xbf")
    except OSError as error:
        raise UsageError("The report of a scanner cannot be read.", f"{file}: {reason(error)}") from error
    try:
        marks = decode(data, _MARKS)
        scanner = _scanner(marks)
        found = tuple(dict.fromkeys(READERS[scanner](data))) if scanner else ()
    except OSError as error:
        raise UsageError("The report of a scanner cannot be read.", f"{file}: {reason(error)}", _HINT) from error
    if scanner is None:
        raise UsageError("This is no report of Grype, Trivy or osv-scanner.", f"{file}{_what(marks)}", _HINT)
    return ScanReport(file=str(file), scanner=scanner, vulnerabilities=found)


class _Marks(Struct, frozen=True):
    """What tells the reports apart: the names on top of a document, whatever is below them."""

    matches: Raw | UnsetType = UNSET
    schema_version: Raw | UnsetType = msgspec.field(default=UNSET, name="SchemaVersion")
    artifact_name: Raw | UnsetType = msgspec.field(default=UNSET, name="ArtifactName")
    results: Raw | UnsetType = UNSET
    errors: Raw | UnsetType = UNSET
    """Other tools that list `results` have this beside them: bandit, semgrep."""
    bom_format: Raw | UnsetType = msgspec.field(default=UNSET, name="bomFormat")
    runs: Raw | UnsetType = UNSET


_MARKS = msgspec.json.Decoder(_Marks)


def _scanner(marks: _Marks) -> Scanner | None:
    if marks.matches is not UNSET:
        return "Grype"
    if marks.schema_version is not UNSET and marks.artifact_name is not UNSET:
        return "Trivy"
    return "osv-scanner" if marks.results is not UNSET and marks.errors is UNSET else None


def _what(marks: _Marks) -> str:
    """What the document seems to be instead."""
    if marks.bom_format is not UNSET:
        return ": it is a document of CycloneDX"
    return ": it is SARIF" if marks.runs is not UNSET else ""
