"""The ordered tables of rules: each looks at the evidence and gives a verdict of its own name, or none.

The first rule that gives one wins. docs/gpu.md says of every rule when it holds and what that rests on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from condatui_core.gpu.cuda_versions import fit
from condatui_core.gpu.diagnosis import build_rules, driver_rules, kernel_rules, start_rules
from condatui_core.gpu.diagnosis.cuda_builds import CudaBuild, cuda_build
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.notes import evidence_of, notes_of
from condatui_core.gpu.diagnosis.remedies import install, library_package
from condatui_core.records.gpu import Driver, OtherFacts, StaticFacts, Verdict
from condatui_core.records.gpu_probe import ProbeRun, Variant

Rule = Callable[[Evidence], Verdict | None]

TORCH_RULES: tuple[Rule, ...] = (
    start_rules.no_python,
    start_rules.foreign_platform,
    start_rules.python_broken,
    start_rules.no_torch,
    start_rules.torch_leftover,
    start_rules.stuck,
    start_rules.slow_import,
    start_rules.driver_silent,
    start_rules.kernel_silent,
    start_rules.import_crash,
    start_rules.driver_crash,
    start_rules.missing_library,
    start_rules.ld_library_path,
    start_rules.library_mismatch,
    start_rules.corrupt,
    start_rules.import_error,
    build_rules.overwritten,
    build_rules.rocm_works,
    build_rules.rocm_on_nvidia,
    build_rules.rocm_broken,
    build_rules.rocm_no_gpu,
    build_rules.mps_untried,
    build_rules.mps_works,
    build_rules.mps_absent,
    build_rules.cpu_build,
    build_rules.cpu_on_gpu,
    kernel_rules.works,
    kernel_rules.arch_missing,
    kernel_rules.ptx_too_new,
    kernel_rules.busy,
    kernel_rules.gpu_full,
    driver_rules.driver_incomplete,
    kernel_rules.cuda_library_mismatch,
    kernel_rules.kernel_wrong,
    kernel_rules.kernel_failed,
    driver_rules.driver_too_old,
    driver_rules.driver_mismatch,
    driver_rules.forward_compatibility,
    driver_rules.fabric_manager,
    driver_rules.stub_library,
    driver_rules.bad_visible_devices,
    driver_rules.hidden,
    driver_rules.mig,
    driver_rules.driver_not_loaded,
    driver_rules.container,
    driver_rules.no_gpu,
    driver_rules.cuda_unknown_error,
    driver_rules.cuda_failed,
    driver_rules.driver_trouble,
    driver_rules.untried,
)
"""For PyTorch. The last one always gives a verdict."""


def rule_name(rule: Rule) -> str:
    """The name of a rule, which is the id of the verdict that it gives: `driver-too-old`."""
    return rule.__name__.replace("_", "-")


def torch_verdict(
    static: StaticFacts, driver: Driver | None, runs: Sequence[ProbeRun] = (), *, platform: str
) -> Verdict:
    """Say what torch comes to. Pure: the same facts give the same verdict.

    Without a run it is preliminary, unless the files suffice; `driver` is None if it was not asked, `platform` is
    what `sys.platform` says.
    """
    evidence = Evidence(static, driver, runs, platform=platform)
    verdict = _first(TORCH_RULES, evidence)
    return replace(
        verdict,
        notes=tuple(notes_of(evidence, verdict)),
        evidence=tuple(evidence_of(evidence)),
        preliminary=evidence.run is None and needs_run(static),
    )


def needs_run(static: StaticFacts) -> bool:
    """Whether a run can tell more than the files: there is a Python and a torch."""
    return bool(static.python) and static.torch.presence == "installed"


def second_variant(run: ProbeRun) -> Variant | None:
    """Without which variable a run that failed is worth being repeated; None if it is not."""
    if run.variant != "as-is":
        return None
    variables = dict(run.variables)
    evidence = Evidence(StaticFacts(prefix=""), None, (run,))
    if "LD_LIBRARY_PATH" in variables and start_rules.blames_libraries(evidence):
        return "no-ld-library-path"
    if "CUDA_VISIBLE_DEVICES" in variables and evidence.no_device:
        return "no-cuda-visible-devices"
    return None


def _first(rules: Sequence[Rule], evidence: Evidence) -> Verdict:
    return next(filter(None, (rule(evidence) for rule in rules)))


# The smaller table, for TensorFlow, JAX and CuPy: the rules above that apply to them, and a few of their own.


def driver_too_old_by_major(evidence: Evidence) -> Verdict | None:
    """`driver-too-old`: none of these frameworks names the driver that it found, so the majors are compared."""
    if not evidence.cuda_failed or fit(evidence.build_cuda, evidence.driver.cuda) != "too-old":
        return None
    return driver_rules.too_old(evidence)


def no_cuda_libraries(evidence: Evidence) -> Verdict | None:
    """`no-cuda-libraries`: a CUDA build without the libraries, by its plugin's words, its files or its silence."""
    sees_none = evidence.cuda_failed and evidence.driver.init_code == 0
    lacking = evidence.lacks_cuda and not evidence.driver.sick and (evidence.run is None or evidence.cuda_failed)
    if not sees_none and not lacking:
        return None
    build = cuda_build(evidence)
    if evidence.unloaded_libraries:
        return _unloaded(evidence, build)
    if lacking:
        message = f"{evidence.title} has no CUDA libraries of its own: it can only use those of a system that has them"
    else:
        message = f"{evidence.title} sees no GPU though the driver is in order: {_own_words(evidence)}"
    return evidence.verdict("no-cuda-libraries", "broken", message, build.remedy("install it with them"), build.command)


def _unloaded(evidence: Evidence, build: CudaBuild) -> Verdict:
    """What JAX's plugin misses: one library has its package; `CUDA` itself, or several, come with the build."""
    message = f"{evidence.title} takes the CPU: {evidence.plugin_error}"
    first, *others = evidence.unloaded_libraries
    package = "" if others else library_package(f"lib{first.lower()}", evidence)
    if not package:
        remedy = build.remedy("install it with its CUDA libraries")
        return evidence.verdict("no-cuda-libraries", "broken", message, remedy, build.command)
    return evidence.verdict("no-cuda-libraries", "broken", message, f"{package} brings it", install(package, evidence))


def _own_words(evidence: Evidence) -> str:
    return evidence.plugin_error or "its CUDA libraries are not here, most likely"


OTHER_RULES: tuple[Rule, ...] = (
    start_rules.no_python,
    start_rules.foreign_platform,
    start_rules.python_broken,
    start_rules.no_framework,
    start_rules.stuck,
    start_rules.slow_import,
    start_rules.driver_silent,
    start_rules.kernel_silent,
    start_rules.import_crash,
    start_rules.driver_crash,
    start_rules.missing_library,
    start_rules.ld_library_path,
    start_rules.library_mismatch,
    start_rules.import_error,
    build_rules.no_cuda_on_mac,
    build_rules.cpu_build,
    build_rules.cpu_on_gpu,
    kernel_rules.works,
    kernel_rules.arch_missing,
    kernel_rules.ptx_too_new,
    kernel_rules.busy,
    kernel_rules.gpu_full,
    driver_rules.driver_incomplete,
    kernel_rules.cuda_library_mismatch,
    kernel_rules.kernel_wrong,
    kernel_rules.kernel_failed,
    driver_rules.driver_too_old,
    driver_too_old_by_major,
    driver_rules.driver_mismatch,
    driver_rules.hidden,
    driver_rules.mig,
    driver_rules.driver_not_loaded,
    driver_rules.container,
    driver_rules.no_gpu,
    no_cuda_libraries,
    driver_rules.cuda_unknown_error,
    driver_rules.cuda_failed,
    driver_rules.driver_trouble,
    driver_rules.untried,
)
"""For TensorFlow, JAX and CuPy. The last one always gives a verdict."""


def other_verdict(
    facts: OtherFacts, static: StaticFacts, driver: Driver | None, runs: Sequence[ProbeRun] = (), *, platform: str
) -> Verdict:
    """Say what a framework other than torch comes to; pure, and preliminary without a run."""
    evidence = Evidence(static, driver, runs, platform=platform, other=facts)
    verdict = _first(OTHER_RULES, evidence)
    notes = [f"its parts are of several versions: {facts.mismatch}"] if facts.mismatch else []
    if facts.duplicates:
        twice = f"{evidence.name} is installed twice, one over the other: {', '.join(facts.duplicates)}"
        notes.append(f"{twice}; remove both, then install one")
    return replace(
        verdict,
        notes=(*notes, *notes_of(evidence, verdict)),
        evidence=(("installed", facts.source), *evidence_of(evidence)),
        preliminary=evidence.run is None and bool(static.python),
    )
