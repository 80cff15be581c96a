"""Rows 32 to 37 of the table: no GPU to be seen, and what is left."""

from __future__ import annotations

import re

from condatui_core.gpu.cuda_versions import smallest_driver
from condatui_core.gpu.verdicts.case import Case
from condatui_core.records.gpu import Verdict, VerdictClass

_GPU_FILE = re.compile(r"/dev/nvidia\d+")


def hidden(case: Case) -> Verdict | None:
    """Row 32."""
    value = case.variable("CUDA_VISIBLE_DEVICES")
    if not case.no_device or value is None:
        return None
    there = len(case.driver.devices)
    message = f"GPUs are hidden by CUDA_VISIBLE_DEVICES={value!r} in your shell or job"
    message += f"; {there} {'is' if there == 1 else 'are'} there" if there else ""
    tried = case.second is not None
    worked = case.second_worked("no-cuda-visible-devices")
    remedy = f"without it, {case.name} {'sees a GPU' if worked else 'sees none either'}" if tried else "take it out"
    return case.verdict(32, "hidden", "elsewhere", message, remedy, "unset CUDA_VISIBLE_DEVICES")


def mig(case: Case) -> Verdict | None:
    """Row 33."""
    if not case.no_device or not any(each.mig for each in case.driver.devices):
        return None
    if instances := case.driver.mig_instances:
        remedy = "choose one; a process sees one instance only, so that a count of 1 is right"
        command = f"export CUDA_VISIBLE_DEVICES={instances[0]}"
    else:
        remedy, command = "make an instance, or switch MIG off", "sudo nvidia-smi mig -cgi 0 -C"
    return case.verdict(33, "mig", "elsewhere", "MIG is on, but no instance is to be seen", remedy, command)


def driver_not_loaded(case: Case) -> Verdict | None:
    """Row 34."""
    driver = case.driver
    if not _nothing_seen(case) or not driver.hardware or driver.kernel_version or driver.wsl:
        return None
    message = "An NVIDIA GPU is in this machine, but its driver is not loaded"
    remedy = "install the driver or load it; Secure Boot and nouveau can keep it from loading"
    return case.verdict(34, "driver-not-loaded", "elsewhere", message, remedy, "sudo modprobe nvidia")


def container(case: Case) -> Verdict | None:
    """Row 35."""
    driver = case.driver
    lacking = bool(driver.library_error) or not any(_GPU_FILE.fullmatch(each) for each in driver.device_files)
    if not _nothing_seen(case) or not driver.kernel_version or not lacking:
        return None
    what = "libcuda is" if driver.library_error else "the GPU's device files are"
    message = f"The host has a driver ({driver.kernel_version}), but {what} not given to this container or job"
    remedy = "docker run --gpus all, apptainer exec --nv, Slurm --gres=gpu:1"
    return case.verdict(35, "container", "elsewhere", message, remedy)


def no_gpu(case: Case) -> Verdict | None:
    """Row 36."""
    if not _nothing_seen(case):
        return None
    needed = smallest_driver(case.build_cuda)
    message = f"{case.title} looks fine, but this machine has no NVIDIA GPU"
    remedy = f"run it where there is a GPU with driver {needed} or later" if needed else "run it where there is a GPU"
    return case.verdict(36, "no-gpu", "elsewhere", message, remedy)


def _nothing_seen(case: Case) -> bool:
    """Whether there is no GPU to be seen, neither from the environment nor from outside of it."""
    return (case.no_driver or case.no_device) and case.driver.init_code != 0


def unknown(case: Case) -> Verdict:
    """Row 37: whatever is left of a run."""
    text = case.reason or case.kernel_trouble or f"{case.name} does not say why"
    message = f"CUDA cannot start: {text}"
    if "CUDA unknown error" in text or case.error_code == 999 or case.driver.init_code == 999:
        missing = "/dev/nvidia-uvm" not in case.driver.device_files
        remedy = "/dev/nvidia-uvm is missing: load the module" if missing else "after a suspend: load nvidia_uvm anew"
        command = "sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm"
        return case.verdict(37, "cuda-unknown-error", "elsewhere", message, remedy, command)
    # What fails without the environment as well is not its fault.
    kind: VerdictClass = "elsewhere" if case.driver.init_code else "broken"
    return case.verdict(37, "cuda-failed", kind, message, "see whether nvidia-smi answers, then reboot", "nvidia-smi")
