"""What stands in for a conda that is warm: `FRONT SOCKET LAUNCHER ARGUMENTS…`, started by the first line of LAUNCHER.

It hands all that a process is started with to support.conda_server, passes signals on, and ends as the conda there
ends. It starts conda itself where that is not the same: if the launcher was changed by a test, if the size of files is
limited, and if the server is gone. It imports next to nothing, for it runs at each call.
"""

from __future__ import annotations

import _socket
import binascii
import marshal
import os
import resource
import signal
import sys

MARK = b"\n# warm: "


def is_as_it_was_written(text: bytes) -> bool:
    """Whether nothing has been changed in a launcher since the checksum in its last line was written."""
    body, _, stated = text.rpartition(MARK)
    return stated.strip() == b"%08x" % binascii.crc32(body)


def _ask(place: str, launcher: str, arguments: list[str]) -> int | None:
    """Have it carried out by the server, and say how it ended; None if it is to be started here."""
    with open(launcher, "rb") as file:
        unchanged = is_as_it_was_written(file.read())
    if not unchanged or resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY:
        return None
    mask = os.umask(0o22)
    os.umask(mask)
    streams = b"".join(each.to_bytes(4, sys.byteorder) for each in (0, 1, 2))
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    try:
        order = marshal.dumps((launcher, arguments, dict(os.environ), os.getcwd(), mask))
        connection.connect(place)
        connection.sendmsg([len(order).to_bytes(8, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
    except OSError:  # or the directory is gone, or a stream is closed
        return None
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: connection.sendall(bytes([number])))
    connection.sendall(order)
    answer = b""
    while len(answer) < 4:
        received = connection.recv(4 - len(answer))
        if not received:
            raise SystemExit("the warm conda is gone")
        answer += received
    return int.from_bytes(answer, "big", signed=True)


def main() -> None:
    """Carry out one call of conda."""
    place, launcher, *arguments = sys.argv[1:]
    code = _ask(place, launcher, arguments)
    if code is None:
        python = os.path.join(os.path.dirname(launcher), "python")
        os.execv(python, [python, "-E", "-s", "-W", "ignore", launcher, *arguments])
    if code < 0:
        if -code not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


if __name__ == "__main__":
    main()
