"""What runs on when a screen goes away: the walk of the disk, GPU checks, jobs, comparisons."""

from __future__ import annotations
