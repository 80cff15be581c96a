"""What keys do about GPUs: a part of the registry."""

from __future__ import annotations

from condatui.action import Action
from condatui.standing import not_checkable

ON_GPU = (
    Action(
        "gpu.check",
        "Check the GPU",
        "g",
        "Let PyTorch and its like compute on the GPU, in the marked environments or in the one under the cursor.",
        "app.check_gpu",
        ("environments",),
        "GPU",
        "gpu",
        not_checkable,
    ),
    Action(
        "gpu.check_all",
        "Check the GPU everywhere",
        "G",
        "Check every environment that has such a framework, one after the other.",
        "app.check_all_gpus",
        ("environments",),
        "GPU",
    ),
    Action(
        "gpu.cancel",
        "Cancel the GPU check",
        "x",
        "Give up the check that runs and those that wait.",
        "app.cancel_gpu",
        ("environments",),
        "GPU",
    ),
)
