"""What the GPU column says of an environment in five cells: `✓12.6`, ` cpu!`, `✗13.0`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from condatui.view_models import tones
from condatui.view_models.gpu_state import GpuState, UnderCheck
from condatui.view_models.signs import Signs

if TYPE_CHECKING:
    from condatui_core.records.gpu import FrameworkResult, GpuResult

Label = tuple[str, str]
"""The words and their style."""

_BUILDS = {"rocm": "rocm", "mps": "mps", "cpu": "cpu"}


def gpu_label(state: GpuState, prefix: str, signs: Signs) -> Label | None:
    """The label of an environment; None while nothing is known of it."""
    if state.at_work and state.at_work.prefix == prefix:
        return _stage(state.at_work), tones.STRONG
    if prefix in state.waiting:
        return f" {signs.unread}", tones.DIM
    return _result(state.results[prefix], signs) if prefix in state.results else None


def _stage(at_work: UnderCheck) -> str:
    """What it is doing, so that the column shows where it hangs if it does: importing, asking the driver, computing."""
    from condatui_core.records.gpu_probe import Begun, Built, Imported  # noqa: PLC0415 - not before the first picture

    if at_work.stage is None or isinstance(at_work.stage, Begun):
        return " load"
    return " ask" if isinstance(at_work.stage, Imported | Built) else " run"


def _result(result: GpuResult, signs: Signs) -> Label:
    main = result.main
    verdict = main.verdict
    build = _build(main)
    if verdict.kind == "absent":
        return f" {signs.nothing}", tones.DIM
    if verdict.id == "cpu-on-gpu":
        return f" {build}!", tones.WARNING
    if verdict.kind == "broken":
        return f"{signs.error}{build}", tones.ERROR
    if verdict.preliminary or verdict.id == "cpu-build":
        return f" {build}", tones.DIM
    if verdict.kind == "works":
        return f"{signs.good}{build}", tones.GOOD
    return f"{signs.warning}{build}", tones.WARNING


def _build(main: FrameworkResult) -> str:
    """What it was built for, in four cells."""
    if main.build_cuda:
        return ".".join(main.build_cuda.split(".")[:2])
    name = main.verdict.id.partition("-")[0]
    return _BUILDS.get(name, main.framework[:4] if main.framework != "torch" else "")
