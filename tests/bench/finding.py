"""Which environments have what is wanted: a file of 300 specs over 1,000 environments, and a filter about a package."""

from __future__ import annotations

import random
from collections.abc import Iterator

from bench.alike import made_machine
from bench.measure import Line, median, seconds
from condatui.view_models.environments.query import EnvironmentQuery
from condatui_core.analyses.suitability import suitable_environments
from condatui_core.environment_files.environment_yml import conda_entry
from condatui_core.records.comparison import Column, Listing
from condatui_core.records.installation import ChannelConfig

ENVIRONMENTS, PACKAGES, SPECS = 1000, 300, 300
_RUNS = 3


def finding() -> Iterator[Line]:
    """Measure `condatui find` once everything is read, and a key press in the filter."""
    machine = made_machine(ENVIRONMENTS, PACKAGES)
    specs = [f"package-{number:04}>=1.10,<1.25" for number in random.Random(1).sample(range(PACKAGES * 10), SPECS)]
    entries = tuple(filter(None, (conda_entry(spec, ChannelConfig()) for spec in specs)))
    wanted = Listing(column=Column(label="specs", kind="spec list"), entries=entries)
    took = median([seconds(lambda: suitable_environments(machine, lambda _python: wanted)) for _ in range(_RUNS)])
    yield Line(f"find {SPECS} specs in {ENVIRONMENTS} × {PACKAGES}", f"{took:.2f} s", "about 1 s")
    pressed = [EnvironmentQuery(filter=f"package:package-00{number:02}>=1.10") for number in range(_RUNS)]
    key = median([seconds(lambda query=query: query.of(machine.environments)) for query in pressed])  # type: ignore[misc]
    yield Line("  a key press in `package:`", f"{key * 1000:.0f} ms")
