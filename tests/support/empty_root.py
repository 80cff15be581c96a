"""A root directory like that of an empty image: a shell, a few programs, the python of the tests, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sysconfig
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

_PROGRAMS = ("sh", "env", "tar", "gzip", "mkdir", "sha256sum")
_NO_PART = ("test", "tests", "idlelib", "lib2to3", "ensurepip", "tkinter", "site-packages", "__pycache__", "config-*")
_CHROOT = shutil.which("chroot", path="/usr/sbin:/sbin:/usr/bin:/bin") or ""


def can_be_made() -> bool:
    """Whether this user may start programs in another root."""
    return bool(_CHROOT) and shutil.which("ldd") is not None and not _chroot(Path("/"), ["true"], {}).returncode


def make_root(root: Path) -> None:
    """Make the directory, with what the programs and the python load at the same paths as here."""
    (root / "tmp").mkdir(parents=True)
    stdlib = sysconfig.get_path("stdlib")
    shutil.copytree(stdlib, f"{root}{stdlib}", copy_function=_copy, ignore=shutil.ignore_patterns(*_NO_PART))
    python = os.path.join(sysconfig.get_config_var("BINDIR"), f"python{sysconfig.get_python_version()}")
    programs = [*filter(None, map(shutil.which, _PROGRAMS)), python]
    for each in (*programs, *_loaded_by((*programs, *map(str, Path(stdlib).glob("lib-dynload/*.so"))))):
        _copy(each, f"{root}{each}")
    if not (root / "bin").exists():  # where /bin leads to /usr/bin, somebody may ask for either
        (root / "bin").symlink_to("usr/bin")


def run_in(root: Path, argv: Sequence[str], environ: Mapping[str, str], *, user: str = "0:0") -> str:
    """What a program prints that sees nothing but that root. AssertionError if it fails."""
    done = _chroot(root, argv, environ, f"--userspec={user}")
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def _chroot(
    root: Path, argv: Sequence[str], environ: Mapping[str, str], *options: str
) -> subprocess.CompletedProcess[str]:
    words = [_CHROOT, *options, str(root), *argv]
    return subprocess.run(words, env=environ, capture_output=True, text=True, check=False)


def _loaded_by(files: Iterable[str]) -> set[str]:
    done = subprocess.run(["ldd", *files], capture_output=True, text=True, check=False)
    return set(re.findall(r"(?:=> |^\t)(/\S+) \(", done.stdout, re.MULTILINE))


def _copy(source: str, target: str) -> None:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    if not os.path.lexists(target):
        shutil.copyfile(source, target)
        shutil.copymode(source, target)
