"""conda's own judgement of versions, asked of the conda that conda-lock carries, in a process of its own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

_CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
import logging, warnings
warnings.simplefilter("ignore")
logging.disable(logging.WARNING)
from conda import CondaError
from conda.exceptions import InvalidVersionSpec
from conda.history import History
from conda.core.prefix_data import PrefixData
from conda.models.match_spec import MatchSpec
from conda.models.records import PackageRecord
from conda.plugins.subcommands.doctor.health_checks import find_altered_packages, find_packages_with_missing_files
from conda.models.version import VersionOrder, VersionSpec

def compare(left, right):
    left, right = VersionOrder(left), VersionOrder(right)
    return (left > right) - (left < right)

def match(version, spec):
    return VersionSpec(spec).match(version)

def requested(prefix):
    return sorted(History(prefix).get_requested_specs_map())

def revisions(prefix):
    return History(prefix).object_log()

def states(prefix):
    return [sorted(packages) for _, packages in History(prefix).construct_states()]

def parse(text):
    spec = MatchSpec(text)
    return [spec.get("name"), str(spec.get("version") or "*"), str(spec.get("build") or "*")]

def meets(text, record):
    record = {"channel": "conda-forge", **record, "fn": "x.conda"}
    try:
        return bool(MatchSpec(text).match(PackageRecord.from_objects(record)))
    except (CondaError, ValueError, IndexError):
        return None

def meets_each(pairs):
    return [meets(text, record) for text, record in pairs]

def matches(text, name, version, build):
    fields = {"build_number": 0, "channel": "c", "subdir": "noarch", "fn": "x"}
    return MatchSpec(text).match(PackageRecord(name=name, version=version, build=build, **fields))

def missing_files(prefix):
    return find_packages_with_missing_files(prefix)

def altered_files(prefix):
    return find_altered_packages(prefix)

def inconsistent(prefix):
    # As `conda doctor` of conda 26.7 does; that of 24.7 has no such check yet.
    found, installed = [], PrefixData(prefix)
    for record in installed.iter_records():
        needs = [(spec, True) for spec in record.depends] + [(spec, False) for spec in record.constrains]
        for text, needed in needs:
            spec = MatchSpec(text)
            other = installed.get(spec.name, None)
            if not spec.name.startswith("__") and (needed if other is None else not spec.match(other)):
                found.append([record.name, text])
    return sorted(found)

for line in sys.stdin:
    name, *arguments = json.loads(line)
    try:
        answer = globals()[name](*arguments)
    except (InvalidVersionSpec, ValueError, IndexError):
        answer = None
    print(json.dumps(answer), flush=True)
"""


class CondaOracle:
    """Asks a conda; a context manager that ends its process."""

    def __init__(self, home: Path) -> None:
        found = importlib.util.find_spec("conda_lock")
        assert found is not None and found.submodule_search_locations, "the tests need conda-lock, of the extra `demo`"
        vendored = os.path.join(found.submodule_search_locations[0], "_vendor")
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-c", _CHILD, vendored],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=home,
            env={"HOME": str(home), "PATH": os.environ.get("PATH", "")},
        )

    def __enter__(self) -> CondaOracle:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def compare(self, left: str, right: str) -> int | None:
        """Give 1, 0 or -1 as left is newer, the same or older; None if conda takes one of them for no version."""
        answer = self._ask("compare", left, right)
        assert answer is None or isinstance(answer, int)
        return answer

    def match(self, version: str, spec: str) -> bool | None:
        """Tell whether a version meets a spec; None if conda cannot read one of them."""
        answer = self._ask("match", version, spec)
        assert answer is None or isinstance(answer, bool)
        return answer

    def parse(self, text: str) -> tuple[str, str, str]:
        """Take a match spec apart into name, version spec and build."""
        answer = self._ask("parse", text)
        assert isinstance(answer, list)
        name, version, build = map(str, answer)
        return name, version, build

    def meets(self, pairs: Sequence[tuple[str, Mapping[str, str | int]]]) -> list[bool | None]:
        """Tell of each spec whether the record beside it meets it; None if conda cannot read the spec."""
        answers = self._ask("meets_each", pairs)
        assert isinstance(answers, list)
        return answers

    def requested(self, prefix: str) -> list[str]:
        """Name the packages that the history of a prefix says were asked for."""
        names = self._ask("requested", prefix)
        assert isinstance(names, list)
        return names

    def revisions(self, prefix: str) -> list[dict[str, Any]]:
        """What `conda list --revisions --json` prints of a prefix."""
        answer = self._ask("revisions", prefix)
        assert isinstance(answer, list)
        return answer

    def states(self, prefix: str) -> list[list[str]]:
        """The packages after each revision of a prefix, which `conda install --revision` goes back to."""
        answer = self._ask("states", prefix)
        assert isinstance(answer, list)
        return answer

    def matches(self, spec: str, name: str, version: str, build: str) -> bool:
        """Tell whether a package of this name, version and build meets a match spec."""
        return self._ask("matches", spec, name, version, build) is True

    def missing_files(self, prefix: str) -> dict[str, list[str]]:
        """The missing files that `conda doctor` finds, by the name of the record's file."""
        return self._files("missing_files", prefix)

    def altered_files(self, prefix: str) -> dict[str, list[str]]:
        """The altered files that `conda doctor` finds, by the name of the record's file."""
        return self._files("altered_files", prefix)

    def inconsistent(self, prefix: str) -> list[tuple[str, str]]:
        """The (package, spec) pairs that are not met, as `conda doctor` finds them."""
        answer = self._ask("inconsistent", prefix)
        assert isinstance(answer, list)
        return [(package, spec) for package, spec in answer]

    def _files(self, question: str, prefix: str) -> dict[str, list[str]]:
        answer = self._ask(question, prefix)
        assert isinstance(answer, dict)
        return answer

    def _ask(self, *question: object) -> object:
        assert self._process.stdin is not None and self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
