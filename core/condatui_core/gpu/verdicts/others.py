"""The smaller table, for TensorFlow, JAX and CuPy: the rows of the large one that apply to them, and two of their own.

They do not say as clearly as torch why they see no GPU; what the driver says has to do for most of it.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from condatui_core.gpu.cuda_versions import fit
from condatui_core.gpu.verdicts import rows_absent as absent
from condatui_core.gpu.verdicts import rows_build as build
from condatui_core.gpu.verdicts import rows_driver as driver_rows
from condatui_core.gpu.verdicts import rows_import as imports
from condatui_core.gpu.verdicts import rows_kernel as kernel
from condatui_core.gpu.verdicts import rows_start as start
from condatui_core.gpu.verdicts.case import Case
from condatui_core.gpu.verdicts.notes import evidence_of, notes_of
from condatui_core.gpu.verdicts.remedies import cuda_build
from condatui_core.gpu.verdicts.table import Row, left
from condatui_core.records.gpu import Driver, OtherFacts, StaticFacts, Verdict
from condatui_core.records.gpu_probe import ProbeRun


def other_verdict(
    facts: OtherFacts, static: StaticFacts, driver: Driver | None, runs: Sequence[ProbeRun] = (), *, platform: str
) -> Verdict:
    """Say what a framework other than torch comes to; pure, and preliminary without a run."""
    case = Case(static, driver, runs, platform=platform, other=facts)
    verdict = next(filter(None, (row(case) for row in TABLE)), None) or _without_libraries(case) or left(case)
    notes = [f"its parts are of several versions: {facts.mismatch}"] if facts.mismatch else []
    return replace(
        verdict,
        notes=(*notes, *notes_of(case, verdict)),
        evidence=(("installed", facts.source), *evidence_of(case)),
        preliminary=case.run is None and bool(static.python),
    )


def too_old_by_major(case: Case) -> Verdict | None:
    """Row 26: none of them names the version that it found."""
    if not case.cuda_failed or fit(case.build_cuda, case.driver.cuda) != "too-old":
        return None
    return driver_rows.too_old(case)


def _without_libraries(case: Case) -> Verdict | None:
    """Row 10: a CUDA build that sees no GPU though the driver is in order has no CUDA of its own."""
    if not case.cuda_failed or case.driver.init_code != 0:
        return None
    message = f"{case.title} sees no GPU though the driver is in order: its CUDA libraries are not here, most likely"
    return case.verdict(10, "no-cuda-libraries", "broken", message, "install it with them", cuda_build(case))


TABLE: tuple[Row, ...] = (
    start.no_python,
    start.python_broken,
    start.not_importable,
    start.stuck,
    start.slow_import,
    start.no_answer,
    start.import_crash,
    start.driver_crash,
    imports.missing_library,
    imports.library_mismatch,
    imports.other_import_error,
    build.macos_cpu,
    build.cpu_without_gpu,
    build.cpu_with_gpu,
    kernel.works,
    kernel.arch_missing,
    kernel.ptx_too_new,
    kernel.busy,
    kernel.gpu_full,
    kernel.cuda_library_mismatch,
    kernel.kernel_failed,
    driver_rows.driver_too_old,
    too_old_by_major,
    driver_rows.driver_mismatch,
    absent.hidden,
    absent.mig,
    absent.driver_not_loaded,
    absent.container,
    absent.no_gpu,
)
"""The rows in their order: the first one that has something to say wins."""
