"""Small programs that stand in for a conda, and a runner that starts none."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from pathlib import Path

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.client import CondaClient
from condatui_core.conda.commands import Caller
from condatui_core.errors import CondaError
from condatui_core.proc.runner import Answer, Runner

NOON = datetime(2026, 5, 1, 12, tzinfo=timezone.utc)

CONFIGURATION = {
    "channel_alias": {"auth": None, "location": "conda.anaconda.org", "name": "", "scheme": "https", "token": None},
    "custom_channels": {},
    "custom_multichannels": {},
    "default_channels": [],
    "envs_dirs": ["/opt/conda/envs"],
    "pkgs_dirs": ["/opt/conda/pkgs"],
}


def program(path: Path, script: str) -> str:
    """Write an executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


def answer(
    document: object = None, *, exit_code: int = 0, stderr: str = "", argv: Sequence[str] = ("conda",)
) -> CondaAnswer:
    """What a conda answers that writes one JSON document, or nothing."""
    stdout = "" if document is None else json.dumps(document, indent=2)
    documents = () if document is None else (document,)
    return CondaAnswer(argv=tuple(argv), exit_code=exit_code, documents=documents, stdout=stdout, stderr=stderr)


class FakeRunner:
    """Answers commands by the words that they hold, and remembers what it was asked."""

    def __init__(self, answers: Mapping[str, Answer | CondaError]) -> None:
        self.answers = dict(answers)
        self.asked: list[tuple[str, ...]] = []
        self.environ: Mapping[str, str] = {}

    async def __call__(self, argv: Sequence[str], *, environ: Mapping[str, str], seconds: float | None) -> Answer:
        """Give the first answer whose words are in the command."""
        self.asked.append(tuple(argv))
        self.environ = environ
        found = next(found for words, found in self.answers.items() if words in " ".join(argv))
        if isinstance(found, CondaError):
            raise found
        return found


def conda_client(
    tmp_path: Path,
    runner: Runner,
    environ: Mapping[str, str] | None = None,
    *,
    euid: int = 1000,
    now: datetime = NOON,
    seconds: float = 5,
) -> CondaClient:
    """Somebody with an empty home and an empty cache."""
    (tmp_path / "home").mkdir(exist_ok=True)
    caller = Caller(environ or {}, tmp_path / "home", euid)
    return CondaClient(runner, caller, tmp_path / "cache", lambda: now, seconds)


def installed(root: Path, version: str = "24.7.1", script: str = "") -> Path:
    """Make a root prefix with a conda in it whose record tells its version."""
    program(root / "bin" / "conda", script)
    (root / "conda-meta").mkdir()
    (root / "pkgs").mkdir()
    (root / "conda-meta" / "history").touch()
    if version:
        (root / "conda-meta" / f"conda-{version}-py311_0.json").write_text("{}")
    return root
