"""`torch/version.py`, read without being run: what PyTorch's build has written down about itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from msgspec import Struct

from condatui_core.records.gpu import BuildKind

_NAMES = ("__version__", "cuda", "hip", "rocm", "xpu")


class VersionFile(Struct, frozen=True, kw_only=True):
    """What a version.py says; empty for what it does not state or states as None."""

    version: str = ""
    cuda: str = ""
    hip: str = ""
    xpu: str = ""

    @property
    def kind(self) -> BuildKind:
        """What it was built for."""
        if self.hip:
            return "rocm"
        if self.cuda:
            return "cuda"
        return "xpu" if self.xpu else "cpu"


def parse_version_file(source: bytes) -> VersionFile | None:
    """Parse a version.py of any age; None if it is no Python or states no version."""
    try:
        module = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # ValueError: a NUL
        return None
    stated = dict(_assignments(module))
    if not stated.get("__version__"):
        return None
    return VersionFile(
        version=stated["__version__"],
        cuda=stated.get("cuda", ""),
        hip=stated.get("hip") or stated.get("rocm") or "",
        xpu=stated.get("xpu", ""),
    )


def _assignments(module: ast.Module) -> Iterator[tuple[str, str]]:
    """The plain texts that names are set to, with or without an annotation: `cuda: Optional[str] = '12.6'`."""
    for node in module.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
        for target in targets:
            if isinstance(target, ast.Name) and target.id in _NAMES and isinstance(value, ast.Constant):
                yield target.id, value.value if isinstance(value.value, str) else ""
