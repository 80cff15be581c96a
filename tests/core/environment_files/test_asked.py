"""What a file asks of conda and of pip: every line is honoured, or refused with a reason; nothing is dropped."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.environment_files.asked import Asked, read_asked, unreadable_parts
from condatui_core.environment_files.selectors import Target
from condatui_core.errors import UsageError
from condatui_core.records.installation import ChannelConfig

MD5 = "762ba926af2b24c1b41478f26312fc6a"
URL = "https://conda.anaconda.org/conda-forge/noarch/tqdm-4.67.0-pyhd8ed1ab_0.conda"


def asked(directory: Path, text: str, name: str = "environment.yml", part: str = "") -> Asked:
    file = directory / name
    file.write_text(text)
    return read_asked(file, ChannelConfig(), Target(platform="linux-64", python="3.11", environment=part))


def test_an_environment_file_is_asked_for_in_its_own_words(tmp_path: Path) -> None:
    found = asked(
        tmp_path,
        "name: ml\nchannels: [pytorch, conda-forge, nodefaults]\nvariables: {TOKEN: s3cret}\n"
        "dependencies:\n- python =3.11  # old\n- pytorch::torch>=2\n- __cuda\n- only_win  # [win]\n"
        "- pip:\n  - einops==0.8 --hash=sha256:00\n",
    )
    assert (found.name, found.channels) == ("ml", ("pytorch", "conda-forge"))
    assert found.specs == ("python =3.11", "pytorch::torch>=2")
    assert found.pip.asks == ("einops==0.8 --hash=sha256:00",)
    assert found.variables == (("TOKEN", "s3cret"),)
    assert [*unreadable_parts(found)] == []
    assert found.listing.column.left_out == ("only_win  # [win]", "__cuda (a virtual package: conda detects it)")


def test_what_nobody_installs_is_refused(tmp_path: Path) -> None:
    found = asked(tmp_path, "dependencies:\n- '!!'\n- numpy\n- npm:\n  - left-pad\n")
    assert [*unreadable_parts(found)] == [
        "!!: this is no spec of a package",
        "npm: left-pad: conda has no such installer",
    ]


def test_named_files_are_read_where_the_file_lies_and_change_its_digest(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "tool").mkdir()
    (tmp_path / "sub" / "more.txt").write_text(
        "# a comment\nattrs>=1; python_version>'3'\n-r ../last.txt\n-e ../tool\n"
    )
    (tmp_path / "last.txt").write_text("six==1.16 \\\n  --hash=sha256:11\n")
    (tmp_path / "bounds.txt").write_text("attrs<99\n")
    text = "--extra-index-url https://me:pw@x.org/simple\n-r sub/more.txt\n-c bounds.txt\n-f wheels\npkg @ git+https://x.org/a\n"
    found = asked(tmp_path, text, "requirements.txt")
    assert found.pip.asks == (
        "--extra-index-url https://me:pw@x.org/simple",
        "attrs>=1; python_version>'3'",
        "six==1.16    --hash=sha256:11",
        f"-e {tmp_path}/tool",
        f"--find-links {tmp_path}/wheels",
        "pkg @ git+https://x.org/a",
    )
    assert found.pip.constraints == ("attrs<99",)
    assert found.pip.in_place == (f"{tmp_path}/tool",)
    assert [*unreadable_parts(found)] == []
    assert {each.cell.name for each in found.listing.entries} == {"attrs", "six", "pkg"}
    assert "pw" not in " ".join(found.pip.requirements)
    (tmp_path / "last.txt").write_text("six==1.15\n")
    assert asked(tmp_path, text, "requirements.txt").digest != found.digest


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("-r loop.txt", "in a circle"),
        ("-r gone.txt", "gone.txt"),
        ("-r https://x.org/r.txt", "on this machine"),
        ("-e ./gone", "is no directory"),
        ("./gone.whl", "is not there"),
        ("--config-settings=x", "not known to be harmless"),
        ("-c https://me:pw@x.org/c.txt", "on this machine"),
    ],
)
def test_what_pip_cannot_be_asked_for_is_refused_with_the_reason(tmp_path: Path, line: str, why: str) -> None:
    (tmp_path / "loop.txt").write_text("-r loop.txt\n")
    found = asked(tmp_path, f"einops\n{line}\n", "requirements.txt")
    (refused,) = unreadable_parts(found)
    assert why in refused
    assert "pw" not in refused
    assert found.pip.asks == ("einops",)


def test_files_that_name_each_other_many_times_are_read_as_far_as_is_sensible(tmp_path: Path) -> None:
    for number in range(18):
        (tmp_path / f"f{number}.txt").write_text(f"-r f{number + 1}.txt\n" * 8)
    (tmp_path / "f18.txt").write_text("six\n")
    refused = [*unreadable_parts(asked(tmp_path, "-r f0.txt\n", "requirements.txt"))]
    assert "there are more than 10000 lines" in refused[0]
    assert len(refused) < 20


def test_nothing_of_a_file_that_is_no_list_is_told(tmp_path: Path) -> None:
    (tmp_path / "shadow").write_text("root:$6$secret:19000::::::\n-----BEGIN SECRET KEY-----\n--other=secret\n")
    found = asked(tmp_path, "einops\n-r shadow\n", "requirements.txt")
    refused = [*unreadable_parts(found)]
    assert len(refused) == 3 and all(f"{tmp_path}/shadow" in each for each in refused)
    assert "secret" not in f"{refused}{found.pip.asks}{found.listing}".lower()


def test_an_explicit_list_keeps_its_checksums_and_passwords_but_shows_none(tmp_path: Path) -> None:
    secret = URL.replace("https://", "https://me:pw@")
    found = asked(
        tmp_path, f"@EXPLICIT\n{secret}#{MD5}\n# pip einops @ https://x.org/einops-1-py3-none-any.whl\n", "a.txt"
    )
    assert found.explicit == (f"{secret}#{MD5}",)
    assert [(each.dist_name, each.md5) for each in found.archives] == [("tqdm-4.67.0-pyhd8ed1ab_0", MD5)]
    assert "pw" not in repr(found.archives)
    assert found.pip.asks == ("einops @ https://x.org/einops-1-py3-none-any.whl",)
    assert found.lists_everything


def test_a_lock_file_is_asked_for_by_url_and_checksum(tmp_path: Path) -> None:
    wheel = "https://x.org/einops-0.8.0-py3-none-any.whl"
    found = asked(
        tmp_path,
        "version: 1\npackage:\n"
        f"- {{name: tqdm, version: 4.67.0, manager: conda, platform: linux-64, url: '{URL}', hash: {{md5: {MD5}}}}}\n"
        f"- {{name: einops, version: 0.8.0, manager: pip, platform: linux-64, url: '{wheel}', hash: {{sha256: ab}}}}\n",
        "conda-lock.yml",
    )
    assert found.explicit == (f"{URL}#{MD5}",)
    assert found.pip.asks == (f"einops @ {wheel}#sha256=ab",)


def test_a_file_that_asks_for_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="asks for nothing"):
        asked(tmp_path, "dependencies:\n- __unix\n")
