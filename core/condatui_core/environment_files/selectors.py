"""Decide which lines of a file apply to a platform: selectors in comments and keys, and environment markers."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Mapping

from msgspec import Struct
from packaging.markers import InvalidMarker, Marker, UndefinedComparison, UndefinedEnvironmentName
from packaging.version import InvalidVersion

from condatui_core.errors import UsageError

# What a file is read for


class Target(Struct, frozen=True, kw_only=True):
    """The machine, and the part of a file for several, that the file is read for."""

    platform: str = ""
    """conda's name, such as `linux-64`; empty if every line applies."""
    platform_asked: bool = False
    """Whether the user has named the platform; otherwise it is this machine's."""
    python: str = ""
    """The version, such as `3.11` or `3.11.9`; empty if it is not known."""
    environment: str = ""
    """The environment, or optional category, of a lock file; empty if none is named."""


def choose_platform(platforms: Collection[str], target: Target, file: str) -> str:
    """The platform to read of a lock file: the target's, or the file's only one.

    Raises UsageError, which names the file, if the file has nothing for the target.
    """
    if target.platform in platforms or not platforms:
        return target.platform
    if len(platforms) == 1 and not target.platform_asked:
        return next(iter(platforms))
    raise UsageError(
        f"The lock file has nothing for {target.platform or 'every platform'}.",
        f"{file} is for {', '.join(sorted(platforms))}.",
        "Choose one of these platforms, or lock it for this one as well.",
    )


# Selectors: `- foo  # [linux]`, and `sel(linux): foo`


_SELECTOR = re.compile(r"#\s*\[([^\[\]#]+)\]\s*$")
_KEY = re.compile(r"sel\(([^()]*[^()\s])\s*\)")
_LONGEST = 200
_MACHINES = {"64": ("x86_64",), "32": ("x86",), "aarch64": ("aarch64",), "arm64": ("arm64",), "ppc64le": ("ppc64le",)}


def apply_selectors(text: str, target: Target) -> tuple[str, tuple[str, ...]]:
    """Blank the lines whose comment selects another platform; returns the text and those lines.

    A comment that is no selector for platforms, such as `# [a note]`, selects nothing.
    """
    lines = text.split("\n")
    others = [number for number, line in enumerate(lines) if _is_for_others(line, target)]
    dropped = tuple(lines[number].strip().removeprefix("- ") for number in others)
    for number in others:
        lines[number] = ""
    return "\n".join(lines), dropped


def _is_for_others(line: str, target: Target) -> bool:
    selector = _SELECTOR.search(line)
    return selector is not None and bool(line[: selector.start()].strip()) and selects(selector[1], target) is False


def selector_of_key(key: str) -> str | None:
    """The selector in a key such as `sel(linux)`; None if the key is none."""
    match = _KEY.fullmatch(key.strip())
    return match[1].strip() if match else None


def selects(selector: str, target: Target) -> bool | None:
    """Whether a selector such as `linux and not aarch64` selects the platform; None if it is no selector.

    Without a platform every selector does.
    """
    if len(selector) > _LONGEST:
        return None
    try:
        answer = _truth(ast.parse(selector.strip(), mode="eval").body, _platform_names(target.platform))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return answer if target.platform or answer is None else True


def _truth(node: ast.expr, names: Mapping[str, bool]) -> bool | None:
    if isinstance(node, ast.Name):
        return names.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        inner = _truth(node.operand, names)
        return None if inner is None else not inner
    if isinstance(node, ast.BoolOp):
        answers = [_truth(each, names) for each in node.values]
        join = all if isinstance(node.op, ast.And) else any
        return None if None in answers else join(answers)
    return None


def _platform_names(platform: str) -> dict[str, bool]:
    """Every name that a selector may use, and whether it is true on a platform."""
    system, _, machine = platform.partition("-")
    true = {system, f"{system}{machine}", *_MACHINES.get(machine, (machine,))}
    known = {"linux", "osx", "win", "unix", *(name for names in _MACHINES.values() for name in names)}
    known |= {f"{each}{bits}" for each in ("linux", "osx", "win") for bits in (32, 64)}
    return {name: name in true or (name == "unix" and system in ("linux", "osx")) for name in known}


# Environment markers of pip: `; python_version < "3.8"`


_SYSTEMS = {
    "linux": ("linux", "Linux", "posix"),
    "osx": ("darwin", "Darwin", "posix"),
    "win": ("win32", "Windows", "nt"),
}
_PYTHON_VARIABLES = ("python_version", "python_full_version", "implementation_version")


def applies(marker: str, target: Target) -> bool | None:
    """Whether an environment marker is true for the target; None if it cannot be decided."""
    if not marker:
        return True
    system, _, machine = target.platform.partition("-")
    if system not in _SYSTEMS or (not target.python and any(each in marker for each in _PYTHON_VARIABLES)):
        return None
    return _quietly(lambda: Marker(marker).evaluate(_marker_environment(system, machine, target.python)))


def _quietly(evaluate: Callable[[], bool]) -> bool | None:
    try:
        return evaluate()
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, InvalidVersion, RecursionError):
        return None


def _marker_environment(system: str, machine: str, python: str) -> dict[str, str]:
    sys_platform, platform_system, os_name = _SYSTEMS[system]
    short = ".".join(python.split(".")[:2])
    return {
        "sys_platform": sys_platform,
        "platform_system": platform_system,
        "os_name": os_name,
        "platform_machine": _pep_machine(system, machine),
        "platform_release": "",
        "platform_version": "",
        "platform_python_implementation": "CPython",
        "implementation_name": "cpython",
        "implementation_version": python,
        "python_version": short,
        "python_full_version": python if python.count(".") > 1 else f"{short}.0",
        "extra": "",
    }


def _pep_machine(system: str, machine: str) -> str:
    """The machine as Python's `platform.machine()` calls it."""
    if machine == "64":
        return "AMD64" if system == "win" else "x86_64"
    return "x86" if machine == "32" else machine


def stated_python(constraint: str) -> str:
    """The Python that a file asks for by `3.11.9`, `=3.11` or `3.11.*`; empty if a constraint leaves it open."""
    match = re.fullmatch(r"=*(\d+\.\d+(?:\.\d+)?)(?:\.?\*)?", constraint)
    return match[1] if match else ""
