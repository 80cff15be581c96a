"""What keys can do: the registry, the context that an action depends on, and the keymap."""

from __future__ import annotations
