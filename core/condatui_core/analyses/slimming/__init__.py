"""What a service would not need of an environment: the classes, which package and which file belongs to each."""

from __future__ import annotations
