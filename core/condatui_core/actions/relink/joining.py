"""Joins all sets of equal files, by the method of the disk that each is on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from condatui_core.actions.exchanges import Exchange, ExchangeNotes
from condatui_core.actions.joined_files import tidy_up
from condatui_core.actions.protocol import Work
from condatui_core.actions.relink.batch import HardLinks
from condatui_core.actions.relink.sharing import share_blocks
from condatui_core.actions.relink.staying import with_one_that_is_as_claimed
from condatui_core.actions.relink.tally import Tally
from condatui_core.fs.sync import sync_file_system
from condatui_core.records.relinking import RelinkSurvey, SameFiles


@dataclass(frozen=True, slots=True)
class Joined:
    """What has been joined."""

    tally: Tally
    left: tuple[str, ...] = ()
    """Temporary names that could not be deleted, and why, a line each."""
    failed: OSError | None = None
    """What has ended it: the disk is full, or fails."""


def join_all(survey: RelinkSurvey, directory: Path, work: Work) -> Joined:
    """Join what was found, a disk that fails or is full ends it; blocks.

    `directory` has the notes of what was exchanged, and afterwards the lists of what is joined.
    """
    total = survey.frees  # a sum over all files, and wanted with each of them
    tally = Tally(lambda done: work.progress(done, total, "bytes"))
    methods = dict(survey.methods)
    failed: OSError | None = None
    try:
        for same in survey.sets:
            if methods.get(same.device) == "reflink":
                checked = with_one_that_is_as_claimed(same, tally, lambda: work.cancelled)
                for inode in checked.joined:
                    if not work.cancelled:
                        share_blocks(checked, inode, tally, lambda: work.cancelled)
        if linked := [each for each in survey.sets if methods.get(each.device) == "hardlink"]:
            _link_all(linked, directory, tally, work)
    except OSError as error:
        failed = error
    left: tuple[str, ...] = ()
    try:
        _, left = tidy_up(directory)
    except OSError as error:
        failed = failed or error
    return Joined(tally, left, failed)


def _link_all(sets: Sequence[SameFiles], directory: Path, tally: Tally, work: Work) -> None:
    notes = ExchangeNotes(directory, work.job_id)
    try:
        with HardLinks(notes, tally, lambda: work.cancelled) as links:
            for found in sets:
                same = with_one_that_is_as_claimed(found, tally, lambda: work.cancelled)
                notes.note_later(_staying(same))
                for inode in same.joined:
                    if work.cancelled:
                        return
                    links.join(same, inode)
            links.finish()
        for root in {each.device: each.kept.paths[0].holder for each in sets}.values():
            sync_file_system(root)  # before it is forgotten which temporary names there were
    finally:
        notes.close()


def _staying(same: SameFiles) -> Iterator[Exchange]:
    """The paths of the file that stays: it is one with others now, and can become their own again as well.

    What conda has linked from a package cache was never a file of its own.
    """
    kept = same.kept
    if all(os.path.isdir(os.path.join(file.holder, "conda-meta")) for file in kept.paths):
        for file in kept.paths:
            path = os.path.relpath(file.path, file.holder)
            yield Exchange(
                root=file.holder,
                path=path,
                temporary="",
                new=kept.number,
                old=kept.number,
                modified=kept.modified,
                size=same.size,
                old_modified=kept.modified,
                new_modified=kept.modified,
            )
