"""What place 2 compares, worked out beside the event loop, and files of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condatui.view_models.compare.export import FORMATS
from condatui.view_models.compare.matrix import Measures, labels_of
from condatui_core.analyses.columns import environment_listing
from condatui_core.analyses.compare import compare, with_reference
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.records.comparison import Comparison, Row, Summary
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import expand_home


@dataclass(frozen=True, slots=True)
class CompareSubject:
    """One environment that is compared."""

    environment: Environment
    channels: ChannelConfig

    @property
    def contents(self) -> PrefixContents:
        """What it holds."""
        return self.environment.contents or PrefixContents()


def differs(subjects: Sequence[CompareSubject], compared: Sequence[CompareSubject]) -> bool:
    """Whether comparing these would come to something else; contents stay one object until they are read anew."""
    return len(subjects) != len(compared) or any(
        one.environment.prefix != other.environment.prefix
        or one.environment.contents is not other.environment.contents
        or one.channels != other.channels
        for one, other in zip(subjects, compared, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison with what it takes to show it."""

    subjects: tuple[CompareSubject, ...]
    comparison: Comparison
    measures: Measures

    def turned_to(self, reference: int) -> Compared:
        """The same with another reference."""
        return replace(self, comparison=with_reference(self.comparison, reference))


NOTHING = Compared((), Comparison(columns=(), rows=(), summary=Summary(), similarity=()), Measures.of(()))
"""What is shown while there is nothing to show."""


def compare_subjects(subjects: Sequence[CompareSubject], reference: int) -> Compared:
    """Compare environments; of thousands of packages this takes a while, so it is called in a thread."""
    listings = [
        environment_listing(each.environment.prefix, each.environment.name, each.contents, each.channels)
        for each in subjects
    ]
    comparison = compare(listings, reference)
    return Compared(tuple(subjects), comparison, Measures.of(comparison.rows))


def suggested_file(comparison: Comparison) -> str:
    """A name for a file of a comparison: `compare-nlp-exp-bert-finetune.md`."""
    names = [label.rpartition("/")[2] for label in labels_of(comparison)]
    more = f"-and-{len(names) - 3}-more" if len(names) > 3 else ""
    return f"~/compare-{'-'.join(names[:3])}{more}.md"


def chosen_file(text: str, home: Path) -> Path:
    """The file that a user names; `~` is their home. UsageError if it ends in nothing that can be written."""
    path = Path(expand_home(text.strip(), home))
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"The name says what to write: {', '.join(FORMATS)}.")
    return path.absolute()


def save(file: Path, comparison: Comparison, rows: Sequence[Row], *, replace: bool) -> None:
    """Write rows of a comparison as the file's name says, whole or not at all; called in a thread.

    Raises FileExistsError if the file is there and may not be replaced, CondatuiError if it cannot be written.
    """
    text = FORMATS[file.suffix.lower()](comparison, rows)
    try:
        write_whole(file, text.encode("utf-8", "backslashreplace"), replace=replace)
    except FileExistsError:
        raise
    except OSError as error:
        raise CondatuiError(f"{file} cannot be written: {error.strerror}") from error
