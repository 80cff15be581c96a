"""A forked process and the two pipes to talk with it: a tenth of what multiprocessing would have to import."""

from __future__ import annotations

import os
import pickle
import signal
import traceback
from collections.abc import Callable
from typing import BinaryIO, Generic, TypeVar

_Sent = TypeVar("_Sent")
_Received = TypeVar("_Received")

_LENGTH = 8


class Channel(Generic[_Sent, _Received]):
    """One end: whole objects go out and come in."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing

    def fileno(self) -> int:
        """What to wait at for the next object, if it is not sent before it was asked for."""
        return self._incoming.fileno()

    def send(self, message: _Sent) -> None:
        """Send an object; raises BrokenPipeError if nobody is there any more."""
        data = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        self._outgoing.write(len(data).to_bytes(_LENGTH, "big"))
        self._outgoing.write(data)
        self._outgoing.flush()

    def receive(self) -> _Received:
        """Wait for an object; raises EOFError if none comes any more."""
        length = int.from_bytes(self._incoming.read(_LENGTH), "big")
        data = self._incoming.read(length)
        if not length or len(data) < length:
            raise EOFError("the other process has ended")
        received: _Received = pickle.loads(data)  # from a child of this very process
        return received

    def close(self) -> None:
        """Let go of the pipes."""
        self._incoming.close()
        self._outgoing.close()


class Forked(Channel[_Sent, _Received]):
    """The end of the one who forked."""

    def __init__(
        self, serve: Callable[[Channel[_Received, _Sent]], None], *, apart_from: list[Forked[_Sent, _Received]]
    ) -> None:
        """Fork a process that runs `serve` and nothing else; this one must have no threads.

        The child lets go of its siblings' pipes: an end that stayed open there would hide that the other one has gone.
        """
        to_child, to_parent = os.pipe(), os.pipe()
        self.pid = os.fork()
        if not self.pid:
            status = 1
            try:
                for ours in (to_child[1], to_parent[0]):
                    os.close(ours)
                for sibling in apart_from:
                    sibling.close()
                serve(Channel(os.fdopen(to_child[0], "rb"), os.fdopen(to_parent[1], "wb")))
                status = 0
            finally:
                if status:
                    traceback.print_exc()
                os._exit(status)
        for theirs in (to_child[0], to_parent[1]):
            os.close(theirs)
        super().__init__(os.fdopen(to_parent[0], "rb"), os.fdopen(to_child[1], "wb"))

    def end(self) -> None:
        """End the process, whatever it is doing."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self.close()
