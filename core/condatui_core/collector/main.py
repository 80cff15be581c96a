"""The command line of the collector: writes the snapshot to stdout, and ends itself when its time is over."""

import argparse
import base64
import gzip
import json
import os
import pwd
import signal
import sys
from typing import Optional, Sequence

from condatui_core.collector.reading import Deadline
from condatui_core.collector.snapshot import Wishes, snapshot

BEGIN, END = "condatui-snapshot-begin", "condatui-snapshot-end"
"""The lines around what a remote shell lets through, for a login may print whatever it likes before."""
_LINE = 3 * 1024
"""Bytes that one line of text carries."""
_SECONDS = 120.0
_SHARE = 0.8
"""The part of its time that it reads and measures; the rest is for writing what it has."""
_TIMED_OUT = 124


def main(version: str, arguments: Optional[Sequence[str]] = None) -> None:
    """Write a snapshot of this machine to stdout. It ends by a signal, whatever hangs, when its time is over."""
    options = _options(arguments)
    signal.signal(signal.SIGALRM, _out_of_time)
    signal.setitimer(signal.ITIMER_REAL, options.seconds)
    os.nice(5)
    wishes = Wishes(version, not options.no_sizes, options.root)
    home = os.environ.get("HOME") or pwd.getpwuid(os.getuid()).pw_dir
    document = snapshot(wishes, home, os.environ, Deadline(options.seconds * _SHARE))
    data = gzip.compress(json.dumps(document, separators=(",", ":")).encode("ascii"), 6)
    write = sys.stdout.buffer.write
    if options.lines:
        lines = (base64.b64encode(data[at : at + _LINE]) for at in range(0, len(data), _LINE))
        data = b"\n".join((BEGIN.encode(), *lines, END.encode(), b""))
    write(data)
    sys.stdout.buffer.flush()


def _options(arguments: Optional[Sequence[str]]) -> argparse.Namespace:
    parser = argparse.ArgumentParser("condatui-collector", description="Write a snapshot of this machine to stdout.")
    parser.add_argument("--no-sizes", action="store_true", help="do not walk the disk")
    parser.add_argument("--root", action="append", default=[], help="search this directory for environments too")
    parser.add_argument("--seconds", type=float, default=_SECONDS, help="the time that it may take")
    parser.add_argument("--lines", action="store_true", help="write text between two marks rather than a gzip file")
    return parser.parse_args(arguments)


def _out_of_time(_number: int, _frame: object) -> None:
    sys.stderr.write("condatui: the time for the snapshot is over\n")
    sys.stderr.flush()
    os._exit(_TIMED_OUT)
