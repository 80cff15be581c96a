"""Whether two PyTorch lie over each other in one environment, of which only the last one installed is whole."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence

from condatui_core.bounded_read import read_bounded
from condatui_core.gpu.static.torch_files import LARGEST_VERSION_FILE
from condatui_core.prefixes.recorded_paths import read_paths
from condatui_core.records.finding import Problem
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents

_VERSION_FILE = "site-packages/torch/version.py"


def overwritten(
    prefix: str, contents: PrefixContents, record: PackageRecord | None, distributions: Sequence[Distribution]
) -> tuple[str, ...]:
    """Say what shows that pip and conda, or pip twice, have each installed a PyTorch; empty if there is one.

    `record` is conda's, `distributions` are all called torch.
    """
    found = [line for each in contents.replaced if each.distribution.lower() == "torch" for line in each.evidence]
    if record is not None and not found:
        found += _other_version_file(prefix, record)
    paths = {each.path: f"{each.path} ({each.version})" for each in distributions}
    if len(paths) > 1:
        found += paths.values()
    return tuple(dict.fromkeys(found))


def _other_version_file(prefix: str, record: PackageRecord) -> Iterator[str]:
    """The version.py that is there has another checksum than the one that conda has put there."""
    paths = read_paths(prefix, record)
    if isinstance(paths, Problem):
        return
    for each in paths:
        expected = each.sha256_in_prefix or each.sha256
        if expected and each.path.endswith(_VERSION_FILE):
            try:
                there = read_bounded(os.path.join(prefix, each.path), LARGEST_VERSION_FILE)
            except OSError:
                continue
            if hashlib.sha256(there).hexdigest() != expected:
                yield f"{each.path} is not the one that {record.name} {record.version} {record.build} has brought"
