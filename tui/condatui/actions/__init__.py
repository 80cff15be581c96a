"""What keys can do: the registry, the context that an action may depend on, and the keymap."""

from __future__ import annotations
