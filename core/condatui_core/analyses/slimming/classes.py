"""The classes in their order: the first that holds for a file has it. Whole packages go before kinds of files."""

from __future__ import annotations

from typing import NamedTuple

from condatui_core.records.slimming import Risk, SlimClass


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
        "Nobody requested these packages and nothing that was requested needs them.",
    ),
    ClassRule(
        "developer-packages",
        "tools of developers",
        "low",
        "Notebooks, linters, test runners and what only they need: a service runs none of them.",
    ),
    ClassRule(
        "installer-leftovers",
        "pip, setuptools and what they left",
        "low",
        "A service installs nothing; code that asks pkg_resources or pip at run time would miss them.",
    ),
    ClassRule(
        "second-blas",
        "a second BLAS",
        "medium",
        "No library here loads it, as another BLAS is installed; code may still open it by name.",
    ),
    ClassRule(
        "unused-cuda",
        "CUDA libraries that nothing loads",
        "medium",
        "No installed framework loads these libraries by its header; code may still open them by name.",
    ),
    ClassRule(
        "stale-python",
        "packages of an older python",
        "none",
        "The python that is installed here does not read this site-packages.",
    ),
    ClassRule("caches", "caches", "none", "Programs make their caches again when they need them."),
    ClassRule(
        "conda-meta",
        "conda's bookkeeping",
        "medium",
        "Programs do not read it, but without it no conda can list, verify or update the environment.",
    ),
    ClassRule(
        "byte-code",
        "byte code",
        "low",
        "Python compiles it again, which makes each start slower where it cannot write the result.",
    ),
    ClassRule("debug-symbols", "debug symbols", "none", "Only debuggers read them."),
    ClassRule(
        "static-libraries",
        "static libraries",
        "low",
        "Only linkers read them; some packages that compile at run time do link.",
    ),
    ClassRule(
        "second-versions",
        "second versions of libraries",
        "medium",
        "Another version of the same library is loaded instead, and nothing here loads this one by its header.",
    ),
    ClassRule(
        "headers",
        "header files",
        "low",
        "Only compilers read them; packages that compile at run time, such as Triton, do so too.",
    ),
    ClassRule("build-files", "cmake and pkg-config files", "none", "Only builds of other software read them."),
    ClassRule(
        "tests",
        "tests inside of packages",
        "low",
        "No code outside of these directories imports them; what is imported by a computed name is not seen.",
    ),
    ClassRule("man-and-info", "manual and info pages", "none", "People read them, programs do not."),
    ClassRule(
        "documentation",
        "documentation and examples",
        "low",
        "People read it; a few programs show their own help from it.",
    ),
    ClassRule(
        "translations",
        "translations",
        "low",
        "Messages appear in English without them; a service that speaks to people may need them.",
    ),
    ClassRule("kept", "what stays", "none", "A service may need all of this."),
)
"""All classes. A file that several would take belongs to the first of them."""

WHOLE_PACKAGES: frozenset[SlimClass] = frozenset(
    {"leaves", "developer-packages", "installer-leftovers", "second-blas", "unused-cuda"}
)
"""The classes that take packages as a whole, with byte code, tests and record."""
