"""Is imported by each Python that a traced command starts, and writes down which files that Python opens.

It runs in the Python of any environment, alone, and imports nothing of condatui. No descriptor stays open: a program
may close those that it does not know, and reuse their numbers. Each line ends with a NUL and begins with a letter:
`p` the id of a process, `x` its program, `n` it has no audit hooks, `o` opened, `w` opened for writing, `m` mapped, `l`
a module that it had at its end, `f` there is no room for more, `e` it has ended in order.
"""

import atexit
import os
import sys
import time

_MOST = 200000
"""Paths that a process writes down at most: a program may open files without end."""
_CODE = (".py", ".pyc", ".so")
"""Files that are written down wherever they lie; others only in the environment."""
_WRITING = os.O_WRONLY | os.O_RDWR
_PAUSE = 0.2
"""Seconds between two looks at what is mapped."""


class Trace(object):
    """What one process, and those that it forks, writes down."""

    def __init__(self, directory, prefixes):
        self._file = os.path.join(directory, "%d-%s" % (os.getpid(), os.urandom(4).hex()))
        self._prefixes = tuple(os.path.join(each, "") for each in prefixes)
        self._seen = set()
        self._maps_changed = True
        self._looked = 0.0

    def begin(self):
        self._write("p", str(os.getpid()))
        self._write("x", sys.executable or "")
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self.begun)
        if hasattr(sys, "addaudithook"):
            sys.addaudithook(self.audit)
        else:
            self._write("n", "")
        atexit.register(self.end)

    def begun(self):
        self._write("p", str(os.getpid()))

    def audit(self, event, args):
        """Take what Python tells of what it is about to do; the program must not notice if that fails."""
        try:
            if event == "open":
                self._open(args[0], args[2])
            elif event == "import":
                if args[1]:  # the file of an extension module, which brings libraries along
                    self._open(args[1], 0)
                    self._maps_changed = True
            elif event == "ctypes.dlopen":
                self._maps_changed = True
            elif event == "os.exec":
                self._maps_changed = True
                self._look(0.0)  # what follows is another program in this process
        except Exception:
            pass

    def end(self):
        try:
            if not hasattr(sys, "addaudithook"):
                for module in list(sys.modules.values()):
                    self._note("l", getattr(module, "__file__", None))
            self._maps_changed = True
            self._look(0.0)
            self._write("e", str(os.getpid()))
        except Exception:
            pass

    def _open(self, path, flags):
        if self._maps_changed:
            self._look(_PAUSE)
        self._note("w" if flags and flags & _WRITING else "o", path)

    def _note(self, kind, path):
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if not isinstance(path, str) or path == self._file or (kind, path) in self._seen:
            return
        absolute = path if path.startswith("/") else os.path.join(os.getcwd(), path)
        if not absolute.startswith(self._prefixes) and not path.endswith(_CODE):
            return
        if len(self._seen) == _MOST:
            self._write("f", "")
        if len(self._seen) <= _MOST:
            self._seen.add((kind, path))
            self._write(kind, absolute)

    def _look(self, pause):
        """Write down what is mapped, unless that was done a moment ago."""
        now = time.time()
        if not self._maps_changed or 0 <= now - self._looked < pause:
            return
        self._maps_changed, self._looked = False, now
        try:
            with open("/proc/self/maps", "rb") as maps:
                lines = maps.read().splitlines()
        except (IOError, OSError):
            return
        for line in lines:
            parts = line.split(None, 5)
            if len(parts) == 6 and parts[5].startswith(b"/"):
                self._note("m", parts[5])

    def _write(self, kind, text):
        descriptor = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, (kind + text).encode("utf-8", "surrogateescape") + b"\0")
        finally:
            os.close(descriptor)


def _begin():
    directory, prefixes = os.environ.get("CONDATUI_TRACE"), os.environ.get("CONDATUI_TRACE_PREFIXES")
    if directory and prefixes:
        Trace(directory, prefixes.split(os.pathsep)).begin()


def _give_way():
    """Take this directory out of the way, and run the `sitecustomize` that Python would have found without it."""
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [each for each in sys.path if not each or os.path.abspath(each) != here]
    sys.path_importer_cache.pop(here, None)
    from importlib.machinery import PathFinder

    spec = PathFinder.find_spec("sitecustomize")
    if spec is None or spec.loader is None:
        return
    from importlib.util import module_from_spec

    module = module_from_spec(spec)
    sys.modules["sitecustomize"] = module  # Python takes it from there once this one is through
    spec.loader.exec_module(module)


if sys.version_info >= (3, 4):
    try:
        _begin()
    except Exception:  # as where the directory cannot be written
        pass
    _give_way()
else:
    import imp

    _here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [_each for _each in sys.path if os.path.abspath(_each) != _here]
    try:
        _found = imp.find_module("sitecustomize", sys.path)
    except ImportError:
        pass
    else:
        imp.load_module("sitecustomize", *_found)
