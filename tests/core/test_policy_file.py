"""A policy file: every field read, and whatever is wrong with it said with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from condatui_core.errors import CondatuiError, NewerFormatError, RefusedError, UsageError
from condatui_core.policy_file import read_cleanup_policy, read_policy
from condatui_core.records.policy import Policy

WHOLE = r"""
format: 1
allow: [cache, leftover, stale, too-many]
max_age_days: 90
min_free: 200G
keep:
  - prod-*
  - /srv/envs/paper
names: '[a-z]+(-[a-z]+)*'
users: [ada, ben]
max_environments_per_user: 5
max_bytes_per_user: 1.5 TB
max_inodes_per_user: 3000000
allowed_channels: [conda-forge, our-*]
forbidden_channels: [defaults]
allowed_licenses: [MIT, BSD*]
forbidden_licenses: [AGPL*]
required_packages: [python >=3.10]
forbidden_packages: [openssl <3.0.8, "torch=2.5.*=*cpu*"]
pip: forbidden
forbidden_gpu: [broken]
forbidden_findings: [error, pip-over-conda]
ignored_vulnerabilities: [CVE-2024-3568, GHSA-37q5-v5qm-c9v8, PYSEC-2023-74]
exempt: [base, legacy-*]
warn_only: [names, allowed_licenses, vulnerabilities]
"""


def written(directory: Path, text: str) -> Path:
    file = directory / "policy.yaml"
    file.write_text(text)
    return file


def test_every_field_is_read(tmp_path: Path) -> None:
    assert read_policy(written(tmp_path, WHOLE), home=tmp_path) == Policy(
        allow=("cache", "leftover", "stale", "too-many"),
        max_age_days=90,
        min_free=200_000_000_000,
        keep=("prod-*", "/srv/envs/paper"),
        names="[a-z]+(-[a-z]+)*",
        users=("ada", "ben"),
        max_environments_per_user=5,
        max_bytes_per_user=1_500_000_000_000,
        max_inodes_per_user=3_000_000,
        allowed_channels=("conda-forge", "our-*"),
        forbidden_channels=("defaults",),
        allowed_licenses=("MIT", "BSD*"),
        forbidden_licenses=("AGPL*",),
        required_packages=("python >=3.10",),
        forbidden_packages=("openssl <3.0.8", "torch=2.5.*=*cpu*"),
        pip="forbidden",
        forbidden_gpu=("broken",),
        forbidden_findings=("error", "pip-over-conda"),
        ignored_vulnerabilities=("CVE-2024-3568", "GHSA-37q5-v5qm-c9v8", "PYSEC-2023-74"),
        exempt=("base", "legacy-*"),
        warn_only=("names", "allowed_licenses", "vulnerabilities"),
    )


@pytest.mark.parametrize(
    ("text", "kind", "title", "line"),
    [
        ("format: 1\n", RefusedError, "The policy allows nothing.", ""),
        ("format: 1\nallow: []\n", RefusedError, "The policy allows nothing.", ""),
        ("allow: [cache]\n", UsageError, "The policy does not state its format.", ""),
        ("format: 2\nwhatever: 1\n", NewerFormatError, "made by a newer condatui (format 2)", ""),
        ("format: yes\n", UsageError, "is a whole number", ""),
        ("format: 1\nallow: [cache]\n\nmax_age: 3\n", UsageError, "A policy has no `max_age`.", "line 4"),
        ("format: 1\nallow: [everything]\n", UsageError, "`allow` of a policy must be a list of these: ", "line 2"),
        ("format: 1\nallow: cache\n", UsageError, "`allow` of a policy must be", "line 2"),
        ("format: 1\nallow: [cache]\nmin_free: lots\n", UsageError, "must be a size such as 200G", "line 3"),
        ("format: 1\nallow: [cache]\nmax_age_days: -3\n", UsageError, "a whole number of days", "line 3"),
        ("format: 1\nallow: [cache]\nnames: '['\n", UsageError, "must be a regular expression", "line 3"),
        ("format: 1\nallow: [cache]\nallow: [stale]\n", UsageError, "`allow` is given twice.", "line 3"),
        ("format: 1\nkeep: 2026-02-30\n", UsageError, "is not valid", "line 2"),
        ("format: 1\nallow: [cache]\nnames: 'a{99999999999999999999}'\n", UsageError, "regular expression", "line 3"),
        (f"format: 1\nallow: [cache]\nnames: '{'(' * 3000}'\n", UsageError, "regular expression", "line 3"),
        (f"format: 1\nallow: [cache]\nmin_free: {'9' * 400}G\n", UsageError, "must be a size", "line 3"),
        (f"format: 0x{'f' * 5000}\nallow: [cache]\n", UsageError, "is a whole number", ""),
        ("format: 1\n? [&a [x], *a]\n: 1\n", UsageError, "`name: value` lines", "line 2"),
        ("format: 1\0\n", UsageError, "not valid YAML", ""),
        ("- a\n", UsageError, "`name: value` lines", ""),
        ("", UsageError, "`name: value` lines", ""),
        ("{{{", UsageError, "not valid YAML", "line 1"),
        ("format: 1\npip: [forbidden\n", UsageError, "not valid YAML", "line 3: "),
        ("[" * 5000, UsageError, "not valid YAML", ""),
        ("format: 1\nforbidden_findings:\n- stale\n- nonsense\n", UsageError, "a list of ids of findings", "line 4"),
        ("format: 1\nrequired_packages: [python,\n  '!!']\n", UsageError, "a list of specs", "line 3"),
        ("format: 1\nforbidden_packages: [https://x.org/a.conda]\n", UsageError, "a list of specs", "line 2"),
        ("format: 1\nforbidden_packages: ['*']\n", UsageError, "a list of specs", "line 2"),
        ("format: 1\npip: never\n", UsageError, "must be allowed or forbidden", "line 2"),
        ("format: 1\nforbidden_gpu: [sick]\n", UsageError, "a list of these: works", "line 2"),
        ("format: 1\nwarn_only: [name]\n", UsageError, "a list of these: max_age_days, names", "line 2"),
        ("format: 1\nignored_vulnerabilities:\n- CVE-1\n- CVE_2\n", UsageError, "such as CVE-2024-3651", "line 4"),
        ("format: 1\nallowed_channels: conda-forge\n", UsageError, "a list of channels and patterns", "line 2"),
        ("format: 1\nallowed_licenses: [[MIT]]\n", UsageError, "a list of licenses and patterns", "line 2"),
        ("format: 1\nexempt: {a: b}\n", UsageError, "a list of names, prefixes and patterns", "line 2"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, text: str, kind: type[CondatuiError], title: str, line: str
) -> None:
    with pytest.raises(kind) as raised:
        read_cleanup_policy(written(tmp_path, text), home=tmp_path)
    assert type(raised.value) is kind
    assert title in raised.value.title
    assert line in raised.value.detail


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("forbiden_channels: [x]", "Did you mean `forbidden_channels`?"),
        ("pip: forbiden", "Did you mean `forbidden`?"),
        ("forbidden_findings: [warnings]", "Did you mean `warning`?"),
        ("forbidden_findings: [pip-over-coda]", "Did you mean `pip-over-conda`?"),
        ("warn_only: [name]", "Did you mean `names`?"),
        ("forbidden_gpu: broken", "A list stands in brackets: [broken]."),
        ("colour: red", "Its fields are format, allow"),
    ],
)
def test_what_was_perhaps_meant_is_said(tmp_path: Path, line: str, hint: str) -> None:
    with pytest.raises(UsageError) as raised:
        read_policy(written(tmp_path, f"format: 1\n{line}\n"), home=tmp_path)
    assert hint in raised.value.hint


def test_a_policy_for_checks_need_not_allow_anything_to_go(tmp_path: Path) -> None:
    assert read_policy(written(tmp_path, "format: 1\npip: forbidden\n"), home=tmp_path) == Policy(pip="forbidden")


def test_the_example_of_the_docs_is_a_policy(tmp_path: Path) -> None:
    page = (Path(__file__).parents[2] / "docs" / "policy.md").read_text(encoding="utf-8")
    example = page.partition("```yaml\n")[2].partition("```")[0]
    policy = read_cleanup_policy(written(tmp_path, example), home=tmp_path)
    assert (policy.max_environments_per_user, policy.forbidden_channels) == (20, ("defaults",))


def test_one_that_is_not_there_is_said_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as raised:
        read_policy(tmp_path / "none.yaml", home=tmp_path)
    assert str(tmp_path / "none.yaml") in raised.value.detail


def test_a_path_that_stays_may_be_spelled_by_links_and_from_home(tmp_path: Path) -> None:
    (tmp_path / "envs/paper").mkdir(parents=True)
    (tmp_path / "link").symlink_to("envs")
    text = f'format: 1\nallow: [stale]\nkeep: [~/link/paper, "{tmp_path}/link/prod-*", "/\\0", paper]\n'
    kept = read_policy(written(tmp_path, text), home=tmp_path).keep
    assert [each for each in kept if each.startswith(f"{tmp_path}/envs")] == [
        f"{tmp_path}/envs/paper",
        f"{tmp_path}/envs/prod-*",
    ]
    assert {"~/link/paper", "/\0", "paper"} < set(kept)
