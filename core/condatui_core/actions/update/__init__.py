"""Update: conda brings packages of an environment to given versions, and condatui keeps a way back and verifies."""

from __future__ import annotations
