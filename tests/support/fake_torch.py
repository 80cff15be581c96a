"""Torch packages that weigh nothing and answer as the real one does, put into real environments."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from condatui_sandbox import Sandbox
from support.gpu_facts import NO_DRIVER_TEXT

_VERSION = """\
from typing import Optional

__version__ = {version!r}
debug = False
cuda: Optional[str] = {cuda!r}
hip: Optional[str] = {hip!r}
"""
_INIT = """\
{before}
from torch import _C, backends, behaviour, cuda, nn, version
from torch.tensors import Tensor, arange, equal
from torch.version import __version__
"""
_BEHAVIOUR = """\
import json
import os
import time

with open(os.path.join(os.path.dirname(__file__), "behaviour.json")) as file:
    known = json.load(file)


def act(what):
    '''Do what this stage is known for: return what it gives, or raise, or be overtaken by worse.'''
    action = known["actions"].get(what)
    if action is not None:
        exec(action, {"os": os, "time": time})
    return known
"""
_CUDA = """\
import warnings
from types import SimpleNamespace

from torch.behaviour import act, known


def is_available():
    act("is_available")
    for text in known["warnings"]:
        warnings.warn(text)
    return known["available"]


def init():
    act("init")
    if known["why"]:
        raise RuntimeError(known["why"])


def device_count():
    act("device_count")
    return len(known["devices"])


def get_device_properties(index):
    act("device")
    name, major, minor, memory = known["devices"][index]
    return SimpleNamespace(name=name, major=major, minor=minor, total_memory=memory)


def mem_get_info(index):
    act("memory")
    return known["devices"][index][3] // 2, known["devices"][index][3]


def synchronize():
    act("synchronize")
"""
_TENSORS = """\
from torch.behaviour import act, known


class Tensor:
    '''Numbers that nobody looks at.'''

    device = None

    def _same(self, *_):
        return self

    float = view = abs = max = __mod__ = __sub__ = _same

    def cuda(self, index):
        moved = Tensor()
        moved.device = index
        return moved

    def cpu(self):
        return Tensor()

    def mm(self, other):
        if self.device is not None:
            act("kernel")
        return self

    def item(self):
        return 9.0 if "conv" in known["wrong"] else 0.0


def arange(*_):
    return Tensor()


def equal(*_):
    return "kernel" not in known["wrong"]
"""
_CONVOLUTION = """\
from torch.behaviour import act


def conv2d(image, weights):
    if image.device is not None:
        act("conv")
    return image
"""
_FILES = {
    "behaviour.py": _BEHAVIOUR,
    "cuda/__init__.py": _CUDA,
    "tensors.py": _TENSORS,
    "nn/__init__.py": "from torch.nn import functional\n",
    "nn/functional.py": _CONVOLUTION,
    "backends/__init__.py": "from torch.backends import cudnn\n",
    "backends/cudnn.py": "from torch.behaviour import act\n\n\ndef version():\n    act('cudnn')\n    return 91002\n",
    "_C.py": "def _cuda_getArchFlags():\n    return 'sm_80 sm_90 compute_90'\n",
}

A_GPU = ("NVIDIA H100", 9, 0, 80 << 30)
"""Name, capability and bytes of a device."""


@dataclass(frozen=True, kw_only=True)
class FakeTorch:
    """How a torch behaves."""

    version: str = "2.13.0+cu130"
    cuda: str | None = "13.0"
    hip: str | None = None
    before: str = ""
    """What its import does first."""
    available: bool = False
    warnings: tuple[str, ...] = ()
    """What `is_available` warns of."""
    why: str = NO_DRIVER_TEXT
    """What `init` raises."""
    devices: tuple[tuple[str, int, int, int], ...] = ()
    wrong: tuple[str, ...] = ()
    """Which of `kernel` and `conv` comes out wrong."""
    actions: Mapping[str, str] = field(default_factory=dict)
    """What happens when a function is called: code by `is_available`, `init`, `device_count`, `kernel` …"""

    def files(self) -> dict[str, str]:
        """The contents of its package by path."""
        return {
            **_FILES,
            "__init__.py": _INIT.format(before=self.before),
            "version.py": _VERSION.format(version=self.version, cuda=self.cuda, hip=self.hip),
            "behaviour.json": json.dumps(asdict(self)),
        }

    def install(self, prefix: Path) -> None:
        """Put it into an environment, in the place of whatever torch is there."""
        package = site_packages(prefix) / "torch"
        shutil.rmtree(package, ignore_errors=True)
        for path, content in self.files().items():
            file = package / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)


WORKING = FakeTorch(available=True, devices=(A_GPU,))
CPU_BUILD = FakeTorch(version="2.13.0+cpu", cuda=None, why="Torch not compiled with CUDA enabled")


def site_packages(prefix: Path) -> Path:
    """The site-packages of an environment."""
    (found,) = prefix.glob("lib/python*/site-packages")
    return found


def real_environment(sandbox: Sandbox, directory: Path) -> Path:
    """Copy what makes an environment of the sandbox one: its Python and its records, for a test that changes it."""
    source, copy = sandbox.prefixes["notebooks"], directory / "env"
    for part in ("bin", "conda-meta"):
        shutil.copytree(source / part, copy / part, symlinks=True)
    shutil.copy2(source / "pyvenv.cfg", copy)
    (copy / site_packages(source).relative_to(source)).mkdir(parents=True)
    return copy
