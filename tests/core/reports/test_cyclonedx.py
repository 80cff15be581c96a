"""The bill of materials: valid by CycloneDX' own schema, true, the same for the same, and without secrets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from cyclonedx.schema import SchemaVersion
from msgspec.structs import replace

from condatui_core.prefixes.prefix import read_prefix
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Problem
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.reports.cyclonedx import Subject, bill_of_materials
from condatui_sandbox import Sandbox
from support.inventories import CONDA_FORGE, NOW, PYTORCH, environment, loaded, package, pip_package, research

if TYPE_CHECKING:
    from cyclonedx.validation.json import JsonStrictValidator


def bill(subject: Environment) -> str:
    assert subject.contents
    read = Subject(environment=subject, contents=subject.contents, config=ChannelConfig(), version="1.2.3")
    return bill_of_materials(read, at=NOW)


def document(subject: Environment) -> dict[str, Any]:
    """The bill, once it is known to be valid."""
    text = bill(subject)
    assert validator().validate_str(text) is None
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def validator() -> JsonStrictValidator:
    from cyclonedx.validation.json import JsonStrictValidator  # builds dozens of grammars, in each worker

    return JsonStrictValidator(SchemaVersion.V1_6)


def components(subject: Environment) -> dict[str, dict[str, Any]]:
    return {each["bom-ref"]: each for each in document(subject)["components"]}


def component(part: PackageRecord | Distribution) -> dict[str, Any]:
    """The component of the only part of an environment that is asked about."""
    conda = isinstance(part, PackageRecord)
    found = components(loaded("a", [part] if conda else [], [] if conda else [part]))  # type: ignore[list-item]
    return found[f"conda:{part.name}" if conda else f"pypi:{part.name}"]


def properties(part: dict[str, Any]) -> dict[str, str]:
    return {each["name"].removeprefix("condatui:"): each["value"] for each in part["properties"]}


def test_an_environment_with_something_of_everything() -> None:
    found = components(research())
    assert {ref: each.get("purl") for ref, each in found.items()} == {
        "conda:numpy": "pkg:conda/numpy@1.26.4?build=py310hb13e2d6_0&channel=conda-forge",
        "conda:python": "pkg:conda/python@3.10.14?build=h0_0&channel=conda-forge",
        "conda:pytorch": "pkg:conda/pytorch@2.5.1?build=py3.10_cuda12.4_cudnn9.1.0_0&channel=pytorch",
        "pypi:numpy": "pkg:pypi/numpy@2.0.1",
        "pypi:research": None,
        "pypi:torch": "pkg:pypi/torch@2.5.1",
    }
    assert properties(found["conda:numpy"]) == {
        "installer": "conda",
        "replaced-by": "pypi:numpy",
        "requested": "true",
    }
    assert properties(found["pypi:research"]) == {"installer": "pip", "origin": "editable"}
    assert properties(found["pypi:torch"]) == {"installer": "conda"}
    assert found["conda:python"]["hashes"] == [{"alg": "MD5", "content": "0" * 32}]
    (place,) = found["conda:pytorch"]["externalReferences"]
    name = "pytorch-2.5.1-py3.10_cuda12.4_cudnn9.1.0_0.tar.bz2"
    assert place == {"type": "distribution", "url": f"{PYTORCH}/linux-64/{name}"}


def test_the_bill_says_what_it_is_of_and_by_whom_and_when() -> None:
    found = document(research())
    told = found["metadata"]
    assert (found["specVersion"], told["component"]["name"], told["component"]["bom-ref"]) == (
        "1.6",
        "research",
        "environment",
    )
    assert told["timestamp"] == "2026-05-20T10:00:00+00:00"
    assert [(each["name"], each["version"]) for each in told["tools"]["components"]] == [("condatui", "1.2.3")]
    assert told["component"]["properties"] == [
        {"name": "condatui:incomplete", "value": "conda-meta/x.json: not valid JSON"}
    ]


def test_one_outside_of_envs_directories_is_called_as_its_directory() -> None:
    text = bill(loaded("/home/ada/paper", [package("a")], prefix="/home/ada/paper"))
    assert json.loads(text)["metadata"]["component"]["name"] == "paper"
    assert "/home/ada" not in text


def test_the_whole_of_a_conda_package() -> None:
    found = component(
        package(
            "libfoo",
            "1!2.0",
            subdir="linux-64",
            file_name="libfoo-1!2.0-h0_0.conda",
            md5="A" * 32,
            sha256="b" * 64,
            url=f"{CONDA_FORGE}/linux-64/libfoo-1!2.0-h0_0.conda",
        )
    )
    assert found["purl"] == "pkg:conda/libfoo@1%212.0?build=h0_0&channel=conda-forge&subdir=linux-64&type=conda"
    assert [each["alg"] for each in found["hashes"]] == ["MD5", "SHA-256"]
    unknown = component(package("x", base_url=None, build="", md5="0", sha256="not hex", url="a b%zz://[", license=""))
    assert unknown.keys() == {"bom-ref", "name", "properties", "purl", "type", "version"}
    assert unknown["purl"] == "pkg:conda/x@1.0"


@pytest.mark.parametrize(
    ("license", "stated"),
    [
        ("MIT", {"license": {"id": "MIT"}}),
        ("apache-2.0", {"license": {"id": "Apache-2.0"}}),
        ("MIT AND (Apache-2.0 OR GPL-2.0-or-later)", {"expression": "MIT AND (Apache-2.0 OR GPL-2.0-or-later)"}),
        ("GPL-3.0-only WITH GCC-exception-3.1", {"expression": "GPL-3.0-only WITH GCC-exception-3.1"}),
        ("LicenseRef-Intel-2022", {"expression": "LicenseRef-Intel-2022"}),
        ("MIT AND LicenseRef-x.y", {"expression": "MIT AND LicenseRef-x.y"}),
        ("Apache-2.0+", {"expression": "Apache-2.0+"}),
        ("BSD 3-Clause", {"license": {"name": "BSD 3-Clause"}}),
        ("MIT AND", {"license": {"name": "MIT AND"}}),
        ("(MIT", {"license": {"name": "(MIT"}}),
        ("MIT OR Foo", {"license": {"name": "MIT OR Foo"}}),
        ("GPL", {"license": {"name": "GPL"}}),
        ("MIT WITH Foo", {"license": {"name": "MIT WITH Foo"}}),
        ("LicenseRef-Größe", {"license": {"name": "LicenseRef-Größe"}}),
        ("a\x1b[1m\nb", {"license": {"name": "a\\x1b[1m b"}}),
        ("(" * 5000, {"license": {"name": "(" * 5000}}),
    ],
)
def test_a_license_is_stated_by_spdx_where_it_is_one(license: str, stated: dict[str, Any]) -> None:  # noqa: A002
    declared = {"acknowledgement": "declared"}
    expected = {**stated, **declared} if "expression" in stated else {"license": {**stated["license"], **declared}}
    assert component(package("a", license=license))["licenses"] == [expected]


@pytest.mark.parametrize("license", ["", "  \n"])
def test_no_license_is_stated_where_there_is_none(license: str) -> None:  # noqa: A002
    assert "licenses" not in component(package("a", license=license))


REPOSITORY = "https://git.example.org/lab/own.git"


@pytest.mark.parametrize(
    ("given", "purl", "places"),
    [
        ({}, "pkg:pypi/own-tools@1.0%2Bcu1", []),
        ({"origin": "editable", "location": "/home/ada/x", "url": "file:///home/ada/x"}, None, []),
        ({"origin": "local", "location": "/home/ada/x", "url": "file:///home/ada/x"}, None, []),
        (
            {"origin": "vcs", "vcs": "git", "revision": "abc", "url": REPOSITORY},
            None,
            [("vcs", f"git+{REPOSITORY}@abc")],
        ),
        ({"origin": "vcs", "vcs": "git", "revision": "abc", "url": "file:///home/ada/x"}, None, []),
        (
            {"origin": "url", "url": "https://example.org/own-1.whl"},
            "pkg:pypi/own-tools@1.0%2Bcu1?download_url=https://example.org/own-1.whl",
            [("distribution", "https://example.org/own-1.whl")],
        ),
        ({"origin": "unknown"}, "pkg:pypi/own-tools@1.0%2Bcu1", []),
    ],
)
def test_only_what_an_index_may_have_is_named_as_from_there(
    given: dict[str, str], purl: str | None, places: Sequence[tuple[str, str]]
) -> None:
    text = bill(loaded("a", [], [pip_package("Own_Tools", "1.0+cu1", **given)]))
    assert "/home/ada" not in text
    (found,) = json.loads(text)["components"]
    assert validator().validate_str(text) is None
    assert found.get("purl") == purl
    assert [(each["type"], each["url"]) for each in found.get("externalReferences", ())] == list(places)


@pytest.mark.parametrize("base_url", ["https://c.example.org/t/<TOKEN>/lab", "https://***@c.example.org/lab"])
def test_credentials_never_appear_not_even_masked(base_url: str) -> None:
    for secret in ("<TOKEN>", "***"):
        of_conda = package("a", base_url="https://c.example.org/lab", url=f"{base_url}/noarch/a-1.0-h0_0.conda")
        of_pip = pip_package("b", origin="url", url=f"{base_url}/b.whl?X-Amz-Credential=1#sha256=2")
        from_git = pip_package("c", origin="vcs", vcs="git", revision="1", url=f"{base_url}/c.git")
        text = bill(loaded("x", [of_conda], [of_pip, from_git]))
        assert secret not in text and "TOKEN" not in text and "X-Amz" not in text
        assert validator().validate_str(text) is None
        places = [each["externalReferences"][0]["url"] for each in json.loads(text)["components"]]
        lab = "https://c.example.org/lab"
        assert places == [f"{lab}/noarch/a-1.0-h0_0.conda", f"{lab}/b.whl", f"git+{lab}/c.git@1"]


def test_all_that_dependencies_refer_to_is_there_and_everything_is_reached() -> None:
    found = document(research())
    known = {"environment", *(each["bom-ref"] for each in found["components"])}
    needs = {each["ref"]: each.get("dependsOn", []) for each in found["dependencies"]}
    assert needs.keys() == known
    assert {each for of in needs.values() for each in of} <= known
    assert needs["conda:numpy"] == ["pypi:numpy"]
    assert needs["conda:pytorch"] == ["pypi:torch"]
    assert needs["environment"] == ["conda:numpy", "conda:python", "conda:pytorch", "pypi:research"]


def test_the_same_environment_gives_the_same_bytes_but_for_the_time() -> None:
    one = bill(research())
    subject = research()
    assert subject.contents
    read = Subject(environment=subject, contents=subject.contents, config=ChannelConfig(), version="1.2.3")
    later = bill_of_materials(read, at=NOW + timedelta(days=1))
    assert later != one
    assert later.replace("2026-05-21T", "2026-05-20T") == one
    changed = replace(subject.contents, packages=subject.contents.packages[1:])
    assert json.loads(bill(replace(subject, contents=changed)))["serialNumber"] != json.loads(one)["serialNumber"]


def test_odd_names_do_no_harm() -> None:
    odd = "\udce9\x1b[31m/ö?#\n"
    contents = [package(odd, odd, f"file:///{odd}", build=odd, license=odd, url=f"https://x.org/{odd}"), package("/")]
    subject = loaded(odd, contents, [pip_package(odd, odd, origin="url", url=f"https://x.org/{odd}")])
    assert subject.contents
    broken = Problem(path=f"{subject.prefix}/{odd}", reason=odd)
    text = msgspec.json.encode(document(replace(subject, contents=replace(subject.contents, problems=(broken,)))))
    assert b"\\xe9" in text and b"\\u001b" not in text


def test_real_environments(sandbox: Sandbox) -> None:
    """Those of a conda that has really made them: valid, whole, and each part reached from the environment."""
    for name, wanted in (("pip-mix", "pkg:pypi/requests@"), ("vision-cuda", "pkg:pypi/torch@")):
        prefix = sandbox.prefixes[name]
        contents = read_prefix(str(prefix))
        found = document(environment(name, prefix=str(prefix), contents=contents))
        purls = [each.get("purl", "") for each in found["components"]]
        assert any(each.startswith(wanted) for each in purls), purls
        assert sum(each.startswith("pkg:conda/") for each in purls) == len(contents.packages)
        reached, waiting = set(), ["environment"]
        needs = {each["ref"]: each.get("dependsOn", []) for each in found["dependencies"]}
        while waiting:
            if (ref := waiting.pop()) not in reached:
                reached.add(ref)
                waiting += needs[ref]
        assert reached == {"environment", *(each["bom-ref"] for each in found["components"])}
