"""The text for Prometheus, read back by Prometheus' own parser, and the examples that use it."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml
from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families

from condatui_core.errors import UsageError
from condatui_core.records.disk import CacheUse, DiskUse
from condatui_core.records.environment import KeepMark
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.restore_point import RestorePointSummary
from condatui_core.reports.prometheus import MachineFacts, prometheus_text
from support.inventories import NOW, days_ago, environment, finding, inventory, loaded, package, pip_package, research

DOCS = Path(__file__).parents[3] / "docs"
POINT = RestorePointSummary(id="a", name="a", prefix="/a", at=NOW, bytes=70, packages=1, pip_packages=0)
ODD = loaded(
    'o"d\n\\d\udce9',
    [package("numpy")],
    [pip_package("a"), pip_package("b")],
    prefix="/home/ada/o'd",
    channels=tuple((f"channel{n}", 1) for n in range(9)),
    last_used=days_ago(2),
    keep=KeepMark(),
    findings=(finding("stale", "note"), finding("mixed-channels"), finding("mixed-channels")),
)
FACTS = MachineFacts(
    version="1.2.3",
    inventory=inventory(research(), ODD, environment("gone", state="missing")),
    at=NOW,
    seconds=1.5,
    uses={
        ODD.prefix: DiskUse(
            prefix=ODD.prefix,
            total=90,
            exclusive=60,
            shared_with_cache=10,
            shared_with_environments=20,
            outside=0,
            apparent=80,
            inodes=7,
            exclusive_inodes=5,
        )
    },
    caches=(CacheUse(path="/pkgs", total=500, archives=100, packages=400, cleanable=40, unsafe=0),),
    gpu={ODD.prefix: "works"},
    points=(POINT, replace(POINT, problem="damaged"), replace(POINT, to_download=("x",))),
)


def samples(facts: MachineFacts = FACTS) -> Mapping[tuple[str, tuple[tuple[str, str], ...]], float]:
    """The values by name, without the common beginning, and sorted labels."""
    families = text_string_to_metric_families(prometheus_text(facts))
    return {
        (each.name.removeprefix("condatui_"), tuple(sorted(each.labels.items()))): each.value
        for family in families
        for each in family.samples
    }


def test_each_figure_stands_under_its_name_and_labels() -> None:
    found = samples()
    of_odd = {
        (name, tuple(pair for pair in labels if pair[0] != "prefix")): value
        for (name, labels), value in found.items()
        if dict(labels).get("prefix") == ODD.prefix
    }
    info = next(dict(labels) for name, labels in of_odd if name == "environment_info")
    assert info == {
        "name": r'o"d\n\d\xe9',
        "owner": "",
        "state": "ok",
        "python": "",
        "installation": "/opt/miniforge3",
        "channels": "channel0, channel1, channel2, channel3, channel4 and 4 more",
    }
    assert {key: value for key, value in of_odd.items() if key[0] != "environment_info"} == {
        ("environment_packages", (("source", "conda"),)): 1,
        ("environment_packages", (("source", "pip"),)): 2,
        ("environment_last_used_timestamp_seconds", ()): days_ago(2).at.timestamp(),
        ("environment_kept", ()): 1,
        ("environment_size_bytes", ()): 90,
        ("environment_exclusive_bytes", ()): 60,
        ("environment_inodes", ()): 7,
        ("environment_exclusive_inodes", ()): 5,
        ("environment_findings", (("id", "stale"), ("severity", "note"))): 1,
        ("environment_findings", (("id", "mixed-channels"), ("severity", "warning"))): 2,
        ("environment_gpu_verdict", (("verdict", "works"),)): 1,
    }
    assert found["build_info", (("version", "1.2.3"),)] == 1
    assert found["scan_duration_seconds", ()] == 1.5
    assert found["package_cache_cleanable_bytes", (("path", "/pkgs"), ("tool", "conda"))] == 40
    assert [found["restore_points", (("state", each),)] for each in ("whole", "to-download", "damaged")] == [1, 1, 1]
    assert found["restore_points_bytes", ()] == 210
    assert not any("gone" in value for _, labels in found for _, value in labels)


def test_the_number_of_series_does_not_depend_on_what_is_installed() -> None:
    full = replace(ODD, contents=PrefixContents(packages=tuple(package(f"p{n}") for n in range(900))))
    many = replace(FACTS, inventory=inventory(research(), full, environment("gone", state="missing")))
    assert samples(many).keys() == samples().keys()


def test_names_and_units_are_by_the_conventions() -> None:
    families = tuple(text_string_to_metric_families(prometheus_text(FACTS)))
    assert {each.type for each in families} == {"gauge"}
    assert all(each.documentation.endswith(".") for each in families)
    for each in families:
        assert re.fullmatch(r"condatui_[a-z_]+", each.name)
        assert not each.name.endswith(("_total", "_count"))
        assert re.search(r"_(kb|mb|gb|ms|days|hours)$", each.name) is None


def test_without_the_library_it_is_said_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "prometheus_client", None)
    with pytest.raises(UsageError) as raised:
        prometheus_text(FACTS)
    assert "condatui[metrics]" in raised.value.hint


KNOWN = frozenset(f"condatui_{name}" for name, _ in samples())


def test_the_page_names_every_metric() -> None:
    page = (DOCS / "metrics.md").read_text(encoding="utf-8")
    rows = "\n".join(line.split("|")[1] for line in page.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"condatui_\w+", rows)) == KNOWN | {"condatui_environment_modified_timestamp_seconds"}


def test_the_examples_ask_only_for_metrics_and_labels_that_there_are() -> None:
    rules = yaml.safe_load((DOCS / "examples/alerts.yaml").read_text(encoding="utf-8"))
    dashboard = json.loads((DOCS / "examples/grafana-dashboard.json").read_text(encoding="utf-8"))
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    assert len(asked) > 15
    labels = {label for _, pairs in samples() for label, _ in pairs} | {"instance"}
    for expr in asked:
        assert set(re.findall(r"condatui_\w+", expr)) <= KNOWN, expr
        assert set(re.findall(r"[{,]\s*(\w+)=", expr)) <= labels, expr
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
