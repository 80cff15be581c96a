"""The driver, as it is read from files, from its libraries (stubs that say what they are told to) and nvidia-smi."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import psutil
import pytest

from condatui_core.gpu.cuda_versions import (
    WHEELS,
    Wheel,
    cuda_in_words,
    dotted,
    fit,
    full_driver,
    smallest_driver,
    wheel_for,
)
from condatui_core.gpu.driver import parse_smi, read_driver, read_driver_files
from support.stub_cuda import VERSION, build_stub_cuda

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="there is no CUDA but on Linux")
SMI_LINE = "0, GPU-1a2b, NVIDIA H200, 560.35.03, 143771, 143000, Disabled, Default, 9.0"


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_stub_cuda(tmp_path_factory.mktemp("cuda"))


@pytest.fixture
def nowhere(tmp_path: Path) -> str:
    """A file system without a GPU."""
    return str(tmp_path / "root")


def environ(libraries: Path | None = None, path: str = "", **variables: str) -> dict[str, str]:
    return {"PATH": path, "LD_LIBRARY_PATH": str(libraries or ""), **variables}


def smi(directory: Path, *lines: str) -> str:
    """An nvidia-smi that runs these lines of shell."""
    directory.mkdir(exist_ok=True)
    file = directory / "nvidia-smi"
    file.write_text("\n".join(("#!/bin/sh", *lines)))
    file.chmod(0o755)
    return str(directory)


def write(root: str, path: str, text: str = "") -> None:
    file = Path(root) / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


@on_linux
async def test_the_libraries_tell_of_the_driver_and_its_devices(libraries: Path, nowhere: str) -> None:
    driver = await read_driver(environ(libraries), root=nowhere)
    (device,) = driver.devices

    assert (driver.cuda, driver.init_code, driver.nvml_code) == ("12.8", 0, 0)
    assert (driver.version, driver.library_version) == (VERSION, VERSION)
    assert driver.library == os.path.realpath(libraries / "libcuda.so.1")
    assert (device.name, device.capability, device.mig, device.compute_mode) == (
        "NVIDIA H200",
        (9, 0),
        False,
        "Default",
    )
    assert (device.memory_bytes, device.free_bytes) == (150754820096, 150000000000)
    assert driver.present
    assert driver.error == ""


@on_linux
async def test_mig_and_compute_mode_are_read(libraries: Path, nowhere: str) -> None:
    driver = await read_driver(environ(libraries, STUB_NVML_MIG="1", STUB_NVML_MODE="3"), root=nowhere)

    assert driver.mig_instances == ("MIG-0",)
    assert (driver.devices[0].mig, driver.devices[0].compute_mode) == (True, "Exclusive_Process")


@on_linux
async def test_without_libraries_there_is_no_driver(nowhere: str, tmp_path: Path) -> None:
    driver = await read_driver(environ(tmp_path, LD_LIBRARY_PATH=str(tmp_path)), root=nowhere)

    assert (driver.cuda, driver.init_code, driver.devices, driver.hardware) == ("", None, (), None)
    assert "libcuda.so.1" in driver.library_error
    assert not driver.present


@on_linux
async def test_codes_of_a_driver_that_does_not_start_are_kept(libraries: Path, nowhere: str) -> None:
    driver = await read_driver(environ(libraries, STUB_CUDA_INIT="803", STUB_NVML_INIT="18"), root=nowhere)

    assert (driver.init_code, driver.nvml_code, driver.cuda) == (803, 18, "12.8")
    assert driver.devices == ()


@on_linux
async def test_a_driver_that_crashes_takes_nobody_with_it(libraries: Path, nowhere: str) -> None:
    driver = await read_driver(environ(libraries, STUB_CUDA_CRASH="1"), root=nowhere)

    assert (driver.cuda, driver.init_code) == ("12.8", None)
    assert driver.error == f"libcuda crashed when asked (signal {signal.SIGSEGV.value})"
    assert driver.crashed
    assert driver.devices  # NVML was asked by somebody else


@on_linux
async def test_a_driver_that_hangs_is_left_after_its_time(libraries: Path, nowhere: str) -> None:
    driver = await read_driver(environ(libraries, STUB_CUDA_HANG="600"), seconds=0.5, root=nowhere)

    assert driver.timed_out
    assert driver.error == "libcuda did not answer"
    assert driver.cuda == "12.8"  # said before it hung
    assert not [each for each in psutil.Process().children(recursive=True) if each.status() != psutil.STATUS_ZOMBIE]


@on_linux
async def test_a_shell_that_hides_the_gpus_does_not_hide_them_from_the_machine(libraries: Path, tmp_path: Path) -> None:
    path = smi(tmp_path / "bin", f'[ -z "${{CUDA_VISIBLE_DEVICES+x}}" ] && echo "{SMI_LINE}"')
    driver = await read_driver(environ(tmp_path, path, CUDA_VISIBLE_DEVICES=""), root=str(tmp_path / "root"))

    assert [each.name for each in driver.devices] == ["NVIDIA H200"]
    assert driver.version == "560.35.03"


@on_linux
async def test_an_nvidia_smi_that_does_not_know_a_field_is_asked_for_less(tmp_path: Path) -> None:
    older = SMI_LINE.rpartition(",")[0]
    refusal = 'Field "compute_cap" is not a valid field to query.'
    path = smi(tmp_path / "bin", f"case \"$1\" in *compute_cap*) echo '{refusal}'; exit 2;; esac", f'echo "{older}"')
    driver = await read_driver(environ(tmp_path, path), root=str(tmp_path / "root"))

    assert [(each.name, each.capability) for each in driver.devices] == [("NVIDIA H200", None)]
    assert driver.smi_code == 0


@on_linux
async def test_the_words_of_an_nvidia_smi_that_fails_are_kept(tmp_path: Path) -> None:
    words = "Failed to initialize NVML: Driver/library version mismatch"
    path = smi(tmp_path / "bin", f'echo "{words}"', 'echo "NVML library version: 550.144"', "exit 18")
    driver = await read_driver(environ(tmp_path, path), root=str(tmp_path / "root"))

    assert (driver.smi_code, driver.smi_text) == (18, f"{words} NVML library version: 550.144")


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  550.90.07  Fri May 31 09:35:42 UTC 2024", "550.90.07"),
        (
            "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.95.05  Release Build  (dvs@x)  Tue Sep 23",
            "580.95.05",
        ),
        ("NVRM version: NVIDIA UNIX x86_64 Kernel Module  470.57  Tue", "470.57"),
        ("something else", ""),
    ],
)
def test_the_kernel_module_says_its_version(line: str, version: str, nowhere: str) -> None:
    write(nowhere, "proc/driver/nvidia/version", f"{line}\nGCC version: 12\n")

    assert read_driver_files(nowhere).kernel_version == version


def test_hardware_is_found_on_the_bus_without_a_driver(nowhere: str) -> None:
    write(nowhere, "sys/bus/pci/devices/0000:00:01.0/vendor", "0x8086\n")
    write(nowhere, "sys/bus/pci/devices/0000:00:01.0/class", "0x030000\n")
    assert read_driver_files(nowhere).hardware is False

    write(nowhere, "sys/bus/pci/devices/0000:17:00.0/vendor", "0x10de\n")
    write(nowhere, "sys/bus/pci/devices/0000:17:00.0/class", "0x040300\n")  # its sound card
    assert read_driver_files(nowhere).hardware is False

    write(nowhere, "sys/bus/pci/devices/0000:17:00.0/class", "0x030200\n")
    assert read_driver_files(nowhere).hardware is True


def test_device_files_and_wsl_are_seen(nowhere: str) -> None:
    for name in ("nvidia0", "nvidiactl", "dxg", "null"):
        write(nowhere, f"dev/{name}")
    files = read_driver_files(nowhere)

    assert files.device_files == ("/dev/dxg", "/dev/nvidia0", "/dev/nvidiactl")
    assert files.wsl


def test_whether_the_module_for_unified_memory_is_loaded_is_seen(nowhere: str) -> None:
    assert read_driver_files(nowhere).uvm_loaded is None

    write(nowhere, "sys/module/nvidia/version", "560.35.03\n")
    assert read_driver_files(nowhere).uvm_loaded is False

    write(nowhere, "sys/module/nvidia_uvm/initstate", "live\n")
    assert read_driver_files(nowhere).uvm_loaded is True


def test_lines_of_nvidia_smi_that_are_none_are_passed_over() -> None:
    devices, driver = parse_smi(
        f"{SMI_LINE}\n1, GPU-3c4d, NVIDIA T4, 560.35.03, [N/A], [N/A], [N/A], [N/A], 7.5\nnonsense\n"
    )

    assert driver == "560.35.03"
    assert [(each.name, each.capability, each.memory_bytes, each.mig, each.compute_mode) for each in devices] == [
        ("NVIDIA H200", (9, 0), 143771 << 20, False, "Default"),
        ("NVIDIA T4", (7, 5), None, False, ""),
    ]


@pytest.mark.parametrize(
    ("build", "driver", "expected"),
    [
        ("12.1", "12.8", "fine"),
        ("12.8", "12.8", "fine"),
        ("12.8", "12.0", "minor"),
        ("13.0", "12.8", "too-old"),
        ("11.8", "12.8", "fine"),
        ("10.2", "10.1", "too-old"),
        ("12", "12.8", "fine"),
        ("", "12.8", "fine"),
        ("12.1", "", "fine"),
    ],
)
def test_a_build_is_refused_by_its_major_alone(build: str, driver: str, expected: str) -> None:
    assert fit(build, driver) == expected


def test_which_driver_a_cuda_needs() -> None:
    assert [smallest_driver(each) for each in ("11.8", "12.8", "13.2", "10.2", "9.0", "")] == [
        "450.80.02",
        "525.60.13",
        "580.65.06",
        "440.33",
        "",
        "",
    ]
    assert full_driver("12.8") == "570.26"


def test_a_cuda_version_is_spelled_as_people_do() -> None:
    assert cuda_in_words(12080) == "12.8"


BUILDS = [
    # The installed version stays where an index has it that runs on the driver, by minor compatibility if need be.
    ("12.8", (9, 0), "2.9.1", Wheel("12.8", "2.9.1")),
    ("12.4", (9, 0), "2.13.0", Wheel("12.6", "2.13.0")),
    ("12.8", (9, 0), "2.14.1", Wheel("12.6", "2.14.1")),
    ("12.0", (8, 0), "2.3.1", Wheel("12.1", "2.3.1")),
    ("13.1", (9, 0), "2.14.1", Wheel("13.0", "2.14.1")),
    ("13.4", (9, 0), "2.14.1", Wheel("13.4", "2.14.1")),
    ("13.0", (9, 0), "2.15.0", Wheel("13.0", "2.15.0")),
    ("13.0", (7, 0), "2.14.1", Wheel("12.6", "2.14.1")),
    ("12.4", (12, 0), "2.10.0", Wheel("12.8", "2.10.0")),
    ("12.8", None, "1.13.1", Wheel("11.7", "1.13.1")),
    # Else the nearest version, and which way that goes.
    ("11.4", (8, 0), "2.14.1", Wheel("11.8", "2.7.*", "downgrade")),
    ("12.8", (12, 0), "2.12.0", Wheel("12.8", "2.11.*", "downgrade")),
    ("12.8", (8, 0), "1.8.0", Wheel("11.6", "1.12.*", "upgrade")),
    ("12.8", (9, 0), "1.13.1", Wheel("11.8", "2.0.*", "upgrade")),
    # Without a version that an index could have, the newest.
    ("12.8", (9, 0), "", Wheel("12.6", "")),
    ("12.8", (9, 0), "2.9.0a0", Wheel("12.6", "")),
    ("10.2", (7, 0), "2.7.0", None),
]


@pytest.mark.parametrize(("driver", "capability", "version", "wheel"), BUILDS)
def test_a_build_is_chosen_by_driver_gpu_and_version(
    driver: str, capability: tuple[int, int] | None, version: str, wheel: Wheel | None
) -> None:
    assert wheel_for(driver, capability, version) == wheel


def test_a_build_that_the_driver_must_support_as_a_whole_is_no_newer_than_it() -> None:
    assert wheel_for("12.4", (9, 0), "2.13.0", whole=True) == Wheel("11.8", "2.7.*", "downgrade")
    assert wheel_for("12.4", (9, 0), "2.5.1", whole=True) == Wheel("12.4", "2.5.1")


def test_a_channel_that_has_ended_has_nothing_newer() -> None:
    assert wheel_for("12.8", (9, 0), "2.6.0", until="2.5") == Wheel("12.4", "2.5.*", "downgrade")


def test_the_indexes_are_in_the_order_of_their_cuda() -> None:
    assert [dotted(each.cuda) for each in WHEELS] == sorted(dotted(each.cuda) for each in WHEELS)
