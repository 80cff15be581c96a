"""Packages that a service does not need as a whole: leaves, tools of developers, installers."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct

from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.leaves import PYTHON, asked_for, closure, leaves
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.slimming import SlimClass

_INSTALLERS = frozenset({"pip", "setuptools", "wheel", "uv", "distribute", "pipx"})
_DEVELOPER = frozenset({
    "ipykernel", "ipython", "jupyter", "jupyterlab", "jupyter-client", "jupyter-console", "jupyter-server",
    "nbclassic", "nbconvert", "nbdime",
    "nbstripout", "notebook", "qtconsole", "spyder", "spyder-kernels", "jupytext", "voila",
    "autopep8", "bandit", "black", "codespell", "flake8", "isort", "mypy", "pycodestyle", "pydocstyle", "pyflakes",
    "pylint", "pyright", "ruff", "vulture", "yapf",
    "pre-commit", "rope", "python-lsp-server", "jedi-language-server",
    "codecov", "coverage", "hypothesis", "nose", "nose2", "nox", "pytest", "tox",
    "mkdocs", "numpydoc", "sphinx", "pdoc",
    "debugpy", "ipdb", "line-profiler", "memory-profiler", "pdbpp", "pudb", "py-spy", "pyinstrument", "scalene",
    "snakeviz",
    "build", "boa", "conda-build", "cookiecutter", "flit", "hatch", "meson", "meson-python", "pdm", "pipenv",
    "poetry", "rattler-build", "scikit-build",
    "scikit-build-core", "twine", "cmake", "cython", "swig",
})  # fmt: skip
"""What people work with, and services do not run. Compilers are not among it: some packages compile at run time."""
_PIP = Node("conda", "pip")
_FAMILIES = re.compile(r"(?:pytest|sphinx|sphinxcontrib|mkdocs|flake8|jupyterlab|jupyter-lsp|nbsphinx)[-_].+")


class WholePackages(Struct, frozen=True):
    """The packages that go as a whole."""

    class_of: Mapping[Node, SlimClass]
    limits: tuple[str, ...] = ()
    """What could not be told, a sentence each."""


def whole_packages(
    contents: PrefixContents, needs: Needs, asked_of_pip: Collection[str] | None, stays: Collection[Node] = ()
) -> WholePackages:
    """Which packages a service does not need, by who asked for them, what they are and who needs them.

    A tool that something else needs stays, and so does what tools share with the rest. `stays` are packages of which
    the user has said that a service needs them.
    """
    asked = asked_for(contents, needs, asked_of_pip)
    unasked = leaves(needs, asked.nodes.union(stays))
    rest = frozenset(needs.nodes) - unasked
    tools = {node for node in rest if is_for_developers(node)}
    installers = {node for node in rest if node.name in _INSTALLERS}
    wanted = ((asked.nodes | (rest & {PYTHON})) - tools - installers).union(stays)
    served = closure(wanted, lambda node: _needed_to_run(needs, node, tools | installers))
    of_tools = closure(tools - served, needs.with_options)
    found: dict[Node, SlimClass] = dict.fromkeys(unasked, "leaves")
    for node in rest - served:
        found[node] = "developer-packages" if node in of_tools - installers else "installer-leftovers"
    return WholePackages(found, asked.limits)


def with_needs(needs: Needs, nodes: Iterable[Node]) -> set[Node]:
    """These packages and all that they need to run, at any remove; python needs no pip."""
    return closure(nodes, lambda node: needs.of(node) - {_PIP} if node == PYTHON else needs.of(node))


def is_for_developers(node: Node) -> bool:
    """Whether a package is a tool that people work with, by its name."""
    name = node.name.replace("_", "-")
    return name in _DEVELOPER or _FAMILIES.fullmatch(name) is not None


def _needed_to_run(needs: Needs, node: Node, tools: Collection[Node]) -> Iterable[Node]:
    """What a package needs, of the tools only what it cannot do without; python needs no pip to run."""
    required = frozenset() if node == PYTHON else needs.of(node)
    return (need for need in needs.with_options(node) if need not in tools or need in required)


def chain_above(needs: Needs, members: Collection[Node]) -> Mapping[Node, tuple[str, ...]]:
    """For each of some packages, the names of the others among them that need it, sorted."""
    above: dict[Node, set[str]] = {node: set() for node in members}
    for node in members:
        for need in needs.of(node):
            if need in above and need != node:
                above[need].add(node.name)
    return {node: tuple(sorted(names)) for node, names in above.items()}
