"""What is there under a name, as Python sees it."""

from __future__ import annotations

from condatui_core.analyses.present import PresentPackages, look_up
from condatui_core.records.package import ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from support.inventories import package, pip_package

TORCH = ProvidedDistribution("torch", "2.5.1", "lib/python3.10/site-packages/torch.dist-info")
CONTENTS = PrefixContents(
    packages=(
        package("pytorch", "2.5.1", build="cpu_0", provides=(TORCH,)),
        package("ruamel.yaml", "0.18"),
        package("numpy", "1.26.4", depends=("numpy-base 1.26.4 py310_0", "python")),
        package("numpy-base", "1.26.4"),
        package("graphviz", "9.0", file_count=40),
    ),
    distributions=(
        pip_package("numpy", "2.0.1"),
        pip_package("Typing_Extensions", "4.12"),
        pip_package("torch", "2.5.1", owner="pytorch"),
    ),
    replaced=(Replacement(package="numpy-base", distribution="numpy", conda_version="1.26.4", pip_version="2.0.1"),),
)


def found(name: str) -> tuple[str, str, str] | None:
    there = look_up(CONTENTS, name)
    return (there.name, there.version, there.source) if there else None


def test_a_name_is_condas_or_pips_or_that_of_a_distribution_in_a_conda_package() -> None:
    assert found("pytorch") == ("pytorch", "2.5.1", "conda")
    assert found("torch") == ("pytorch", "2.5.1", "conda")
    assert found("typing-extensions") == ("Typing_Extensions", "4.12", "pypi")
    assert found("Ruamel_YAML") == ("ruamel.yaml", "0.18", "conda")
    assert found("scipy") is None


def test_what_pip_has_replaced_is_pips_also_for_the_package_above_the_replaced_one() -> None:
    assert found("numpy-base") == ("numpy", "2.0.1", "pypi")
    assert found("numpy") == ("numpy", "2.0.1", "pypi")


def test_a_replacement_without_metadata_of_its_own_is_there_all_the_same() -> None:
    replaced = Replacement(package="idna", distribution="idna", conda_version="3.10", pip_version="3.7")
    contents = PrefixContents(packages=(package("idna", "3.10"),), replaced=(replaced,))
    present = PresentPackages(contents, {"idna"})
    for there in (present.conda_package("idna"), present.pip_distribution("idna"), present.spelled_alike("idna")):
        assert there is not None
        assert (there.version, there.source, there.distribution) == ("3.7", "pypi", None)


def test_only_names_that_were_asked_for_are_found() -> None:
    present = PresentPackages(CONTENTS, {"pytorch"})
    assert present.conda_package("pytorch")
    assert present.conda_package("graphviz") is present.shipped_distribution("torch") is None
