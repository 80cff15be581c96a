"""What a conda tells of its progress on a terminal, in lines of its own format, and what is none of it."""

from __future__ import annotations

import pytest

from condatui_core.conda.commands import clone, install_explicit, install_specs, remove_exactly
from condatui_core.conda.progress import CondaProgress, ProgressReader, doing_at_first, tells_progress, told_environ


def told(label: str, share: float, *, finished: bool = False) -> bytes:
    """A line as conda writes it; its name and version are padded to twenty characters, or cut."""
    label = f"{label:20.20} | 8.1 MB    | "
    return f'{{"fetch":"{label}","finished":{str(finished).lower()},"maxval":1,"progress":{share:f}}}'.encode()


def after(*lines: bytes) -> CondaProgress:
    reader = ProgressReader()
    assert all(reader.read(each) for each in lines)
    return reader.now


def test_a_download_is_told_by_its_package_and_share() -> None:
    assert after(told("numpy-1.26.4", 0.001)) == CondaProgress("downloading numpy-1.26.4", 0)
    assert after(told("numpy-1.26.4", 0.001), told("numpy-1.26.4", 0.4299)) == CondaProgress(
        "downloading numpy-1.26.4", 42
    )


def test_of_several_the_first_that_is_not_over_is_told() -> None:
    first, second, third = told("numpy-1.26.4", 0.5), told("pandas-2.2.3", 0.25), told("scipy-1.14.1", 0)
    assert after(first, second, third) == CondaProgress("downloading numpy-1.26.4 and 2 more", 50)
    done = told("numpy-1.26.4", 1)
    assert after(first, second, third, done) == CondaProgress("downloading pandas-2.2.3 and 1 more", 25)


def test_what_has_come_is_unpacked_and_then_linked() -> None:
    come = (told("numpy-1.26.4", 1), told("pandas-2.2.3", 1))
    assert after(*come) == CondaProgress("unpacking")
    assert after(*come, told("numpy-1.26.4", 1, finished=True)) == CondaProgress("unpacking")
    finished = (told("numpy-1.26.4", 1, finished=True), told("pandas-2.2.3", 1, finished=True))
    assert after(*come, *finished) == CondaProgress("linking")


def test_a_name_that_conda_has_cut_is_shown_as_cut() -> None:
    assert after(told("nvidia-cudnn-cu12-9.1.0.70", 0.1)).doing == "downloading nvidia-cudnn-cu12-9…"


def test_a_share_never_goes_back_or_beyond_all() -> None:
    assert after(told("a-1", 0.5), told("a-1", 0.2)) == CondaProgress("downloading a-1", 50)
    assert after(told("a-1", 7.0)) == CondaProgress("unpacking")
    assert after(told("a-1", -1.0)) == CondaProgress("downloading a-1", 0)


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{",
        b'{"success": true}',
        b'{"fetch":"numpy","progress":',
        b'{"fetch":7,"progress":0.5}',
        b'{"fetch":"numpy","progress":"half"}',
        b'{"fetch":"\xff","progress":0.5}',
        b"Downloading numpy 42%",
    ],
)
def test_what_is_not_understood_is_output(line: bytes) -> None:
    assert not ProgressReader().read(line)


CONDA, PREFIX = "/opt/conda/bin/conda", "/envs/a"


@pytest.mark.parametrize(
    ("argv", "doing", "tells"),
    [
        (install_specs(CONDA, PREFIX, ["numpy"], offline=True, dry_run=True), "solving", False),
        (install_specs(CONDA, PREFIX, ["numpy"], offline=True), "solving, then linking", True),
        (install_explicit(CONDA, PREFIX, "list.txt", offline=False), "linking", True),
        (clone(CONDA, PREFIX, "/envs/b"), "linking", False),
        (remove_exactly(CONDA, PREFIX, ["numpy"], dry_run=True), "solving", False),
        (remove_exactly(CONDA, PREFIX, ["numpy"]), "removing", False),
        (("/envs/a/bin/python", "-m", "pip", "install", "--json"), "", False),
        (("true",), "", False),
    ],
)
def test_what_a_command_does_at_first_is_told_by_itself(argv: tuple[str, ...], doing: str, tells: bool) -> None:
    assert (doing_at_first(argv), tells_progress(argv)) == (doing, tells)


def test_the_terminal_is_called_one_that_conda_tells_something() -> None:
    assert told_environ({"TERM": "dumb", "HOME": "/home/ada"}) == {"TERM": "xterm", "HOME": "/home/ada"}
