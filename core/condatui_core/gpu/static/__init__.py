"""What files tell of the frameworks of an environment; no process is started."""

from __future__ import annotations
