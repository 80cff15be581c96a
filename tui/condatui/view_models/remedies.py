"""What to do about something, in the words of the workbench: a remedy is a key or a field of a form here."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TypeAlias

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
from condatui_core.text import format_bytes, some_of

_MOST_NAMES = 6

RemedyWords: TypeAlias = Callable[[Advice], str]
"""Says what to do in the words of one front end."""

KeyOf: TypeAlias = Callable[[str], str]
"""The key of an action as this user has it, by the action's id."""

_NAME_CONDA = {
    "none": "Name one in the settings (`conda`), and start condatui again.",
    "not-conda": "Name a conda in the settings (`conda`), and start condatui again.",
    "unusable": "Repair that one, or name it in the settings (`conda`) and start condatui again.",
}


def workbench_words(advice: Advice, key: KeyOf) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    """What to do, worded for a user of the workbench."""
    match advice:
        case str():
            return advice
        case NameConda():
            return _NAME_CONDA[advice.why]
        case AllowDownloads():
            return "Say no to `without downloads`."
        case TakeConda():
            return "Yes to `with conda itself` takes it along."
        case ReplaceFile():
            return f"Choose another name, or {key('list.open')} replaces it."
        case IgnoreEditable():
            return "Install it for good (`pip install DIRECTORY`), or say yes to `ignore editable`."
        case IgnoreMissing():
            return "Install their packages again, or say yes to `ignore missing`."
        case ExcludeFiles():
            return "Ask its owner, or leave them out in the field `without`."
        case BuildFromArchive():
            return "Build it from the packed environment."
        case LeaveOutVariables():
            return "Is any of them a secret? Then leave them out."
        case WithoutRestorePoint(elsewhere=True):
            return "The setting `restore_directory` puts them elsewhere."  # the hints say which key does without
        case WithoutRestorePoint():
            return f"To do without: {key('list.open')}."
        case TakeKernels():
            return f"{key('environments.mark')} in the plan of a removal lets them go along; a copy is kept."
        case AcceptSize(planned=True):
            return f"The limit is {format_bytes(advice.limit_bytes)} (`restore_point_bytes`); agreed to, all is kept."
        case AcceptSize():
            return "Plan it again, and it asks."
        case Thaw():
            return f"If you may thaw it, delete {advice.file}; {key('list.open')} removes it all the same."
        case Unkeep():
            return f"{key('keep')} takes the mark away; {key('list.open')} removes it all the same."
        case RepairMarks():
            return f"Repair that file; {key('list.open')} removes the environment whatever it says."
        case SetBaseline():
            return f"{key('baseline')} sets another, unless the setting `baseline` says it."
        case FollowBaseline():
            return f"{key('follow')} brings it to the versions of the baseline."
        case RemoveEnvironment():
            return f"unless a job works on it, remove it: {key('remove')}"
        case FreeSpace():
            return f"Free some first: Cleanup ({key('place.cleanup')}) shows what could go."
        case Reload():
            return f"Reload: {key('reload')}."
        case LeaveReadOnly(started=True):
            return "It was started so (`read_only`), and stays so."
        case LeaveReadOnly():
            return f"{key('read_only')} allows changes again."
        case SeparateOne():
            names = some_of(sorted(os.path.basename(each) for each in advice.prefixes), _MOST_NAMES)
            return f"Go to one that has such files: {names}; an earlier change has its restore point."
        case ListEnvironments():
            return f"Environments ({key('place.environments')}) shows them all."
        case ListRestorePoints():
            return f"Restore ({key('place.restore')}) shows them all."
        case SeeDuplicates():
            return f"one may be enough: Cleanup ({key('place.cleanup')}) shows what going to it frees"
        case SeeInterrupted():
            out = " and the way out" if advice.way_out else ""
            return f"{key('place.jobs')} shows it{out}, {key('back')} dismisses this"
