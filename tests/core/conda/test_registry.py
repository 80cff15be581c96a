from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.conda import registry
from condatui_core.conda.registry import environments_txt, is_registered, listing_would_change, registered_prefixes


def write(home: Path, *lines: bytes) -> None:
    environments_txt(home).parent.mkdir(exist_ok=True)
    environments_txt(home).write_bytes(b"".join(line + b"\n" for line in lines))


@pytest.fixture
def environment(tmp_path: Path) -> bytes:
    (tmp_path / "env" / "conda-meta").mkdir(parents=True)
    (tmp_path / "env" / "conda-meta" / "history").touch()
    return bytes(tmp_path / "env")


def test_nothing_is_registered_so_nothing_is_forgotten(tmp_path: Path) -> None:
    assert not listing_would_change(tmp_path, euid=1000)


def test_environments_that_are_there_stay_registered(tmp_path: Path, environment: bytes) -> None:
    write(tmp_path, environment)
    assert not listing_would_change(tmp_path, euid=1000)


def test_root_would_clean_up_after_every_user(tmp_path: Path, environment: bytes) -> None:
    write(tmp_path, environment)
    assert listing_would_change(tmp_path, euid=0)


@pytest.mark.parametrize("line", [b"/not/mounted/today", b"", b"# mine", b"relative", b"/caf\xe9"])
def test_what_is_no_environment_at_this_moment_would_be_forgotten(
    tmp_path: Path, environment: bytes, line: bytes
) -> None:
    write(tmp_path, environment, line)
    assert listing_would_change(tmp_path, euid=1000)


def test_an_environment_without_history_and_one_named_twice_would_be_forgotten(
    tmp_path: Path, environment: bytes
) -> None:
    write(tmp_path, environment, environment)
    assert listing_would_change(tmp_path, euid=1000)
    write(tmp_path, environment)
    (tmp_path / "env" / "conda-meta" / "history").unlink()
    assert listing_would_change(tmp_path, euid=1000)


def test_a_file_that_cannot_be_read_is_left_alone(tmp_path: Path) -> None:
    environments_txt(tmp_path).mkdir(parents=True)
    assert listing_would_change(tmp_path, euid=1000)


def test_registered_prefixes_are_read_as_bytes_and_comments_are_left_out(tmp_path: Path) -> None:
    write(tmp_path, b"/a/b", b"", b"  /with space ", b"# no", b"/bytes\xff")
    assert registered_prefixes(tmp_path) == ("/a/b", "/with space", "/bytes\udcff")
    assert is_registered(tmp_path, "/bytes\udcff")
    assert not is_registered(tmp_path, "no")


def test_a_line_with_a_zero_byte_names_nothing(tmp_path: Path, environment: bytes) -> None:
    """As a power cut leaves them at the end of a file."""
    file = environments_txt(tmp_path)
    file.parent.mkdir()
    file.write_bytes(environment + b"\n/with\0zero\n\0\0\0\n")
    assert registered_prefixes(tmp_path) == (os.fsdecode(environment),)
    assert listing_would_change(tmp_path, euid=1000)
    assert registry.unregister(tmp_path, [os.fsdecode(environment)])
    assert file.read_bytes() == b"/with\0zero\n\0\0\0\n"


def test_no_registration_file_means_no_prefixes(tmp_path: Path) -> None:
    assert registered_prefixes(tmp_path) == ()


def test_a_pipe_in_its_place_makes_no_reader_wait(tmp_path: Path) -> None:
    environments_txt(tmp_path).parent.mkdir()
    os.mkfifo(environments_txt(tmp_path))
    assert registered_prefixes(tmp_path) == ()
    assert listing_would_change(tmp_path, euid=1000)
    with pytest.raises(OSError):
        registry.register(tmp_path, "/a")


def test_a_file_without_end_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_LARGEST", 10)
    write(tmp_path, b"/far/too/long")
    assert registered_prefixes(tmp_path) == ()
    with pytest.raises(OSError, match="larger"):
        registry.unregister(tmp_path, ("/far/too/long",))
    assert environments_txt(tmp_path).read_bytes() == b"/far/too/long\n"


@pytest.mark.parametrize("there", [True, False])
def test_a_list_that_is_kept_in_another_place_is_changed_there(tmp_path: Path, there: bool) -> None:
    (tmp_path / "dotfiles").mkdir()
    if there:
        (tmp_path / "dotfiles/conda.txt").write_bytes(b"/a\n# mine\n/b")
    environments_txt(tmp_path).parent.mkdir()
    environments_txt(tmp_path).symlink_to("../dotfiles/conda.txt")
    registry.register(tmp_path, "/c")
    registry.register(tmp_path, "/c")
    assert registry.unregister(tmp_path, ("/b",)) == there
    assert environments_txt(tmp_path).is_symlink()
    assert (tmp_path / "dotfiles/conda.txt").read_bytes() == (b"/a\n# mine\n/c\n" if there else b"/c\n")
    assert [each.name for each in (tmp_path / "dotfiles").iterdir()] == ["conda.txt"]
    assert [each.name for each in (tmp_path / ".conda").iterdir()] == ["environments.txt"]
