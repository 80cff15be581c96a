"""The process that packs: it reads its order from a file, writes its answer to another, and its progress to stdout."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from subprocess import SubprocessError

from condatui_core.actions.pack.library import LoadedEnvironment, PackError, PackOptions, load, write
from condatui_core.actions.pack.messages import ARCHIVE, PackAnswer, PackOrder, read_order, words_of, write_answer
from condatui_core.fs.atomic_write import sync_path
from condatui_core.fs.delete_tree import delete_tree
from condatui_core.proc.child import bound_memory

_LOOK_SECONDS = 0.5


def main(directory: str) -> int:
    """Pack into a directory what the order in it says; returns the exit code."""
    bound_memory()
    order = read_order(directory)
    threading.Thread(target=_end_with, args=(order.parent, directory), daemon=True).start()
    threading.excepthook = lambda failed: _give_up(directory, failed.exc_value or RuntimeError())
    try:
        answer = _pack(order, os.path.join(directory, ARCHIVE))
    except (PackError, OSError, ValueError, SystemError, SubprocessError, MemoryError) as error:
        answer = PackAnswer(error=words_of(error))
    return _answer(directory, answer)


def _pack(order: PackOrder, archive: str) -> PackAnswer:
    umask = os.umask(0o77)
    os.umask(umask)
    loaded = load(order.prefix, order.excludes, frozenset(order.left_out), form=order.form)
    _take_own(loaded, order)
    count = len({file.target for file in loaded.files})
    options = PackOptions(
        form=order.form,
        level=order.level,
        threads=order.threads if order.threads > 0 else -1,
        dest_prefix=order.dest_prefix,
    )
    write(loaded, archive, options, _show)
    if os.path.isfile(archive):
        os.chmod(archive, 0o666 & ~umask)
        sync_path(archive)
    sys.stdout.write(f"\r{count:,} files\n")
    return PackAnswer(files=count)


def _show(done: int, total: int) -> None:
    """Rewrite the progress line whenever the percentage has changed."""
    percent = 100 * done // total
    if not done or percent > 100 * (done - 1) // total:
        sys.stdout.write(f"\r{percent} %")
        sys.stdout.flush()


def _take_own(loaded: LoadedEnvironment, order: PackOrder) -> None:
    """Pack files from the environment itself if they differ from those in the package cache."""
    own = frozenset(order.own)
    for file in loaded.files:
        if file.target in own:
            file.source = os.path.join(order.prefix, file.target)
            file.file_mode, file.prefix_placeholder = "unknown", None


def _end_with(parent: int, directory: str) -> None:
    """End, and delete the directory, when the process that waits for the answer is gone."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    delete_tree(directory)
    if os.getpgrp() == os.getpid():  # its own children, such as mksquashfs, end too
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


def _give_up(directory: str, error: BaseException) -> None:
    """Answer and exit at once: conda-pack would wait for ever for its thread that has failed."""
    _answer(directory, PackAnswer(error=words_of(error)))
    os._exit(1)


def _answer(directory: str, answer: PackAnswer) -> int:
    """Write the answer, or to stderr if the disk has no room for it; returns the exit code."""
    try:
        write_answer(directory, answer)
    except OSError as error:
        print(answer.error or words_of(error), file=sys.stderr, flush=True)  # noqa: T201 - read by the process that waits
        return 1
    return 1 if answer.error else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
