from __future__ import annotations

import pytest

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.errors import check_answer, last_words
from condatui_core.errors import CondaError
from condatui_core.proc.runner import command_line
from support.fake_conda import answer

COMMAND = ("/opt/conda/bin/conda", "remove", "-p", "/envs/my twin")


def failure(given: CondaAnswer) -> CondaError:
    with pytest.raises(CondaError) as caught:
        check_answer(given, "remove /envs/my twin")
    return caught.value


def failed(document: object = None, *, exit_code: int = 1, stderr: str = "") -> CondaError:
    return failure(answer(document, exit_code=exit_code, stderr=stderr, argv=COMMAND))


def test_what_succeeded_is_given_back() -> None:
    given = answer({"success": True})
    assert check_answer(given, "be asked") is given


def test_an_error_before_a_success_means_nothing() -> None:
    documents = ({"exception_name": "SafetyError", "message": "corrupt"}, {"success": True})
    given = CondaAnswer(argv=COMMAND, exit_code=0, documents=documents)
    assert check_answer(given, "clone") is given


def test_an_error_as_last_word_counts_even_if_the_exit_code_does_not_say_so() -> None:
    error = failed({"success": False, "error": "no"}, exit_code=0)
    assert error.detail.startswith("no\n")


def test_a_flat_error_gives_what_was_asked_condas_words_and_the_command() -> None:
    error = failed(
        {
            "caused_by": "None",
            "error": "EnvironmentNotWritableError: The current user does not have write permissions",
            "exception_name": "EnvironmentNotWritableError",
            "message": "The current user does not have write permissions",
        }
    )
    assert error.title == "conda could not remove /envs/my twin."
    assert error.detail == (
        "The current user does not have write permissions\n$ /opt/conda/bin/conda remove -p '/envs/my twin' → 1"
    )
    assert "owner" in error.hint


def test_several_errors_nested_in_one_another_are_all_said_once() -> None:
    http = {"exception_name": "CondaHTTPError", "message": "HTTP 000 CONNECTION FAILED"}
    inner = {"exception_name": "CondaMultiError", "error": "Multiple Errors Encountered.", "errors": [http, http]}
    offline = {"exception_name": "OfflineError", "message": "is offline"}
    error = failed({"exception_name": "CondaMultiError", "errors": [inner, offline], "error": "Multiple Errors."})
    assert error.detail.splitlines()[:-1] == ["HTTP 000 CONNECTION FAILED", "is offline"]
    assert "network" in error.hint


def test_a_crash_shows_the_exception_and_nothing_of_the_users_environment() -> None:
    error = failed(
        {
            "command": "/opt/conda/bin/conda remove",
            "conda_info": {"env_vars": {"SECRET": "hunter2"}},
            "error": "ValueError('not enough values to unpack')",
            "exception_name": "ValueError",
            "traceback": "Traceback (most recent call last): hunter2",
        }
    )
    assert error.detail.startswith("ValueError('not enough values to unpack')\n")
    assert "hunter2" not in str(error)
    assert "crash of conda" in error.hint


def test_a_crash_report_in_words_shows_the_exception_alone() -> None:
    report = """
# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<

    Traceback (most recent call last):
      File "exception_handler.py", line 18, in __call__
    ModuleNotFoundError: No module named 'requests'

`$ /opt/conda/bin/conda --version`

  environment variables:
                 SECRET=hunter2
An unexpected error has occurred. Conda has prepared the above report.
"""
    error = failed(stderr=report)
    assert error.detail.startswith("ModuleNotFoundError: No module named 'requests'\n")
    assert "hunter2" not in str(error)


DISK_FULL = """
ERROR conda.core.link:_execute(950): An error occurred while installing package 'conda-forge::cudnn-9'.
Traceback (most recent call last):
  File "/opt/conda/lib/python3.11/site-packages/conda/exception_handler.py", line 18, in __call__
    return func(*args, **kwargs)
           ^^^^^^^^^^^^^^^^^^^^^
  File "/opt/conda/lib/python3.11/site-packages/conda/core/link.py", line 970, in _execute
    raise CondaMultiError(
conda.CondaMultiError: [Errno 28] No space left on device
()


During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "/opt/conda/bin/conda", line 42, in <module>
    sys.exit(main())
             ^^^^^^
AttributeError: 'OSError' object has no attribute 'dump_map'
"""
"""What conda 24.7 writes when the disk is full: it cannot even tell it."""


def test_a_conda_that_dies_on_a_full_disk_says_that_and_the_log_has_the_rest(caplog: pytest.LogCaptureFixture) -> None:
    error = failed(stderr=DISK_FULL)
    assert error.detail.splitlines() == [
        "conda.CondaMultiError: [Errno 28] No space left on device",
        "$ /opt/conda/bin/conda remove -p '/envs/my twin' → 1",
    ]
    assert error.hint == "The disk is full: free some space first."
    assert "link.py" in caplog.text and "dump_map" in caplog.text


def test_the_traceback_of_a_document_goes_to_the_log_without_the_environment(caplog: pytest.LogCaptureFixture) -> None:
    error = failed(
        {
            "error": "OSError(28, 'No space left on device')",
            "exception_name": "OSError",
            "traceback": "Traceback (most recent call last):\n  File x\nOSError: [Errno 28] No space left on device\n",
            "conda_info": {"env_vars": {"SECRET": "hunter2"}},
        }
    )
    assert error.detail.startswith("OSError(28, 'No space left on device')\n")
    assert error.hint == "The disk is full: free some space first."
    assert "File x" in caplog.text and "hunter2" not in caplog.text


def test_an_error_that_is_not_told_as_a_crash_is_no_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    failed({"exception_name": "NoSpaceLeftError", "message": "No space left on devices."})
    assert caplog.text == ""


def test_a_report_without_a_traceback_gives_the_error_below_it() -> None:
    report = """
# >>>>>>>>>>>>>>>>>>>>>> ERROR REPORT <<<<<<<<<<<<<<<<<<<<<<

`$ /opt/conda/bin/conda create`

  environment variables:
                 SECRET=hunter2

V V V V V V V V V V V V V V V V V V V V V V V V V V V V V V V

SafetyError: The package for numpy located at /opt/conda/pkgs/numpy
appears to be corrupted.

A reportable application error has occurred. Conda has prepared the above report.
"""
    assert failed(stderr=report).detail.splitlines()[:-1] == [
        "SafetyError: The package for numpy located at /opt/conda/pkgs/numpy",
        "appears to be corrupted.",
    ]


@pytest.mark.parametrize("text", ["Traceback (most recent call last):\n" + " \n" * 50_000, "V " * 50_000])
def test_an_endless_report_is_read_once(text: str) -> None:
    assert isinstance(last_words(text), str)


def test_what_conda_advises_is_the_hint() -> None:
    advice = {"cause": "sharded", "hints": [{"text": "Enable shards", "hint_code": "enable_repodata_shards"}]}
    assert failed({"exception_name": "X", "message": "no", "guidance": advice}).hint == "Enable shards"


def test_an_unknown_flag_is_said_by_argparse_on_stderr() -> None:
    usage = "usage: conda [-h] COMMAND ...\nconda: error: unrecognized arguments: --size\n"
    error = failed(exit_code=2, stderr=usage)
    assert "unrecognized arguments: --size" in error.detail
    assert "too old" in error.hint


def test_a_killed_conda_names_the_signal() -> None:
    error = failed(exit_code=-9, stderr="some noise")
    assert error.detail.startswith("It was killed by signal 9 (SIGKILL).")
    assert "memory" in error.hint
    assert "signal 77" in failed(exit_code=-77).detail


@pytest.mark.parametrize("document", [None, [1, 2], {"envs": 7}, {"errors": "x", "exception_name": None}])
def test_whatever_it_wrote_there_is_a_reason(document: object) -> None:
    assert failed(document).detail.partition("\n")[0]


def test_tokens_and_escape_sequences_reach_nobody() -> None:
    error = failed({"exception_name": "X", "message": "\x1b[2J at https://me:pw@host/t/tk-1234/chan"})
    assert error.detail.startswith("\\x1b[2J at https://***@host/t/<TOKEN>/chan\n")
    assert "tk-1234" not in command_line(("conda", "-c", "https://host/t/tk-1234/chan"))


def test_only_the_last_lines_that_say_something_are_quoted() -> None:
    assert last_words("a\n\n  \nb\r\nc\n\0\n", lines=2) == "b\nc"
