"""The parts of an environment: conda packages and distributions, each once, and what they need of each other."""

from __future__ import annotations

from condatui_core.analyses.channels import PYPI
from condatui_core.analyses.needs import Node
from condatui_core.analyses.parts import needs_between, parts_of, roots_of
from condatui_core.records.package import Distribution, ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from support.inventories import package, pip_package, research


def shipped(name: str, version: str = "1.0") -> tuple[ProvidedDistribution, ...]:
    return (ProvidedDistribution(name, version, f"lib/{name}.dist-info"),)


def needs(contents: PrefixContents) -> dict[str, list[str]]:
    found = needs_between(contents, parts_of(contents))
    return {f"{node.source}:{node.name}": [f"{each.source}:{each.name}" for each in of] for node, of in found.items()}


def contents_of(*packages: object, pip: tuple[Distribution, ...] = (), **more: object) -> PrefixContents:
    return PrefixContents(packages=packages, distributions=pip, **more)  # type: ignore[arg-type]


def test_where_pip_has_replaced_a_package_python_imports_that_of_pip() -> None:
    contents = research().contents
    assert contents
    parts = {f"{each.source}:{each.node.name}": each for each in parts_of(contents)}
    assert list(parts) == ["conda:numpy", "conda:python", "conda:pytorch", "pypi:numpy", "pypi:research", "pypi:torch"]
    assert (parts["conda:numpy"].version, parts["conda:numpy"].replaced_by) == ("1.26.4", Node("pypi", "numpy"))
    assert (parts["pypi:numpy"].version, parts["pypi:numpy"].shipped_by) == ("2.0.1", "")
    assert (parts["pypi:torch"].version, parts["pypi:torch"].package) == ("2.5.1", Node("conda", "pytorch"))
    assert [name for name, each in parts.items() if not each.published] == ["pypi:research"]


def test_what_pip_has_put_in_a_place_counts_though_only_the_metadata_of_conda_is_left() -> None:
    replaced = Replacement(package="pyyaml", distribution="PyYAML", conda_version="6.0", pip_version="6.0.2")
    own = pip_package("PyYAML", "6.0", owner="pyyaml")
    parts = parts_of(contents_of(package("pyyaml", provides=shipped("PyYAML")), pip=(own,), replaced=(replaced,)))
    assert [(each.node.name, each.version, each.shipped_by) for each in parts if each.source == "pypi"] == [
        ("pyyaml", "6.0.2", "")
    ]


def test_a_wheel_that_conda_has_installed_ships_itself_and_no_other_package_is_guessed_to() -> None:
    parts = parts_of(contents_of(package("einops", "0.8", PYPI), package("libfoo")))
    assert [each.node for each in parts] == [Node("conda", "einops"), Node("conda", "libfoo"), Node("pypi", "einops")]


def test_a_package_needs_what_it_depends_on_and_what_it_ships() -> None:
    contents = contents_of(
        package("python", "3.11"),
        package("torch-base", depends=("python >=3.11", "not-there", "torch-base"), provides=shipped("torch")),
        pip=(
            pip_package("Lab.Tools", requires=("torch>=2", "absent", "rich; extra == 'pretty'", "lab-tools[x]")),
            pip_package("rich"),
        ),
    )
    assert needs(contents) == {
        "conda:python": [],
        "conda:torch-base": ["conda:python", "pypi:torch"],
        "pypi:lab-tools": ["pypi:torch"],
        "pypi:rich": [],
        "pypi:torch": [],
    }


def test_an_optional_part_is_needed_if_something_asks_for_it_at_any_remove() -> None:
    pip = (
        pip_package("a", requires=("b[Fast]",)),
        pip_package("b", requires=("c[more] ; extra == 'fast'", "d ; extra == 'slow'")),
        pip_package("c", requires=("e ; extra == 'more'",)),
        pip_package("d"),
        pip_package("e"),
    )
    found = needs(contents_of(pip=pip))
    assert (found["pypi:b"], found["pypi:c"]) == (["pypi:c"], ["pypi:e"])


def test_from_the_roots_everything_is_reached_also_what_needs_each_other_in_a_circle() -> None:
    contents = contents_of(
        package("a", depends=("b",)),
        package("b"),
        package("x", depends=("y",)),
        package("y", depends=("x",)),
    )
    found = needs_between(contents, parts_of(contents))
    assert [each.name for each in roots_of(found, [Node("conda", "b"), Node("conda", "gone")])] == ["a", "b", "x"]
