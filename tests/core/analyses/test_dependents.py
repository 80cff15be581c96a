from __future__ import annotations

from condatui_core.analyses.dependents import dependents
from condatui_core.records.package import ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from support.inventories import package, pip_package

CONTENTS = PrefixContents(
    packages=(
        package("numpy", provides=(ProvidedDistribution("numpy", "1.26", "x"),)),
        package("pandas", depends=("numpy >=1.22,<3", "python")),
        package("numpy-base", depends=("python",)),
        package("pytorch", depends=("numpy",), provides=(ProvidedDistribution("torch", "2.5", "x"),)),
    ),
    distributions=(
        pip_package("Lightning", requires=("torch>=2", "numpy; extra == 'all'")),
        pip_package("torch", owner="pytorch", requires=("numpy",)),
        pip_package("Broken", requires=("torch >>> 2",)),
    ),
)


def test_conda_packages_that_depend_on_it_are_named() -> None:
    assert dependents(CONTENTS, "numpy") == ("pandas", "pytorch")


def test_the_name_in_a_spec_may_be_followed_or_preceded_by_anything() -> None:
    others = (package("a", depends=("numpy>=1",)), package("b", depends=("conda-forge::numpy[build=x]",)))
    assert dependents(PrefixContents(packages=(package("numpy"), *others)), "numpy") == ("a", "b")


def test_what_pip_installed_needs_a_conda_package_by_its_distribution() -> None:
    assert dependents(CONTENTS, "pytorch") == ("Lightning",)


def test_what_only_an_extra_needs_is_not_needed() -> None:
    assert "Lightning" not in dependents(CONTENTS, "numpy")


def test_a_distribution_that_replaced_a_conda_package_is_needed_by_those_of_that() -> None:
    replaced = Replacement(package="numpy", distribution="NumPy", conda_version="1", pip_version="2")
    contents = PrefixContents(packages=CONTENTS.packages, replaced=(replaced,))
    assert dependents(contents, "NumPy") == ("pandas", "pytorch")


def test_nobody_needs_what_nobody_names() -> None:
    assert dependents(CONTENTS, "pandas") == ()
