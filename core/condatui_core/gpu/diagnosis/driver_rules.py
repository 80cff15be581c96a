"""Rules for drivers that are too old, half updated or not what was asked for, and for machines where no GPU is seen."""

from __future__ import annotations

import re

from condatui_core.gpu.cuda_versions import fit, smallest_driver
from condatui_core.gpu.diagnosis.cuda_builds import cuda_build
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.remedies import newer_driver
from condatui_core.records.gpu import Driver, Verdict, VerdictClass

# Drivers that are too old, half updated, or not what was asked for.


_ELSEWHERE = {34, 101, 802, 804}
"""CUDA errors that say more than that two versions differ."""
_NO_SYMBOL = "named symbol not found"


def driver_too_old(evidence: Evidence) -> Verdict | None:
    """`driver-too-old`: torch says so; without a run, the driver's CUDA is of a smaller major than the build's."""
    by_files = (
        evidence.run is None and evidence.kind == "cuda" and fit(evidence.build_cuda, evidence.driver.cuda) == "too-old"
    )
    if not evidence.found_cuda and "driver on your system is too old" not in evidence.reason and not by_files:
        return None
    return too_old(evidence)


def too_old(evidence: Evidence) -> Verdict:
    """Make the verdict `driver-too-old`, however that was found out."""
    needed = smallest_driver(evidence.build_cuda)
    wanted = evidence.build_cuda or "a newer one"
    message = f"The driver supports CUDA {evidence.driver_cuda or '?'}, this build needs {wanted}"
    message += f": driver {needed} or later" if needed else ""
    build = cuda_build(evidence)
    remedy = build.remedy(f"{newer_driver(evidence)}, or a build for the driver's CUDA")
    return evidence.verdict("driver-too-old", "broken", message, remedy, build.command)


def driver_mismatch(evidence: Evidence) -> Verdict | None:
    """`driver-mismatch`: the kernel runs the module of one driver, the libraries are of another."""
    driver = evidence.driver
    differ = driver.kernel_version and driver.library_version and driver.kernel_version != driver.library_version
    stated = evidence.error_code == 803 or driver.nvml_code == 18 or (evidence.run is None and driver.init_code == 803)
    if evidence.kind != "cuda" or not (
        stated or (differ and evidence.cuda_failed and evidence.error_code not in _ELSEWHERE)
    ):
        return None
    versions = f" (kernel {driver.kernel_version}, libraries {driver.library_version})" if differ else ""
    message = f"The NVIDIA driver was updated, but its old kernel module is still loaded{versions}"
    remedy = "reboot, or unload and load the kernel modules; in a container: restart it"
    return evidence.verdict("driver-mismatch", "elsewhere", message, remedy, "sudo reboot")


def forward_compatibility(evidence: Evidence) -> Verdict | None:
    """`forward-compatibility`: a libcuda of cuda-compat on a GPU that does not allow it."""
    if evidence.error_code != 804 and not (evidence.cuda_failed and "/compat" in evidence.driver.library):
        return None
    where = f" ({evidence.driver.library})" if "compat" in evidence.driver.library else ""
    message = f"A libcuda of cuda-compat{where} on a GPU that does not allow it"
    remedy = "take cuda-compat out of LD_LIBRARY_PATH or remove the package; after a driver update, reboot"
    own = any(each.startswith("cuda-compat") for each in evidence.torch.helpers)
    command = f"conda remove -p {evidence.prefix} cuda-compat" if own else "unset LD_LIBRARY_PATH"
    return evidence.verdict("forward-compatibility", "broken" if own else "elsewhere", message, remedy, command)


def fabric_manager(evidence: Evidence) -> Verdict | None:
    """`fabric-manager`: a machine with NVSwitch whose fabric manager does not run."""
    if evidence.error_code != 802:
        return None
    message = "A machine with NVSwitch whose fabric manager does not run, or is of another version"
    remedy = f"start nvidia-fabricmanager of the driver's version {evidence.driver.version}".rstrip()
    return evidence.verdict("fabric-manager", "elsewhere", message, remedy, "sudo systemctl start nvidia-fabricmanager")


def stub_library(evidence: Evidence) -> Verdict | None:
    """`stub-library`: the libcuda that is found is the one to link against."""
    if evidence.error_code != 34:
        return None
    message = "libcuda is the toolkit's stub, which is only there to link against"
    remedy = "take …/cuda/lib64/stubs out of LD_LIBRARY_PATH"
    return evidence.verdict("stub-library", "elsewhere", message, remedy, "echo $LD_LIBRARY_PATH")


def bad_visible_devices(evidence: Evidence) -> Verdict | None:
    """`bad-visible-devices`: CUDA_VISIBLE_DEVICES names a device that is not there."""
    if evidence.error_code != 101:
        return None
    value = evidence.variable("CUDA_VISIBLE_DEVICES")
    message = f"CUDA_VISIBLE_DEVICES={value} is not valid" if value is not None else "CUDA was given an invalid device"
    remedy = "numbers from 0, each once, or UUIDs as nvidia-smi -L lists them"
    return evidence.verdict("bad-visible-devices", "elsewhere", message, remedy, "unset CUDA_VISIBLE_DEVICES")


def driver_incomplete(evidence: Evidence) -> Verdict | None:
    """`driver-incomplete`: error 500, a libcuda that lacks what the kernel module or another of its libraries wants."""
    stated = _NO_SYMBOL in f"{evidence.reason} {evidence.kernel_trouble}" or evidence.error_code == 500
    if not stated and not (evidence.cuda_failed and evidence.driver.init_code == 500):
        return None
    message = "The driver's libraries do not fit together (CUDA error 500, named symbol not found)"
    if evidence.driver.wsl:
        return evidence.verdict(
            "driver-incomplete", "elsewhere", message, "update the NVIDIA driver of Windows, then restart WSL"
        )
    remedy = "in a container: restart it, or update Docker's NVIDIA toolkit; else reboot or reinstall the driver"
    return evidence.verdict("driver-incomplete", "elsewhere", message, remedy, "nvidia-smi")


# No GPU to be seen, and what is left.


_GPU_FILE = re.compile(r"/dev/nvidia\d+")


def hidden(evidence: Evidence) -> Verdict | None:
    """`hidden`: CUDA_VISIBLE_DEVICES hides GPUs that are there by other evidence."""
    value = evidence.variable("CUDA_VISIBLE_DEVICES")
    if not evidence.no_device or value is None or not _gpu_starts(evidence):
        return None
    there = len(evidence.driver.devices)
    message = f"GPUs are hidden by CUDA_VISIBLE_DEVICES={value!r} in your shell or job"
    message += f"; {there} {'is' if there == 1 else 'are'} there" if there else ""
    tried = evidence.second is not None
    worked = evidence.second_worked("no-cuda-visible-devices")
    remedy = f"without it, {evidence.name} {'sees a GPU' if worked else 'sees none either'}" if tried else "take it out"
    return evidence.verdict("hidden", "elsewhere", message, remedy, "unset CUDA_VISIBLE_DEVICES")


def _gpu_starts(evidence: Evidence) -> bool:
    """Whether the driver has a GPU to offer to a process in which CUDA_VISIBLE_DEVICES is not set."""
    driver = evidence.driver
    return bool(driver.devices) or driver.init_code == 0 or evidence.second_worked("no-cuda-visible-devices")


def mig(evidence: Evidence) -> Verdict | None:
    """`mig`: the GPU is split, and no part of it is visible."""
    if not evidence.no_device or not any(each.mig for each in evidence.driver.devices):
        return None
    if instances := evidence.driver.mig_instances:
        remedy = "choose one; a process sees one instance only, so that a count of 1 is right"
        command = f"export CUDA_VISIBLE_DEVICES={instances[0]}"
    else:
        remedy, command = "make an instance, or switch MIG off", "sudo nvidia-smi mig -cgi 0 -C"
    return evidence.verdict("mig", "elsewhere", "MIG is on, but no instance is to be seen", remedy, command)


def driver_not_loaded(evidence: Evidence) -> Verdict | None:
    """`driver-not-loaded`: an NVIDIA GPU is on the bus, the driver's module is not loaded."""
    driver = evidence.driver
    if not _nothing_seen(evidence) or not driver.hardware or driver.kernel_version or driver.wsl:
        return None
    message = "An NVIDIA GPU is in this machine, but its driver is not loaded"
    remedy = "install the driver or load it; Secure Boot and nouveau can keep it from loading"
    return evidence.verdict("driver-not-loaded", "elsewhere", message, remedy, "sudo modprobe nvidia")


def container(evidence: Evidence) -> Verdict | None:
    """`container`: the host has a driver, which this container or job was not given."""
    driver = evidence.driver
    lacking = bool(driver.library_error) or not any(_GPU_FILE.fullmatch(each) for each in driver.device_files)
    if not _nothing_seen(evidence) or not driver.kernel_version or not lacking:
        return None
    what = "libcuda is" if driver.library_error else "the GPU's device files are"
    message = f"The host has a driver ({driver.kernel_version}), but {what} not given to this container or job"
    remedy = "docker run --gpus all, apptainer exec --nv, Slurm --gres=gpu:1"
    return evidence.verdict("container", "elsewhere", message, remedy)


def no_gpu(evidence: Evidence) -> Verdict | None:
    """`no-gpu`: no GPU is seen, neither by the framework nor by any other trace."""
    if not _nothing_seen(evidence):
        return None
    needed = smallest_driver(evidence.build_cuda)
    message = f"{evidence.title} looks fine, but this machine has no NVIDIA GPU"
    if evidence.lacks_cuda:
        message = f"{evidence.title} has no CUDA libraries of its own, and this machine has no NVIDIA GPU"
    remedy = f"run it where there is a GPU with driver {needed} or later" if needed else "run it where there is a GPU"
    return evidence.verdict("no-gpu", "elsewhere", message, remedy)


def _nothing_seen(evidence: Evidence) -> bool:
    """Whether there is no GPU to be seen, neither from the environment nor from outside of it."""
    return (evidence.no_driver or evidence.no_device) and evidence.driver.init_code != 0


def cuda_unknown_error(evidence: Evidence) -> Verdict | None:
    """`cuda-unknown-error`: CUDA's error 999."""
    text = _trouble(evidence)
    unknown = "CUDA unknown error" in text or evidence.error_code == 999 or evidence.driver.init_code == 999
    if evidence.run is None or not unknown:
        return None
    remedy, command = _load_uvm(evidence.driver)
    return evidence.verdict("cuda-unknown-error", "elsewhere", f"CUDA cannot start: {text}", remedy, command)


def _load_uvm(driver: Driver) -> tuple[str, str]:
    """How to bring the module nvidia_uvm into order; rmmod fails for a module that is not loaded."""
    if driver.wsl:  # the module belongs to Windows there
        return "restart WSL: in Windows, `wsl --shutdown`", ""
    loaded = "/dev/nvidia-uvm" in driver.device_files if driver.uvm_loaded is None else driver.uvm_loaded
    if loaded:
        return "after a suspend: reload nvidia_uvm", "sudo rmmod nvidia_uvm && sudo modprobe nvidia_uvm"
    return "the kernel module nvidia_uvm is not loaded: load it", "sudo modprobe nvidia_uvm"


def cuda_failed(evidence: Evidence) -> Verdict | None:
    """`cuda-failed`: a run that sees no GPU for a reason that no other rule knows."""
    if evidence.run is None:
        return None
    # What fails without the environment as well is not its fault.
    kind: VerdictClass = "elsewhere" if evidence.driver.sick else "broken"
    message = f"CUDA cannot start: {_trouble(evidence)}"
    return evidence.verdict("cuda-failed", kind, message, "see whether nvidia-smi answers, then reboot", "nvidia-smi")


def _trouble(evidence: Evidence) -> str:
    return evidence.reason or evidence.kernel_trouble or f"{evidence.name} does not say why"


def driver_trouble(evidence: Evidence) -> Verdict | None:
    """`driver-trouble`: nothing was run yet, and the driver itself did not start when it was read."""
    driver = evidence.driver
    if not driver.error and not driver.init_code:
        return None
    trouble = driver.error or f"the driver does not start (cuInit says {driver.init_code})"
    message = f"{evidence.title} was not tried: {trouble}"
    return evidence.verdict("driver-trouble", "elsewhere", message, "see whether nvidia-smi answers", "nvidia-smi")


def untried(evidence: Evidence) -> Verdict | None:
    """`untried`: nothing was run yet, and nothing speaks against it."""
    cuda = evidence.driver.cuda
    fits = f"; the driver supports CUDA {cuda}" if cuda else ""
    return evidence.verdict("untried", "works", f"{evidence.title}{fits}: should work, not tried yet")
