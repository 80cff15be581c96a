"""What the Python of an environment runs: imports a framework, asks it about GPUs, computes something on each of them.

    python script.py RESULT_FILE torch|tensorflow|jax|cupy [SECONDS]

After each stage a line is appended to the result file, a JSON object, so that the last line tells where it crashed or
hangs. Frameworks print what they like, so nothing is said on stdout. Who started it ends it if need be; should that
one be no more, it ends itself when a stage takes so many seconds.

Any Python from 2.7 on must understand this file, which therefore is written as one wrote for that; and it is one file,
for an isolated Python imports nothing from beside it.
"""

import importlib
import json
import os
import sys
import time
import traceback
import warnings

_LONGEST = 8000
"""Characters of one text."""
_SIDE = 64
"""Of the matrices that are multiplied: large enough that a library does it and not a loop."""
_MAPPED = ("libcu", "libnv", "libtorch", "libc10", "libmkl", "libiomp", "libgomp", "libamdhip", "libhip")
"""How the libraries are called whose place matters."""
_ADOPT_ORPHANS = 36
"""PR_SET_CHILD_SUBREAPER of prctl."""


class Report(object):
    """Appends what is known to the result file; keeps what is warned of until it is asked for."""

    def __init__(self, path, seconds):
        self._path = path
        self._seconds = seconds
        self._pid = os.getpid()
        self._last = time.time()
        self._warned = []
        warnings.showwarning = self._show

    def __call__(self, stage, **values):
        """Say that a stage is over."""
        if os.getpid() != self._pid:  # the framework has forked, and this is the copy
            os._exit(0)
        now = time.time()
        values.update(stage=stage, seconds=max(0.0, round(now - self._last, 3)))
        self._last = now
        # Opened each time: frameworks have been seen to close the files of others.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(descriptor, (json.dumps(values) + "\n").encode("ascii"))
        os.close(descriptor)
        if self._seconds:
            attempt(lambda: importlib.import_module("faulthandler").dump_traceback_later(self._seconds, exit=True))

    def warned(self):
        """Return what was warned of since this was asked last."""
        warned, self._warned = self._warned, []
        return warned

    def _show(self, message, category, filename, lineno, file=None, line=None):
        self._warned.append(one_line(message))
        sys.stderr.write(warnings.formatwarning(message, category, filename, lineno, line))


def text(value):
    """Make a text of anything, so that JSON can carry it."""
    try:
        found = value if isinstance(value, type("")) else str(value)
    except BaseException:
        found = "a " + type(value).__name__ + " that cannot be shown"
    if isinstance(found, bytes):
        found = found.decode("utf-8", "replace")
    return found.encode("utf-8", "replace").decode("utf-8")[-_LONGEST:]


def one_line(value):
    """Make a text without line breaks: old versions of torch break their messages."""
    return " ".join(text(value).split())


def text_or_none(value):
    """Make a text of what is there."""
    return text(value) if value else None


def raised(error):
    """Describe an exception."""
    return {"kind": type(error).__name__, "message": one_line(error)}


def attempt(function, *arguments):
    """Call a function; return what it returns and nothing, or None and what it raised, described."""
    try:
        return function(*arguments), {}
    except BaseException as error:
        return None, raised(error)


def missing_module(error):
    """Name the module that could not be found; empty if the import failed for something else."""
    message = one_line(error)
    if not isinstance(error, ImportError) or not message.startswith("No module named"):
        return ""
    return text(getattr(error, "name", None) or message.split()[-1].strip("'"))


def import_framework(name, report):
    """Import a framework and say what came of it; None if it cannot be used."""
    try:
        module = importlib.import_module(name)
    except BaseException as error:  # an import may well raise SystemExit
        report("import_fail", traceback=text(traceback.format_exc()), missing=missing_module(error), **raised(error))
        return None
    version, file = getattr(module, "__version__", None), getattr(module, "__file__", None)
    if not version or not file:  # a directory that a removed package has left is imported without complaint
        paths = ", ".join(map(text, getattr(module, "__path__", ())))
        report("import_fail", message="%s has no %s: %s" % (name, "version" if file else "file", file or paths))
        return None
    report("import_ok", version=text(version), file=text(file))
    return module


def probe_torch(torch, report):
    """Ask PyTorch."""
    built = getattr(torch, "version", None)
    cuda, hip, xpu = (getattr(built, name, None) for name in ("cuda", "hip", "xpu"))
    flags, _ = attempt(lambda: torch._C._cuda_getArchFlags())  # the list of archs is empty where there is no GPU
    mps = getattr(getattr(torch, "backends", None), "mps", None)
    report(
        "static",
        cuda=text_or_none(cuda),
        hip=text_or_none(hip),
        xpu=text_or_none(xpu),
        archs=text(flags or "").split(),
        mps=mps and attempt(lambda: bool(mps.is_built()))[0],
    )
    report.warned()
    available, failure = attempt(lambda: bool(torch.cuda.is_available()))
    warned = report.warned() + [failure["message"] for _ in failure]
    mps_available = mps and attempt(lambda: bool(mps.is_available()))[0]
    report("available", available=bool(available), warnings=warned[:20], mps=mps_available)
    if not available:
        if cuda or hip:
            report("why", **attempt(lambda: torch.cuda.init())[1])  # once: a second time may hang
            report("count", count=attempt(lambda: torch.cuda.device_count())[0] or 0)
        return
    count = attempt(lambda: torch.cuda.device_count())[0] or 0
    report("count", count=count)
    version, failure = attempt(lambda: torch.backends.cudnn.version())
    report("cudnn", version=version, **failure)
    for index in range(count):
        report("device", index=index, **torch_device(torch, index))
        report_kernel(report, "kernel", index, lambda: torch_product(torch, index))
        report_kernel(report, "conv", index, lambda: torch_convolution(torch, index))


def torch_device(torch, index):
    """Describe a GPU."""
    found, failure = attempt(lambda: torch.cuda.get_device_properties(index))
    memory, no_memory = attempt(lambda: torch.cuda.mem_get_info(index)[0])
    if "AttributeError" in no_memory.values():  # before 1.11
        no_memory = {}
    described = {"free_bytes": memory}
    if found is not None:
        described.update(
            name=text(found.name),
            capability=[found.major, found.minor],
            total_bytes=int(found.total_memory),
        )
    described.update(failure or no_memory)
    return described


def report_kernel(report, stage, index, compute):
    """Compute something on a GPU and say whether it came out right."""
    right, failure = attempt(compute)
    warned = report.warned()
    values = {"warnings": warned[:20]} if stage == "kernel" else {}
    values.update(failure)
    report(stage, index=index, right=bool(right), **values)


def torch_product(torch, index):
    """Multiply matrices of small whole numbers, which every kernel gets right to the last bit."""
    numbers = torch.arange(0, _SIDE * _SIDE).float().view(_SIDE, _SIDE)
    left, right = numbers % 7, numbers % 5
    product = left.cuda(index).mm(right.cuda(index))
    torch.cuda.synchronize()
    return torch.equal(product.cpu(), left.mm(right))


def torch_convolution(torch, index):
    """Fold a small image, which is what cuDNN is for; some of its ways round a little."""
    image = torch.arange(0, 256).float().view(1, 1, 16, 16) % 7
    weights = torch.arange(0, 9).float().view(1, 1, 3, 3) % 5
    convolve = torch.nn.functional.conv2d
    folded = convolve(image.cuda(index), weights.cuda(index))
    torch.cuda.synchronize()
    return (folded.cpu() - convolve(image, weights)).abs().max().item() < 0.01


def probe_tensorflow(tensorflow, report):
    """Ask TensorFlow."""
    info, _ = attempt(lambda: dict(tensorflow.sysconfig.get_build_info()))
    info = info or {"is_cuda_build": attempt(lambda: tensorflow.test.is_built_with_cuda())[0]}
    cuda = text(info.get("cuda_version") or "") if info.get("is_cuda_build") else None
    hip = text(info.get("rocm_version") or "") if info.get("is_rocm_build") else None
    report("static", cuda=cuda, hip=hip, archs=[text(each) for each in info.get("cuda_compute_capabilities", ())])
    devices, failure = attempt(lambda: list(tensorflow.config.list_physical_devices("GPU")))
    report("available", available=bool(devices), warnings=report.warned()[:20])
    if not devices:
        report("why", **failure)
    report("count", count=len(devices or ()))
    for index, device in enumerate(devices or ()):
        details = attempt(lambda: dict(tensorflow.config.experimental.get_device_details(device)))[0] or {}
        name = text(details.get("device_name") or device.name)
        report("device", index=index, name=name, capability=details.get("compute_capability"))
        report_kernel(report, "kernel", index, lambda: tensorflow_product(tensorflow, index))


def tensorflow_product(tensorflow, index):
    """Multiply matrices on a GPU."""
    left, right = matrices()
    with tensorflow.device("/GPU:%d" % index):
        product = tensorflow.linalg.matmul(tensorflow.constant(left), tensorflow.constant(right))
    return bool((product.numpy() == left.dot(right)).all())


def matrices():
    """Make the matrices of `torch_product`, of numpy, which all but torch need anyway."""
    numpy = importlib.import_module("numpy")
    numbers = numpy.arange(_SIDE * _SIDE).reshape(_SIDE, _SIDE)
    return (numbers % 7).astype(numpy.float32), (numbers % 5).astype(numpy.float32)


def probe_jax(jax, report):
    """Ask JAX, which takes the CPU without a word where it finds no GPU."""
    plugins = [each for each in ("13", "12") if not attempt(importlib.import_module, "jax_cuda%s_plugin" % each)[1]]
    report("static", cuda=plugins[0] if plugins else None)
    backend, _ = attempt(lambda: jax.default_backend())
    report("available", available=backend in ("gpu", "cuda", "rocm"), warnings=report.warned()[:20])
    devices, failure = attempt(lambda: list(jax.devices("gpu")))
    if not devices:
        report("why", **failure)
    report("count", count=len(devices or ()))
    for index, device in enumerate(devices or ()):
        report("device", index=index, name=text(getattr(device, "device_kind", device)))
        report_kernel(report, "kernel", index, lambda: jax_product(jax, device))


def jax_product(jax, device):
    """Multiply matrices on a GPU."""
    left, right = matrices()
    product = jax.device_put(left, device).dot(jax.device_put(right, device))
    return bool((jax.device_get(product) == left.dot(right)).all())


def probe_cupy(cupy, report):
    """Ask CuPy."""
    runtime = cupy.cuda.runtime
    version, _ = attempt(lambda: runtime.runtimeGetVersion())
    report("static", cuda="%d.%d" % (version // 1000, version % 1000 // 10) if version else "")
    count, failure = attempt(lambda: runtime.getDeviceCount())
    report("available", available=bool(count), warnings=report.warned()[:20])
    if not count:
        report("why", **failure)
    report("count", count=count or 0)
    for index in range(count or 0):
        found = attempt(lambda: runtime.getDeviceProperties(index))[0] or {}
        report("device", index=index, name=text(found.get("name", "")), total_bytes=found.get("totalGlobalMem"))
        report_kernel(report, "kernel", index, lambda: cupy_product(cupy, index))


def cupy_product(cupy, index):
    """Multiply matrices on a GPU."""
    left, right = matrices()
    with cupy.cuda.Device(index):
        product = cupy.asarray(left).dot(cupy.asarray(right)).get()
    return bool((product == left.dot(right)).all())


PROBES = {"torch": probe_torch, "tensorflow": probe_tensorflow, "jax": probe_jax, "cupy": probe_cupy}


def loaded_libraries():
    """Where the libraries lie that this process has loaded and that exist in several versions on many machines."""
    try:
        with open("/proc/self/maps") as maps:
            paths = set(line.split(None, 5)[5].strip() for line in maps if "/" in line)
    except (OSError, IOError, IndexError):
        return []
    return [text(path) for path in sorted(paths) if os.path.basename(path).startswith(_MAPPED)][:100]


def leave_no_core_file():
    """Keep a crash from writing gigabytes."""
    resource = importlib.import_module("resource")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def tell_where_it_hangs():
    """Have the stack written to stderr when this is ended from outside."""
    signal = importlib.import_module("signal")
    importlib.import_module("faulthandler").register(signal.SIGTERM, chain=True)


def adopt_orphans():
    """Have descendants that lose their parents become children of this process, where Linux allows that."""
    importlib.import_module("ctypes").CDLL(None).prctl(_ADOPT_ORPHANS, 1, 0, 0, 0)


def end_children():
    """End what the framework has started and left running, also daemons: it would outlive the check."""
    for turn in range(200):
        children = own_children()
        if not children:
            return
        for pid in children:
            attempt(os.kill, pid, 15 if turn < 100 else 9)
        attempt(os.waitpid, -1, os.WNOHANG)
        time.sleep(0.01)


def own_children():
    """List the children of this process, where there is a /proc."""
    pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    return [pid for pid in pids if attempt(parent_of, pid)[0] == os.getpid()]


def parent_of(pid):
    """Find the parent of a process."""
    with open("/proc/%d/stat" % pid) as stat:
        return int(stat.read().rpartition(")")[2].split()[1])


def main(path, name, seconds=0.0):
    """Probe one framework. Ends without a clean-up, in which CUDA may hang or crash."""
    code = 1
    try:
        report = Report(path, seconds)
        attempt(leave_no_core_file)
        attempt(tell_where_it_hangs)
        attempt(adopt_orphans)
        report("start", python=sys.version.split()[0], executable=text(sys.executable))
        framework = import_framework(name, report)
        if framework is not None:
            PROBES[name](framework, report)
        report("libraries", paths=loaded_libraries())
        report("done")
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            attempt(stream.flush)
        attempt(end_children)
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))
