"""Workers: what runs beside the screens, on the app or on the screen that owns it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, TypeVar, cast

from textual.dom import DOMNode
from textual.worker import Worker

Result = TypeVar("Result")


def start_worker(
    owner: DOMNode,
    work: Callable[[], Coroutine[Any, Any, Result]],
    *,
    group: str,
    description: str = "",
    exclusive: bool = False,
    exit_on_error: bool = False,
) -> Worker[Result]:
    """Start a worker that ends with its owner; an `exclusive` one cancels the others of its group on that owner.

    The owner hears of a failure by `Worker.StateChanged`. The work is a function and not yet a coroutine: a worker may
    be cancelled before it begins, and would leave a coroutine behind that nothing awaits.
    """
    begin = cast("Callable[[], Coroutine[None, None, Result]]", work)  # which Textual's types ask for
    return owner.run_worker(
        begin, group=group, description=description, exclusive=exclusive, exit_on_error=exit_on_error
    )
