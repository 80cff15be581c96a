"""The sandbox's conda in forks of a process that has imported it already: most of what a call costs is to import conda.

`WarmConda.warm` changes the line by which a launcher starts its Python: whoever calls conda comes to
support.conda_front, which has support.conda_server carry the call out. It is conda's own code with the launcher's own
text. A test that looks at processes, or at the files of conda's own package, copies the sandbox with a conda that is
started anew each time; one that puts something into the launcher gets that anyway.
"""

from __future__ import annotations

import atexit
import binascii
import os
import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

from condatui_sandbox import Sandbox
from support import conda_front, conda_server

_STARTS = re.compile(r"""^'''exec' ".*$""", re.MULTILINE)


@cache
def warm_conda(conda: Path) -> WarmConda:
    """The server of this process for copies of a sandbox, begun with the first one; it ends with the process."""
    server = WarmConda(conda)
    atexit.register(server.close)
    return server


class WarmConda:
    """A server that ends with the process that has made it."""

    def __init__(self, conda: Path) -> None:
        self._python = getattr(sys, "_base_executable", sys.executable)
        self._place = Path(tempfile.mkdtemp(prefix="warm-")) / "conda"  # no socket may have a longer name
        (site_packages,) = conda.parents[1].glob("lib/python3*/site-packages")
        self._server = subprocess.Popen(
            [self._python, "-E", "-s", "-W", "ignore", conda_server.__file__, conda, site_packages, self._place],
            cwd="/",
            env={"HOME": "/nowhere"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._server.stdout
        self.pid = int(self._server.stdout.readline())
        """The server, which is ready for calls now."""
        self._server.wait()  # what was started has left the server behind

    def warm(self, sandbox: Sandbox) -> None:
        """Let the conda of a copy of the sandbox be served from now on."""
        words = (self._python, "-I", "-S", conda_front.__file__, self._place)
        start = "'''exec' {} \"$0\" \"$@\"".format(" ".join(f'"{each}"' for each in words))
        whole = sandbox.conda.read_bytes().partition(conda_front.MARK)[0].decode()
        text, count = _STARTS.subn(lambda _: start, whole, count=1)
        assert count, "the launcher starts in another way"
        state, body = sandbox.conda.stat(), text.encode()
        sandbox.conda.unlink()  # it may be linked to a file of the cache
        sandbox.conda.write_bytes(body + conda_front.MARK + b"%08x\n" % binascii.crc32(body))
        sandbox.conda.chmod(state.st_mode)
        os.utime(sandbox.conda, ns=(state.st_atime_ns, state.st_mtime_ns))

    def close(self) -> None:
        """End it, and whatever conda is still at work in it, as the end of this process does."""
        self._server.communicate()
