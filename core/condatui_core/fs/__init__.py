"""Safe use of the file system: bounded reads, atomic writes, trees by lstat, deletion by descriptor, locks."""

from __future__ import annotations
