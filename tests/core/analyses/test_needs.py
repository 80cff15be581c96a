"""What packages of an environment need of each other, and what nothing needs."""

from __future__ import annotations

from condatui_core.analyses.needs import Needs, Node
from condatui_core.records.package import Distribution, PackageRecord, ProvidedDistribution, Replacement
from condatui_core.records.prefix import PrefixContents
from support.inventories import package, pip_package


def conda(name: str) -> Node:
    return Node("conda", name)


def pip(name: str) -> Node:
    return Node("pypi", name)


def contents(
    packages: tuple[PackageRecord, ...] = (), pip: tuple[Distribution, ...] = (), **fields: object
) -> PrefixContents:
    return PrefixContents(packages=packages, distributions=pip, **fields)  # type: ignore[arg-type]


def test_needs_lead_from_pip_to_conda() -> None:
    shipped = ProvidedDistribution("Torch_Core", "2.0", "lib/x")
    needs = Needs(
        contents(
            (package("pytorch", "2.0", provides=(shipped,), depends=("mkl >=2021", "conda-forge::zlib", "__glibc"),),
             package("mkl", "2022"), package("zlib"), package("unrelated")),
            (pip_package("lightning", requires=("torch.core>=2", "rich; python_version < '3'", "absent")),
             pip_package("rich")),
        )
    )  # fmt: skip
    assert needs.of(pip("lightning")) == {conda("pytorch"), pip("rich")}
    assert needs.reached_from([pip("lightning")]) == {
        pip("lightning"), pip("rich"), conda("pytorch"), conda("mkl"), conda("zlib"),
    }  # fmt: skip


def test_a_package_of_unknown_files_and_a_wheel_of_condas_count_as_what_their_names_say() -> None:
    wheel = package("Rich", base_url="pypi", file_count=9)
    needs = Needs(contents((package("idna"), wheel), (pip_package("x", requires=("idna", "rich")),)))
    assert needs.of(pip("x")) == {conda("idna"), conda("Rich")}
    empty = Needs(contents((package("idna", file_count=9),), (pip_package("x", requires=("idna",)),)))
    assert empty.of(pip("x")) == set()  # the files are known, and no distribution is among them


def test_python_brings_pip_along() -> None:
    needs = Needs(contents((package("python"), package("pip", depends=("wheel",)), package("wheel"))))
    assert needs.reached_from([conda("python")]) == set(needs.nodes)


def test_optional_parts_count_only_where_they_are_wanted() -> None:
    needs = Needs(
        contents(
            pip=(
                pip_package("tool", requires=("fsspec[http]", 'pytest; extra == "test"')),
                pip_package("fsspec", requires=('aiohttp; extra == "http"', "s3fs; extra == 's3'")),
                pip_package("aiohttp"),
                pip_package("s3fs"),
                pip_package("pytest"),
            )
        )
    )
    reached = {pip("tool"), pip("fsspec"), pip("aiohttp")}
    assert needs.reached_from([pip("tool")]) == reached
    assert needs.reached_from([pip("tool")], {"tool": ["Test"]}) == {*reached, pip("pytest")}
    assert needs.reached_from([pip("fsspec"), pip("tool")]) == reached


def test_what_pip_has_put_over_a_conda_package_is_needed_with_it() -> None:
    replaced = Replacement(package="numpy", distribution="NumPy", conda_version="1", pip_version="2")
    held = contents(
        (package("pandas", depends=("numpy",)), package("numpy")), (pip_package("numpy", "2"),), replaced=(replaced,)
    )
    assert Needs(held).reached_from([conda("pandas")]) == {conda("pandas"), conda("numpy"), pip("numpy")}


def test_the_tops_lead_to_all_others_also_in_a_circle() -> None:
    needs = Needs(
        contents(
            (
                package("top", depends=("below",)),
                package("below", depends=("bottom",)),
                package("bottom"),
                package("left", depends=("right",)),
                package("right", depends=("left", "bottom")),
                package("self", depends=("self",)),
            )
        )
    )
    assert needs.tops(needs.nodes) == (conda("left"), conda("self"), conda("top"))
    assert needs.tops(needs.nodes, {conda("bottom")}) == (conda("bottom"), conda("left"), conda("self"), conda("top"))
    assert needs.tops([conda("bottom"), conda("below")]) == (conda("below"),)
