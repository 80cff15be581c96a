"""The ordered tables of rules: from the evidence to one line and a remedy."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from condatui_core.gpu.cuda_versions import fit
from condatui_core.gpu.diagnosis import build_rules as build
from condatui_core.gpu.diagnosis import driver_rules as absent
from condatui_core.gpu.diagnosis import driver_rules as driver_rows
from condatui_core.gpu.diagnosis import kernel_rules as kernel
from condatui_core.gpu.diagnosis import start_rules as imports
from condatui_core.gpu.diagnosis import start_rules as start
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.notes import evidence_of, notes_of
from condatui_core.gpu.diagnosis.remedies import cuda_build
from condatui_core.records.gpu import Driver, OtherFacts, StaticFacts, Verdict
from condatui_core.records.gpu_probe import ProbeRun, Variant

# The table of verdicts: what torch comes to in an environment, by its files, its run and the machine's driver.


Rule = Callable[[Evidence], Verdict | None]

TORCH_RULES: tuple[Rule, ...] = (
    start.no_python,
    start.python_broken,
    start.no_torch,
    start.torch_leftover,
    start.stuck,
    start.slow_import,
    start.no_answer,
    start.import_crash,
    start.driver_crash,
    imports.missing_library,
    imports.library_mismatch,
    imports.corrupt,
    imports.other_import_error,
    build.overwritten,
    build.rocm,
    build.macos,
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
    driver_rows.driver_mismatch,
    driver_rows.forward_compatibility,
    driver_rows.fabric,
    driver_rows.stub,
    driver_rows.bad_visible_devices,
    absent.hidden,
    absent.mig,
    absent.driver_not_loaded,
    absent.container,
    absent.no_gpu,
)
"""The rows in their order: the first one that has something to say wins. The 37th is what is left."""


def torch_verdict(
    static: StaticFacts, driver: Driver | None, runs: Sequence[ProbeRun] = (), *, platform: str
) -> Verdict:
    """Say what torch comes to. Pure: the same facts give the same verdict.

    Without a run it is preliminary, unless the files suffice; `driver` is None if it was not asked, `platform` is
    what `sys.platform` says.
    """
    case = Evidence(static, driver, runs, platform=platform)
    verdict = next(filter(None, (row(case) for row in TORCH_RULES)), None) or left(case)
    return replace(
        verdict,
        notes=tuple(notes_of(case, verdict)),
        evidence=tuple(evidence_of(case)),
        preliminary=case.run is None and needs_run(static),
    )


def needs_run(static: StaticFacts) -> bool:
    """Whether a run can tell more than the files: there is a Python and a torch."""
    return bool(static.python) and static.torch.presence == "installed"


def second_variant(run: ProbeRun) -> Variant | None:
    """Without which variable a run that failed is worth being repeated; None if it is not."""
    set_ones = dict(run.variables)
    if run.variant != "as-is":
        return None
    case = Evidence(StaticFacts(prefix=""), None, (run,))
    if "LD_LIBRARY_PATH" in set_ones and imports.blames_libraries(case):
        return "no-ld-library-path"
    if "CUDA_VISIBLE_DEVICES" in set_ones and case.no_device:
        return "no-cuda-visible-devices"
    return None


def left(case: Evidence) -> Verdict:
    """Row 37 for a run that no other row is about; without a run, that nothing speaks against it."""
    if case.run is not None:
        return absent.unknown(case)
    if case.driver.error or case.driver.init_code:
        trouble = case.driver.error or f"the driver does not start (cuInit says {case.driver.init_code})"
        message = f"{case.title} was not tried: {trouble}"
        return case.verdict(37, "driver-trouble", "elsewhere", message, "see whether nvidia-smi answers", "nvidia-smi")
    fits = "" if not case.driver.cuda else f"; the driver supports CUDA {case.driver.cuda}"
    return case.verdict(19, "untried", "works", f"{case.title}{fits}: should work, not tried yet")


# The smaller table, for TensorFlow, JAX and CuPy: the rows of the large one that apply to them, and two of their
# own.


def other_verdict(
    facts: OtherFacts, static: StaticFacts, driver: Driver | None, runs: Sequence[ProbeRun] = (), *, platform: str
) -> Verdict:
    """Say what a framework other than torch comes to; pure, and preliminary without a run."""
    case = Evidence(static, driver, runs, platform=platform, other=facts)
    verdict = next(filter(None, (row(case) for row in OTHER_RULES)), None) or _without_libraries(case) or left(case)
    notes = [f"its parts are of several versions: {facts.mismatch}"] if facts.mismatch else []
    return replace(
        verdict,
        notes=(*notes, *notes_of(case, verdict)),
        evidence=(("installed", facts.source), *evidence_of(case)),
        preliminary=case.run is None and bool(static.python),
    )


def too_old_by_major(case: Evidence) -> Verdict | None:
    """Row 26: none of them names the version that it found."""
    if not case.cuda_failed or fit(case.build_cuda, case.driver.cuda) != "too-old":
        return None
    return driver_rows.too_old(case)


def _without_libraries(case: Evidence) -> Verdict | None:
    """Row 10: a CUDA build that sees no GPU though the driver is in order has no CUDA of its own."""
    if not case.cuda_failed or case.driver.init_code != 0:
        return None
    message = f"{case.title} sees no GPU though the driver is in order: its CUDA libraries are not here, most likely"
    return case.verdict(10, "no-cuda-libraries", "broken", message, "install it with them", cuda_build(case))


OTHER_RULES: tuple[Rule, ...] = (
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
