"""The parts of packing that can be judged by themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from condatui_core.actions.pack import check
from condatui_core.actions.pack.formats import checked_format, receiver_lines
from condatui_core.actions.pack.library import load
from condatui_core.actions.pack.messages import ARCHIVE, MissingFiles, PackAnswer, PackOrder, read_answer, write_order
from condatui_core.actions.pack.survey import paths_outside, survey
from condatui_core.proc.child import own_argv, own_environ
from condatui_core.records.request import PackRequest
from support.fake_conda import program
from support.prefixes import FakePrefix, make_prefix
from support.processes import has_ended


@pytest.mark.parametrize(
    ("file", "form"),
    [
        ("a.tar.gz", "tar.gz"),
        ("a.tgz", "tar.gz"),
        ("a.tbz2", "tar.bz2"),
        ("a.txz", "tar.xz"),
        ("a.tzst", "tar.zst"),
        ("a.b.zip", "zip"),
        ("a.tar", "tar"),
        ("a.squashfs", "squashfs"),
        ("a.parcel", "parcel"),
        ("a.no-archive", "no-archive"),
    ],
)
def test_the_suffix_tells_the_format(file: str, form: str) -> None:
    assert checked_format(PackRequest(prefix="/e", file=f"/x.zip/{file}")) == form


def test_the_receiver_gets_lines_that_hold_for_any_name() -> None:
    assert receiver_lines("/x/a b.zip", "zip", name="a b", python=False) == (
        "mkdir -p 'a b'",
        "unzip -q 'a b.zip' -d 'a b'",
        "python3 'a b/bin/conda-unpack'",
    )
    assert receiver_lines("/x/-rf.tar", "tar", name="$(touch x)")[1] == "tar -xf ./-rf.tar -C '$(touch x)'"
    assert receiver_lines("/x/-rf.tar", "tar", name="-p")[0] == "mkdir -p ./-p"
    assert receiver_lines("/x/e.squashfs", "squashfs", name="e")[1] == "unsquashfs -f -d e e.squashfs"
    assert len(receiver_lines("/x/e.parcel", "parcel", name="e")) == 2


@pytest.fixture
def prefix(tmp_path: Path) -> FakePrefix:
    return make_prefix(tmp_path / "env")


def test_projects_installed_in_place_the_old_way_are_found(prefix: FakePrefix) -> None:
    """conda-pack looks for direct_url.json only."""
    site = "lib/python3.11/site-packages"
    prefix.write(f"{site}/easy-install.pth", "/srv/old-project\n./inside\n")
    prefix.write(f"{site}/conda.pth", f"{prefix}/src\n/srv/developed\n")
    prefix.write(f"{site}/__editable__.new-1.0.pth", "import __editable___new_1_0_finder; go()\n")
    prefix.write(f"{site}/harmless.pth", "import os\n# /srv/comment\n")
    assert list(paths_outside(str(prefix))) == [
        "__editable__.new-1.0.pth: found by code",
        "conda.pth: /srv/developed",
        "easy-install.pth: /srv/old-project",
    ]


def _cached(prefix: FakePrefix, cache: Path, files: dict[str, str], *, placeholder: str = "") -> None:
    """Install a package from a cache as conda does: files with a placeholder are written, others copied or linked."""
    package = cache / "tool-1.0-0"
    paths = []
    for name, text in files.items():
        source = package / name
        source.parent.mkdir(parents=True, exist_ok=True)
        source.write_text(text)
        entry = {"_path": name, "path_type": "hardlink"}
        if placeholder in text and placeholder:
            entry |= {"prefix_placeholder": placeholder, "file_mode": "text"}
            prefix.write(name, text.replace(placeholder, str(prefix)))
        else:
            prefix.write(name, text)
            os.utime(prefix.path / name, ns=(source.stat().st_atime_ns, source.stat().st_mtime_ns))
        paths.append(entry)
    (package / "info").mkdir()
    (package / "info/paths.json").write_text(json.dumps({"paths": paths, "paths_version": 1}))
    prefix.package("tool", link={"source": str(package), "type": 1}, files={})


def test_only_what_could_differ_is_read(prefix: FakePrefix, tmp_path: Path) -> None:
    texts = {f"share/{name}": f"{name} text" for name in ("alike", "linked", "touched", "edited", "grown", "gone-link")}
    _cached(
        prefix, tmp_path / "pkgs", {**texts, "bin/tool": "#!/OLD/bin/sh\n", "bin/own": "/OLD\n"}, placeholder="/OLD"
    )
    (prefix.path / "share/linked").unlink()
    os.link(tmp_path / "pkgs/tool-1.0-0/share/linked", prefix.path / "share/linked")
    os.utime(prefix.path / "share/touched", (1, 1))
    (prefix.path / "share/edited").write_text("EDITED text")
    os.utime(prefix.path / "share/edited", (1, 1))
    (prefix.path / "share/grown").write_text("longer than it was")
    (prefix.path / "share/gone-link").unlink()
    (prefix.path / "share/gone-link").symlink_to("alike")
    (prefix.path / "bin/own").write_text("somebody's own\n")
    found = survey(str(prefix))
    assert not found.problem and not found.missing
    assert sorted(found.differences.changed) == ["bin/own", "share/edited", "share/gone-link", "share/grown"]
    assert (found.differences.linked, found.differences.alike, found.differences.compared) == (1, 1, 6)


def test_what_was_left_out_of_a_slimmed_copy_is_not_missing_and_what_is_gone_besides_is(
    prefix: FakePrefix, tmp_path: Path
) -> None:
    names = ("bin/tool", "include/tool.h", "include/new.h", "lib/tool.so", "share/gone")
    _cached(prefix, tmp_path / "pkgs", dict.fromkeys(names, "text"))
    for name in ("include/tool.h", "include/new.h", "share/gone"):
        (prefix.path / name).unlink()
    assert {path for each in survey(str(prefix)).missing for path in each.files} >= {"include/tool.h", "share/gone"}
    record = next(prefix.path.glob("conda-meta/tool-*.json"))
    listed = {**json.loads(record.read_text()), "files": ["bin/tool", "lib/tool.so", "share/gone"]}
    record.write_text(json.dumps(listed))
    prefix.write("conda-meta/condatui-slimmed", "from a newer condatui")
    prefix.write("include/new.h", "what somebody has put there since")
    assert [each.files for each in survey(str(prefix)).missing] == [("share/gone",)]
    record.write_text(json.dumps({**listed, "files": ["bin/tool", "lib/tool.so"]}))
    assert survey(str(prefix)).missing == ()
    loaded = {each.target: each.source for each in load(str(prefix)).files}
    assert {"bin/tool", "lib/tool.so", "include/new.h"} <= loaded.keys()
    assert {"include/tool.h", "share/gone"}.isdisjoint(loaded)
    assert loaded["include/new.h"] == str(prefix.path / "include/new.h"), "not the one in the package cache"
    (prefix.path / "conda-meta/condatui-slimmed").unlink()
    assert survey(str(prefix)).missing, "any other environment is compared with the package cache as ever"


def test_looking_leaves_no_trace_of_use(prefix: FakePrefix, tmp_path: Path) -> None:
    _cached(prefix, tmp_path / "pkgs", {"bin/tool": "#!/OLD/bin/sh\n"}, placeholder="/OLD")
    os.utime(prefix.path / "bin/tool", (1, 2))
    survey(str(prefix))
    assert (prefix.path / "bin/tool").stat().st_atime == 1


def test_what_is_gone_or_lost_is_told(prefix: FakePrefix, tmp_path: Path) -> None:
    _cached(prefix, tmp_path / "pkgs", {"share/a": "a", "share/b": "b", "share/c": "c"})
    (prefix.path / "share/c").unlink()
    os.mkfifo(prefix.path / "share/c")
    (prefix.path / "share/a").unlink()
    os.mkfifo(prefix.path / "share/pipe")
    (tmp_path / "pkgs/tool-1.0-0/share/b").unlink()
    found = survey(str(prefix))
    assert found.missing == (MissingFiles(package="tool", version="1.0", files=("share/a",)),)
    assert found.differences.changed == ("share/b",)
    assert found.special == ("share/c", "share/pipe")
    assert any("python" in each for each in found.uncached)
    assert survey(str(prefix), ["share/*"]).differences.changed == ()


@pytest.mark.parametrize("kind", ["pipe", "endless", "directory"])
def test_a_record_that_is_no_regular_file_is_not_read(kind: str, prefix: FakePrefix) -> None:
    record = prefix.meta / "odd-1.0-0.json"
    if kind == "pipe":
        os.mkfifo(record)
    elif kind == "endless":
        record.symlink_to("/dev/zero")
    else:
        record.mkdir()
    assert survey(str(prefix)).problem == f"not a regular file: {record}"


def test_a_pipe_in_the_place_of_a_file_of_the_package_cache_is_not_read(prefix: FakePrefix, tmp_path: Path) -> None:
    _cached(prefix, tmp_path / "pkgs", {"bin/tool": "#!/OLD/bin/sh\n"}, placeholder="/OLD")
    cached = tmp_path / "pkgs/tool-1.0-0/bin/tool"
    cached.unlink()
    os.mkfifo(cached)
    assert survey(str(prefix)).problem == f"not a regular file any more: {cached}"


def test_what_a_zip_archive_would_read_without_end_is_left_out(prefix: FakePrefix) -> None:
    (prefix.path / "zeros").symlink_to("/dev/zero")
    assert survey(str(prefix), form="zip").special == ("zeros",)
    assert survey(str(prefix), form="tar").special == (), "packed as the link that it is"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to such a limit")
def test_a_process_that_takes_too_much_memory_says_so(prefix: FakePrefix) -> None:
    """The record is sparse: it takes no room on the disk."""
    with (prefix.meta / "odd-1.0-0.json").open("wb") as stream:
        stream.truncate(1 << 43)
    argv = own_argv("condatui_core.actions.pack.survey", str(prefix), "tar")
    done = subprocess.run(argv, env=own_environ(os.environ), stdout=subprocess.PIPE, check=True, timeout=60)
    assert json.loads(done.stdout)["problem"].startswith("more memory would be needed")


def _listed_by(script: str, directory: Path, monkeypatch: pytest.MonkeyPatch) -> PackAnswer | None:
    """Have a script in the place of unsquashfs read an archive back."""
    program(directory / "bin/unsquashfs", script)
    monkeypatch.setenv("PATH", f"{directory}/bin{os.pathsep}{os.environ['PATH']}")
    (directory / ARCHIVE).write_bytes(b"hsqs")
    write_order(directory, PackOrder(prefix="/e", form="squashfs", level=1, threads=1, parent=os.getpid()))
    exit_code, answer = check.main(str(directory)), read_answer(str(directory))
    assert answer and exit_code == (1 if answer.error else 0)
    return answer


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo a; echo a; echo b", ""),
        ("echo a; echo 'FATAL: damaged' >&2; exit 1", "FATAL: damaged"),
        ("echo a; exit 2", "unsquashfs ended with exit code 2"),
        ("echo a; kill -9 $$", "unsquashfs ended with exit code -9"),
        ("exec yes", "unsquashfs wrote more than 1,000 bytes"),
        ("echo $$ > pid; exec sleep 600", "unsquashfs did not end within 0.5 seconds"),
    ],
)
def test_a_squashfs_is_listed_within_bounds(
    script: str, error: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(check, "_MOST_BYTES", 1000)
    monkeypatch.setattr(check, "_SECONDS", 0.5 if "sleep" in script else 20)
    answer = _listed_by(script.replace(" pid", f" {tmp_path}/pid"), tmp_path, monkeypatch)
    assert answer == (PackAnswer(error=error) if error else PackAnswer(files=2, bytes=4))
    if "pid" in script:
        assert has_ended(int((tmp_path / "pid").read_text()))


def test_unsquashfs_is_ended_with_the_process_that_reads_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = _listed_by("ps -o pgid= -p $$ >&2; exit 1", tmp_path, monkeypatch)
    assert answer == PackAnswer(error=str(os.getpgrp()))
