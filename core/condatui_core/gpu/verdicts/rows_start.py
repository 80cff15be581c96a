"""Rows 1 to 9 of the table: nothing to check, and probes that did not come to their end."""

from __future__ import annotations

import signal

from condatui_core.gpu.verdicts.case import Case
from condatui_core.gpu.verdicts.remedies import reinstall
from condatui_core.records.gpu import Verdict

_CRASHES = {
    signal.SIGILL: "this CPU lacks instructions (AVX, AVX2) that this build uses: an older one, or conda-forge's",
    signal.SIGBUS: "a library is cut short, by a full disk or an interrupted download: install it anew",
    signal.SIGSEGV: "most often libraries of conda and pip that do not fit together: install it anew by one of them",
    signal.SIGKILL: "the system ended it, most often because memory ran out: free some, or raise the job's limit",
    signal.SIGABRT: "its own words are in the raw output",
}


def no_python(case: Case) -> Verdict | None:
    """Row 1."""
    if case.static.python:
        return None
    command = f"conda install -p {case.prefix} python"
    return case.verdict(1, "no-python", "absent", "No Python in this environment", "nothing to check", command)


def python_broken(case: Case) -> Verdict | None:
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


def no_torch(case: Case) -> Verdict | None:
    """Row 3."""
    failed = case.missing_module == "torch" if case.run else case.torch.presence == "absent"
    if not failed:
        return None
    have = ", ".join(f"{each.framework} {each.version}" for each in case.static.others)
    return case.verdict(3, "no-torch", "absent", f"No PyTorch here, but {have}" if have else "No PyTorch here")


def not_importable(case: Case) -> Verdict | None:
    """Row 3 for another framework: its files have gone, its metadata has not."""
    if case.missing_module != case.framework:
        return None
    return case.verdict(
        3, f"no-{case.framework}", "broken", f"{case.name} is listed but not there", "", reinstall(case)
    )


def torch_leftover(case: Case) -> Verdict | None:
    """Row 4."""
    if not (case.imports_nothing if case.run else case.torch.presence == "leftover"):
        return None
    where = case.torch.leftovers[0] if case.torch.leftovers else "torch is a directory without a module"
    remedy = f"remove it whole, then install it anew: {where}"
    command = f"conda remove -p {case.prefix} pytorch" if case.torch.conda else f"{case.python} -m pip uninstall torch"
    return case.verdict(4, "torch-leftover", "broken", "Remains of a removed PyTorch", remedy, command)


def stuck(case: Case) -> Verdict | None:
    """Row 5."""
    if case.run is None or case.run.ended != "stuck":
        return None
    who = f"pid {case.run.pid}, state {case.run.process_state or '?'}"
    if case.importing:
        message = f"Stuck in the kernel while {case.framework} is imported ({who})"
        return case.verdict(5, "stuck", "elsewhere", message, "a disk that hangs, or the driver: see dmesg", "dmesg")
    remedy = "the machine needs a reboot; look for Xid in the kernel's log"
    return case.verdict(5, "stuck", "elsewhere", f"Stuck inside the NVIDIA driver ({who})", remedy, "dmesg | grep Xid")


def slow_import(case: Case) -> Verdict | None:
    """Row 6."""
    if case.run is None or case.run.ended != "timed-out" or not case.importing:
        return None
    message = f"Importing {case.framework} takes more than {case.run.limit:.0f} s"
    remedy = "the disk is slow: copy the environment to a local one, or raise gpu_import_seconds in the settings"
    return case.verdict(6, "slow-import", "broken", message, remedy)


def no_answer(case: Case) -> Verdict | None:
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


def import_crash(case: Case) -> Verdict | None:
    """Row 8."""
    if not case.signal or not case.importing or case.run is None:
        return None
    remedy = _CRASHES.get(case.signal, "its own words are in the raw output")  # type: ignore[call-overload]
    if case.signal == signal.SIGABRT and "OMP: Error #15" in case.run.stderr:
        remedy = "two OpenMP runtimes (libiomp5) are loaded, conda's and pip's: install both by one of them"
    message = f"`import {case.framework}` dies of {_name(case.signal)}"
    return case.verdict(8, "import-crash", "broken", message, remedy, reinstall(case))


def driver_crash(case: Case) -> Verdict | None:
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
