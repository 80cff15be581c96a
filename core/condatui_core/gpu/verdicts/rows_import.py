"""Rows 10 to 13 of the table: imports that fail."""

from __future__ import annotations

import re

from condatui_core.gpu.verdicts.case import Case
from condatui_core.gpu.verdicts.remedies import install, library_package, reinstall
from condatui_core.records.gpu import Verdict

_MISSING = re.compile(r"(?P<library>lib\S+?\.so\S*): cannot open shared object")
_MISMATCH = re.compile(r"undefined symbol|version `?\S+'? not found")
_CORRUPT = re.compile(r"file too short|invalid ELF header|No module named 'torch\.version'|not a Python file|bad magic")
_TORCHS_OWN = ("libtorch", "libc10")


def blames_libraries(case: Case) -> bool:
    """Whether the import failed in a way that LD_LIBRARY_PATH can bring about."""
    return bool(_MISSING.search(case.import_error) or _MISMATCH.search(case.import_error))


def missing_library(case: Case) -> Verdict | None:
    """Row 10; the driver's own library is none of the environment's."""
    match = _MISSING.search(case.import_error)
    if match is None or match["library"].startswith("libcuda.so"):
        return None
    library = match["library"]
    message = f"{case.name} needs {library}, which is not here"
    if library.startswith(_TORCHS_OWN):
        remedy = "torch of pip and torch of conda are mixed: remove both, then install one"
        return case.verdict(10, "missing-library", "broken", message, remedy, reinstall(case))
    package = library_package(library, case)
    if not package:
        return case.verdict(10, "missing-library", "broken", message, "install it anew", reinstall(case))
    return case.verdict(10, "missing-library", "broken", message, f"{package} brings it", install(package, case))


def library_mismatch(case: Case) -> Verdict | None:
    """Row 11."""
    if not _MISMATCH.search(case.import_error):
        return None
    if case.second_worked("no-ld-library-path"):
        message = f"LD_LIBRARY_PATH breaks {case.name}: it brings in libraries of another version"
        remedy = "take it out of your shell's start files or the module you loaded; without it, the import succeeds"
        return case.verdict(11, "ld-library-path", "elsewhere", message, remedy, "unset LD_LIBRARY_PATH")
    message = f"The libraries of {case.name} do not fit together"
    if "iJIT_NotifyEvent" in case.import_error:
        remedy = "MKL 2024.1 has dropped what this build needs of it"
        return case.verdict(11, "library-mismatch", "broken", message, remedy, install("'mkl<2024.1'", case))
    return case.verdict(11, "library-mismatch", "broken", message, "install it anew", reinstall(case))


def corrupt(case: Case) -> Verdict | None:
    """Row 12."""
    if not _CORRUPT.search(case.import_error):
        return None
    remedy = "a full disk or an interrupted installation, most often: install it anew"
    return case.verdict(12, "corrupt", "broken", f"The files of {case.name} are damaged", remedy, reinstall(case))


def other_import_error(case: Case) -> Verdict | None:
    """Row 13; an import that ends Python altogether is one too."""
    if case.importing and case.run is not None and case.run.ended == "exited":
        message = f"`import {case.framework}` ends Python with code {case.run.exit_code}"
        return case.verdict(
            13, "import-error", "broken", message, "its own words are in the raw output", reinstall(case)
        )
    if not case.import_failed or case.no_driver:
        return None
    message = f"`import {case.framework}` fails: {case.import_error or 'without a word'}"
    return case.verdict(13, "import-error", "broken", message, "the traceback is in the evidence", reinstall(case))
