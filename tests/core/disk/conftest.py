"""What lies on a disk is measured on one."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def tmp_path(disk_path: Path) -> Path:
    """A directory on a disk, also where that of other tests is in memory."""
    return disk_path
