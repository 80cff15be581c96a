"""The snapshot of a machine with a real conda: what is told elsewhere is what is told here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from condatui_sandbox import Sandbox
from support.cli_runs import run_in
from support.snapshots import read_all

_SAME = ("name", "prefix", "installation", "state", "python", "channels", "conda_packages", "pip_packages", "base")


def _listed(sandbox: Sandbox, *arguments: str) -> list[dict[str, Any]]:
    result = run_in(sandbox, "list", "--json", "--packages", *arguments)
    assert result.exit_code == 0, result.stderr
    listed: list[dict[str, Any]] = json.loads(result.stdout)["environments"]
    return listed


def test_another_machine_is_told_as_it_tells_itself(sandbox: Sandbox, tmp_path: Path) -> None:
    written = run_in(sandbox, "snapshot", "--host", "gpu07", "--no-sizes", "-o", str(tmp_path))
    assert (written.exit_code, written.stdout) == (0, "")
    here, there = _listed(sandbox), _listed(sandbox, "--snapshots", str(tmp_path))
    assert len(there) == len(here) > 5
    by_prefix = {each["prefix"]: each for each in there}
    for each in here:
        told = by_prefix[each["prefix"]]
        assert [told[name] for name in _SAME] == [each[name] for name in _SAME]
        assert told["packages"] == each["packages"]
        assert told["host"] == "gpu07"
        assert [one["id"] for one in told["findings"]] == [one["id"] for one in each["findings"]]
    by_name = {each.name: each for each in read_all(tmp_path).inventory.environments}
    pip_mix = by_name["pip-mix"].contents
    assert pip_mix
    assert {each.origin for each in pip_mix.pip_distributions} >= {"editable", "local"}
