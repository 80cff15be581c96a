"""The Jupyter kernels that come back with an environment: those that went along with it, or were deleted since."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timezone
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.kernel_copies import copies_in, has_all_of
from condatui_core.fs.atomic_write import sync_directory
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.fs.rename_directory import rename_directory_if_free
from condatui_core.fs.safe_read import reason
from condatui_core.prefixes.kernels import Prefixes, read_kernel
from condatui_core.records.finding import Finding, finding
from condatui_core.records.job import Outcome
from condatui_core.records.kernel import HOW_TO_BRING_BACK
from condatui_core.records.restore_point import RestorePoint
from condatui_core.text import counted, sanitize, shell_words

_STAMP = re.compile(r"\d{8}-\d{6}")
"""When a job began, which its id begins with."""


@dataclass(frozen=True, slots=True)
class KernelCopy:
    """A copy of a kernel, and where it was."""

    name: str
    """The name that Jupyter shows."""
    copy: str
    path: str
    taken: bool = False
    """Whether something else is in its place, so that it does not come back."""

    @property
    def by_hand(self) -> tuple[str, ...]:
        """The command that puts it back."""
        return ("mv", "--", self.copy, self.path)


def copies_for(point: RestorePoint, kept: Path) -> tuple[KernelCopy, ...]:
    """The newest copies of kernels that start what a restore point has and are not there whole; blocks.

    A kernel that was deleted before the restore point was made is none of the environment as it was then.
    """
    found: dict[str, KernelCopy] = {}
    environment = Prefixes((point.prefix,))
    for job in sorted(kept.glob("*")):
        if job.name != point.occasion.kernels and not _is_since(job.name, point):
            continue
        for copy, path in copies_in(job):
            kernel = read_kernel(copy, environment) if os.path.dirname(copy) == str(job) else None
            if kernel and kernel.prefix == point.prefix and not has_all_of(copy, path):
                name = kernel.display_name or os.path.basename(path)
                found[path] = KernelCopy(name, copy, path, taken=os.path.lexists(path))
    return tuple(found.values())


def _is_since(job: str, point: RestorePoint) -> bool:
    stamp = _STAMP.match(job)
    return stamp is not None and stamp[0] >= f"{point.at.astimezone(timezone.utc):%Y%m%d-%H%M%S}"


def put_back_kernels(copies: Sequence[KernelCopy]) -> tuple[int, tuple[Finding, ...]]:
    """Move copies to where the kernels were; returns how many are back, and what is to be done by hand; blocks."""
    moved = filter(None, (_put_back(each) for each in copies if not each.taken))
    findings = (*kernels_that_stay_away(copies), *moved)
    for job in {os.path.dirname(each.copy) for each in copies}:
        if os.listdir(job) == [HOW_TO_BRING_BACK]:
            delete_tree(job)
    return len(copies) - len(findings), findings


def kernels_that_stay_away(copies: Iterable[KernelCopy]) -> Iterator[Finding]:
    """Which kernels do not come back because something else has taken their place, with the command for each."""
    return (_not_back(each, f"something else is at {sanitize(each.path)}") for each in copies if each.taken)


def _not_back(kernel: KernelCopy, why: str) -> Finding:
    message = f"The Jupyter kernel {sanitize(kernel.name)} does not come back: {why}."
    # `mv` would put the copy into a directory that is in its place, or through a link.
    first = "move away what is there, then " if os.path.lexists(kernel.path) else ""
    return finding("kernel", "warning", message, f"To put it back: {first}{shell_words(kernel.by_hand)}")


def _put_back(kernel: KernelCopy) -> Finding | None:
    """Move a copy to where the kernel was, or say what is to be done by hand."""
    try:
        _move(kernel)
    except OSError as error:
        return _not_back(kernel, reason(error))
    return None


def _move(kernel: KernelCopy) -> None:
    above = os.path.dirname(kernel.path)
    Path(above).mkdir(parents=True, exist_ok=True)
    directory = os.open(above, os.O_RDONLY | os.O_DIRECTORY)
    try:
        rename_directory_if_free(kernel.copy, os.path.basename(kernel.path), directory)
        sync_directory(directory)
    finally:
        os.close(directory)


def with_kernels(outcome: Outcome, put_back: tuple[int, tuple[Finding, ...]]) -> Outcome:
    """The outcome of a restore, with what has become of kernels."""
    count, findings = put_back
    back = f" {counted(count, 'Jupyter kernel')} came back as well." if count else ""
    away = f" {counted(len(findings), 'Jupyter kernel')} did not come back." if findings else ""
    return replace(outcome, message=f"{outcome.message}{back}{away}", findings=(*outcome.findings, *findings))
