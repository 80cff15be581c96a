"""GPU checks in words: the machine in a line, a verdict's sign and tone, what to do about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import UNICODE, Signs
from condatui.view_models.units import spell_bytes
from condatui_core.printable import printable
from condatui_core.records.gpu import Device, Driver, Verdict, VerdictClass

_TONES: dict[VerdictClass, str] = {
    "works": tones.GOOD,
    "elsewhere": tones.WARNING,
    "broken": tones.ERROR,
    "absent": tones.DIM,
}


def gpu_tone(kind: VerdictClass) -> str:
    """The style of a verdict's class."""
    return _TONES[kind]


def gpu_sign(kind: VerdictClass, signs: Signs = UNICODE) -> str:
    """The sign of a verdict's class."""
    return {"works": signs.good, "elsewhere": signs.warning, "broken": signs.error, "absent": signs.nothing}[kind]


def machine_line(driver: Driver, signs: Signs = UNICODE) -> Text:
    """The driver, the CUDA that it supports and the GPUs, or what is wrong with them; one line."""
    facts = []
    if driver.version:
        facts.append(f"NVIDIA driver {driver.version}")
    if driver.cuda:
        facts.append(f"CUDA {driver.cuda}")
    facts += _devices(driver.devices)
    text = Text(printable(f" {signs.separator} ".join(facts)))
    trouble = driver.error or driver.smi_text
    if not driver.devices and not trouble:
        trouble = (
            "no NVIDIA GPU on this machine" if not driver.hardware else "an NVIDIA GPU without a driver that works"
        )
    if trouble:
        text.append(f" {signs.separator} " if facts else "").append(printable(trouble), tones.WARNING if facts else "")
    return text


def advice(verdict: Verdict, signs: Signs = UNICODE, *, evidence: bool = False) -> Iterator[Text]:
    """What to do, the command that does it, what else is worth knowing, and what was seen; a line each."""
    if verdict.remedy:
        yield Text(f"{signs.remedy} {printable(verdict.remedy)}")
    if verdict.command:
        yield Text(f"  $ {printable(verdict.command)}", tones.STRONG)
    for note in verdict.notes:
        yield Text(f"{signs.note} {printable(note)}")
    for what, words in verdict.evidence if evidence else ():
        yield Text(f"  {printable(what)}: {printable(words)}", tones.DIM)


def gpus_in_words(driver: Driver) -> str:
    """The GPUs and the CUDA that their driver supports, as briefly as can be: `8 × NVIDIA H200, CUDA 12.8`."""
    names = Counter(device.name for device in driver.devices)
    words = [f"{count} × {name}" if count > 1 else name for name, count in names.items()]
    return ", ".join((*words, f"CUDA {driver.cuda}")) if words and driver.cuda else ", ".join(words)


def _devices(devices: tuple[Device, ...]) -> Iterator[str]:
    """GPUs of one make together: `8 × NVIDIA H200 141 GB (sm_90)`."""
    kinds = Counter[str]()
    for device in devices:
        words = [device.name]
        if device.memory_bytes:
            words.append(spell_bytes(device.memory_bytes))
        if device.capability:
            words.append("(sm_{}{})".format(*device.capability))
        if device.mig:
            words.append("MIG")
        kinds[" ".join(words)] += 1
    for kind, count in kinds.items():
        yield f"{count} × {kind}" if count > 1 else kind
