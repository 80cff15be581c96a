"""The Dockerfile of an image, judged by rules of its own and by the text itself."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from condatui_core.records.image import ImageLayer, ImageSpec
from condatui_core.reports.dockerfile import (
    PREFIX,
    can_be_written,
    dockerfile,
    dockerignore,
    files_to_copy,
    is_own,
    layers_document,
    left_out_document,
)
from support.dockerfiles import RULES, command, environ, faults, stages

LOCKED = ImageSpec(
    name="Hub Image 2", base="debian:12.11-slim", source="lock", command=("gunicorn", "-b", ":80", "a:b")
)
PACKED = replace(LOCKED, source="archive", port=8080)
SPECS = (
    LOCKED,
    PACKED,
    replace(LOCKED, requirements=True),
    replace(LOCKED, requirements=True, hashes=True),
    replace(LOCKED, requirements=True, deletes=True, slim=("byte-code", "conda-meta", "tests")),
    replace(PACKED, slim=("byte-code",)),
    replace(PACKED, relocates=False, variables=(("A", "b"),), by_scripts=(("etc/x.sh", ("C",)),)),
)


@pytest.mark.parametrize("spec", SPECS)
def test_it_keeps_the_rules(spec: ImageSpec, tmp_path: Path) -> None:
    text = dockerfile(spec)
    assert faults(text) == []
    assert text == dockerfile(spec)
    if hadolint := shutil.which("hadolint"):
        (tmp_path / "Dockerfile").write_text(text)
        done = subprocess.run([hadolint, str(tmp_path / "Dockerfile")], capture_output=True, text=True, check=False)
        assert (done.stdout, done.returncode) == ("", 0)


@pytest.mark.parametrize(
    ("code", "old", "new"),
    [
        ("DL3000", "WORKDIR /srv", "WORKDIR srv"),
        ("DL3002", "USER 10001:10001", "USER root"),
        ("DL3002", "USER 10001:10001", ""),
        ("DL3003", "RUN ", "RUN cd /tmp && "),
        ("DL3004", "RUN ", "RUN sudo "),
        ("DL3006", "FROM debian:12.11-slim", "FROM debian"),
        ("DL3007", "debian:12.11-slim", "debian:latest"),
        ("DL3020", "COPY environment", "ADD environment"),
        ("DL3021", " /tmp/\n", " /tmp\n"),
        ("DL3022", "--from=build", "--from=another"),
        ("DL3025", 'CMD ["gunicorn", "-b", ":80", "a:b"]', "CMD gunicorn a:b"),
        ("DL3042", " --no-cache-dir", ""),
        ("DL3059", "RUN ", "RUN true\nRUN "),
        ("DL4000", "USER 1", "MAINTAINER ada\nUSER 1"),
        ("DL4003", "CMD [", 'CMD ["x"]\nCMD ['),
        ("DL4004", "CMD [", 'ENTRYPOINT ["x"]\nENTRYPOINT ["y"]\nCMD ['),
    ],
)
def test_the_rules_see_what_they_forbid(code: str, old: str, new: str) -> None:
    text = dockerfile(replace(LOCKED, requirements=True))
    assert old in text
    assert code in faults(text.replace(old, new))
    assert code in RULES


def test_the_last_stage_takes_the_environment_and_nothing_else() -> None:
    first, last = stages(dockerfile(LOCKED))
    assert first[0].arguments == "docker.io/mambaorg/micromamba:2.0.5-debian12-slim AS build"
    assert [(each.name, each.arguments) for each in last if each.name in ("FROM", "COPY", "USER", "WORKDIR")] == [
        ("FROM", "debian:12.11-slim"),
        ("COPY", f"--from=build --chown=0:0 {PREFIX} {PREFIX}"),
        ("WORKDIR", "/srv/app"),
        ("USER", "10001:10001"),
    ]
    assert command(dockerfile(LOCKED)) == ["gunicorn", "-b", ":80", "a:b"]
    assert "EXPOSE" not in dockerfile(LOCKED)
    assert "\nEXPOSE 8080\n" in dockerfile(PACKED)


def test_variables_are_set_as_they_are_whatever_they_hold() -> None:
    spec = replace(PACKED, variables=(("A", 'say "$HOME" \\ or `x`'), ("B", "")))
    found = environ(dockerfile(spec))
    assert found["A"] == 'say "$HOME" \\ or `x`'
    assert (found["B"], found["CONDA_PREFIX"]) == ("", PREFIX)
    assert found["PATH"].split(":")[0] == f"{PREFIX}/bin"
    assert '\\"\\$HOME\\"' in dockerfile(spec), "a shell of docker's would put something else in"
    assert not can_be_written("A", "two\nlines") and not can_be_written("A B", "x") and can_be_written("A_1", "x y")


def test_pip_checks_what_can_be_checked() -> None:
    assert "pip" not in dockerfile(LOCKED)
    assert "--require-hashes" not in dockerfile(replace(LOCKED, requirements=True))
    assert "--require-hashes" in dockerfile(replace(LOCKED, requirements=True, hashes=True))


def test_what_a_service_does_not_need_is_deleted_before_the_last_stage_takes_the_rest() -> None:
    spec = replace(LOCKED, deletes=True, slim=("byte-code", "conda-meta", "tests"))
    (line,) = (each.arguments for each in stages(dockerfile(spec))[0] if each.name == "RUN")
    assert line.split(" && ")[1:] == [
        r"xargs -a /tmp/left-out.txt -d '\n' rm -rf",
        f"find {PREFIX} -type d -name __pycache__ -prune -exec rm -rf {{}} +",
        f"rm -rf {PREFIX}/conda-meta",
    ]
    assert "rm -rf" not in dockerfile(LOCKED) and "left-out" not in dockerfile(replace(PACKED, slim=("tests",)))
    assert is_own(left_out_document(["lib/a b"]).encode()) and left_out_document(["a", "b"]).count("\n") == 2


def test_only_what_is_needed_is_sent_to_whoever_builds() -> None:
    assert files_to_copy(replace(LOCKED, requirements=True)) == ("environment.lock", "requirements.txt")
    assert files_to_copy(replace(LOCKED, deletes=True)) == ("environment.lock", "left-out.txt")
    assert files_to_copy(PACKED) == ("environment.tar.gz", "environment.tar.gz.sha256")
    lines = [line for line in dockerignore(files_to_copy(PACKED)).splitlines() if not line.startswith("#")]
    assert lines == ["*", "!environment.tar.gz", "!environment.tar.gz.sha256"]


def test_what_it_weighs_is_told_by_layer() -> None:
    layers = (ImageLayer(name="base", from_="FROM x"), ImageLayer(name="environment", from_="COPY y", bytes=7, files=2))
    text = layers_document(PACKED, layers)
    document = json.loads(text)
    assert (document["bytes_without_base"], document["source"]) == (7, "archive")
    assert document["layers"][1] == {"name": "environment", "from": "COPY y", "bytes": 7, "files": 2}
    assert is_own(text.encode()) and is_own(dockerfile(PACKED).encode()) and not is_own(b"FROM scratch\n")
