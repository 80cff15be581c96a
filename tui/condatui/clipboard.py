"""Where copied texts go: into a buffer of tmux, or to the clipboard of the terminal, through GNU screen if need be."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping
from functools import partial

from textual.app import App

from condatui.workers import start_worker
from condatui_core.proc.child import STDERR, ChildError, ChildNotStartedError, ChildTimedOutError, Output
from condatui_core.proc.runner import run_to_end
from condatui_core.text import counted, format_bytes, sanitize

COPY_GROUP = "copy"
"""The worker group of handing a text to tmux."""

_MOST = 70_000
"""Bytes that terminals accept; they drop a larger text."""

Tell = Callable[[str], None]
"""Shows the user one line, which is sanitized."""


class Clipboard:
    """Takes what the user copies, and tells where it has gone; no key waits for that.

    tmux drops what the programs in it send to the clipboard, unless its option `set-clipboard` is changed. Its own
    command fills a buffer in any case, from which tmux pastes, and passes the text on to the terminal as well.
    """

    def __init__(self, app: App[None], environ: Mapping[str, str]) -> None:
        self._app = app
        self._environ = environ
        self.text = ""
        """What was copied last, for the fields of this program."""

    def copy(self, text: str, what: str, tell: Tell) -> None:
        """Copy a text, and tell where it has gone; `what` names it, unless the text itself does."""
        data = text.encode("utf-8", "backslashreplace")
        if len(data) > _MOST:
            tell(f"{format_bytes(len(data))} are too much for a terminal's clipboard.")
            return
        self.text, words = text, sanitize(what or _in_one_line(text))
        if "TMUX" in self._environ:
            hand_over = partial(self._to_tmux, data, words, tell)
            start_worker(self._app, hand_over, group=COPY_GROUP, exclusive=True, description="copy a text")
        else:
            tell(f"{self._to_terminal(data)}: {words}")

    async def _to_tmux(self, data: bytes, words: str, tell: Tell) -> None:
        if why_not := await load_tmux_buffer(data, self._environ):
            tell(f"{self._to_terminal(data)}, as tmux did not take it ({sanitize(why_not)}): {words}")
        else:
            tell(f"Copied to tmux's buffer: {words}")

    def _to_terminal(self, data: bytes) -> str:
        """Send a text to the terminal, which never says whether it takes it; what was done, in words."""
        sequence, by_way_of = clipboard_sequence(data), ""
        if "STY" in self._environ:
            sequence, by_way_of = "".join(through_screen(sequence)), "through screen "
        if self._app._driver is not None:
            self._app._driver.write(sequence)
        return f"Sent {by_way_of}to the terminal's clipboard"


def fits(text: str) -> bool:
    """Whether a terminal's clipboard takes a text as long as this."""
    return len(text.encode("utf-8", "backslashreplace")) <= _MOST


def _in_one_line(text: str) -> str:
    first, *rest = text.splitlines() or [""]
    return f"{first} ({counted(len(rest) + 1, 'line')})" if rest else first


# tmux


_SECONDS = 2.0
"""After which a tmux that does not answer is given up."""
_GRACE = 0.2
"""Seconds that it then has to end."""
_ANSWER = 4096
"""Bytes that it may say."""


async def load_tmux_buffer(data: bytes, environ: Mapping[str, str]) -> str:
    """Put bytes into a buffer of the tmux around this process, and on the clipboard of its terminal if tmux can.

    Returns why that failed, in a few words; empty if it did not.
    """
    try:
        # Before 3.2, tmux knew no `-w`, which passes the text on to the terminal.
        return await _feed(("tmux", "load-buffer", "-w", "-"), data, environ) and await _feed(
            ("tmux", "load-buffer", "-"), data, environ
        )
    except ChildTimedOutError:
        return "no answer"
    except ChildNotStartedError as error:
        return error.reason
    except ChildError as error:
        return str(error)


async def _feed(argv: tuple[str, ...], data: bytes, environ: Mapping[str, str]) -> str:
    """Run a command that reads these bytes; the first line of what it says if it fails, empty if it does not."""
    output = Output(_ANSWER)
    exit_code = await run_to_end(argv, environ, output, seconds=_SECONDS, stdin=data, grace=_GRACE)
    if exit_code == 0:
        return ""
    return next(iter(output.text(STDERR).strip().splitlines()), f"exit code {exit_code}")


# The terminal


_PIECE = 252
"""Characters that the oldest screens pass on in one piece, without the four around it."""


def clipboard_sequence(data: bytes) -> str:
    """The control sequence (OSC 52) that puts bytes on the clipboard of a terminal, over SSH too."""
    return f"\x1b]52;c;{b64encode(data).decode()}\a"


def through_screen(sequence: str) -> Iterator[str]:
    """Wrap a sequence in such pieces as GNU screen passes on to its terminal."""
    for start in range(0, len(sequence), _PIECE):
        yield f"\x1bP{sequence[start : start + _PIECE]}\x1b\\"
