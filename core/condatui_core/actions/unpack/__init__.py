"""Unpack: the receiver's side of pack; an archive becomes an environment that is proven to start on this machine."""

from __future__ import annotations
