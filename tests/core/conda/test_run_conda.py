"""A conda as a process: what it writes is parsed, and why it did not answer is said in words."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.conda import answer as answers
from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.client import run_conda
from condatui_core.conda.errors import last_words
from condatui_core.errors import CondaError
from condatui_core.proc.runner import CommandLog, ProcessRunner
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.fake_conda import NOON, installed, program

ENVIRON = {"PATH": os.environ["PATH"]}


async def run(directory: Path, script: str, seconds: float = 20) -> CondaAnswer:
    runner = ProcessRunner(CommandLog(), lambda: NOON, most_bytes=5_000_000, grace=0.2, summarize=last_words)
    argv = (program(directory / "conda", script),)
    return await run_conda(runner, argv, environ=ENVIRON, seconds=seconds, more_time="Raise the limit.")


async def fails(directory: Path, script: str, seconds: float = 20) -> CondaError:
    with pytest.raises(CondaError) as caught:
        await run(directory, script, seconds)
    return caught.value


async def test_documents_are_found_in_stdout_alone(tmp_path: Path) -> None:
    answer = await run(tmp_path, """echo '{"a": 1}'; echo 'WARNING: {"b": 2}' >&2; exit 3""")
    assert (answer.exit_code, answer.documents) == (3, ({"a": 1},))
    assert answer.stderr == 'WARNING: {"b": 2}\n'


async def test_junk_two_documents_and_nuls(tmp_path: Path) -> None:
    answer = await run(tmp_path, r"""printf 'loading\0{"error": "x"}\n\n\0\r\n{"success": true}'""")
    assert answer.documents == ({"error": "x"}, {"success": True})


@pytest.mark.parametrize(("characters", "beside"), [(1000, False), (2_000_000, True)])
async def test_a_large_answer_is_parsed_beside_the_event_loop(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, characters: int, beside: bool
) -> None:
    import threading

    threads = []
    parse = answers.parse_documents

    def noting(output: str) -> tuple[object, ...]:
        threads.append(threading.current_thread())
        return parse(output)

    monkeypatch.setattr(answers, "parse_documents", noting)
    script = f"""printf '{{"a": "'; head -c {characters} /dev/zero | tr '\\0' x; printf '"}}'"""
    assert (await run(tmp_path, script)).documents == ({"a": "x" * characters},)
    assert [each is not threading.main_thread() for each in threads] == [beside]


async def test_why_it_did_not_answer_is_said(tmp_path: Path) -> None:
    command = f"$ {tmp_path}/conda"
    error = await fails(tmp_path, "exec yes")
    assert (error.title, error.detail) == ("conda wrote more than 5,000,000 bytes.", command)
    error = await fails(tmp_path, "exec sleep 600", seconds=0.3)
    assert (error.title, error.detail) == ("conda did not answer within 0.3 seconds.", command)
    assert error.hint == "Raise the limit."
    (tmp_path / "conda").unlink()
    runner = ProcessRunner(CommandLog(), lambda: NOON)
    for text, detail, hint in (
        ("", f"Permission denied\n{command}", "executable"),
        ("#!/nowhere/python\n", f"the interpreter in its first line does not exist\n{command}", "moved"),
    ):
        (tmp_path / "conda").write_text(text)
        (tmp_path / "conda").chmod(0o755 if text else 0o644)
        with pytest.raises(CondaError) as caught:
            await run_conda(runner, (str(tmp_path / "conda"),), environ=ENVIRON, seconds=20)
        assert caught.value.title == "conda could not be started."
        assert caught.value.detail == detail
        assert hint in caught.value.hint


async def test_the_log_of_a_conda_that_crashes_has_nothing_of_the_users_environment(tmp_path: Path) -> None:
    report = "    ValueError: broken\n\n`$ conda --version`\n\n  environment variables:\n    SECRET=hunter2"
    root = installed(tmp_path / "conda", version="", script=f"cat >&2 <<'END'\n{report}\nEND\nexit 1")
    locations = Locations.of_user({"CONDATUI_HOME": str(tmp_path / "own")}, tmp_path)
    settings = Settings(conda=(str(root),), usual_places=False)
    workbench = Workbench(settings, locations, environ=ENVIRON, clock=lambda: NOON)
    async for _ in workbench.load():
        pass
    assert {run.message for run in workbench.log.runs} == {"ValueError: broken"}
