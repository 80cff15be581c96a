"""Every package of every environment: condatui in one go, conda in a loop."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Line, median, run, seconds
from bench.tree import Tree

_RUNS = 5


def listing(tree: Tree, scratch: Path) -> Iterator[Line]:
    """Compare `condatui list --packages --json` with `conda list --json` for each environment."""
    conda = str(tree.sandbox.conda)
    prefixes = tree.prefixes
    home = scratch / "listing"
    environ = tree.environ(home)
    condatui = [str(Path(sys.executable).with_name("condatui")), "list", "--packages", "--json"]

    def loop() -> None:
        for prefix in prefixes:
            run([conda, "list", "-p", str(prefix), "--json"], tree.sandbox.environ)

    def cold() -> None:
        shutil.rmtree(home, ignore_errors=True)
        run(condatui, environ)

    run(condatui, environ)  # both meet a warm page cache
    by_conda = seconds(loop)
    colds = [seconds(cold) for _ in range(_RUNS)]
    warms = [seconds(lambda: run(condatui, environ)) for _ in range(_RUNS)]
    listed = json.loads(run(condatui, environ))["environments"]
    packages = sum(len(each["packages"]) for each in listed if Path(each["prefix"]) in prefixes)
    yield Line(f"conda list --json, {len(prefixes)} environments in a loop", f"{by_conda:.1f} s")
    yield Line("condatui list --packages --json lists of these", f"{packages} packages")
    yield Line("  cold cache", f"{median(colds):.2f} s = 1/{by_conda / median(colds):.0f}", "at most 1/30")
    yield Line("  warm cache", f"{median(warms):.2f} s = 1/{by_conda / median(warms):.0f}", "at most 1/150")
