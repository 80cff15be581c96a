"""Which packages a run has used, by what it touched: made-up environments and made-up runs."""

from __future__ import annotations

from condatui_core.analyses.needs import Node
from condatui_core.analyses.slimming.usage import Touched, places_of, usage_of
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.usage import BlindSpot, SeenProcess, Trace, Usage


def record(name: str, *depends: str, size: int = 10) -> PackageRecord:
    return PackageRecord(name=name, version="1", build="0", depends=depends, installed_bytes=size)


def distribution(name: str, *requires: str) -> Distribution:
    path = f"lib/python3.11/site-packages/{name}-1.dist-info"
    return Distribution(name=name, version="1", path=path, requires=requires)


CONTENTS = PrefixContents(
    packages=(
        record("python", "openssl >=3"),
        record("openssl", "ca-certificates"),
        record("ca-certificates"),
        record("pip", "setuptools"),
        record("setuptools"),
        record("numpy", "python", "libblas 3.*", size=500),
        record("libblas", "libopenblas"),
        record("libopenblas"),
        record("jupyter", "python", "ipython", size=900),
        record("ipython", "python"),
    ),
    distributions=(distribution("Flask", "jinja2>=3", "colorama; extra == 'color'"), distribution("Jinja2")),
)
EVERY = ("used", "needed", "metadata", "never")


def trace(**fields: object) -> Trace:
    usual = {"command": ("python", "app.py"), "end": "exited", "exit_code": 0, "seconds": 1.5, "told": frozenset({7})}
    return Trace(**{**usual, "ended": frozenset({7}), **fields})  # type: ignore[arg-type]


def usage(*used: Node, metadata: tuple[Node, ...] = (), seen: Trace | None = None) -> Usage:
    touched = Touched(files={each: {f"lib/{each.name}/code.py", f"lib/{each.name}/a.py"} for each in used})
    touched.metadata |= set(metadata)
    return usage_of(CONTENTS, touched, seen or trace())


def marked(usage: Usage) -> dict[str, list[str]]:
    return {use: [each.name for each in usage.packages if each.use == use] for use in EVERY}


def conda(name: str) -> Node:
    return Node("conda", name)


def test_what_was_used_and_all_that_it_needs_is_marked() -> None:
    found = usage(conda("numpy"))
    assert marked(found) == {
        "used": ["numpy"],
        "needed": ["ca-certificates", "libblas", "libopenblas", "openssl", "python"],
        "metadata": [],
        "never": ["jupyter", "ipython", "pip", "setuptools", "flask", "jinja2"],
    }
    assert {each.name: each.needed_by for each in found.of("needed")} == {
        "ca-certificates": "openssl",
        "libblas": "numpy",
        "libopenblas": "libblas",
        "openssl": "python",
        "python": "numpy",
    }


def test_conda_brings_pip_along_with_python_and_a_program_does_not_need_it() -> None:
    assert "pip" in marked(usage(conda("python")))["never"]
    found = usage(conda("python"), conda("pip"))
    assert marked(found)["used"] == ["pip", "python"]
    assert "setuptools" in marked(found)["needed"]


def test_a_distribution_needs_others_but_not_its_extras() -> None:
    found = usage(Node("pypi", "flask"))
    assert [(each.name, each.source) for each in found.of("needed")] == [("jinja2", "pypi")]
    assert "libblas" in marked(found)["never"]


def test_asking_for_a_version_is_no_use() -> None:
    found = usage(conda("python"), metadata=(conda("jupyter"), conda("python"), conda("openssl")))
    assert marked(found)["metadata"] == ["jupyter"]
    assert marked(found)["used"] == ["python"]
    assert "openssl" in marked(found)["needed"]


def test_files_and_bytes_are_told_the_largest_first() -> None:
    (numpy,) = usage(conda("numpy")).of("used")
    assert (numpy.files, numpy.example, numpy.bytes) == (2, "lib/numpy/a.py", 500)
    assert [each.name for each in usage().packages[:2]] == ["jupyter", "numpy"]


def test_credentials_in_a_command_are_masked() -> None:
    seen = trace(command=("curl", "https://ada:secret@example.org/x"))
    assert "secret" not in " ".join(usage(seen=seen).command)


def blind(seen: Trace, touched: Touched | None = None) -> list[BlindSpot]:
    return [each.id for each in usage_of(CONTENTS, touched or Touched(), seen).blind]


def processes(*programs: str) -> tuple[SeenProcess, ...]:
    return tuple(SeenProcess(pid=pid, program=program) for pid, program in enumerate(programs, start=7))


def test_a_run_that_could_be_seen_whole_has_no_blind_spot() -> None:
    assert blind(trace(processes=processes("/e/bin/python3.11"))) == []


def test_each_blind_spot_is_named_when_it_applies() -> None:
    assert blind(trace(processes=processes("/e/bin/python3.11", "/bin/bash"))) == ["not-python"]
    assert blind(trace(processes=processes("/e/bin/python3.11", "/e/bin/python3.13t"))) == ["untraced-python"]
    assert blind(trace(told=frozenset(), ended=frozenset())) == ["untraced-python"]
    assert blind(trace(without_hooks=("/e/bin/python",))) == ["no-audit-hook"]
    assert blind(trace(ended=frozenset())) == ["ended-early"]
    assert blind(trace(overflowed=True)) == ["too-many-files"]
    assert blind(trace(sees_maps=False)) == ["no-maps"]
    assert blind(trace(end="timed-out")) == blind(trace(end="stopped")) == ["cut-off"]
    assert blind(trace(), Touched(written={"a"}, outside={"/srv/app/main.py"})) == ["writes", "outside"]


def test_a_process_is_what_it_ran_last() -> None:
    """Between fork and exec a child of Python looks like a Python that tells nothing."""
    seen = (SeenProcess(pid=7, program="/e/bin/python3.11"), SeenProcess(pid=8, program="/e/bin/python3.11"))
    assert blind(trace(processes=(*seen, SeenProcess(pid=8, program="/bin/ls")))) == ["not-python"]


def test_places_of_code_are_named_once() -> None:
    files = {"/srv/app/main.py", "/srv/app/sub/__pycache__/x.pyc", "/srv/app-2/__pycache__/y.pyc", "/z.py"}
    assert places_of(files) == ("/",)
    assert places_of(files - {"/z.py"}) == ("/srv/app", "/srv/app-2")
