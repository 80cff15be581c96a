"""The collector on a real conda with real environments: what it tells is what `condatui list` prints."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from typing import Any

from condatui_core.fleet.script import collector_script
from condatui_sandbox import Sandbox
from support.cli_runs import run_in

SAME = ("name", "prefix", "aliases", "base", "frozen", "state", "python", "owner", "managed_bytes")
"""Not the names of channels: these follow from settings of conda, which the collector does not ask for."""


def collected(sandbox: Sandbox) -> dict[str, Any]:
    done = subprocess.run(
        (sys.executable, "-I", "-S", "-B", "-", "--no-sizes"),
        input=collector_script("1.0").encode(),
        env={**sandbox.environ, "CONDATUI_USUAL_PLACES": "0"},
        capture_output=True,
        check=True,
    )
    found: dict[str, Any] = json.loads(gzip.decompress(done.stdout))
    return found


def test_it_tells_what_the_list_prints(sandbox: Sandbox) -> None:
    found = collected(sandbox)
    printed = json.loads(run_in(sandbox, "list", "--packages", "--json").stdout)
    listed = {each["prefix"]: each for each in printed["environments"]}
    assert {each["prefix"] for each in found["list"]["environments"]} == set(listed)
    for each in found["list"]["environments"]:
        usual = listed[each["prefix"]]
        if usual["conda_packages"]:  # of a directory that is no environment there is nothing to compare
            assert {key: each[key] for key in SAME} == {key: usual[key] for key in SAME}
        rows = [found["table"][row] for row in found["packages"].get(each["prefix"], {"rows": ()})["rows"]]
        assert sorted((row[0], row[1], row[2] or None, row[5]) for row in rows) == sorted(
            (one["name"], one["version"], one["build"], one["source"]) for one in usual["packages"]
        )
    assert len(listed) > 10
