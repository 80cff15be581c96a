"""Rules for runs that do not get as far as CUDA: nothing to check, no end, a crash, an import that fails."""

from __future__ import annotations

import re
import signal

from msgspec.structs import replace

from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import install, library_package, reinstall
from condatui_core.records.gpu import Verdict

# Nothing to check, and probes that did not come to their end.


_CRASHES = {
    signal.SIGILL: "this CPU lacks instructions (AVX, AVX2) that this build uses: an older one, or conda-forge's",
    signal.SIGBUS: "a library is cut short, by a full disk or an interrupted download: reinstall it",
    signal.SIGSEGV: "most often libraries of conda and pip that do not fit together: reinstall it by one of them",
    signal.SIGKILL: "the system ended it, most often because memory ran out: free some, or raise the job's limit",
    signal.SIGABRT: "its own words are in the raw output",
}


def no_python(evidence: Evidence) -> Verdict | None:
    """`no-python`: the environment has no python executable, and this machine's conda could install one."""
    if evidence.static.python or evidence.static.foreign:
        return None
    command = f"conda install -p {evidence.prefix} python"
    return evidence.verdict("no-python", "absent", "No Python in this environment", "nothing to check", command)


def foreign_platform(evidence: Evidence) -> Verdict | None:
    """`foreign-platform`: packages for another platform, whose Python this machine does not even start."""
    nothing = evidence.static.python and evidence.torch.presence == "absent"
    if not evidence.static.foreign or evidence.stages or nothing:
        return None
    message = f"This environment was built for another platform, {evidence.static.foreign}: its Python cannot run here"
    remedy = "check it on a machine of that platform, or create it here from its specification"
    return evidence.verdict("foreign-platform", "elsewhere", message, remedy)


def python_broken(evidence: Evidence) -> Verdict | None:
    """`python-broken`: Python did not get as far as the probe's first line."""
    if evidence.run is None or evidence.stages:
        return None
    words = evidence.run.stderr.strip().splitlines()
    if evidence.run.ended == "timed-out":
        reason = f"not within {evidence.run.limit:.0f} s"
    elif evidence.run.error:
        reason = evidence.run.error
    else:
        reason = words[-1] if words else f"it ends with code {evidence.run.exit_code}"
    remedy = "reinstall python; a noexec mount can be the cause as well"
    command = f"conda install -p {evidence.prefix} --force-reinstall python"
    return evidence.verdict("python-broken", "broken", f"Python here does not start: {reason}", remedy, command)


def no_torch(evidence: Evidence) -> Verdict | None:
    """`no-torch`: neither the files nor the import find PyTorch."""
    failed = evidence.missing_module == "torch" if evidence.run else evidence.torch.presence == "absent"
    if not failed:
        return None
    have = ", ".join(f"{each.framework} {each.version}" for each in evidence.static.others)
    return evidence.verdict("no-torch", "absent", f"No PyTorch here, but {have}" if have else "No PyTorch here")


def no_framework(evidence: Evidence) -> Verdict | None:
    """`no-tensorflow`, `no-jax`, `no-cupy`: the files of a framework have gone, its metadata has not."""
    if evidence.missing_module != evidence.framework:
        return None
    message = f"{evidence.name} is listed but not there"
    return evidence.verdict(f"no-{evidence.framework}", "broken", message, "", reinstall(evidence))


def torch_leftover(evidence: Evidence) -> Verdict | None:
    """`torch-leftover`: directories of a PyTorch that was removed, without a module in them."""
    if not (evidence.imports_nothing if evidence.run else evidence.torch.presence == "leftover"):
        return None
    torch = evidence.torch
    where = torch.leftovers[0] if torch.leftovers else "torch is a directory without a module"
    remedy = f"remove it whole, then install it again: {where}"
    by_pip = f"{evidence.python} -m pip uninstall torch"
    command = f"conda remove -p {evidence.prefix} pytorch" if torch.conda else by_pip
    verdict = evidence.verdict("torch-leftover", "broken", "Remains of a removed PyTorch", remedy, command)
    return replace(verdict, about="leftovers")


def stuck(evidence: Evidence) -> Verdict | None:
    """`stuck`: not even SIGKILL ended the probe, so it waits in the kernel."""
    if evidence.run is None or evidence.run.ended != "stuck":
        return None
    process = f"pid {evidence.run.pid}, state {evidence.run.process_state or '?'}"
    if evidence.importing:
        message = f"Stuck in the kernel while {evidence.framework} is imported ({process})"
        return evidence.verdict("stuck", "elsewhere", message, "a disk that hangs, or the driver: see dmesg", "dmesg")
    message = f"Stuck inside the NVIDIA driver ({process})"
    remedy = "the machine needs a reboot; look for Xid in the kernel's log"
    return evidence.verdict("stuck", "elsewhere", message, remedy, "dmesg | grep Xid")


def slow_import(evidence: Evidence) -> Verdict | None:
    """`slow-import`: the import took longer than its limit."""
    if evidence.run is None or evidence.run.ended != "timed-out" or not evidence.importing:
        return None
    message = f"Importing {evidence.framework} takes more than {evidence.run.limit:.0f} s"
    remedy = "the disk is slow: copy the environment to a local one, or raise gpu_import_seconds in the settings"
    return evidence.verdict("slow-import", "broken", message, remedy)


def driver_silent(evidence: Evidence) -> Verdict | None:
    """`driver-silent`: the framework asked the driver for GPUs and got no answer in time."""
    if not _hangs(evidence) or evidence.run is None or not evidence.asking_driver:
        return None
    message = f"The NVIDIA driver does not answer within {evidence.run.limit:.0f} s"
    remedy = "see whether nvidia-smi answers; start nvidia-persistenced; else reboot"
    return evidence.verdict("driver-silent", "elsewhere", message, remedy, "nvidia-smi")


def kernel_silent(evidence: Evidence) -> Verdict | None:
    """`kernel-silent`: a computation on a GPU did not end in time."""
    if not _hangs(evidence) or evidence.run is None or evidence.asking_driver:
        return None
    message = f"A GPU kernel did not end in {evidence.run.limit:.0f} s"
    remedy = "the GPU hangs or is busy, or kernels are compiled from PTX for the first time: look, then check again"
    return evidence.verdict("kernel-silent", "elsewhere", message, remedy, "nvidia-smi")


def import_crash(evidence: Evidence) -> Verdict | None:
    """`import-crash`: a signal ended the probe while it imported the framework."""
    if not evidence.signal or not evidence.importing or evidence.run is None:
        return None
    remedy = _CRASHES.get(evidence.signal, "its own words are in the raw output")  # type: ignore[call-overload]
    if evidence.signal == signal.SIGABRT and "OMP: Error #15" in evidence.run.stderr:
        remedy = "two OpenMP runtimes (libiomp5) are loaded, conda's and pip's: install both by one of them"
    message = f"`import {evidence.framework}` dies of {_name(evidence.signal)}"
    return evidence.verdict("import-crash", "broken", message, remedy, reinstall(evidence))


def driver_crash(evidence: Evidence) -> Verdict | None:
    """`driver-crash`: the probe died after the import, while it asked for GPUs or computed on one."""
    if evidence.run is None or evidence.run.ended != "exited" or not evidence.cut_short or evidence.importing:
        return None
    how = f"dies of {_name(evidence.signal)}" if evidence.signal else f"ends with code {evidence.run.exit_code}"
    what = "asking for GPUs" if evidence.asking_driver else "computing on the GPU"
    message = f"The CUDA driver crashes: {what}, the process {how}"
    if evidence.driver.sick:
        remedy = "it fails outside of the environment as well: reboot, or reinstall the driver"
        return evidence.verdict("driver-crash", "elsewhere", message, remedy, "nvidia-smi")
    remedy = f"if other environments do so too, reinstall the driver or reboot; else reinstall {evidence.name}"
    return evidence.verdict("driver-crash", "broken", message, remedy, reinstall(evidence))


def _hangs(evidence: Evidence) -> bool:
    """Whether the probe was ended for its silence after the import."""
    run = evidence.run
    return run is not None and run.ended == "timed-out" and evidence.cut_short and not evidence.importing


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# Imports that fail.


_MISSING = re.compile(r"(?P<library>lib\S+?\.so\S*): cannot open shared object")
_MISMATCH = re.compile(r"undefined symbol|version `?\S+'? not found")
_CORRUPT = re.compile(r"file too short|invalid ELF header|No module named 'torch\.version'|not a Python file|bad magic")
_TORCHS_OWN = ("libtorch", "libc10")


def blames_libraries(evidence: Evidence) -> bool:
    """Whether the import failed in a way that LD_LIBRARY_PATH can bring about."""
    return bool(_MISSING.search(evidence.import_error) or _MISMATCH.search(evidence.import_error))


def missing_library(evidence: Evidence) -> Verdict | None:
    """`missing-library`: a library is not found, other than the driver's, which no environment brings."""
    # CuPy loads NVRTC only when it compiles its first kernel.
    trouble = evidence.import_error if evidence.right_kernels else f"{evidence.import_error} {evidence.kernel_trouble}"
    match = _MISSING.search(trouble)
    if match is None or match["library"].startswith("libcuda.so"):
        return None
    library = match["library"]
    message = f"{evidence.name} needs {library}, which is not here"
    remedy, command = "reinstall it", reinstall(evidence)
    if library.startswith(_TORCHS_OWN):
        remedy = "torch of pip and torch of conda are mixed: remove both, then install one"
    elif package := library_package(library, evidence):
        remedy, command = f"{package} brings it", install(package, evidence)
    return evidence.verdict("missing-library", "broken", message, remedy, command)


def ld_library_path(evidence: Evidence) -> Verdict | None:
    """`ld-library-path`: symbols are missing, and the second run, without LD_LIBRARY_PATH, imports."""
    if not _MISMATCH.search(evidence.import_error) or not evidence.second_worked("no-ld-library-path"):
        return None
    message = f"LD_LIBRARY_PATH breaks {evidence.name}: it brings in libraries of another version"
    remedy = "take it out of your shell's start files or the module you loaded; without it, the import succeeds"
    return evidence.verdict("ld-library-path", "elsewhere", message, remedy, "unset LD_LIBRARY_PATH")


def library_mismatch(evidence: Evidence) -> Verdict | None:
    """`library-mismatch`: the environment's own libraries are of versions that do not fit together."""
    if not _MISMATCH.search(evidence.import_error):
        return None
    message = f"The libraries of {evidence.name} do not fit together"
    remedy, command = "reinstall it", reinstall(evidence)
    if "iJIT_NotifyEvent" in evidence.import_error:
        remedy, command = "MKL 2024.1 has dropped what this build needs of it", install("'mkl<2024.1'", evidence)
    return evidence.verdict("library-mismatch", "broken", message, remedy, command)


def corrupt(evidence: Evidence) -> Verdict | None:
    """`corrupt`: files of the framework are cut short or gone."""
    if not _CORRUPT.search(evidence.import_error):
        return None
    message = f"The files of {evidence.name} are damaged"
    remedy = "a full disk or an interrupted installation, most often: reinstall it"
    return evidence.verdict("corrupt", "broken", message, remedy, reinstall(evidence))


def import_error(evidence: Evidence) -> Verdict | None:
    """`import-error`: the import raises something else, or ends Python altogether."""
    if evidence.importing and evidence.run is not None and evidence.run.ended == "exited":
        message = f"`import {evidence.framework}` ends Python with code {evidence.run.exit_code}"
        remedy = "its own words are in the raw output"
        return evidence.verdict("import-error", "broken", message, remedy, reinstall(evidence))
    if not evidence.import_failed or evidence.no_driver:
        return None
    message = f"`import {evidence.framework}` fails: {evidence.import_error or 'without a word'}"
    remedy = "the traceback is in the evidence"
    return evidence.verdict("import-error", "broken", message, remedy, reinstall(evidence))
