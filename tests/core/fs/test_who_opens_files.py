"""Files are opened in few places: everything else reads through `condatui_core.fs.safe_read`."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[3]
OPENING = {"open", "fdopen", "read_text", "read_bytes", "ZipFile"}

ALLOWED = {
    "fs/safe_read.py": "the place itself",
    "fs/atomic_write.py": "files that are new, and directories",
    "fs/delete_tree.py": "directories, and what the kernel tells",
    "fs/held_tree.py": "directories, and files that are new",
    "fs/extents.py": "files and directories, of which it asks where they lie and reads nothing",
    "fs/places.py": "directories, and files that are new",
    "fs/mounts.py": "/proc",
    "fs/sync.py": "what was just written, to bring it to the disk",
    "fs/locks.py": "lock files, which are not read",
    "log.py": "the log, which is written",
    "jobs/journal.py": "the journal of a job, which is written",
    "jobs/reserve.py": "a file that is only written, to be deleted",
    "disk/walk.py": "/dev/null",
    "disk/find_same_files.py": "/dev/null",
    "disk/workers.py": "pipes to own processes",
    "gpu/driver_libraries.py": "/proc",
    "gpu/probe/environ.py": "new files for a probe to write to",
    "gpu/probe/prober.py": "the same",
    "fleet/runner.py": "its own stdout",
    "gpu/probe/script.py": "runs in the probed Python, alone",
    "collector/reading.py": "runs where there is no condatui, alone",
    "prefixes/processes.py": "/proc",
    "proc/guardian.py": "/proc, alone",
    "proc/kept_output.py": "pipes of children",
    "proc/owner.py": "/proc",
    "proc/supervised.py": "/proc",
    "proc/terminal.py": "the terminal of a child",
    "tracing/maps.py": "/proc",
    "tracing/hook/sitecustomize.py": "runs in the traced Python, alone",
    "restore_points/archive.py": "tar streams over open files",
    "restore_points/package_needs.py": "archives, over an open file",
    "environment_files/plain_yaml.py": "a collection in YAML, which begins",
    "actions/pack/library.py": "an opener for conda-pack, of regular files",
    "actions/archive_members.py": "an archive, over an open file",
    "actions/pack/check.py": "the archive just made, in a process of its own",
    "actions/clean/installers.py": "directories",
    "actions/set_aside.py": "a directory",
    "actions/kernel_deletion.py": "a directory",
    "actions/restore/kernels.py": "a directory",
    "cli/standard_streams.py": "the standard streams",
    "screens/filtered_place.py": "a filter bar",
    "widgets/detail_pane.py": "a filter bar",
}
"""What opens something, and what that is."""


def modules() -> Iterator[tuple[str, Path]]:
    for package in (ROOT / "core/condatui_core", ROOT / "tui/condatui"):
        for file in sorted(package.rglob("*.py")):
            yield file.relative_to(package).as_posix(), file


def opened(source: str) -> list[int]:
    """The lines that open a file."""
    if not any(each in source for each in OPENING):
        return []
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    return [node.lineno for node in calls if _name(node.func) in OPENING]


def _name(function: ast.expr) -> str:
    match function:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def test_a_file_of_unknown_origin_is_read_by_one_reader() -> None:
    found = {module: opened(file.read_text(encoding="utf-8")) for module, file in modules() if module not in ALLOWED}
    assert len(found) > 500
    assert {module: lines for module, lines in found.items() if lines} == {}, "read_bounded or open_regular"


def test_every_way_to_open_is_seen() -> None:
    ways = ("open(x)", "path.read_text()", "os.open(x, 0)", "gzip.open(x)", "Path(x).read_bytes()", "path.open()")
    assert opened("\n".join(ways)) == [1, 2, 3, 4, 5, 6]
