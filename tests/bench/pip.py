"""An environment in which pip has installed everything: condatui's reading of it, beside what pip itself takes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from bench.measure import Line, median, run, seconds
from condatui_core.prefixes.prefix import read_prefix
from support.prefixes import FakePrefix, make_prefix

DISTRIBUTIONS, FILES = 200, 300
_RUNS = 5
_ROW = "{name}/module_{number:03}.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,{number}\n"


def pip(scratch: Path) -> Iterator[Line]:
    """Compare reading such an environment, without and with paths that lead out of it, with `pip list`."""
    prefix = _prefix(scratch / "pip")
    pip_list = [sys.executable, "-m", "pip", "list", "--path", str(prefix.site_packages)]
    by_pip = median([seconds(lambda: run(pip_list, {})) for _ in range(_RUNS)])
    yield Line(f"pip list of {DISTRIBUTIONS} distributions", f"{by_pip:.2f} s")
    yield _reading(prefix, "condatui reads all they state", by_pip)
    for number in range(2):
        (prefix.site_packages / f"paths_{number}.pth").write_text("/srv/sources\n")
    yield _reading(prefix, "and two .pth files that lead outside", by_pip)


def _reading(prefix: FakePrefix, what: str, by_pip: float) -> Line:
    times = [seconds(lambda: read_prefix(str(prefix))) for _ in range(_RUNS)]
    return Line(f"  {what}", f"{median(times):.3f} s = 1/{by_pip / median(times):.0f}", "at most 1/5")


def _prefix(path: Path) -> FakePrefix:
    prefix = make_prefix(path)
    for number in range(DISTRIBUTIONS):
        name = f"package_{number:03}"
        rows = (_ROW.format(name=name, number=each) for each in range(FILES))
        (prefix.pip_install(name) / "RECORD").write_text("".join(rows))
    return prefix
