"""The comparison of place 2: computing it in a thread, and saving it to a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from condatui.view_models.compare.export import FORMATS
from condatui.view_models.compare.matrix import Measures, labels_of
from condatui_core.analyses import compare as analysis
from condatui_core.analyses.columns import environment_listing
from condatui_core.errors import CondatuiError, UsageError
from condatui_core.fs.atomic_write import write_whole
from condatui_core.records.comparison import Comparison, Row, Summary
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import expand_home


@dataclass(frozen=True, slots=True)
class CompareSubject:
    """One of the compared environments."""

    environment: Environment
    channels: ChannelConfig

    @property
    def contents(self) -> PrefixContents:
        """The contents of the environment."""
        return self.environment.contents or PrefixContents()


def differs(subjects: Sequence[CompareSubject], compared: Sequence[CompareSubject]) -> bool:
    """Whether a new comparison could give another result; contents stay the same object until they are read again."""
    return len(subjects) != len(compared) or any(
        one.environment.prefix != other.environment.prefix
        or one.environment.contents is not other.environment.contents
        or one.channels != other.channels
        for one, other in zip(subjects, compared, strict=True)
    )


@dataclass(frozen=True, slots=True)
class Compared:
    """A comparison, its environments, and the measures of its table."""

    subjects: tuple[CompareSubject, ...]
    comparison: Comparison
    measures: Measures

    def with_reference(self, reference: int) -> Compared:
        """The same comparison with another reference."""
        return replace(self, comparison=analysis.with_reference(self.comparison, reference))


NOTHING = Compared((), Comparison(columns=(), rows=(), summary=Summary(), similarity=()), Measures.of(()))
"""The comparison of no environments."""


def compare_subjects(subjects: Sequence[CompareSubject], reference: int) -> Compared:
    """Compare environments. To be called in a thread: thousands of packages take a while."""
    listings = [
        environment_listing(each.environment.prefix, each.environment.full_name, each.contents, each.channels)
        for each in subjects
    ]
    comparison = analysis.compare(listings, reference)
    return Compared(tuple(subjects), comparison, Measures.of(comparison.rows))


def suggested_file(comparison: Comparison) -> str:
    """A suggested file name: `~/compare-nlp-exp-bert-finetune.md`."""
    names = [label.rpartition("/")[2] for label in labels_of(comparison)]
    more = f"-and-{len(names) - 3}-more" if len(names) > 3 else ""
    return f"~/compare-{'-'.join(names[:3])}{more}.md"


def chosen_file(text: str, home: Path) -> Path:
    """The file that the user names; `~` is their home. UsageError if its suffix is no known format."""
    path = Path(expand_home(text.strip(), home))
    if path.suffix.lower() not in FORMATS:
        raise UsageError(f"The end of the name chooses the format: {', '.join(FORMATS)}.")
    return path.absolute()


def save(file: Path, comparison: Comparison, rows: Sequence[Row], *, replace: bool) -> None:
    """Write rows of a comparison in the format of the file's suffix, whole or not at all. To be called in a thread.

    Raises FileExistsError if the file exists and `replace` is false, CondatuiError if it cannot be written.
    """
    text = FORMATS[file.suffix.lower()](comparison, rows)
    try:
        write_whole(file, text.encode("utf-8", "backslashreplace"), replace=replace)
    except FileExistsError:
        raise
    except OSError as error:
        raise CondatuiError(f"{file} cannot be written: {error.strerror}") from error
