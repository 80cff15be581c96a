"""The GPU tab: the machine, the verdict and what to do, the evidence, the stages with their seconds, the raw output."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from rich.text import Text

from condatui.view_models import styles
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import UNICODE, Glyphs
from condatui.view_models.gpu import GpuSubject, advice, gpu_sign, gpu_tone, machine_line
from condatui_core.records.gpu import FrameworkResult, GpuResult
from condatui_core.records.gpu_probe import (
    Available,
    Built,
    ConvolutionRun,
    Counted,
    DeviceSeen,
    Imported,
    ImportFailed,
    KernelRun,
    ProbeBegun,
    ProbeRun,
    Stage,
    Why,
)
from condatui_core.text import sanitize

_TITLES = {
    "start": "python",
    "import_ok": "import",
    "import_fail": "import",
    "static": "build",
    "available": "driver",
    "why": "reason",
    "count": "count",
    "cudnn": "cuDNN",
    "device": "GPU",
    "kernel": "kernel",
    "conv": "conv",
    "libraries": "libraries",
    "done": "done",
}
"""What was going on before a stage was over."""


def gpu_text(subject: GpuSubject, *, glyphs: Glyphs = UNICODE) -> Text:
    """All that is known of an environment and the GPUs of this machine, as lines."""
    if subject.told:
        from condatui.view_models.told import gpu_lines  # noqa: PLC0415 - only snapshots need it

        return gpu_lines(subject.told, glyphs)
    state, result = subject.state, subject.result
    lines = [machine_line(state.driver, glyphs), Text()] if state.driver else []
    lines += _progress(subject)
    if result is None:
        if not lines:
            lines.append(Text(_why_nothing(subject), styles.DIM))
        return Text("\n").join(lines)
    for number, framework in enumerate((result.main, *result.others)):
        lines += [Text()] if number else []
        lines += _framework(framework, glyphs)
    lines += [Text(), Text(_checked(subject, result), styles.DIM)]
    return Text("\n").join(lines)


def _progress(subject: GpuSubject) -> list[Text]:
    at_work, prefix = subject.state.at_work, subject.environment.prefix
    if at_work and at_work.prefix == prefix:
        slow = ", which takes long; x gives up" if at_work.slow else ""
        return [Text(f"Checking {at_work.framework}: {_doing(at_work.stage)}{slow}", styles.STRONG), Text()]
    return [Text("Waits to be checked.", styles.DIM), Text()] if prefix in subject.state.waiting else []


def _doing(over: Stage | None) -> str:
    """What is going on when this stage is over."""
    if over is None:
        return "starting python"
    if isinstance(over, ProbeBegun):
        return "importing it"
    return "asking the driver" if isinstance(over, Imported | Built) else "computing on the GPU"


def _why_nothing(subject: GpuSubject) -> str:
    if not subject.environment.readable:
        return f"Nothing to check: its state is {subject.environment.state}."
    return f"Not looked at yet; {subject.keys} checks it."


def _framework(result: FrameworkResult, glyphs: Glyphs) -> Iterator[Text]:
    verdict = result.verdict
    sign, tone = gpu_sign(verdict.kind, glyphs), gpu_tone(verdict.kind)
    if verdict.kind == "works" and verdict.preliminary:  # nothing says that it does not: that is all
        sign, tone = glyphs.unread, styles.PLAIN
    yield Text(f"{sign} {sanitize(verdict.message)}", tone)
    yield from advice(verdict, glyphs, evidence=True)
    for run in result.runs:
        yield from _run(run, glyphs)


def _run(run: ProbeRun, glyphs: Glyphs) -> Iterator[Text]:
    how = {"as-is": "", "no-ld-library-path": " without LD_LIBRARY_PATH"}.get(
        run.variant, " without CUDA_VISIBLE_DEVICES"
    )
    yield Text()
    end = f"exit code {run.exit_code}" if run.ended == "exited" else run.ended.replace("-", " ")
    yield Text(f"run of {run.framework}{how}: {run.seconds:.2f} s, {end}", styles.STRONG)
    yield from (_stage(stage, glyphs) for stage in run.stages)
    for name, written in (("stdout", run.stdout), ("stderr", run.stderr)):
        if lines := written.strip().splitlines():
            yield Text(f"  {name}", styles.STRONG)
            yield from (Text(f"    {sanitize(line.expandtabs())}", styles.DIM) for line in lines)


def _stage(stage: Stage, glyphs: Glyphs) -> Text:
    text = Text(f"  {_TITLES[_tag(stage)]:<10}{stage.seconds:7.2f} s  ")
    words, style = _stage_words(stage, glyphs)
    return text.append(sanitize(words), style)


def _stage_words(stage: Stage, glyphs: Glyphs) -> tuple[str, str]:
    """What a stage has found, and its style."""
    if isinstance(stage, KernelRun | ConvolutionRun):
        sign, tone = (glyphs.good, styles.GOOD) if stage.right else (glyphs.error, styles.ERROR)
        return f"{sign} GPU {stage.index}: {'right' if stage.right else stage.message or 'a wrong result'}", tone
    words = _WORDS[type(stage)](stage) if type(stage) in _WORDS else ""
    return words, styles.ERROR if isinstance(stage, ImportFailed) else styles.DIM


_WORDS: Mapping[type, Callable[[Any], str]] = MappingProxyType(
    {
        Imported: lambda stage: stage.file,
        ImportFailed: lambda stage: f"{stage.kind}: {stage.message}",
        Built: lambda stage: " ".join(stage.archs),
        Available: lambda stage: "sees a GPU" if stage.available else "sees no GPU",
        Why: lambda stage: stage.message,
        Counted: lambda stage: str(stage.count),
        DeviceSeen: lambda stage: f"{stage.index}: {stage.name or stage.message}",
    }
)


def _tag(stage: Stage) -> str:
    return str(stage.__struct_config__.tag)


def _checked(subject: GpuSubject, result: GpuResult) -> str:
    if result.main.verdict.preliminary:
        return f"By its files alone: {subject.keys} checks whether it is so."
    if not any(each.runs for each in (result.main, *result.others)):
        return "By its files alone: there is nothing to run."
    return f"Checked {spell_age(result.at, subject.now)} in {result.seconds:.1f} s; {subject.keys} checks it again."
