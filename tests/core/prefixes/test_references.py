"""What names an environment in a user's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.prefixes.references import references_to
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.kernel import Kernel
from support.disk_trees import write


def lines(home: Path, file: str, *text: str, prefix: str = "", name: str = "nlp") -> list[tuple[str, int]]:
    """The lines of a file that name an environment below the home."""
    write(home / file).write_text("\n".join(text))
    prefix = prefix or str(home / "envs/nlp")
    inventory = Inventory(environments=(Environment(prefix=prefix, name=name, aliases=(str(home / "link"),)),))
    found = references_to(prefix, inventory, environ={}, home=home)
    assert {each.file for each in found} <= {str(home / file)}
    return [(each.kind, each.line) for each in found]


@pytest.mark.parametrize(
    "line",
    [
        "conda activate nlp",
        "  conda activate 'nlp'  # always",
        "mamba activate nlp && echo yes",
        "source activate nlp",
        "export CONDA_DEFAULT_ENV=nlp",
        "set -x CONDA_DEFAULT_ENV nlp",
        "alias work='conda run -n nlp python'",
        "conda run --name=nlp jupyter lab",
        "export PATH={}/envs/nlp/bin:$PATH",
        'conda activate "{}/envs/nlp"',
        "conda activate ~/envs/nlp",
        "PATH=$HOME/envs/nlp/bin:$PATH",
        "PATH=${{HOME}}/envs/nlp/bin:$PATH",
        "conda activate link",
        "conda activate {}/link",
    ],
)
def test_a_line_that_names_it_is_found(tmp_path: Path, line: str) -> None:
    assert lines(tmp_path, ".bashrc", "# mine", line.format(tmp_path)) == [("shell", 2)]


@pytest.mark.parametrize(
    "line",
    [
        "# conda activate nlp",
        "conda activate nlp2",
        "conda activate nlp-old",
        "conda activate my.nlp",
        "cd nlp",
        "export PATH={}/envs/nlp-old/bin",
        "export PATH={}/more{}/envs/nlp/bin",
        "CONDA_DEFAULT_ENV=nlp_2",
        "",
    ],
)
def test_another_line_is_not(tmp_path: Path, line: str) -> None:
    assert lines(tmp_path, ".zshrc", line.format(tmp_path, tmp_path)) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("default_activation_env: nlp", [("condarc", 1)]),
        ("default_activation_env: '{}/envs/nlp'", [("condarc", 1)]),
        ("default_activation_env: nlp-2", []),
        ("envs_dirs: [{}/envs/nlp]", []),
    ],
)
def test_the_environment_that_conda_activates_by_default(
    tmp_path: Path, line: str, found: list[tuple[str, int]]
) -> None:
    assert lines(tmp_path, ".condarc", line.format(tmp_path)) == found


@pytest.mark.parametrize("file", [".profile", ".bash_profile", ".config/fish/config.fish"])
def test_all_shells_are_looked_at(tmp_path: Path, file: str) -> None:
    assert lines(tmp_path, file, "conda activate nlp") == [("shell", 1)]


def test_a_name_with_the_signs_of_a_pattern_is_taken_as_it_is(tmp_path: Path) -> None:
    assert lines(tmp_path, ".bashrc", "conda activate nlp", "conda activate n.p+", name="n.p+") == [("shell", 2)]


def test_one_that_is_known_by_its_prefix_alone_has_no_name(tmp_path: Path) -> None:
    prefix = str(tmp_path / "work/nlp")
    assert lines(tmp_path, ".bashrc", "conda activate nlp", f"x={prefix}", prefix=prefix, name=prefix) == [("shell", 2)]


def test_a_file_with_two_names_is_read_once_and_what_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / ".bash_profile").symlink_to(".bashrc")
    (tmp_path / ".zshrc").mkdir()
    (tmp_path / ".profile").write_bytes(b"\xff\xfe")
    assert lines(tmp_path, ".bashrc", "conda activate nlp") == [("shell", 1)]


def test_credentials_and_signs_of_a_terminal_are_not_told(tmp_path: Path) -> None:
    write(tmp_path / ".bashrc").write_text("conda run -n nlp pip install -i https://me:secret@host \x1b[31m")
    inventory = Inventory(environments=(Environment(prefix="/e/nlp", name="nlp"),))
    (found,) = references_to("/e/nlp", inventory, environ={}, home=tmp_path)
    assert "secret" not in found.text
    assert found.text.endswith("\\x1b[31m")


def test_kernels_elsewhere_come_first(tmp_path: Path) -> None:
    write(tmp_path / ".bashrc").write_text("conda activate nlp")
    kernels = (
        Kernel(path="/k/lab", name="lab", display_name="My Lab", prefix="/e/nlp"),
        Kernel(path="/e/nlp/share/jupyter/kernels/python3", name="python3", prefix="/e/nlp", inside="/e/nlp"),
        Kernel(path="/k/other", name="other", prefix="/e/other"),
    )
    inventory = Inventory(environments=(Environment(prefix="/e/nlp", name="nlp"),), kernels=kernels)
    found = references_to("/e/nlp", inventory, environ={}, home=tmp_path)
    assert [(each.kind, each.text) for each in found] == [("kernel", "My Lab"), ("shell", "conda activate nlp")]


def test_a_file_made_to_keep_a_reader_busy_is_read_once(tmp_path: Path) -> None:
    many = "conda run " * 50_000
    assert lines(tmp_path, ".bashrc", many, f"{many}; conda run -n nlp python") == [("shell", 2)]


@pytest.mark.parametrize("environ", [{}, {"CONDARC": ""}, {"ZDOTDIR": "here"}])
def test_a_working_directory_that_is_gone_is_no_hindrance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> None:
    write(tmp_path / "home/.bashrc").write_text("conda activate nlp")
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    inventory = Inventory(environments=(Environment(name="nlp", prefix="/opt/envs/nlp"),))
    found = references_to("/opt/envs/nlp", inventory, environ=environ, home=tmp_path / "home")
    assert [each.text for each in found] == ["conda activate nlp"]
