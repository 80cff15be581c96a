from __future__ import annotations

import pytest

from condatui_core.conda.answer import CondaAnswer
from condatui_core.conda.parsers import (
    parse_configuration,
    parse_environments,
    parse_fetched,
    parse_found,
    parse_mamba_info,
    parse_root_prefix,
    parse_version,
)
from condatui_core.errors import CondaError
from condatui_core.records.installation import ChannelConfig, Kind
from support.fake_conda import CONFIGURATION, answer

PREFIXES = ["/opt/conda", "/opt/conda/envs/nlp"]


@pytest.mark.parametrize(
    "document",
    [
        {"envs": PREFIXES},
        {"envs": PREFIXES, "conda_version": "24.7.1", "envs_dirs": ["/e"], "user_agent": "conda/24.7.1"},
        {"envs": PREFIXES, "envs_details": {"/opt/conda": {"name": "base", "created": None, "writable": True}}},
        {"envs": PREFIXES, "envs_details": {"/opt/conda": {"name": "base", "size": 123}}, "log_history": []},
    ],
    ids=["conda-env and mamba", "24.7 to 25.9", "25.11", "26.1"],
)
def test_the_environments_of_every_version(document: object) -> None:
    assert parse_environments(answer(document)) == tuple(PREFIXES)


def test_the_environments_among_other_documents() -> None:
    documents = ([1], {"envs": PREFIXES}, {"notice": "new version"})
    assert parse_environments(CondaAnswer(argv=("conda",), exit_code=0, documents=documents)) == tuple(PREFIXES)


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"envs": "/opt/conda"}, "`envs`"),
        ({"envs": ["/opt/conda", None]}, "`envs[1]`"),
        ({"environments": []}, "`envs` is missing"),
        ([], "no JSON object"),
        (None, "no JSON object"),
    ],
)
def test_an_answer_of_another_shape_names_the_command_and_the_key(document: object, words: str) -> None:
    with pytest.raises(CondaError) as caught:
        parse_environments(answer(document, argv=("/opt/conda/bin/conda", "env", "list")))
    assert words in caught.value.detail
    assert "$ /opt/conda/bin/conda env list" in caught.value.detail


def test_a_failure_is_told_as_what_it_is() -> None:
    with pytest.raises(CondaError, match="conda could not list its environments"):
        parse_environments(answer({"exception_name": "X", "message": "no"}, exit_code=1))


def channel(location: str, name: str, scheme: str = "https", token: str | None = None) -> dict[str, str | None]:
    return {"scheme": scheme, "auth": "me:pw", "location": location, "token": token, "name": name, "platform": None}


def test_channels_are_read_with_their_urls_and_without_credentials() -> None:
    shown = CONFIGURATION | {
        "channel_alias": channel("/srv/channels", "", scheme="file"),
        "custom_channels": {
            "pkgs/main": channel("repo.anaconda.com", "pkgs/main"),
            "lab": channel("host.org/path", "lab", token="tk-1234"),
        },
        "custom_multichannels": {
            "defaults": [channel("repo.anaconda.com", "pkgs/main"), channel("repo.anaconda.com", "pkgs/r")],
            "local": [],
        },
    }
    facts = parse_configuration(answer(shown))
    assert facts.channels == ChannelConfig(
        channel_alias="file:///srv/channels",
        custom_channels=(("pkgs/main", "https://repo.anaconda.com/pkgs/main"), ("lab", "https://host.org/path/lab")),
        custom_multichannels=(
            ("defaults", ("https://repo.anaconda.com/pkgs/main", "https://repo.anaconda.com/pkgs/r")),
            ("local", ()),
        ),
    )
    assert (facts.envs_dirs, facts.pkgs_dirs) == (("/opt/conda/envs",), ("/opt/conda/pkgs",))


def test_channels_as_plain_strings() -> None:
    shown = CONFIGURATION | {
        "channel_alias": "https://conda.anaconda.org/",
        "custom_channels": {"lab": "https://me:pw@host.org/t/tk-1234/path"},
        "default_channels": ["https://repo.anaconda.com/pkgs/main/"],
    }
    channels = parse_configuration(answer(shown)).channels
    assert channels.channel_alias == "https://conda.anaconda.org"
    assert channels.custom_channels == (("lab", "https://host.org/path/lab"),)
    assert channels.custom_multichannels == (("defaults", ("https://repo.anaconda.com/pkgs/main",)),)


def test_the_searched_channels_and_earlier_aliases() -> None:
    shown = CONFIGURATION | {
        "channels": ["bioconda", "https://me:pw@host.org/t/tk-1234/lab/"],
        "migrated_channel_aliases": [channel("old.example.org", ""), "https://older.example.org/"],
    }
    channels = parse_configuration(answer(shown)).channels
    assert channels.channels == ("bioconda", "https://host.org/lab")
    assert channels.migrated_channel_aliases == ("https://old.example.org", "https://older.example.org")


def test_a_configuration_of_another_shape_names_the_key() -> None:
    with pytest.raises(CondaError, match="`custom_channels`"):
        parse_configuration(answer(CONFIGURATION | {"custom_channels": ["lab"]}))


def test_mamba_has_keys_with_spaces() -> None:
    info = {
        "libmamba version": "2.3.0",
        "envs directories": ["/m/envs", "/home/ada/.conda/envs"],
        "package cache": ["/m/pkgs"],
        "base environment": "/m",
    }
    facts = parse_mamba_info(answer(info))
    assert (facts.envs_dirs, facts.pkgs_dirs) == (("/m/envs", "/home/ada/.conda/envs"), ("/m/pkgs",))
    with pytest.raises(CondaError, match="package cache"):
        parse_mamba_info(answer({"envs directories": []}))


def test_the_root_prefix() -> None:
    assert parse_root_prefix(answer({"root_prefix": "/opt/conda"})) == "/opt/conda"


@pytest.mark.parametrize(
    ("named", "text", "expected"),
    [
        ("conda", "conda 24.7.1\n", ("conda", "24.7.1")),
        ("conda", "bash: warning: locale\nconda 26.7.1+56.g1234abc\n", ("conda", "26.7.1+56.g1234abc")),
        ("mamba", "mamba 1.5.8\nconda 24.1.2\n", ("mamba", "1.5.8")),
        ("mamba", "2.3.0\n", ("mamba", "2.3.0")),
        ("micromamba", "1.5.10\n", ("micromamba", "1.5.10")),
        ("conda", "2.3.0\n", ("micromamba", "2.3.0")),
        ("mamba", "conda 24.1.2\n", ("conda", "24.1.2")),
    ],
)
def test_versions(named: Kind, text: str, expected: tuple[str, str]) -> None:
    assert parse_version(CondaAnswer(argv=(named,), exit_code=0, stdout=text), named) == expected


def test_an_old_conda_says_its_version_on_stderr() -> None:
    assert parse_version(answer(stderr="conda 4.3.34\n"), "conda") == ("conda", "4.3.34")


def test_something_that_tells_no_version_is_no_conda() -> None:
    with pytest.raises(CondaError, match="not understood"):
        parse_version(CondaAnswer(argv=("conda",), exit_code=0, stdout="hello 1.0 world"), "conda")


ARCHIVE = {"name": "numpy", "version": "1.26.4", "build": "0", "url": "https://h/linux-64/numpy-1.26.4-0.conda"}


def test_archives_as_conda_and_mamba_tell_them() -> None:
    fetched = answer({"success": True, "actions": {"FETCH": [{**ARCHIVE, "md5": "a", "size": 7}], "PREFIX": "/e"}})
    found = answer({"numpy": [{**ARCHIVE, "md5": "a", "size": 7, "depends": []}]})
    for (archive,) in (parse_fetched(fetched, "look"), parse_found(found, "look")):
        assert (archive.name, archive.url, archive.md5, archive.sha256) == ("numpy", ARCHIVE["url"], "a", None)
    assert parse_fetched(answer({"success": True, "message": "All requested packages already installed."}), "x") == ()
    others: tuple[object, ...] = ({"numpy": [{"name": "numpy"}]}, {"result": {"pkgs": []}})
    for document in others:
        with pytest.raises(CondaError, match="not understood"):
            parse_found(answer(document), "look")
