from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from msgspec.structs import replace

from condatui_core.analyses.health import PrefixObservations, findings_of, state_of
from condatui_core.records.environment import LastUsed, State
from condatui_core.records.finding import Problem
from condatui_core.records.package import PackageRecord
from condatui_core.records.prefix import PrefixContents, PrefixPointer, PrefixProbe, SetAsideBy

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=timezone.utc)
PREFIX = "/opt/conda/envs/nlp"
WHOLE = PrefixProbe(exists=True, has_conda_meta=True, has_history=True, writable=True, owner="ann")
NUMPY = PackageRecord(name="numpy", version="1", build="0", base_url="https://conda.anaconda.org/conda-forge")


def _observed(
    probe: PrefixProbe = WHOLE, contents: PrefixContents | None = None, *, root: bool = False, name: str = "nlp"
) -> PrefixObservations:
    pointer = PrefixPointer(prefix=PREFIX, sources=("environments.txt",), root=root)
    return PrefixObservations(pointer=pointer, probe=probe, name=name, contents=contents)


def _ids(observed: PrefixObservations, stale_days: int = 180) -> list[tuple[str, str]]:
    found = findings_of(observed, now=NOW, stale_days=stale_days)
    return [(finding.id, finding.severity) for finding in found]


DAMAGED = PrefixContents(problems=(Problem(path=f"{PREFIX}/conda-meta/x-1-0.json", reason="not valid JSON"),))


@pytest.mark.parametrize(
    ("observed", "state"),
    [
        (_observed(), "ok"),
        (_observed(PrefixProbe(exists=False)), "missing"),
        (_observed(PrefixProbe(exists=True, readable=False)), "unreadable"),
        (_observed(PrefixProbe(exists=True, remains=("bin",))), "orphan"),
        (_observed(PrefixProbe(exists=True, has_conda_meta=True, has_history=True, set_aside_from="/e/x")), "orphan"),
        (_observed(PrefixProbe(exists=True, has_conda_meta=True), PrefixContents()), "orphan"),
        (_observed(PrefixProbe(exists=True, has_conda_meta=True), PrefixContents(packages=(NUMPY,))), "broken"),
        (_observed(contents=DAMAGED), "broken"),
        (_observed(PrefixProbe(exists=True), root=True), "ok"),
    ],
)
def test_the_state_of_a_prefix(observed: PrefixObservations, state: State) -> None:
    assert state_of(observed) == state


def test_an_environment_in_order_has_no_findings() -> None:
    assert _ids(_observed(contents=PrefixContents(packages=(NUMPY,)))) == []


def test_damage_in_conda_meta_names_the_file() -> None:
    (finding,) = findings_of(_observed(contents=DAMAGED), now=NOW, stale_days=180)
    assert (finding.id, finding.severity) == ("broken", "error")
    assert finding.evidence == (f"{PREFIX}/conda-meta/x-1-0.json: not valid JSON",)


def test_damage_elsewhere_is_a_warning_and_the_environment_stays_ok() -> None:
    path = f"{PREFIX}/lib/python3.11/site-packages/x-1.dist-info"
    observed = _observed(contents=PrefixContents(problems=(Problem(path=path, reason="Permission denied"),)))
    assert state_of(observed) == "ok"
    assert _ids(observed) == [("broken", "warning")]


def test_a_missing_one_says_who_names_it() -> None:
    (finding,) = findings_of(_observed(PrefixProbe(exists=False)), now=NOW, stale_days=180)
    assert finding.id == "missing"
    assert finding.evidence == ("named by environments.txt",)


def test_a_directory_that_never_was_an_environment_is_only_noted() -> None:
    assert _ids(_observed(PrefixProbe(exists=True))) == [("orphan", "note")]
    assert _ids(_observed(PrefixProbe(exists=True, remains=("bin", "lib")))) == [("orphan", "warning")]


def test_frozen_and_not_writable_and_in_use() -> None:
    probe = PrefixProbe(exists=True, has_conda_meta=True, has_history=True, writable=False, owner="ann")
    observed = PrefixObservations(
        pointer=PrefixPointer(prefix=PREFIX),
        probe=probe,
        name="nlp",
        contents=PrefixContents(frozen="for production"),
        processes=("pid 7 python (ann)",),
    )
    found = {finding.id: finding for finding in findings_of(observed, now=NOW, stale_days=180)}
    assert set(found) == {"frozen", "not-writable", "in-use"}
    assert "for production" in found["frozen"].evidence
    assert found["not-writable"].message == "belongs to ann"
    assert found["in-use"].evidence == ("pid 7 python (ann)",)


def test_a_slimmed_copy_says_what_was_left_out_of_it() -> None:
    (found,) = findings_of(
        _observed(contents=PrefixContents(slimmed=("byte code", "pip\x1b"))), now=NOW, stale_days=180
    )
    assert (found.id, found.severity, found.evidence) == ("slimmed", "note", ("byte code", "pip\\x1b"))
    assert _ids(_observed(contents=PrefixContents())) == []


@pytest.mark.parametrize(("days", "reliable", "message"), [(400, True, "not used"), (400, False, "perhaps not used")])
def test_stale_says_how_far_it_can_be_trusted(days: int, reliable: bool, message: str) -> None:
    last_used = LastUsed(at=NOW - timedelta(days=days), evidence="bin/python3.11 was read", reliable=reliable)
    observed = PrefixObservations(pointer=PrefixPointer(prefix=PREFIX), probe=WHOLE, name="nlp", last_used=last_used)
    (finding,) = findings_of(observed, now=NOW, stale_days=180)
    assert finding.id == "stale"
    assert finding.message.startswith(message)
    day = f"{NOW - timedelta(days=days):%Y-%m-%d}"
    assert finding.evidence == (f"bin/python3.11 was read on {day}{'' if reliable else ', which is weak evidence'}",)
    assert findings_of(observed, now=NOW, stale_days=401) == ()


@pytest.mark.parametrize("name", ["test", "try-again-final-v2", "tmp2", "my_scratch", "/data/x/old", "nlp-copy"])
def test_scratch_names(name: str) -> None:
    assert _ids(_observed(name=name)) == [("scratch-name", "note")]


@pytest.mark.parametrize("name", ["nlp", "pytest-cov", "latest", "contest", "trying", "golden", "/data/tmp/nlp"])
def test_ordinary_names(name: str) -> None:
    assert _ids(_observed(name=name)) == []


def test_base_is_never_called_stale_or_a_trial() -> None:
    last_used = LastUsed(at=NOW - timedelta(days=999), evidence="", reliable=True)
    pointer = PrefixPointer(prefix="/opt/test", root=True)
    observed = PrefixObservations(pointer=pointer, probe=WHOLE, name="base", last_used=last_used)
    assert findings_of(observed, now=NOW, stale_days=1) == ()


def test_what_a_removal_has_set_aside_says_how_it_is_put_back() -> None:
    probe = PrefixProbe(exists=True, has_conda_meta=True, has_history=True, set_aside_from="/envs/a b")
    (finding,) = findings_of(_observed(probe), now=NOW, stale_days=180)
    assert (finding.id, finding.severity) == ("orphan", "warning")
    assert "mv -- " in str(finding.remedy)
    assert str(finding.remedy).count("'/envs/a b'") == 1


@pytest.mark.parametrize(("by", "what"), [("merging", "a merge"), ("restoring", "a restore that replaces it")])
def test_what_a_job_has_set_aside_to_put_it_back_is_said_as_it_is(by: SetAsideBy, what: str) -> None:
    probe = PrefixProbe(exists=True, has_conda_meta=True, has_history=True, set_aside_from="/envs/a b", set_aside_by=by)
    (finding,) = findings_of(_observed(probe), now=NOW, stale_days=180)
    assert (finding.message, finding.cleanup) == (f"set aside by {what} that has not ended", "set-aside")
    assert "its job, among the interrupted ones" in str(finding.remedy)
    assert "once /envs/a b is free: `mv -- " in str(finding.remedy)


@pytest.mark.parametrize(
    ("subdirs", "machine", "foreign"),
    [
        (("win-64", "noarch"), "linux-64", "win-64"),
        (("linux-aarch64",), "linux-64", "linux-aarch64"),
        (("linux-64",), "linux-64", ""),
        (("noarch",), "linux-64", ""),
        (("osx-64",), "osx-arm64", ""),
        (("win-64",), "", ""),
    ],
)
def test_an_environment_of_another_platform_says_so_and_offers_no_command(
    subdirs: tuple[str, ...], machine: str, foreign: str
) -> None:
    packages = tuple(
        PackageRecord(name=f"p{number}", version="1", build="0", base_url=None, subdir=subdir)
        for number, subdir in enumerate(subdirs)
    )
    observed = replace(_observed(contents=PrefixContents(packages=packages)), machine=machine)
    found = {each.id: each for each in findings_of(observed, now=NOW, stale_days=180)}
    assert observed.foreign == foreign
    assert ("other-platform" in found) is bool(foreign)
    assert bool(found["unknown-channel"].remedy) is not bool(foreign)
    if foreign:
        assert foreign in found["other-platform"].message and found["other-platform"].severity == "warning"
