"""The file system, handled with care: bounded reads, atomic writes, trees by lstat, deletion by descriptor, locks."""

from __future__ import annotations
