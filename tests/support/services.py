"""An environment made by hand whose python really runs, as a service has it, with what a service does not need."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from support.prefixes import FakePrefix, make_prefix
from support.removals import LINKS, RemovalMachine

PYTHON = f"{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/python{PYTHON}/site-packages"


def service_machine(home: Path) -> tuple[RemovalMachine, FakePrefix]:
    """A machine with the environment `service`: six and cli are requested, pytest is a tool, left is a leaf.

    Its python is that of the tests, as a virtual environment has it: it imports from the environment alone.
    """
    machine = RemovalMachine(home, script=LINKS)
    prefix = make_prefix(machine.envs / "service", python=PYTHON)
    home_of_python = os.path.dirname(os.path.realpath(sys.executable))
    prefix.write("pyvenv.cfg", f"home = {home_of_python}\ninclude-system-site-packages = false\n")
    (prefix.path / "bin/python").symlink_to(os.path.realpath(sys.executable))
    _package(prefix, "six", {"six.py": "value = 6\n", "six/tests/test_six.py": "import six\n" * 500})
    entry_points = "[console_scripts]\ncli = cli.main:run\n"
    _package(
        prefix,
        "cli",
        {"cli/__init__.py": "", "cli/main.py": "import six\ndef run(): ...\n", "cli/tests/test_cli.py": "#" * 9000},
        entry_points=entry_points,
        depends=["six"],
    )
    _package(prefix, "pytest", {"pytest.py": "#" * 20000}, depends=["left"])
    _package(prefix, "left", {"left.py": "#" * 5000})
    prefix.package(
        "tool", files={"include/tool.h": "#" * 7000, "lib/libtool.a": b"!" * 9000, "bin/tool": "x" * 200_000}
    )
    prefix.pip_install("httpx")
    prefix.write(f"{SITE}/httpx/tests/test_httpx.py", "#" * 3000)
    specs = "['python', 'six', 'cli', 'pytest', 'tool']"
    names = ("six", "cli", "pytest", "left", "tool")
    prefix.revision(*(f"+conda-forge/linux-64::{each}-1.0-0" for each in names), f"# update specs: {specs}")
    machine.note(prefix.path)
    return machine, prefix


def _package(
    prefix: FakePrefix,
    name: str,
    files: dict[str, str],
    *,
    entry_points: str = "",
    depends: tuple[str, ...] | list[str] = (),
) -> None:
    """Install a conda package that brings a distribution."""
    places = {f"{SITE}/{path}": data for path, data in files.items()}
    places[f"{SITE}/{name}-1.0.dist-info/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n"
    if entry_points:
        places[f"{SITE}/{name}-1.0.dist-info/entry_points.txt"] = entry_points
    prefix.package(name, files=places, depends=["python", *depends])
