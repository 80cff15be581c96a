"""Collect the snapshots of many machines over ClusterShell: what runs there, what comes back, and where it is kept."""

from __future__ import annotations
