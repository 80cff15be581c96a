"""Writes the Dockerfile of an image with an environment: pinned, for a user without rights, without an activation.

The first stage makes the environment at the path that it has in the image; the second takes nothing but that path.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence

from condatui_core.records.image import ImageLayer, ImageSpec
from condatui_core.text import sanitize

MARK = "# Written by condatui ship."
"""The first line of each text file, by which a later ship knows its own."""
PREFIX = "/opt/conda/envs/service"
"""Where the environment lies in an image: the user of micromamba's image may write there, and in no other's is it."""
BUILDER = "docker.io/mambaorg/micromamba:2.0.5-debian12-slim"
"""The image that makes an environment from a list of archives."""
LOCK, REQUIREMENTS, ARCHIVE = "environment.lock", "requirements.txt", "environment.tar.gz"
LAYERS = "layers.json"
"""Says what the image weighs, and that the archive beside it is a ship's own."""
LEFT_OUT = "left-out.txt"
"""The paths that the first stage deletes, one on a line and nothing else."""
USER = "10001:10001"
"""The user and the group of the service: numbers, which no base has to know."""
_HOME = "/srv/app"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_AND = " \\\n    && "
_VALUE = re.compile(r'(["\\$])')


def dockerfile(spec: ImageSpec) -> str:
    """The text of the Dockerfile; the same image is always spelled the same."""
    stages = (*(_lock_stage(spec) if spec.source == "lock" else _archive_stage(spec)), "", *_last_stage(spec))
    return "\n".join((MARK, f"# docker build --tag {_tag(spec.name)} .", "", *stages, ""))


def dockerignore(files: Sequence[str]) -> str:
    """The text of the .dockerignore: nothing but these files is sent to whoever builds."""
    lines = ("# To add your own code: !app/", "*", *(f"!{each}" for each in files))
    return "\n".join((MARK, *lines, ""))


def files_to_copy(spec: ImageSpec) -> tuple[str, ...]:
    """The files of the directory that the first stage needs."""
    if spec.source == "archive":
        return ARCHIVE, f"{ARCHIVE}.sha256"
    files = {LOCK: True, REQUIREMENTS: spec.requirements, LEFT_OUT: spec.deletes}
    return tuple(name for name, wanted in files.items() if wanted)


def left_out_document(paths: Iterable[str]) -> str:
    """The list of what the first stage deletes, from paths relative to the prefix that hold no line break."""
    return "".join(f"{PREFIX}/{each}\n" for each in paths)


def layers_document(spec: ImageSpec, layers: Sequence[ImageLayer]) -> str:
    """What an image weighs by layer, as JSON."""
    known = sum(each.bytes or 0 for each in layers)
    document = {
        "format": 1,
        "made_by": "condatui ship",
        "base": sanitize(spec.base),
        "source": spec.source,
        "slim": list(spec.slim),
        "bytes_without_base": known,
        "layers": [
            {"name": each.name, "from": sanitize(each.from_), "bytes": each.bytes, "files": each.files}
            for each in layers
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def is_own(text: bytes) -> bool:
    """Whether a file of a directory was written by a ship."""
    return text.startswith((MARK.encode(), f"{PREFIX}/".encode())) or b'"made_by": "condatui ship"' in text[:200]


def _lock_stage(spec: ImageSpec) -> Iterator[str]:
    yield "# Each package by its URL and checksum: no solver decides anything here."
    yield f"FROM {BUILDER} AS build"
    yield f"COPY {' '.join(files_to_copy(spec))} /tmp/"
    steps = [f"micromamba create -y -p {PREFIX} -f /tmp/{LOCK}"]
    if spec.requirements:  # exactly these: pip looks for nothing on their behalf
        options = "--no-cache-dir --no-deps" + (" --require-hashes" if spec.hashes else "")
        steps.append(f"{PREFIX}/bin/python -m pip install {options} --requirement /tmp/{REQUIREMENTS}")
    steps += _deletions(spec)
    yield _run(steps)


def _archive_stage(spec: ImageSpec) -> Iterator[str]:
    yield "# The environment as it was packed: nothing is downloaded here."
    yield f"FROM {spec.base} AS build"
    yield f"COPY {' '.join(files_to_copy(spec))} /tmp/"
    yield "WORKDIR /tmp"
    steps = [f"sha256sum -c {ARCHIVE}.sha256", f"mkdir -p {PREFIX}", f"tar -xzf {ARCHIVE} --no-same-owner -C {PREFIX}"]
    if spec.relocates:
        steps.append(f"{PREFIX}/bin/python -B {PREFIX}/bin/conda-unpack")
    yield _run(steps)


def _deletions(spec: ImageSpec) -> Iterator[str]:
    """What is deleted before the last stage takes what is left; byte code and records have other names than here."""
    if spec.deletes:
        yield f"xargs -a /tmp/{LEFT_OUT} -d '\\n' rm -rf"
    if "byte-code" in spec.slim:
        yield f"find {PREFIX} -type d -name __pycache__ -prune -exec rm -rf {{}} +"
    if "conda-meta" in spec.slim:
        yield f"rm -rf {PREFIX}/conda-meta"


def _run(steps: Sequence[str]) -> str:
    """One layer for all steps, each on a line of its own."""
    return f"RUN {_AND.join(steps)}"


def _last_stage(spec: ImageSpec) -> Iterator[str]:
    yield "# The service: the environment alone, which it may read and not change."
    yield f"FROM {spec.base}"
    yield f"LABEL org.opencontainers.image.title={_quoted(spec.name)} \\"
    yield f"      org.opencontainers.image.base.name={_quoted(spec.base)}"
    for script, names in spec.by_scripts:
        yield f"# Not set here: {', '.join(names)}, by {sanitize(script)} in an activation."
    yield from _environment(spec)
    yield f"COPY --from=build --chown=0:0 {PREFIX} {PREFIX}"
    yield f"WORKDIR {_HOME}"
    yield f"# Your own code: COPY --chown={USER} app/ ./"
    yield f"USER {USER}"
    if spec.port is not None:
        yield f"EXPOSE {spec.port}"
    yield f"CMD {json.dumps(list(spec.command))}"


def _environment(spec: ImageSpec) -> Iterator[str]:
    """What an activation would set, so that none is needed; the home is where everybody may write."""
    own = (("PATH", f"{PREFIX}/bin:{_PATH}"), ("CONDA_PREFIX", PREFIX), ("HOME", "/tmp"))
    pairs = [f"{name}={_quoted(value)}" for name, value in (*own, *spec.variables)]
    yield "ENV " + " \\\n    ".join(pairs)


def can_be_written(name: str, value: str) -> bool:
    """Whether a Dockerfile can set a variable: no line holds a line break or a byte that is not UTF-8."""
    return re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) is not None and sanitize(value) == value


def _quoted(value: str) -> str:
    return '"' + _VALUE.sub(r"\\\1", sanitize(value)) + '"'


def _tag(name: str) -> str:
    """A name for the image, as those of images have to be."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "service"
