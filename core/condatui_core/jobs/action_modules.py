"""Where the actions are: one module each, named after the tag of its request."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any, TypeAlias, cast

from condatui_core.jobs.work import ActionModule
from condatui_core.records.request import Request

FindAction: TypeAlias = Callable[[Request], ActionModule[Any]]
"""Gives the module that carries out a request."""


def action_module(request: Request) -> ActionModule[Any]:
    """Import the module that carries out a request; to be called in a thread, since it may take a while."""
    return cast(ActionModule[Any], import_module(f"condatui_core.jobs.{request.__struct_config__.tag}"))
