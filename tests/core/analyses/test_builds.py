"""Build strings in words. The strings are real ones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from condatui_core.analyses.builds import build_traits, describe_build, describe_build_change


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ("py3.12_cuda12.1_cudnn9.1.0_0", "CUDA 12.1 · cuDNN 9.1.0 · Python 3.12 · build 0"),
        ("py37_cuda0.0_cudnn0.0_1", "CPU · no cuDNN · Python 3.7 · build 1"),
        ("cuda126_mkl_py311_hcada2b2_300", "CUDA 12.6 · MKL · Python 3.11 · build 300"),
        ("cuda130_generic_py312_h18d3ae0_203", "CUDA 13.0 · Python 3.12 · generic · build 203"),
        ("cuda100py37h53c1284_0", "CUDA 10.0 · Python 3.7 · build 0"),
        ("gpu_cuda118py39he342708_0", "CUDA 11.8 · Python 3.9 · build 0"),
        ("py39_cu111", "CUDA 11.1 · Python 3.9"),
        ("cpu_py38h9dbd814_1", "CPU · Python 3.8 · build 1"),
        ("cpugplh1234567_1", "CPU · gpl · build 1"),
        ("25_linux64_openblas", "OpenBLAS · linux64 · build 25"),
        ("mkl", "MKL"),
        ("nompi_h5d125a7_103", "no MPI · build 103"),
        ("mpi_openmpi_py311h5d125a7_3", "Open MPI · Python 3.11 · build 3"),
        ("np126py311h5d125a7_1", "Python 3.11 · NumPy 1.26 · build 1"),
        ("np2py312h5d125a7_0", "Python 3.12 · NumPy 2 · build 0"),
        ("pl5321hd181a71_1", "Perl 5.32.1 · build 1"),
        ("r43h5d125a7_0", "R 4.3 · build 0"),
        ("pyhd8ed1ab_0", "any Python · build 0"),
        ("py_0", "any Python · build 0"),
        ("5_cp311", "Python 3.11 · build 5"),
        ("py310h5d125a7_12_cpu", "CPU · Python 3.10 · build 12"),
        ("conda_forge", "conda_forge"),
        ("", ""),
    ],
)
def test_builds_are_put_into_words(build: str, words: str) -> None:
    assert describe_build(build) == words


def test_a_hash_is_a_trait_although_it_says_nothing() -> None:
    assert [trait.words for trait in build_traits("py311h64a7726_0")] == ["Python 3.11", "build 0", "h64a7726"]


@pytest.mark.parametrize(
    ("left", "right", "words"),
    [
        ("cuda126_mkl_py311_hcada2b2_300", "cpu_openblas_py311_h5d125a7_100", "CUDA 12.6 → CPU · MKL → OpenBLAS"),
        ("py311h64a7726_0", "py311h64a7726_1", "build 0 → build 1"),
        ("py311h64a7726_0", "py311h5d125a7_0", "h64a7726 → h5d125a7"),
        ("py311h64a7726_0", "cuda126py311h64a7726_0", "– → CUDA 12.6"),
        ("py311h64a7726_0", "py311h64a7726_0", ""),
    ],
)
def test_a_change_of_build_names_what_matters(left: str, right: str, words: str) -> None:
    assert describe_build_change(left, right) == words


@given(st.text())
def test_any_text_can_be_described(text: str) -> None:
    assert isinstance(describe_build(text), str)
