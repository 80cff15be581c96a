"""Cleanup: several requests as one plan and one job, which stops at the first surprise."""

from __future__ import annotations
