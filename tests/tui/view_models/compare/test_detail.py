from __future__ import annotations

from condatui.view_models.compare.detail import CellSubject, cell_detail
from condatui.view_models.glyphs import ASCII
from condatui_core.records.environment import Environment
from condatui_core.records.prefix import History, PrefixContents
from support.comparisons import compared, row_of
from support.inventories import PYTORCH, environment, loaded, package, research

URL = f"{PYTORCH}/linux-64/pytorch-2.5.1-cuda126_mkl_0.conda"
GPU = environment(
    "gpu",
    contents=PrefixContents(
        packages=(
            package(
                "pytorch",
                "2.5.1",
                PYTORCH,
                build="cuda126_mkl_0",
                build_number=3,
                md5="f" * 32,
                license="BSD-3-Clause",
                subdir="linux-64",
                url=URL,
                installed_bytes=4_000_000_000,
            ),
            *(package(f"needs-{letter}", depends=("pytorch >=2",)) for letter in "abcdefghijklmn"),
        ),
        history=History(requested=(("pytorch", "pytorch=2.5"),)),
    ),
)
CPU = loaded("cpu", [package("pytorch", "2.5.1", build="cpu_openblas_0")])


def detail(name: str, column: int, *environments: Environment) -> list[str]:
    comparison = compared(*environments)
    subject = CellSubject(comparison, row_of(comparison, name), column, environments[column].contents)
    return cell_detail(subject).plain.splitlines()


def test_all_that_is_known_of_a_cell() -> None:
    assert detail("pytorch", 1, CPU, GPU) == [
        "pytorch 2.5.1 in gpu  ≠ not the same as 2.5.1 in cpu",
        "build     cuda126_mkl_0  CUDA 12.6 · MKL · build 0",
        "change    CPU → CUDA 12.6 · OpenBLAS → MKL",
        "asked     you asked for `pytorch=2.5`",
        f"needed by {', '.join(f'needs-{letter}' for letter in 'abcdefghijkl')} and 2 more",
        "is        4.0 GB installed · BSD-3-Clause · build number 3 · linux-64",
        "from      pytorch",
        URL,
        f"md5       {'f' * 32}",
    ]


def test_a_newer_version_says_than_which() -> None:
    old = loaded("old", [package("pytorch", "2.4")])
    assert detail("pytorch", 1, old, GPU)[0] == "pytorch 2.5.1 in gpu  ↑ newer than 2.4 in old"
    assert detail("pytorch", 0, old, GPU)[0] == "pytorch 2.4 in old  ● the reference"


def test_what_is_missing_says_who_has_it() -> None:
    empty = loaded("empty")
    assert detail("pytorch", 1, GPU, empty, CPU) == [
        "pytorch is not in empty  − gpu has 2.5.1",
        "it is in  gpu, cpu",
    ]
    assert detail("pytorch", 1, empty, GPU)[0] == "pytorch 2.5.1 in gpu  + empty has none"
    assert detail("pytorch", 1, empty, loaded("bare"), GPU)[0] == "pytorch is not in bare  and empty has none either"


def test_pip_over_conda_is_told() -> None:
    assert "replaced  conda still says 1.26.4 py310hb13e2d6_0, which pip has overwritten" in detail(
        "numpy", 1, CPU, research()
    )


def test_what_nobody_asked_for_or_needs_says_so() -> None:
    assert "needed by nothing here" in detail("needs-a", 1, CPU, GPU)


def test_a_file_has_no_contents_to_ask() -> None:
    comparison = compared(CPU, GPU)
    lines = cell_detail(CellSubject(comparison, row_of(comparison, "pytorch"), 1)).plain.splitlines()
    assert "asked     you asked for it" in lines
    assert not [line for line in lines if line.startswith("needed by")]


def test_with_ascii_signs_nothing_else_is_drawn() -> None:
    comparison = compared(CPU, GPU, loaded("old", [package("pytorch", "1.0")]), loaded("none"))
    for column in range(4):
        text = cell_detail(CellSubject(comparison, row_of(comparison, "pytorch"), column), glyphs=ASCII).plain
        assert text.isascii(), text
