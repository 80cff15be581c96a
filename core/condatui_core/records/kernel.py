"""Jupyter kernels, and the files of a user that name an environment."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

ReferenceKind = Literal["kernel", "shell", "condarc"]

HOW_TO_BRING_BACK = "how-to-bring-back.txt"
"""The file beside the copies of kernels that a job has deleted, with a command for each that brings it back."""


class Kernel(Struct, frozen=True, kw_only=True):
    """A Jupyter kernel of this user, or in an environment."""

    path: str
    """The directory that holds its kernel.json, absolute."""
    name: str
    """The directory's name, by which Jupyter knows it."""
    display_name: str = ""
    """The name that Jupyter shows."""
    program: str = ""
    """The program that it starts, as kernel.json states it: absolute, or a name that is looked up when it starts."""
    prefix: str = ""
    """The real prefix of the environment that the program lies in; empty if it lies in none that is known."""
    gone: bool = False
    """Whether the program and the environment around it are not there any more."""
    inside: str = ""
    """The prefix of the environment that the kernel itself lies in; empty for one of the user."""


class Reference(Struct, frozen=True, kw_only=True):
    """A place in the user's files that names an environment, and would name nothing once it is removed."""

    kind: ReferenceKind
    """A Jupyter kernel, a file that a shell reads, or conda's configuration."""
    file: str
    """The absolute path."""
    line: int = 0
    """The number of the line; 0 for a kernel."""
    text: str = ""
    """The line, or the name of the kernel."""
