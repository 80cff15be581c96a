"""The classes in their order: the first that holds for a file has it. Whole packages go before kinds of files."""

from __future__ import annotations

import difflib
from typing import NamedTuple

from condatui_core.errors import UsageError
from condatui_core.records.slimming import Risk, SlimClass
from condatui_core.text import sanitize


class ClassRule(NamedTuple):
    """What is public of a class."""

    name: SlimClass
    label: str
    risk: Risk
    why: str


CLASSES: tuple[ClassRule, ...] = (
    ClassRule(
        "leaves",
        "packages that nobody asked for",
        "low",
        "Nobody requested them, and nothing that was requested needs them.",
    ),
    ClassRule(
        "developer-packages", "tools of developers", "low", "Notebooks, linters, test runners and what only they need."
    ),
    ClassRule(
        "installer-leftovers",
        "pip, setuptools and what they left",
        "low",
        "A service installs nothing; code that asks pip or pkg_resources misses it.",
    ),
    ClassRule(
        "second-blas", "a second BLAS", "medium", "Another BLAS is loaded; code may still open this one by its name."
    ),
    ClassRule(
        "unused-cuda",
        "CUDA libraries that nothing loads",
        "medium",
        "Nothing here loads it by its header; code may still open it by its name.",
    ),
    ClassRule(
        "stale-python", "packages of an older python", "none", "The python that is installed here does not read it."
    ),
    ClassRule("caches", "caches", "none", "Programs make them again when they need them."),
    ClassRule(
        "conda-meta",
        "conda's bookkeeping",
        "medium",
        "Programs do not read it; without it no conda can list or update the rest.",
    ),
    ClassRule(
        "byte-code", "byte code", "low", "Python compiles it again: slower starts where it cannot keep the result."
    ),
    ClassRule("debug-symbols", "debug symbols", "none", "Only debuggers read them."),
    ClassRule(
        "static-libraries", "static libraries", "low", "Only linkers read them; some packages link while they run."
    ),
    ClassRule(
        "second-versions",
        "second versions of libraries",
        "medium",
        "Another version is loaded, and this one by no header.",
    ),
    ClassRule(
        "headers",
        "header files",
        "low",
        "Only compilers read them; some packages, such as Triton, compile at run time.",
    ),
    ClassRule("build-files", "cmake and pkg-config files", "none", "Only builds of other software read them."),
    ClassRule(
        "tests", "tests inside of packages", "low", "Nothing else imports them, as far as lines of imports tell."
    ),
    ClassRule("man-and-info", "manual and info pages", "none", "People read them, programs do not."),
    ClassRule(
        "documentation", "documentation and examples", "low", "People read it; a few programs show help from it."
    ),
    ClassRule("translations", "translations", "low", "Without them messages are in English."),
    ClassRule("kept", "what stays", "none", "A service may need all of this."),
)
"""All classes. A file that several would take belongs to the first of them."""

USUAL: tuple[SlimClass, ...] = tuple(each.name for each in CLASSES if each.name != "kept" and each.risk != "medium")
"""The classes that are left out unless the user names others."""

LEAVABLE: dict[str, SlimClass] = {each.name: each.name for each in CLASSES if each.name != "kept"}
"""By name, all classes that can be left out: all but what stays."""


def class_named(name: str) -> SlimClass:
    """The class that can be left out and has this name. UsageError for any other name, with the one that is meant."""
    if name in LEAVABLE:
        return LEAVABLE[name]
    close = difflib.get_close_matches(name.casefold(), LEAVABLE, n=1, cutoff=0.5)
    meant = f" Did you mean `{close[0]}`?" if close else ""
    raise UsageError(f"`{sanitize(name)}` is no class.{meant} These are: {', '.join(LEAVABLE)}.")


WHOLE_PACKAGES: frozenset[SlimClass] = frozenset(
    {"leaves", "developer-packages", "installer-leftovers", "second-blas", "unused-cuda"}
)
"""The classes that take packages as a whole, with byte code, tests and record."""
