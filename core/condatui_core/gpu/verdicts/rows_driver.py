"""Rows 26 to 31 of the table: drivers that are too old, half updated, or not what was asked for."""

from __future__ import annotations

from condatui_core.gpu.cuda_versions import fit, smallest_driver
from condatui_core.gpu.verdicts.case import Case
from condatui_core.gpu.verdicts.remedies import cuda_build, newer_driver
from condatui_core.records.gpu import Verdict

_ELSEWHERE = {34, 101, 802, 804}
"""CUDA errors that say more than that two versions differ."""


def driver_too_old(case: Case) -> Verdict | None:
    """Row 26; without a run by the rule of majors."""
    untold = case.run is None and case.kind == "cuda" and fit(case.build_cuda, case.driver.cuda) == "too-old"
    if not case.found_cuda and "driver on your system is too old" not in case.reason and not untold:
        return None
    return too_old(case)


def too_old(case: Case) -> Verdict:
    """Row 26, however it was found out."""
    needed = smallest_driver(case.build_cuda)
    message = f"The driver supports CUDA {case.driver_cuda or '?'}, this build needs {case.build_cuda or 'a newer one'}"
    message += f": driver {needed} or later" if needed else ""
    remedy = f"{newer_driver(case)}, or a build for the driver's CUDA"
    return case.verdict(26, "driver-too-old", "broken", message, remedy, cuda_build(case))


def driver_mismatch(case: Case) -> Verdict | None:
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


def forward_compatibility(case: Case) -> Verdict | None:
    """Row 28."""
    if case.error_code != 804 and not (case.cuda_failed and "/compat" in case.driver.library):
        return None
    where = f" ({case.driver.library})" if "compat" in case.driver.library else ""
    message = f"A libcuda of cuda-compat{where} on a GPU that does not allow it"
    remedy = "take cuda-compat out of LD_LIBRARY_PATH or remove the package; after a driver update, reboot"
    own = any(each.startswith("cuda-compat") for each in case.torch.helpers)
    command = f"conda remove -p {case.prefix} cuda-compat" if own else "unset LD_LIBRARY_PATH"
    return case.verdict(28, "forward-compatibility", "broken" if own else "elsewhere", message, remedy, command)


def fabric(case: Case) -> Verdict | None:
    """Row 29."""
    if case.error_code != 802:
        return None
    message = "A machine with NVSwitch whose fabric manager does not run, or is of another version"
    remedy = f"start nvidia-fabricmanager of the driver's version {case.driver.version}".rstrip()
    return case.verdict(29, "fabric-manager", "elsewhere", message, remedy, "sudo systemctl start nvidia-fabricmanager")


def stub(case: Case) -> Verdict | None:
    """Row 30."""
    if case.error_code != 34:
        return None
    message = "libcuda is the toolkit's stub, which is only there to link against"
    remedy = "take …/cuda/lib64/stubs out of LD_LIBRARY_PATH"
    return case.verdict(30, "stub-library", "elsewhere", message, remedy, "echo $LD_LIBRARY_PATH")


def bad_visible_devices(case: Case) -> Verdict | None:
    """Row 31."""
    if case.error_code != 101:
        return None
    value = case.variable("CUDA_VISIBLE_DEVICES")
    message = f"CUDA_VISIBLE_DEVICES={value} is not valid" if value is not None else "CUDA was given an invalid device"
    remedy = "numbers from 0, each once, or UUIDs as nvidia-smi -L lists them"
    return case.verdict(31, "bad-visible-devices", "elsewhere", message, remedy, "unset CUDA_VISIBLE_DEVICES")
