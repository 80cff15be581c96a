"""The part of the registry that changes or checks something: environments, jobs, restore points, caches, GPUs."""

from __future__ import annotations

from collections.abc import Callable

from condatui.actions.action import KeyAction, Place
from condatui.actions.context import (
    ActionContext,
    no_environment,
    no_job_at_work,
    no_restore_point,
    not_checkable,
    not_choosable,
    not_clonable,
    not_exportable,
    not_packable,
    not_removable,
    nothing_to_follow,
    nothing_to_keep,
)

# Environments, jobs and restore points


_BOTH: tuple[Place, ...] = ("environments", "compare")

_CHANGES: tuple[tuple[str, str, str, str, tuple[Place, ...], str, Callable[[ActionContext], str | None]], ...] = (
    ("clone", "Clone", "n", "Make an environment like this one, or like the baseline.", _BOTH, "clone", not_clonable),
    (
        "export",
        "Export",
        "e",
        "Write the environment to a file from which conda can make it again.",
        _BOTH,
        "export",
        not_exportable,
    ),
    ("pack", "Pack", "p", "Pack the environment into an archive that works elsewhere.", _BOTH, "pack", not_packable),
    (
        "remove",
        "Remove",
        "d",
        "Remove the marked environments, or else the one under the cursor; a restore point stays.",
        ("environments",),
        "remove",
        not_removable,
    ),
)

ON_ENVIRONMENTS = (
    *(
        KeyAction(
            name, title, key, text, f"app.open_action('{name}')", places, "Actions", hint, why_not, takes_keys=True
        )
        for name, title, key, text, places, hint, why_not in _CHANGES
    ),
    KeyAction(
        "keep",
        "Keep",
        "K",
        "Keep the marked environments, or else the one under the cursor, whatever is proposed; again: no more.",
        "app.keep",
        ("environments",),
        "Actions",
        why_not=nothing_to_keep,
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
        takes_keys=True,
    ),
    KeyAction(
        "undo",
        "Undo the last change",
        "u",
        "Bring back what was removed last, or bring what was changed last back to how it was.",
        "app.open_action('undo')",
        group="Actions",
        takes_keys=True,
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


ON_CLEANUP = (
    KeyAction(
        "cleanup.choose",
        "Choose",
        "space",
        "Choose what is under the cursor, or undo that, and go to the next.",
        "screen.choose",
        ("cleanup",),
        "Cleanup",
        "choose",
        not_choosable,
    ),
    KeyAction(
        "cleanup.choose_all",
        "Choose all",
        "a,*",
        "Choose all that can be chosen; if all are chosen, none.",
        "screen.choose_all",
        ("cleanup",),
        "Cleanup",
        "all",
    ),
)


# GPUs


ON_GPU = (
    KeyAction(
        "gpu.check",
        "Check the GPU",
        "g",
        "Let PyTorch and the like compute on the GPU, in the marked environments or in the one under the cursor.",
        "app.check_gpu",
        ("environments",),
        "GPU",
        "gpu",
        not_checkable,
    ),
    KeyAction(
        "gpu.check_all",
        "Check the GPU everywhere",
        "G",
        "Check every environment that has PyTorch or the like, one after the other.",
        "app.check_all_gpus",
        ("environments",),
        "GPU",
    ),
    KeyAction(
        "gpu.cancel",
        "Cancel the GPU check",
        "x",
        "Cancel the check that runs and those that wait.",
        "app.cancel_gpu",
        ("environments",),
        "GPU",
    ),
)
