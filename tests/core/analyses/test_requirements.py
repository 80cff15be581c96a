"""Requirements as pip writes and reads them."""

from __future__ import annotations

import pytest

from condatui_core.analyses.requirements import parse_requirement, satisfies_pep440


@pytest.mark.parametrize(
    ("version", "spec", "expected"),
    [
        ("2.1.0+cu121", "==2.1.0", True),
        ("2.1.0", ">=2,<3", True),
        ("1.9", ">=2", False),
        ("2.0rc1", ">=1", True),
        ("1.4.9", "~=1.4.2", True),
        ("1.5", "~=1.4.2", False),
        ("3", "*", True),
        ("3", "about 3", None),
        ("nightly", ">=1", None),
    ],
)
def test_pip_specs_follow_pep_440(version: str, spec: str, expected: bool | None) -> None:
    assert satisfies_pep440(version, spec) is expected


def test_requirements_are_taken_apart() -> None:
    exact = parse_requirement("torch==2.1.0+cu121  # gpu")
    ranged = parse_requirement("Django[argon2]>=3,<5; python_version > '3'")
    direct = parse_requirement("tool @ git+https://me:secret@host/tool.git@abc")
    assert exact and (exact.name, exact.version, exact.constraint) == ("torch", "2.1.0+cu121", "")
    assert ranged and (ranged.name, ranged.version, ranged.constraint) == ("Django", "", "<5,>=3")
    assert direct and (direct.constraint, direct.url) == ("*", "git+https://***@host/tool.git@abc")


@pytest.mark.parametrize("line", ["-r more.txt", "--extra-index-url https://host", "./here", "-e .", "torch=2"])
def test_options_and_paths_are_no_requirements(line: str) -> None:
    assert parse_requirement(line) is None


WHEEL = "https://me:secret@host/whl/cu121/torch-2.1.0%2Bcu121-cp311-cp311-linux_x86_64.whl"


@pytest.mark.parametrize(
    ("line", "name", "version", "constraint"),
    [
        ("torch==2.1.0 --hash=sha256:00 --hash=sha256:11", "torch", "2.1.0", ""),
        ("torch==2.1.0 --no-deps", "torch", "2.1.0", ""),
        ("torch==2.1.0 --index-url https://host/simple", "torch", "2.1.0", ""),
        ("torch==2.1.0+cu121 --extra-index-url=https://host/whl/cu121  # gpu", "torch", "2.1.0+cu121", ""),
        ('own>=1 --config-settings "--x=y z" --global-option=a', "own", "", ">=1"),
        ("-e git+https://host/tool.git@abc#egg=tool&subdirectory=py", "tool", "", "*"),
        ("--editable=file:///srv/own#egg=own", "own", "", "*"),
        ("git+ssh://git@host/tool.git#egg=my-tool[extra]", "my-tool", "", "*"),
        (WHEEL, "torch", "2.1.0+cu121", ""),
        (f"torch @ {WHEEL}", "torch", "2.1.0+cu121", ""),
        (f"{WHEEL} ; python_version > '3'", "torch", "2.1.0+cu121", ""),
        ("./wheels/rich-13.9.4-py3-none-any.whl", "rich", "13.9.4", ""),
        ("C:\\wheels\\rich-13.9.4-py3-none-any.whl", "rich", "13.9.4", ""),
        ("https://host/einops-0.8.0.tar.gz#sha256=00", "einops", "0.8.0", ""),
        ("tool @ https://host/archive/main.zip", "tool", "", "*"),
    ],
)
def test_name_and_version_are_read_wherever_they_stand(line: str, name: str, version: str, constraint: str) -> None:
    wanted = parse_requirement(line)
    assert wanted is not None
    assert (wanted.name, wanted.version, wanted.constraint) == (name, version, constraint)
    assert "secret" not in str(wanted)


def test_markers_are_kept() -> None:
    marked = [
        parse_requirement(line)
        for line in (
            "a; python_version < '3.8'",
            "a==1 ; sys_platform == 'win32' --hash=sha256:00",
            f"{WHEEL} ; os_name=='nt'",
        )
    ]
    assert [each and each.marker for each in marked] == [
        'python_version < "3.8"',
        'sys_platform == "win32"',
        "os_name=='nt'",
    ]


@pytest.mark.parametrize(
    "line",
    ["", "--no-deps", "-i https://host", "https://host/x", "git+https://host/x.git", "http://[", "a" * 5000, "."],
)
def test_what_names_nothing_is_none(line: str) -> None:
    assert parse_requirement(line) is None
