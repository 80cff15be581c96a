"""Create the sandbox's conda: its launcher, its configuration, and its base environment."""

from __future__ import annotations

import shutil
from pathlib import Path

import yaml

from condatui_sandbox.catalogue import CataloguePackage
from condatui_sandbox.layout import Interpreter, Layout, run_process
from condatui_sandbox.packages import PREFIX_PLACEHOLDER
from condatui_sandbox.vendored_conda import VendoredConda

_LAUNCHER = """\
#!/bin/sh
'''exec' "@PREFIX@/bin/python" -E -s -W ignore "$0" "$@"
' '''
# conda, kept inside its sandbox: it reads and writes nothing of its caller's.
import gc
import logging
import os
import sys

PREFIX = "@PREFIX@"
KEPT = ("CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV", "CONDA_OVERRIDE_")

for name in list(os.environ):
    if name.startswith(("XDG_", "CONDARC", "MAMBA")) or (name.startswith("CONDA_") and not name.startswith(KEPT)):
        del os.environ[name]
os.environ.update(HOME=@HOME@, CONDA_ROOT=PREFIX, CONDA_ROOT_PREFIX=PREFIX, CONDA_EXE=PREFIX + "/bin/conda")
sys.pycache_prefix = @BYTECODE@
sys.path.extend(@SEARCH_PATH@)

# Python 3.13 has dropped these two.
if not hasattr(logging, "_acquireLock"):
    logging._acquireLock, logging._releaseLock = logging._lock.acquire, logging._lock.release

# As an administrator conda reads and rewrites the environment list of every user of the machine.
import conda.common._os
conda.common._os.is_admin = lambda: False
# No configuration of the machine, and none of an environment that happens to be active.
import conda.base.constants
conda.base.constants.SEARCH_PATH = ("$CONDA_ROOT/.condarc", "~/.condarc")

# No plugins: conda-lock, which lies beside what conda imports, would register itself as one.
import conda.plugins.manager
conda.plugins.manager.CondaPluginManager.load_entrypoints = lambda self, group, name=None: 0
if @KEEP_LINKS@:
    import conda.gateways.disk.create as disk
    copy_file = disk.copy
    disk.copy = lambda src, dst: os.symlink(os.readlink(src), dst) if os.path.islink(src) else copy_file(src, dst)

# What conda spends most of its time on does not change what it says: collecting garbage in a short life, copying specs
# that never change, starting a second Python that looks for the driver of a GPU, and two more condas that activate an
# environment only to compile its packages.
gc.disable()
import conda.models.match_spec
conda.models.match_spec.MatchSpec.__deepcopy__ = lambda self, memo: self
import queue
import conda.plugins.virtual_packages.cuda as cuda
ask_for_override = cuda.cuda_version
def cuda_version():
    if "CONDA_OVERRIDE_CUDA" in os.environ:
        return ask_for_override()
    found, visible = queue.SimpleQueue(), os.environ.get("CUDA_VISIBLE_DEVICES")
    cuda._cuda_driver_version_detector_target(found)
    if visible is not None:
        os.environ["CUDA_VISIBLE_DEVICES"] = visible
    return found.get()
cuda.cuda_version = cuda_version
import conda.gateways.subprocess
import subprocess
run_activated = conda.gateways.subprocess.any_subprocess
def any_subprocess(args, prefix, env=None, cwd=None):
    if "compileall" not in args:
        return run_activated(args, prefix, env, cwd)
    done = subprocess.run(args, cwd=cwd or prefix, env=env, capture_output=True, text=True, errors="replace")
    return done.stdout, done.stderr, done.returncode
conda.gateways.subprocess.any_subprocess = any_subprocess

if __name__ == "__main__":
    from conda.cli.main import main
    sys.argv[0] = PREFIX + "/bin/conda"
    sys.exit(main())
"""


def launcher(layout: Layout, conda: VendoredConda, interpreter: Interpreter) -> str:
    """The text of `bin/conda`; conda itself inserts the prefix when it creates the base environment."""
    search_path = [str(path) for path in conda.search_path]
    places = {
        "@PREFIX@": PREFIX_PLACEHOLDER,
        "@HOME@": repr(str(layout.home)),
        "@BYTECODE@": repr(str(layout.bytecode)),
        "@SEARCH_PATH@": repr(search_path),
        "@KEEP_LINKS@": repr(not interpreter.movable),
    }
    text = _LAUNCHER
    for place, value in places.items():
        text = text.replace(place, value)
    return text


def write_condarc(layout: Layout) -> None:
    """Write the configuration of the sandbox's conda: its own directories, and only local channels."""
    channels = layout.channels.as_uri()
    config: dict[str, object] = {
        "channels": ["conda-forge"],
        "channel_alias": channels,
        "migrated_channel_aliases": ["https://conda.anaconda.org"],
        "custom_channels": {"pkgs/main": channels},
        "default_channels": [f"{channels}/pkgs/main"],
        "envs_dirs": [str(layout.environments)],
        "pkgs_dirs": [str(layout.packages)],
        "subdir": "linux-64",
        "solver": "classic",
        "sat_solver": "pysat",
        "add_pip_as_python_dependency": False,
        "auto_update_conda": False,
        "notify_outdated_conda": False,
        "number_channel_notices": 0,
        "report_errors": False,
        "separate_format_cache": False,
        # These channels have no shorter index: asked for one, conda reads the whole index again for each package.
        "repodata_fns": ["repodata.json"],
        # Handing work from thread to thread takes longer than the work.
        **dict.fromkeys(("repodata_threads", "verify_threads", "execute_threads"), 1),
    }
    layout.home.mkdir(parents=True, exist_ok=True)
    (layout.home / ".condarc").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")


def make_base(
    layout: Layout, interpreter: Interpreter, conda: VendoredConda, packages: tuple[CataloguePackage, ...]
) -> None:
    """Create the base environment from the sandbox's own `conda` package, which the vendored conda installs.

    This also puts all packages into the package cache, so that creating environments only links files.
    Raises CondaError if conda fails.
    """
    borrowed = layout.directory / "borrowed"
    for path, content in conda.sources():
        file = borrowed / "conda" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    script = borrowed / "launcher"
    script.write_text(
        launcher(layout, conda, interpreter).replace(PREFIX_PLACEHOLDER, str(layout.root_prefix)), encoding="utf-8"
    )
    command = [str(interpreter.executable), "-E", "-s", str(script), "create", "--quiet", "--yes"]
    explicit = _explicit_list(layout, packages)
    run_process([*command, "--download-only", "-p", str(layout.scratch / "none"), "--file", str(explicit)], layout)
    run_process([*command, "-p", str(layout.root_prefix), "conda", f"python={interpreter.version}", "pip"], layout)
    shutil.rmtree(borrowed)


def _explicit_list(layout: Layout, packages: tuple[CataloguePackage, ...]) -> Path:
    channels = layout.channels.as_uri()
    urls = [f"{channels}/{each.channel}/{each.subdir}/{each.file_name}" for each in packages]
    file = layout.scratch / "explicit.txt"
    file.write_text("\n".join(["@EXPLICIT", *urls, ""]), encoding="utf-8")
    return file
