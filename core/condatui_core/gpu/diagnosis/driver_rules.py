"""Rules for drivers that are too old, half updated or not what was asked for, and for machines where no GPU is seen."""

from __future__ import annotations

import re

from condatui_core.gpu.cuda_versions import fit, smallest_driver
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import cuda_build, newer_driver
from condatui_core.records.gpu import Verdict, VerdictClass

# Rows 26 to 31 of the table: drivers that are too old, half updated, or not what was asked for.


_ELSEWHERE = {34, 101, 802, 804}
"""CUDA errors that say more than that two versions differ."""


def driver_too_old(case: Evidence) -> Verdict | None:
    """Row 26; without a run by the rule of majors."""
    untold = case.run is None and case.kind == "cuda" and fit(case.build_cuda, case.driver.cuda) == "too-old"
    if not case.found_cuda and "driver on your system is too old" not in case.reason and not untold:
        return None
    return too_old(case)


def too_old(case: Evidence) -> Verdict:
    """Row 26, however it was found out."""
    needed = smallest_driver(case.build_cuda)
    message = f"The driver supports CUDA {case.driver_cuda or '?'}, this build needs {case.build_cuda or 'a newer one'}"
    message += f": driver {needed} or later" if needed else ""
    remedy = f"{newer_driver(case)}, or a build for the driver's CUDA"
    return case.verdict(26, "driver-too-old", "broken", message, remedy, cuda_build(case))


def driver_mismatch(case: Evidence) -> Verdict | None:
    """Row 27."""
    driver = case.driver
    differ = driver.kernel_version and driver.library_version and driver.kernel_version != driver.library_version
    told = case.error_code == 803 or driver.nvml_code == 18 or (case.run is None and driver.init_code == 803)
    if case.kind != "cuda" or not (told or (differ and case.cuda_failed and case.error_code not in _ELSEWHERE)):
        return None
    versions = f" (kernel {driver.kernel_version}, libraries {driver.library_version})" if differ else ""
    message = f"The NVIDIA driver was updated but not loaded anew{versions}"
    remedy = "reboot, or unload and load the kernel modules; in a container: restart it"
    return case.verdict(27, "driver-mismatch", "elsewhere", message, remedy, "sudo reboot")


def forward_compatibility(case: Evidence) -> Verdict | None:
    """Row 28."""
    if case.error_code != 804 and not (case.cuda_failed and "/compat" in case.driver.library):
        return None
    where = f" ({case.driver.library})" if "compat" in case.driver.library else ""
    message = f"A libcuda of cuda-compat{where} on a GPU that does not allow it"
    remedy = "take cuda-compat out of LD_LIBRARY_PATH or remove the package; after a driver update, reboot"
    own = any(each.startswith("cuda-compat") for each in case.torch.helpers)
    command = f"conda remove -p {case.prefix} cuda-compat" if own else "unset LD_LIBRARY_PATH"
    return case.verdict(28, "forward-compatibility", "broken" if own else "elsewhere", message, remedy, command)


def fabric(case: Evidence) -> Verdict | None:
    """Row 29."""
    if case.error_code != 802:
        return None
    message = "A machine with NVSwitch whose fabric manager does not run, or is of another version"
    remedy = f"start nvidia-fabricmanager of the driver's version {case.driver.version}".rstrip()
    return case.verdict(29, "fabric-manager", "elsewhere", message, remedy, "sudo systemctl start nvidia-fabricmanager")


def stub(case: Evidence) -> Verdict | None:
    """Row 30."""
    if case.error_code != 34:
        return None
    message = "libcuda is the toolkit's stub, which is only there to link against"
    remedy = "take …/cuda/lib64/stubs out of LD_LIBRARY_PATH"
    return case.verdict(30, "stub-library", "elsewhere", message, remedy, "echo $LD_LIBRARY_PATH")


def bad_visible_devices(case: Evidence) -> Verdict | None:
    """Row 31."""
    if case.error_code != 101:
        return None
    value = case.variable("CUDA_VISIBLE_DEVICES")
    message = f"CUDA_VISIBLE_DEVICES={value} is not valid" if value is not None else "CUDA was given an invalid device"
    remedy = "numbers from 0, each once, or UUIDs as nvidia-smi -L lists them"
    return case.verdict(31, "bad-visible-devices", "elsewhere", message, remedy, "unset CUDA_VISIBLE_DEVICES")


# Rows 32 to 37 of the table: no GPU to be seen, and what is left.


_GPU_FILE = re.compile(r"/dev/nvidia\d+")


def hidden(case: Evidence) -> Verdict | None:
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


def mig(case: Evidence) -> Verdict | None:
    """Row 33."""
    if not case.no_device or not any(each.mig for each in case.driver.devices):
        return None
    if instances := case.driver.mig_instances:
        remedy = "choose one; a process sees one instance only, so that a count of 1 is right"
        command = f"export CUDA_VISIBLE_DEVICES={instances[0]}"
    else:
        remedy, command = "make an instance, or switch MIG off", "sudo nvidia-smi mig -cgi 0 -C"
    return case.verdict(33, "mig", "elsewhere", "MIG is on, but no instance is to be seen", remedy, command)


def driver_not_loaded(case: Evidence) -> Verdict | None:
    """Row 34."""
    driver = case.driver
    if not _nothing_seen(case) or not driver.hardware or driver.kernel_version or driver.wsl:
        return None
    message = "An NVIDIA GPU is in this machine, but its driver is not loaded"
    remedy = "install the driver or load it; Secure Boot and nouveau can keep it from loading"
    return case.verdict(34, "driver-not-loaded", "elsewhere", message, remedy, "sudo modprobe nvidia")


def container(case: Evidence) -> Verdict | None:
    """Row 35."""
    driver = case.driver
    lacking = bool(driver.library_error) or not any(_GPU_FILE.fullmatch(each) for each in driver.device_files)
    if not _nothing_seen(case) or not driver.kernel_version or not lacking:
        return None
    what = "libcuda is" if driver.library_error else "the GPU's device files are"
    message = f"The host has a driver ({driver.kernel_version}), but {what} not given to this container or job"
    remedy = "docker run --gpus all, apptainer exec --nv, Slurm --gres=gpu:1"
    return case.verdict(35, "container", "elsewhere", message, remedy)


def no_gpu(case: Evidence) -> Verdict | None:
    """Row 36."""
    if not _nothing_seen(case):
        return None
    needed = smallest_driver(case.build_cuda)
    message = f"{case.title} looks fine, but this machine has no NVIDIA GPU"
    remedy = f"run it where there is a GPU with driver {needed} or later" if needed else "run it where there is a GPU"
    return case.verdict(36, "no-gpu", "elsewhere", message, remedy)


def _nothing_seen(case: Evidence) -> bool:
    """Whether there is no GPU to be seen, neither from the environment nor from outside of it."""
    return (case.no_driver or case.no_device) and case.driver.init_code != 0


def unknown(case: Evidence) -> Verdict:
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
