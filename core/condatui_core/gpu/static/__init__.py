"""What the files of an environment say of its frameworks; no process is started."""

from __future__ import annotations
