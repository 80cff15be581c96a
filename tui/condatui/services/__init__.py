"""Work beside the screens: loading, measuring the disk, GPU checks, jobs, comparisons."""

from __future__ import annotations
