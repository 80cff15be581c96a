"""GPU checks in words."""

from __future__ import annotations

import pytest

from condatui.view_models.glyphs import ASCII, UNICODE
from condatui.view_models.gpu import advice, gpu_sign, gpu_tone, machine_line
from condatui_core.records.gpu import Device, Driver, Verdict, VerdictClass

H200 = Device(index=0, name="NVIDIA H200", capability=(9, 0), memory_bytes=150_754_820_096)
T4 = Device(index=1, name="Tesla T4")


@pytest.mark.parametrize(
    ("driver", "words"),
    [
        (
            Driver(version="570.86.15", cuda="12.8", devices=(H200, H200, T4)),
            "NVIDIA driver 570.86.15 · CUDA 12.8 · 2 × NVIDIA H200 151 GB (sm_90) · Tesla T4",
        ),
        (Driver(), "no NVIDIA GPU on this machine"),
        (Driver(hardware=True), "an NVIDIA GPU without a driver that works"),
        (
            Driver(version="570.86.15", error="libcuda did not answer"),
            "NVIDIA driver 570.86.15 · libcuda did not answer",
        ),
        (Driver(smi_text="Failed to \x1b[2J initialize"), "Failed to \\x1b[2J initialize"),
    ],
)
def test_the_machine_in_a_line(driver: Driver, words: str) -> None:
    assert machine_line(driver).plain == words


def test_poor_fonts_get_ascii() -> None:
    assert machine_line(Driver(version="1", cuda="12.8"), ASCII).plain.startswith("NVIDIA driver 1 | CUDA 12.8 | ")


def test_every_class_has_a_sign_and_a_tone_of_its_own() -> None:
    classes: tuple[VerdictClass, ...] = ("works", "elsewhere", "broken", "absent")
    for signs in (UNICODE, ASCII):
        assert len({gpu_sign(each, signs) for each in classes}) == 4
    assert len({gpu_tone(each) for each in classes}) == 4


def test_advice_says_what_to_do_first() -> None:
    verdict = Verdict(
        id="cpu-on-gpu",
        kind="broken",
        message="CPU-only build",
        remedy="install a CUDA build",
        command="pip install [torch]",
        notes=("two of them",),
        evidence=(("pip", "torch\x07"),),
    )
    lines = [line.plain for line in advice(verdict, evidence=True)]
    assert lines == ["→ install a CUDA build", "  $ pip install [torch]", "· two of them", "  pip: torch\\x07"]
    assert len(list(advice(verdict))) == 3
