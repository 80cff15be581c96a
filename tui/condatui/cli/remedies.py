"""Word remedies for the command line, as flags and commands."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from msgspec.structs import replace

from condatui_core.remedy import (
    AcceptSize,
    Advice,
    AllowDownloads,
    BuildFromArchive,
    ExcludeFiles,
    FollowBaseline,
    FreeSpace,
    IgnoreEditable,
    IgnoreMissing,
    LeaveOutVariables,
    LeaveReadOnly,
    ListEnvironments,
    ListRestorePoints,
    NameConda,
    Reload,
    RemoveEnvironment,
    RepairMarks,
    ReplaceFile,
    SeeDuplicates,
    SeeInterrupted,
    SeparateOne,
    SetBaseline,
    TakeConda,
    TakeKernels,
    Thaw,
    Unkeep,
    WithoutRestorePoint,
)
from condatui_core.text import format_bytes, shell_words

if TYPE_CHECKING:
    from condatui_core.records.finding import Finding
    from condatui_core.records.job import Outcome, Plan


_NAME_CONDA = {
    "none": "Name one: --conda PATH.",
    "not-conda": "Name a conda: --conda PATH.",
    "unusable": "Repair that one, or name it: --conda PATH.",
}


def command_line_words(advice: Advice) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    """What to do, worded for a user of the command line."""
    match advice:
        case str():
            return advice
        case NameConda():
            return _NAME_CONDA[advice.why]
        case AllowDownloads():
            return "Clone it without --offline."
        case TakeConda():
            return "--with-conda includes it."
        case ReplaceFile():
            return "Choose another name, or `--force`."
        case IgnoreEditable():
            return "Install it regularly (`pip install DIRECTORY`), or pass `--ignore-editable`."
        case IgnoreMissing():
            return "Install their packages again, or pass `--ignore-missing`."
        case ExcludeFiles():
            return "Ask its owner, or leave them out: `--exclude`."
        case BuildFromArchive():
            return "Build it from the environment as it is: `--from archive`."
        case LeaveOutVariables():
            return "Is any of them a secret? `--no-variables` leaves them out."
        case WithoutRestorePoint():
            elsewhere = "The setting `restore_directory` keeps them elsewhere; " if advice.elsewhere else ""
            return f"{elsewhere}--no-restore-point keeps none."
        case TakeKernels():
            return "`condatui remove --with-kernels` deletes them as well, and keeps a copy."
        case AcceptSize():
            limit = f"The limit is {format_bytes(advice.limit_bytes)} (`restore_point_bytes`)"
            return f"{limit if advice.planned else 'Plan it again, and it asks'}; --no-restore-point keeps nothing."
        case Thaw():
            return f"If you may thaw it, delete {advice.file}; --override-frozen removes it nevertheless."
        case Unkeep():
            undo = f"`condatui keep {shell_words((advice.prefix,))} --undo` takes the mark away"
            return f"{undo}; --override-kept removes it nevertheless."
        case RepairMarks():
            return "Repair that file; --override-kept removes the environment whatever it says."
        case SetBaseline():
            return "`condatui baseline --set ENV` sets another, --unset none, unless the setting `baseline` says it."
        case FollowBaseline():
            names = f"{shell_words((advice.prefix,))} --like {shell_words((advice.baseline,))}"
            return f"`condatui update {names}` brings them to its versions."
        case RemoveEnvironment():
            return f"unless a job works on it, remove it: condatui remove {shell_words((advice.prefix,))}"
        case FreeSpace():
            return "Free some first: `condatui disk` shows what occupies it."
        case Reload():
            return "`condatui list` shows what exists."
        case LeaveReadOnly():
            return "The option --read-only, the setting `read_only`, or the variable CONDATUI_READ_ONLY says so."
        case SeparateOne():
            undo = f"`condatui relink --undo {shell_words((advice.prefixes[0],))}`"
            others = f", and so for {len(advice.prefixes) - 1} more" if len(advice.prefixes) > 1 else ""
            return f"{undo} does that{others}; `condatui restore ID` undoes an earlier change."
        case ListEnvironments():
            return "`condatui list` shows them all."
        case ListRestorePoints():
            return "`condatui restore --list` shows them all."
        case SeeDuplicates():
            return "one may be enough: `condatui duplicates` shows what going to it frees"
        case SeeInterrupted():
            return "What it has left is told before the next change, with the way out."


def findings_in_words(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """The findings as in documents, where every remedy is a text."""
    return tuple(replace(each, remedy=command_line_words(each.remedy)) for each in findings)


def plan_in_words(plan: Plan) -> Plan:
    """A plan as in documents, where every remedy is a text."""
    return replace(
        plan,
        warnings=findings_in_words(plan.warnings),
        blockers=findings_in_words(plan.blockers),
        parts=tuple(map(plan_in_words, plan.parts)),
    )


def outcome_in_words(outcome: Outcome) -> Outcome:
    """An outcome as in documents, where every remedy is a text."""
    return replace(outcome, findings=findings_in_words(outcome.findings))
