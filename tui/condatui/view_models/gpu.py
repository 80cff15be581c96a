"""GPU checks in a few cells and in words, and what is known of the GPUs of the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from msgspec import Struct, field
from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.environments.measures import gpu_word_of
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui_core.analyses.environments import with_findings_of
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.finding import Finding
from condatui_core.records.gpu import Device, Driver, Verdict, VerdictClass
from condatui_core.text import counted, format_bytes, sanitize

if TYPE_CHECKING:
    from condatui.view_models.told import Told
    from condatui_core.records.gpu import FrameworkResult, GpuResult
    from condatui_core.records.gpu_probe import Framework, Stage, Variant
    from condatui_core.records.host_snapshot import ToldVerdict


# GPU checks in words: the machine in a line, a verdict's glyph and style, what to do about it.


_TONES: dict[VerdictClass, str] = {
    "works": styles.GOOD,
    "elsewhere": styles.WARNING,
    "broken": styles.ERROR,
    "absent": styles.DIM,
}


def gpu_tone(kind: VerdictClass) -> str:
    """The style of a verdict's class."""
    return _TONES[kind]


def gpu_sign(kind: VerdictClass, glyphs: Glyphs = UNICODE) -> str:
    """The sign of a verdict's class."""
    return {"works": glyphs.good, "elsewhere": glyphs.warning, "broken": glyphs.error, "absent": glyphs.nothing}[kind]


def machine_line(driver: Driver, glyphs: Glyphs = UNICODE) -> Text:
    """The driver, the CUDA that it supports and the GPUs, or what is wrong with them; one line."""
    facts = []
    if driver.version:
        facts.append(f"NVIDIA driver {driver.version}")
    if driver.cuda:
        facts.append(f"CUDA {driver.cuda}")
    facts += _devices(driver.devices)
    text = Text(sanitize(f" {glyphs.separator} ".join(facts)))
    trouble = driver.error or driver.smi_text
    if not driver.devices and not trouble:
        trouble = (
            "no NVIDIA GPU on this machine" if not driver.hardware else "an NVIDIA GPU without a driver that works"
        )
    if trouble:
        text.append(f" {glyphs.separator} " if facts else "").append(sanitize(trouble), styles.WARNING if facts else "")
    return text


def advice(verdict: Verdict, glyphs: Glyphs = UNICODE, *, evidence: bool = False) -> Iterator[Text]:
    """What to do, the command that does it, what else is worth knowing, and what was seen; a line each."""
    if verdict.remedy:
        yield Text(f"{glyphs.remedy} {sanitize(verdict.remedy)}")
    if verdict.command:
        yield Text(f"  $ {sanitize(verdict.command)}", styles.STRONG)
    for note in verdict.notes:
        yield Text(f"{glyphs.note} {sanitize(note)}")
    for what, words in verdict.evidence if evidence else ():
        yield Text(f"  {sanitize(what)}: {sanitize(words)}", styles.DIM)


def check_all_question(environments: Sequence[Environment], *, left_out: int) -> Text:
    """What is asked before many environments are checked; `left_out` are those of other users."""
    count = counted(len(environments), "environment")
    lines = [
        Text(f"Check the GPUs in {count} with PyTorch or the like?", styles.STRONG),
        Text("One after the other, each for some seconds: its own Python computes a little on every GPU."),
    ]
    if left_out:
        lines.append(Text(f"{left_out} of other users are left out: mark one to run its Python as root.", styles.DIM))
    return Text("\n").join(lines)


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
            words.append(format_bytes(device.memory_bytes))
        if device.capability:
            words.append("(sm_{}{})".format(*device.capability))
        if device.mig:
            words.append("MIG")
        kinds[" ".join(words)] += 1
    for kind, count in kinds.items():
        yield f"{count} × {kind}" if count > 1 else kind


# What is known of the GPUs of the machine and of what the environments come to on them.


class UnderCheck(Struct, frozen=True):
    """The check that is under way."""

    prefix: str
    framework: Framework = "torch"
    variant: Variant = "as-is"
    stage: Stage | None = None
    """The last one that is over; None before the first."""
    slow: bool = False
    """Whether it takes longer than one expects."""


class GpuState(Struct, frozen=True):
    """What is known at one moment; a later one replaces it whole."""

    driver: Driver | None = None
    """None until it was needed for the first time."""
    machine: str = ""
    """The GPUs of the machine in a few words; empty if there are none."""
    results: Mapping[str, GpuResult] = field(default_factory=dict)
    """By prefix: of checks, and what files alone tell where nothing was run yet."""
    findings: Mapping[str, tuple[Finding, ...]] = field(default_factory=dict)
    """By prefix."""
    at_work: UnderCheck | None = None
    waiting: tuple[str, ...] = ()
    """Prefixes that will be checked, in their order."""
    told: Mapping[str, ToldVerdict] = field(default_factory=dict)
    """By prefix, what snapshots tell of environments on other machines."""

    @property
    def checked(self) -> bool:
        """Whether anything was run, is or will be."""
        return bool(self.at_work or self.waiting) or any(each.main.runs for each in self.results.values())

    @property
    def telling(self) -> bool:
        """Whether there is anything to tell of the environments: one has a framework, or is checked for one."""
        here = self.checked or any(each.main.verdict.kind != "absent" for each in self.results.values())
        return here or any(each.kind != "absent" for each in self.told.values())

    @property
    def working(self) -> frozenset[str]:
        """The prefixes of the environments that a check has seen compute on a GPU."""
        return frozenset(prefix for prefix, each in self.results.items() if each.works)

    def added_to(self, inventory: Inventory) -> Inventory:
        """The same inventory, in which environments have the findings of the GPU check as well."""
        return with_findings_of(inventory, self.findings, source="gpu")


class GpuSubject(Struct, frozen=True):
    """One environment and what is known of it."""

    environment: Environment
    state: GpuState
    now: datetime
    keys: str = "t"
    """What checks it."""
    told: Told | None = None
    """What a snapshot tells of one on another machine; None on this one."""

    @property
    def result(self) -> GpuResult | None:
        """What it came to; None if nothing is known yet."""
        return self.state.results.get(self.environment.prefix)

    @property
    def command(self) -> str:
        """The command that puts it right; empty if there is none."""
        result = self.result
        return result.main.verdict.command if result else ""

    @property
    def shown(self) -> tuple[object, ...]:
        """What decides how the tab looks."""
        prefix, state = self.environment.prefix, self.state
        at_work = state.at_work if state.at_work and state.at_work.prefix == prefix else None
        return prefix, self.environment.state, self.result, state.driver, at_work, prefix in state.waiting, self.told


# What the GPU column says of an environment in five cells: `✓12.6`, ` cpu!`, `✗13.0`.


Label = tuple[str, str]
"""The words and their style."""

_BUILDS = {"rocm-build": "rocm", "mps-build": "mps", "cpu-build": "cpu"}
"""By what a verdict is about."""


def gpu_label(state: GpuState, prefix: str, glyphs: Glyphs) -> Label | None:
    """The label of an environment; None while nothing is known of it."""
    if state.at_work and state.at_work.prefix == prefix:
        return _stage(state.at_work), styles.STRONG
    if prefix in state.waiting:
        return f" {glyphs.unread}", styles.DIM
    if told := state.told.get(prefix):
        return gpu_sign(told.kind, glyphs), gpu_tone(told.kind)
    return _result(state.results[prefix], glyphs) if prefix in state.results else None


def gpu_word(state: GpuState, prefix: str) -> str:
    """What the column says of an environment as a filter names it: works, broken, elsewhere, none or unknown."""
    if told := state.told.get(prefix):
        return gpu_word_of(told.kind)
    result = state.results.get(prefix)
    if result is None:
        return "unknown"
    verdict = result.main.verdict
    # What its files show to be broken, or not there, needs no check.
    return gpu_word_of(verdict.kind) if not verdict.preliminary or verdict.kind in ("broken", "absent") else "unknown"


def _stage(at_work: UnderCheck) -> str:
    """What it is doing, so that the column shows where it hangs if it does: importing, asking the driver, computing."""
    from condatui_core.records.gpu_probe import Built, Imported, ProbeBegun  # noqa: PLC0415 - not before the first picture

    if at_work.stage is None or isinstance(at_work.stage, ProbeBegun):
        return " load"
    return " ask" if isinstance(at_work.stage, Imported | Built) else " run"


def _result(result: GpuResult, glyphs: Glyphs) -> Label:
    main = result.main
    verdict = main.verdict
    build = _build(main)
    if verdict.kind == "absent":
        return f" {glyphs.nothing}", styles.DIM
    if verdict.about == "cpu-build":
        return (f" {build}!", styles.WARNING) if verdict.kind == "broken" else (f" {build}", styles.DIM)
    if verdict.kind == "broken":
        return f"{glyphs.error}{build}", styles.ERROR
    if verdict.preliminary:
        return f" {build}", styles.DIM
    if verdict.kind == "works":
        return f"{glyphs.good}{build}", styles.GOOD
    return f"{glyphs.warning}{build}", styles.WARNING


def _build(main: FrameworkResult) -> str:
    """What it was built for, in four cells."""
    if main.build_cuda:
        return ".".join(main.build_cuda.split(".")[:2])
    return _BUILDS.get(main.verdict.about, main.framework[:4] if main.framework != "torch" else "")
