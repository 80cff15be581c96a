"""Rules for what cannot be checked, probes that did not come to their end, and imports that fail."""

from __future__ import annotations

import re
import signal

from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import install, library_package, reinstall
from condatui_core.records.gpu import Verdict

# Rows 10 to 13 of the table: imports that fail.


_MISSING = re.compile(r"(?P<library>lib\S+?\.so\S*): cannot open shared object")
_MISMATCH = re.compile(r"undefined symbol|version `?\S+'? not found")
_CORRUPT = re.compile(r"file too short|invalid ELF header|No module named 'torch\.version'|not a Python file|bad magic")
_TORCHS_OWN = ("libtorch", "libc10")


def blames_libraries(case: Evidence) -> bool:
    """Whether the import failed in a way that LD_LIBRARY_PATH can bring about."""
    return bool(_MISSING.search(case.import_error) or _MISMATCH.search(case.import_error))


def missing_library(case: Evidence) -> Verdict | None:
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


def library_mismatch(case: Evidence) -> Verdict | None:
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


def corrupt(case: Evidence) -> Verdict | None:
    """Row 12."""
    if not _CORRUPT.search(case.import_error):
        return None
    remedy = "a full disk or an interrupted installation, most often: install it anew"
    return case.verdict(12, "corrupt", "broken", f"The files of {case.name} are damaged", remedy, reinstall(case))


def other_import_error(case: Evidence) -> Verdict | None:
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


# Rows 1 to 9 of the table: nothing to check, and probes that did not come to their end.


_CRASHES = {
    signal.SIGILL: "this CPU lacks instructions (AVX, AVX2) that this build uses: an older one, or conda-forge's",
    signal.SIGBUS: "a library is cut short, by a full disk or an interrupted download: install it anew",
    signal.SIGSEGV: "most often libraries of conda and pip that do not fit together: install it anew by one of them",
    signal.SIGKILL: "the system ended it, most often because memory ran out: free some, or raise the job's limit",
    signal.SIGABRT: "its own words are in the raw output",
}


def no_python(case: Evidence) -> Verdict | None:
    """Row 1."""
    if case.static.python:
        return None
    command = f"conda install -p {case.prefix} python"
    return case.verdict(1, "no-python", "absent", "No Python in this environment", "nothing to check", command)


def python_broken(case: Evidence) -> Verdict | None:
    """Row 2."""
    if case.run is None or case.stages:
        return None
    words = case.run.stderr.strip().splitlines()
    if case.run.ended == "timed-out":
        reason = f"not within {case.run.limit:.0f} s"
    elif case.run.error:
        reason = case.run.error
    else:
        reason = words[-1] if words else f"it ends with code {case.run.exit_code}"
    remedy = "install python anew; a package of another platform or a noexec mount can be the cause as well"
    command = f"conda install -p {case.prefix} --force-reinstall python"
    return case.verdict(2, "python-broken", "broken", f"Python here does not start: {reason}", remedy, command)


def no_torch(case: Evidence) -> Verdict | None:
    """Row 3."""
    failed = case.missing_module == "torch" if case.run else case.torch.presence == "absent"
    if not failed:
        return None
    have = ", ".join(f"{each.framework} {each.version}" for each in case.static.others)
    return case.verdict(3, "no-torch", "absent", f"No PyTorch here, but {have}" if have else "No PyTorch here")


def not_importable(case: Evidence) -> Verdict | None:
    """Row 3 for another framework: its files have gone, its metadata has not."""
    if case.missing_module != case.framework:
        return None
    return case.verdict(
        3, f"no-{case.framework}", "broken", f"{case.name} is listed but not there", "", reinstall(case)
    )


def torch_leftover(case: Evidence) -> Verdict | None:
    """Row 4."""
    if not (case.imports_nothing if case.run else case.torch.presence == "leftover"):
        return None
    where = case.torch.leftovers[0] if case.torch.leftovers else "torch is a directory without a module"
    remedy = f"remove it whole, then install it anew: {where}"
    command = f"conda remove -p {case.prefix} pytorch" if case.torch.conda else f"{case.python} -m pip uninstall torch"
    return case.verdict(4, "torch-leftover", "broken", "Remains of a removed PyTorch", remedy, command)


def stuck(case: Evidence) -> Verdict | None:
    """Row 5."""
    if case.run is None or case.run.ended != "stuck":
        return None
    who = f"pid {case.run.pid}, state {case.run.process_state or '?'}"
    if case.importing:
        message = f"Stuck in the kernel while {case.framework} is imported ({who})"
        return case.verdict(5, "stuck", "elsewhere", message, "a disk that hangs, or the driver: see dmesg", "dmesg")
    remedy = "the machine needs a reboot; look for Xid in the kernel's log"
    return case.verdict(5, "stuck", "elsewhere", f"Stuck inside the NVIDIA driver ({who})", remedy, "dmesg | grep Xid")


def slow_import(case: Evidence) -> Verdict | None:
    """Row 6."""
    if case.run is None or case.run.ended != "timed-out" or not case.importing:
        return None
    message = f"Importing {case.framework} takes more than {case.run.limit:.0f} s"
    remedy = "the disk is slow: copy the environment to a local one, or raise gpu_import_seconds in the settings"
    return case.verdict(6, "slow-import", "broken", message, remedy)


def no_answer(case: Evidence) -> Verdict | None:
    """Row 7."""
    if case.run is None or case.run.ended != "timed-out" or not case.cut_short:
        return None
    seconds = f"{case.run.limit:.0f} s"
    if case.asking_driver:
        remedy = "see whether nvidia-smi answers; start nvidia-persistenced; else reboot"
        message = f"The NVIDIA driver does not answer within {seconds}"
        return case.verdict(7, "driver-silent", "elsewhere", message, remedy, "nvidia-smi")
    message = f"A GPU kernel did not end in {seconds}"
    remedy = "the GPU hangs or is busy, or kernels are compiled from PTX for the first time: look, then check again"
    return case.verdict(7, "kernel-silent", "elsewhere", message, remedy, "nvidia-smi")


def import_crash(case: Evidence) -> Verdict | None:
    """Row 8."""
    if not case.signal or not case.importing or case.run is None:
        return None
    remedy = _CRASHES.get(case.signal, "its own words are in the raw output")  # type: ignore[call-overload]
    if case.signal == signal.SIGABRT and "OMP: Error #15" in case.run.stderr:
        remedy = "two OpenMP runtimes (libiomp5) are loaded, conda's and pip's: install both by one of them"
    message = f"`import {case.framework}` dies of {_name(case.signal)}"
    return case.verdict(8, "import-crash", "broken", message, remedy, reinstall(case))


def driver_crash(case: Evidence) -> Verdict | None:
    """Row 9."""
    if case.run is None or case.run.ended != "exited" or not case.cut_short or case.importing:
        return None
    how = f"dies of {_name(case.signal)}" if case.signal else f"ends with code {case.run.exit_code}"
    what = "asking for GPUs" if case.asking_driver else "computing on the GPU"
    remedy = f"if other environments do so too, reinstall the driver or reboot; else install {case.name} anew"
    message = f"The CUDA driver crashes: {what}, the process {how}"
    return case.verdict(9, "driver-crash", "broken", message, remedy, reinstall(case))


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
