"""The part of the registry that changes or checks something: environments, jobs, restore points, caches, GPUs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from condatui.actions.action import KeyAction, Place
from condatui.actions.context import (
    ActionContext,
    no_environment,
    no_environment_chosen,
    no_job_at_work,
    no_restore_point,
    not_another_keeper,
    not_checkable,
    not_choosable,
    not_clonable,
    not_creatable,
    not_exportable,
    not_grouped,
    not_mergeable,
    not_packable,
    not_removable,
    not_shippable,
    not_slimmable,
    not_traceable,
    not_verifiable,
    nothing_to_follow,
    nothing_to_keep,
    nothing_to_roll_back,
)

# Environments, jobs and restore points


_BOTH: tuple[Place, ...] = ("environments", "compare")

_Subjects = Literal["", "current", "chosen"]
_Change = tuple[str, str, str, str, tuple[Place, ...], str, Callable[[ActionContext], str | None], _Subjects]
_CHANGES: tuple[_Change, ...] = (
    (
        "clone",
        "Clone",
        "n",
        "Make an environment like this one, or like the baseline.",
        _BOTH,
        "clone",
        not_clonable,
        "current",
    ),
    (
        "create",
        "Create from a file",
        "N",
        "Make an environment from a file that describes it: environment.yml, a list, or a lock file.",
        ("environments",),
        "",
        not_creatable,
        "",
    ),
    (
        "export",
        "Export",
        "e",
        "Write the marked environments, or else the one under the cursor, to files that conda makes them from.",
        _BOTH,
        "export",
        not_exportable,
        "chosen",
    ),
    (
        "pack",
        "Pack",
        "p",
        "Pack the environment into an archive that works elsewhere.",
        _BOTH,
        "pack",
        not_packable,
        "current",
    ),
    (
        "ship",
        "Ship",
        "",
        "Write what an image with the environment is built from: a Dockerfile, and its packages.",
        _BOTH,
        "",
        not_shippable,
        "current",
    ),
    (
        "slim",
        "Make a slimmed copy",
        "M",
        "Make a copy of the environment without what a service does not need, and prove that it works.",
        ("environments",),
        "",
        not_slimmable,
        "current",
    ),
    (
        "remove",
        "Remove",
        "d",
        "Remove the marked environments, or else the one under the cursor; a restore point stays.",
        ("environments",),
        "remove",
        not_removable,
        "chosen",
    ),
)

ON_ENVIRONMENTS = (
    *(
        KeyAction(
            name,
            title,
            key,
            text,
            f"app.open_action('{name}')",
            places,
            "Actions",
            hint,
            why_not,
            acts_on=subjects,
            takes_keys=True,
        )
        for name, title, key, text, places, hint, why_not, subjects in _CHANGES
    ),
    KeyAction(
        "keep",
        "Keep",
        "K",
        "Keep the marked environments, or else the one under the cursor, whatever is proposed; again: no more.",
        "app.keep",
        ("environments", "cleanup"),
        "Actions",
        why_not=nothing_to_keep,
        acts_on="chosen",
    ),
    KeyAction(
        "keep.note",
        "Keep with a note",
        "",
        "Keep the marked environments, or else the one under the cursor, and say why; or change what is said.",
        "app.keep_with_note",
        ("environments", "cleanup"),
        "Actions",
        why_not=nothing_to_keep,
        acts_on="chosen",
        takes_keys=True,
    ),
    KeyAction(
        "baseline",
        "Make it the baseline",
        "b",
        "Make the environment under the cursor the baseline that new ones are cloned from; again: no more.",
        "app.baseline",
        ("environments",),
        "Actions",
        why_not=no_environment,
        acts_on="current",
    ),
    KeyAction(
        "baseline.propose",
        "Propose a baseline",
        "",
        "What most environments share, as a file that makes a baseline, and what it would have saved.",
        "app.propose_baseline",
        ("environments",),
        "Actions",
    ),
    KeyAction(
        "follow",
        "Update to the baseline",
        "B",
        "Bring the marked environments, or else the one under the cursor, to the versions of the baseline.",
        "app.open_action('follow')",
        ("environments",),
        "Actions",
        why_not=nothing_to_follow,
        acts_on="chosen",
        takes_keys=True,
    ),
    KeyAction(
        "checkpoint",
        "Checkpoint",
        "C",
        "Make a restore point of the marked environments, or else of the one under the cursor; they stay as they are.",
        "app.open_action('checkpoint')",
        ("environments",),
        "Actions",
        why_not=no_environment_chosen,
        acts_on="chosen",
        takes_keys=True,
    ),
    KeyAction(
        "verify",
        "Verify against a file",
        "v",
        "Say how the environment under the cursor differs from a file that describes it; the file is remembered.",
        "app.verify",
        ("environments",),
        "Actions",
        why_not=not_verifiable,
        acts_on="current",
        takes_keys=True,
    ),
    KeyAction(
        "rollback",
        "Roll back",
        "U",
        "Bring the environment back to the revision under the cursor of its history, or to before its last change.",
        "app.open_action('rollback')",
        ("environments",),
        "Actions",
        why_not=nothing_to_roll_back,
        acts_on="current",
        takes_keys=True,
    ),
    KeyAction(
        "undo",
        "Undo the last change",
        "u",
        "Bring back what was removed last, or what was changed last to how it was; after a relink, make the files of "
        "the environment under the cursor its own again.",
        "app.open_action('undo')",
        group="Actions",
        takes_keys=True,
    ),
    KeyAction(
        "relink",
        "Relink: store once what is stored several times",
        "",
        "Join the files of all environments and package caches that are the same; nothing is removed.",
        "app.open_action('relink')",
        ("environments", "cleanup"),
        "Actions",
        takes_keys=True,
    ),
    KeyAction(
        "separate",
        "Make the files of this environment its own again",
        "",
        "Undo what relinking has joined in the environment under the cursor: its files become copies.",
        "app.open_action('separate')",
        ("environments",),
        "Actions",
        why_not=no_environment,
        acts_on="current",
        takes_keys=True,
    ),
)

ON_SLIM = (
    KeyAction(
        "slim.trace",
        "Run a command and see what it uses",
        "!",
        "Run a command in the environment, or only import modules, and mark its packages by what was used.",
        "screen.trace",
        ("environments",),
        "Slim",
        why_not=not_traceable,
        acts_on="current",
        takes_keys=True,
    ),
    KeyAction(
        "slim.view",
        "Turn between classes and what was used",
        "O",
        "In the tab Slim, turn between the classes of files and the packages that the last command has used.",
        "screen.trace_view",
        ("environments",),
        "Slim",
    ),
)

ON_JOBS = (
    KeyAction(
        "jobs.cancel",
        "Cancel",
        "x",
        "Cancel the job under the cursor, with all that it has started.",
        "screen.cancel",
        ("jobs",),
        "Jobs",
        "cancel",
        no_job_at_work,
    ),
    KeyAction(
        "jobs.switch",
        "Switch between jobs and details",
        "tab,shift+tab",
        "From the jobs to the details and back.",
        "screen.switch",
        ("jobs",),
        "Jobs",
    ),
)

ON_RESTORE_POINTS = (
    KeyAction(
        "restore.mark",
        "Mark",
        "space",
        "Mark or unmark the restore point under the cursor, and go to the next.",
        "screen.mark",
        ("restore",),
        "Restore",
        "mark",
        no_restore_point,
    ),
    KeyAction(
        "restore.delete",
        "Delete",
        "d,delete",
        "Delete the marked restore points, or else the one under the cursor.",
        "screen.delete",
        ("restore",),
        "Restore",
        "delete",
        no_restore_point,
        takes_keys=True,
    ),
)


# Cleanup candidates


def _on_cleanup(
    name: str,
    title: str,
    keys: str,
    text: str,
    hint: str = "",
    why_not: Callable[[ActionContext], str | None] | None = None,
    *,
    call: str = "",
    takes_keys: bool = False,
) -> KeyAction:
    """A key of place 3; it calls what has its name, unless `call` says otherwise."""
    return KeyAction(
        f"cleanup.{name}",
        title,
        keys,
        text,
        f"screen.{call or name}",
        ("cleanup",),
        "Cleanup",
        hint,
        why_not,
        takes_keys=takes_keys,
    )


ON_CLEANUP = (
    _on_cleanup(
        "choose",
        "Choose",
        "space",
        "Choose what is under the cursor, or undo that, and go to the next; on a keeper its whole group.",
        "choose",
        not_choosable,
    ),
    _on_cleanup("choose_all", "Choose all", "a,*", "Choose all that can be chosen; if all are chosen, none.", "all"),
    _on_cleanup(
        "goal",
        "Goal",
        "f",
        "Say how much must become free: the least regrettable choice that reaches it is made.",
        "goal",
        takes_keys=True,
    ),
    _on_cleanup(
        "keeper",
        "Make it the keeper",
        "=",
        "Let the environment under the cursor be the one of its group that stays; once more undoes that.",
        "keeper",
        not_another_keeper,
    ),
    _on_cleanup(
        "merge",
        "Merge",
        "m",
        "Plan a clone of the keeper with what only this environment has, which then takes its place.",
        "merge",
        not_mergeable,
        takes_keys=True,
    ),
    _on_cleanup(
        "compare",
        "Compare",
        "c",
        "Put the environment under the cursor and its keeper side by side; on a keeper its whole group.",
        "compare",
        not_grouped,
    ),
    _on_cleanup(
        "stricter",
        "Less is alike",
        "+",
        "Count environments as alike from a similarity that is 1 % higher.",
        call="threshold(1)",
    ),
    _on_cleanup(
        "laxer",
        "More is alike",
        "-",
        "Count environments as alike from a similarity that is 1 % lower.",
        call="threshold(-1)",
    ),
    _on_cleanup(
        "switch",
        "Switch between candidates and details",
        "tab,shift+tab",
        "From what could go to the details and back.",
    ),
)


# GPUs


ON_GPU = (
    KeyAction(
        "gpu.check",
        "Check the GPU",
        "t",
        "Let PyTorch and the like compute on the GPU, in the marked environments or in the one under the cursor.",
        "app.check_gpu",
        ("environments",),
        "GPU",
        "gpu",
        not_checkable,
        "chosen",
    ),
    KeyAction(
        "gpu.check_all",
        "Check the GPU everywhere",
        "T",
        "Check every environment that has PyTorch or the like, one after the other; asks first.",
        "app.check_all_gpus",
        ("environments",),
        "GPU",
        takes_keys=True,
    ),
    KeyAction(
        "gpu.cancel",
        "Cancel what runs beside the screens",
        "x",
        "Stop the command that runs in the tab Slim; if none does, cancel the GPU check that runs and those that wait.",
        "screen.cancel_check",
        ("environments",),
        "GPU",
    ),
)
