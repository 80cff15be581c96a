"""Packages that a service does not need as a whole."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from condatui_core.analyses.needs import Needs, Node
from condatui_core.analyses.slimming.packages import chain_above, is_for_developers, whole_packages, with_needs
from condatui_core.records.prefix import History, PrefixContents
from support.inventories import package, pip_package


def classes(
    needed: Mapping[str, Sequence[str]],
    requested: Sequence[str],
    pip: Mapping[str, Sequence[str]] | None = None,
    asked_of_pip: Sequence[str] = (),
    kept: Sequence[str] = (),
) -> dict[str, str]:
    """The class of each package that goes, by its name."""
    contents = PrefixContents(
        packages=tuple(package(name, depends=tuple(needs)) for name, needs in needed.items()),
        distributions=tuple(pip_package(name, requires=tuple(needs)) for name, needs in (pip or {}).items()),
        history=History(requested=tuple((name, name) for name in requested)),
    )
    needs = Needs(contents)
    stays = with_needs(needs, (Node("conda", name) for name in kept))
    found = whole_packages(contents, needs, asked_of_pip, stays)
    return {node.name: name for node, name in found.class_of.items()}


def test_a_tool_goes_with_what_only_it_needs() -> None:
    needed = {
        "python": [], "numpy": ["python"], "jupyterlab": ["python", "tornado", "ipykernel"], "tornado": ["python"],
        "ipykernel": ["python", "pyzmq"], "pyzmq": ["python"],
    }  # fmt: skip
    assert classes(needed, ["numpy", "jupyterlab"]) == dict.fromkeys(
        ("jupyterlab", "tornado", "ipykernel", "pyzmq"), "developer-packages"
    )


def test_what_a_tool_shares_with_a_service_stays() -> None:
    needed = {"python": [], "jupyterlab": ["tornado"], "tornado": ["python"], "bokeh": ["tornado"]}
    assert classes(needed, ["jupyterlab", "bokeh"]) == {"jupyterlab": "developer-packages"}


def test_a_tool_that_something_cannot_do_without_stays() -> None:
    needed = {"python": [], "ipython": ["python", "jedi"], "jedi": [], "fastai": ["ipython"]}
    assert classes(needed, ["fastai"]) == {}


def test_what_is_kept_stays_with_all_that_it_needs_whatever_it_is() -> None:
    needed = {
        "python": ["pip"], "pip": ["python"], "numpy": ["python", "libblas"], "libblas": [], "stray": ["python"],
        "pytest": ["iniconfig", "python"], "iniconfig": [],
    }  # fmt: skip
    requested = ["python", "pytest"]
    assert set(classes(needed, requested)) == {"pip", "numpy", "libblas", "stray", "pytest", "iniconfig"}
    assert set(classes(needed, requested, kept=["numpy", "pytest"])) == {"stray", "pip"}
    assert "pip" not in classes(needed, requested, kept=["pip"])


def test_a_tool_that_is_only_an_option_goes() -> None:
    pip = {"fastapi": ["pytest; extra == 'all'"], "pytest": ["iniconfig"], "iniconfig": []}
    assert classes({"python": []}, ["python"], pip, ["fastapi", "pytest"]) == dict.fromkeys(
        ("pytest", "iniconfig"), "developer-packages"
    )


def test_installers_go_unless_something_needs_them_to_run() -> None:
    needed = {"python": ["pip"], "pip": ["setuptools", "wheel"], "setuptools": [], "wheel": [], "numpy": ["python"]}
    assert classes(needed, ["python", "pip", "numpy"]) == dict.fromkeys(
        ("pip", "setuptools", "wheel"), "installer-leftovers"
    )
    needed["numpy"] = ["python", "setuptools"]
    assert classes(needed, ["python", "pip", "numpy"]) == dict.fromkeys(("pip", "wheel"), "installer-leftovers")


def test_python_stays_though_only_tools_were_requested() -> None:
    needed = {"python": ["openssl"], "openssl": [], "pip": ["python"], "ruff": ["python"]}
    assert classes(needed, ["pip", "ruff"]) == {"pip": "installer-leftovers", "ruff": "developer-packages"}


def test_a_leaf_is_one_whatever_it_is() -> None:
    needed = {"python": [], "black": ["click"], "click": ["python"]}
    assert classes(needed, ["python"]) == {"black": "leaves", "click": "leaves"}


def test_families_of_tools_are_known_by_their_first_name() -> None:
    tools = ("pytest-asyncio", "sphinx_rtd_theme", "jupyterlab", "black")
    assert [is_for_developers(Node("conda", name)) for name in (*tools, "pytester", "numpy")] == [True] * 4 + [
        False
    ] * 2


def test_a_chain_is_told_from_its_beginning() -> None:
    contents = PrefixContents(
        packages=(package("top", depends=("middle",)), package("middle", depends=("end",)), package("end"))
    )
    needs = Needs(contents)
    assert {node.name: above for node, above in chain_above(needs, needs.nodes).items()} == {
        "top": (),
        "middle": ("top",),
        "end": ("middle",),
    }
