"""Records made by hand: environments and inventories as the core would load them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from datetime import datetime, timedelta, timezone

from condatui_core.analyses.alike import alike_groups
from condatui_core.disk.cleanup import CleanupSurvey
from condatui_core.disk.usage import DiskUsage
from condatui_core.records.alike import AlikeGroup
from condatui_core.records.environment import Environment, Inventory, LastUsed, UserMarks
from condatui_core.records.finding import Finding, Problem
from condatui_core.records.installation import Installation
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import History, PrefixContents, Revision
from condatui_core.records.relinking import RelinkSurvey
from condatui_core.records.revision import RevisionFacts
from condatui_core.restore_points.look_back import look_back
from condatui_core.restore_points.package_sources import SearchedPlaces
from condatui_core.settings import Settings

NOW = datetime(2026, 5, 20, 12, 0, tzinfo=timezone(timedelta(hours=2)))
ROOT = "/opt/miniforge3"
CONDA_FORGE = "https://conda.anaconda.org/conda-forge"
PYTORCH = "https://conda.anaconda.org/pytorch"


def package(name: str, version: str = "1.0", base_url: str | None = CONDA_FORGE, **fields: object) -> PackageRecord:
    """A conda package of a thousand bytes."""
    given = {"build": "h0_0", "installed_bytes": 1000, **fields}
    return PackageRecord(name=name, version=version, base_url=base_url, **given)  # type: ignore[arg-type]


def pip_package(name: str, version: str = "1.0", **fields: object) -> Distribution:
    """A distribution that pip installed."""
    path = f"lib/python3.11/site-packages/{name}-{version}.dist-info"
    return Distribution(name=name, version=version, **{"path": path, **fields})  # type: ignore[arg-type]


def finding(id: str = "pip-over-conda", severity: str = "warning", message: str = "", **fields: object) -> Finding:  # noqa: A002
    """A finding that says its own name unless told otherwise."""
    return Finding(id=id, severity=severity, message=message or id, **fields)  # type: ignore[arg-type]


def days_ago(days: int, *, reliable: bool = True) -> LastUsed:
    """A last use so many days before NOW."""
    return LastUsed(at=NOW - timedelta(days=days), evidence="bin/python3.11 was read", reliable=reliable)


def environment(name: str, **fields: object) -> Environment:
    """An environment of ROOT, not read yet unless it is given contents."""
    given = {"prefix": f"{ROOT}/envs/{name}", "installation": ROOT, **fields}
    return Environment(name=name, **given)  # type: ignore[arg-type]


def loaded(
    name: str, packages: Sequence[PackageRecord] = (), pip: Sequence[Distribution] = (), **fields: object
) -> Environment:
    """An environment with contents."""
    contents = PrefixContents(packages=tuple(packages), distributions=tuple(pip))
    return environment(name, **{"contents": contents, **fields})


def research() -> Environment:
    """An environment with something of everything."""
    contents = PrefixContents(
        packages=(
            package("numpy", "1.26.4", build="py310hb13e2d6_0", requested_specs=("numpy",)),
            package("python", "3.10.14", installed_bytes=60_000_000, license="Python-2.0", md5="0" * 32),
            package(
                "pytorch",
                "2.5.1",
                PYTORCH,
                build="py3.10_cuda12.4_cudnn9.1.0_0",
                installed_bytes=4_000_000_000,
                url=f"{PYTORCH}/linux-64/pytorch-2.5.1-py3.10_cuda12.4_cudnn9.1.0_0.tar.bz2",
                provides=(ProvidedDistribution("torch", "2.5.1", "lib/python3.10/site-packages/torch.dist-info"),),
            ),
        ),
        distributions=(
            pip_package("numpy", "2.0.1", installer="pip", installed_bytes=20_000_000),
            pip_package("research", "0.1", origin="editable", location="/home/ada/research"),
            pip_package("torch", "2.5.1", owner="pytorch", installer="conda"),
        ),
        replaced=(Replacement(package="numpy", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1"),),
        history=History(
            requested=(("numpy", "numpy"), ("pytorch", "pytorch=2.5")),
            revisions=(
                Revision(number=0, at=NOW - timedelta(days=90), command="conda create -n research", added=("a", "b")),
                Revision(number=1, at=None, command="conda remove b", removed=("b",), conda_version="24.7.1"),
            ),
        ),
        pinned=("python 3.10.*",),
        variables=(("WANDB_API_KEY", "secret-value"),),
        problems=(Problem(path=f"{ROOT}/envs/research/conda-meta/x.json", reason="not valid JSON"),),
    )
    return environment(
        "research",
        contents=contents,
        python="3.10.14",
        channels=(("conda-forge", 2), ("pypi", 2), ("pytorch", 1)),
        managed_bytes=4_080_001_000,
        writable=True,
        created=NOW - timedelta(days=90),
        modified=NOW - timedelta(days=4),
        last_used=days_ago(3),
        findings=(
            finding(message="pip replaced numpy 1.26.4 by 2.0.1", remedy="conda install numpy", evidence=("x",)),
        ),
    )


def inventory(*environments: Environment, **fields: object) -> Inventory:
    """A machine with one conda."""
    conda = Installation(executable=f"{ROOT}/bin/conda", root_prefix=ROOT, version="26.7.1")
    return Inventory(environments=environments, **{"installations": (conda,), **fields})  # type: ignore[arg-type]


class LoadedWorkbench:
    """Stands for the core's workbench: yields these inventories, or raises."""

    def __init__(
        self,
        *inventories: Inventory,
        error: BaseException | None = None,
        journals: tuple[Finding, ...] = (),
        compares: bool = False,
    ) -> None:
        """`compares` is whether it finds alike environments."""
        self._inventories = inventories
        self._journals = journals
        self._error = error
        self._compares = compares
        self.working: frozenset[str] = frozenset()
        """The environments that compute on the GPU."""
        self.settings = Settings()
        self.read_only = False
        self.closed = False
        self.pointed: tuple[str, ...] = ()

    async def check_files(self, environment: Environment, *, checksums: bool = False) -> tuple[Finding, ...]:
        return ()

    async def revisions(self, environment: Environment) -> tuple[RevisionFacts, ...]:
        installed = environment.contents.packages if environment.contents else ()
        return look_back(environment, SearchedPlaces(installed=installed))

    async def groups(
        self,
        inventory: Inventory,
        *,
        threshold: float | None,
        working_gpu: frozenset[str],
        chosen: Collection[str] = (),
    ) -> tuple[AlikeGroup, ...]:
        if not self._compares:
            return ()
        used = threshold or self.settings.alike_threshold
        return alike_groups(inventory, threshold=used, chosen=chosen, working_gpu=frozenset(working_gpu))

    def survey_cleanup(
        self, inventory: Inventory, usage: DiskUsage | None, groups: tuple[AlikeGroup, ...]
    ) -> CleanupSurvey:
        return CleanupSurvey.of(inventory, usage, groups, counts_points=True, now=NOW, user="ada")

    async def same_files(self) -> RelinkSurvey:
        return RelinkSurvey()

    def marks(self) -> UserMarks:
        return self._inventories[-1].marks

    def gpu_verdicts(self, inventory: Inventory) -> dict[str, str]:
        return dict.fromkeys(self.working, "works")

    def working_gpus(self, inventory: Inventory) -> frozenset[str]:
        return self.working

    def point_to(self, prefixes: Iterable[str]) -> None:
        self.pointed = tuple(prefixes)

    async def load(self, *, names: bool = False) -> AsyncIterator[Inventory]:
        for each in self._inventories:
            yield each
        if self._error:
            raise self._error

    def journal_findings(self) -> tuple[Finding, ...]:
        return self._journals

    def close(self) -> None:
        self.closed = True
