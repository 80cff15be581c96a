"""The examination of one environment: its files, the driver, and a run of each framework that it has."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeAlias

from msgspec import Struct
from msgspec.structs import replace

from condatui_core.conda.errors import last_words
from condatui_core.gpu.diagnosis.evidence import Evidence
from condatui_core.gpu.diagnosis.rules import needs_run, other_verdict, second_variant, torch_verdict
from condatui_core.gpu.probe.prober import Probe, Prober
from condatui_core.proc.runner import CommandLog, CommandRun, Outcome
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Driver, FrameworkResult, GpuResult, OtherFacts, StaticFacts
from condatui_core.records.gpu_probe import Ended, Framework, ProbeRun, Stage, Variant

_BY_HAND = "/dev/stdout"
"""Where a probe writes that a user starts by hand."""

_OUTCOMES: Mapping[Ended, Outcome] = {"timed-out": "timed out", "stuck": "timed out", "not-started": "not started"}


class GpuProgress(Struct, frozen=True, kw_only=True):
    """How far the check of an environment is."""

    prefix: str
    framework: Framework
    variant: Variant = "as-is"
    stage: Stage | None = None
    """What is over; None when a run begins."""


OnProgress: TypeAlias = Callable[[GpuProgress], None]


def judge(
    static: StaticFacts,
    driver: Driver | None,
    runs: Sequence[ProbeRun] = (),
    *,
    at: datetime,
    platform: str,
    seconds: float = 0.0,
) -> GpuResult:
    """Say what an environment comes to, by its files, the driver and such runs as there are; pure."""

    def of(facts: OtherFacts | None = None) -> FrameworkResult:
        framework = facts.framework if facts else "torch"
        own = tuple(run for run in runs if run.framework == framework)
        evidence = Evidence(static, driver, own, platform=platform, other=facts)
        verdict = (
            other_verdict(facts, static, driver, own, platform=platform)
            if facts
            else torch_verdict(static, driver, own, platform=platform)
        )
        return FrameworkResult(
            framework=framework, version=evidence.version, build_cuda=evidence.build_cuda, verdict=verdict, runs=own
        )

    results = [of(each) for each in static.others]
    if static.torch.presence != "absent" or not results:
        results.insert(0, of())
    main, *others = results
    return GpuResult(
        prefix=static.prefix, main=main, others=tuple(others), static=static, driver=driver, at=at, seconds=seconds
    )


class Examiner:
    """Runs the frameworks of one environment after the other and notes each command in the log."""

    def __init__(self, prober: Prober, log: CommandLog, clock: Callable[[], datetime]) -> None:
        self._prober = prober
        self._log = log
        self._clock = clock

    async def run(self, environment: Environment, static: StaticFacts, on_progress: OnProgress) -> tuple[ProbeRun, ...]:
        """Run all frameworks of an environment; raises CondatuiError where nothing can be run at all."""
        frameworks: list[Framework] = [each.framework for each in static.others] if static.python else []
        if needs_run(static):
            frameworks.insert(0, "torch")
        runs: list[ProbeRun] = []
        for framework in frameworks:
            probe = Probe(
                prefix=environment.prefix,
                python=static.python,
                python_version=static.python_version,
                framework=framework,
                variables=environment.contents.variables if environment.contents else (),
            )
            runs.append(await self._run(probe, on_progress))
            if (variant := second_variant(runs[-1])) is not None:
                runs.append(await self._run(replace(probe, variant=variant), on_progress))
        return tuple(runs)

    async def _run(self, probe: Probe, on_progress: OnProgress) -> ProbeRun:
        def on_stage(stage: Stage | None = None) -> None:
            on_progress(GpuProgress(prefix=probe.prefix, framework=probe.framework, variant=probe.variant, stage=stage))

        started, clock = self._clock(), time.monotonic()
        run: ProbeRun | None = None
        on_stage()
        try:
            run = await self._prober.run(probe, on_stage)
            return run
        finally:
            self._log.add(
                CommandRun(
                    argv=probe.argv(_BY_HAND),
                    started=started,
                    milliseconds=round((time.monotonic() - clock) * 1000),
                    exit_code=run.exit_code if run else None,
                    outcome=_outcome(run),
                    message=last_words(run.error or run.stderr) if run else "",
                )
            )


def _outcome(run: ProbeRun | None) -> Outcome:
    if run is None:
        return "cancelled"
    return _OUTCOMES.get(run.ended, "failed" if run.exit_code else "done")
