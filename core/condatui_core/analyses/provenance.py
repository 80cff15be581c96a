"""What is worth knowing about where the packages of an environment came from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from condatui_core.analyses.channels import PYPI, channel_name
from condatui_core.analyses.families import DEFAULTS, Mixture, lineage, mixtures
from condatui_core.records.finding import Finding
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord, Replacement
from condatui_core.records.prefix import PrefixContents

_NAMED = 3
"""So many packages are named in the one line of a finding; the evidence has all of them."""


def provenance_findings(contents: PrefixContents, config: ChannelConfig) -> tuple[Finding, ...]:
    """Judge where everything in an environment came from: channels that clash or are unknown, and pip's doings."""
    pip = contents.pip_distributions
    return (
        *_pip_over_conda(contents.replaced),
        *_mixed_channels(contents.packages, config),
        *_anaconda_terms(contents.packages, config),
        *_unknown_channel(contents.packages),
        *_not_exportable("editable", "editable", [each for each in pip if each.origin == "editable"]),
        *_not_exportable("local", "installed from local files", [each for each in pip if each.origin == "local"]),
    )


def _pip_over_conda(replaced: Sequence[Replacement]) -> list[Finding]:
    if not replaced:
        return []
    names = _some([f"{each.package} {_change(each)}" for each in replaced])
    count = "a conda package" if len(replaced) == 1 else f"{len(replaced)} conda packages"
    first = replaced[0]
    return [
        Finding(
            id="pip-over-conda",
            severity="warning",
            message=f"pip replaced {count}: {names}",
            remedy="to have conda's back: "
            f"`pip uninstall {first.distribution}`, then `conda install --force-reinstall {first.package}`",
            evidence=tuple(_replacement_lines(replaced)),
        )
    ]


def _change(replacement: Replacement) -> str:
    if replacement.conda_version == replacement.pip_version:
        return f"{replacement.pip_version} by the same version"
    return f"{replacement.conda_version} by {replacement.pip_version}"


def _replacement_lines(replaced: Iterable[Replacement]) -> Iterable[str]:
    for each in replaced:
        yield f"{each.package}: conda says {each.conda_version}, Python imports {each.distribution} {each.pip_version}"
        yield from (f"  {line}" for line in each.evidence)


def _mixed_channels(packages: Sequence[PackageRecord], config: ChannelConfig) -> list[Finding]:
    found = list(mixtures(packages, config))
    if not found:
        return []
    families = _some([mixture.family for mixture in found])
    return [
        Finding(
            id="mixed-channels",
            severity="warning",
            message=f"built by different channels yet used together: {families}",
            remedy="make it anew from one channel: `conda create --override-channels --channel CHANNEL …`",
            evidence=tuple(line for mixture in found for line in _mixture_lines(mixture, config)),
        )
    ]


def _mixture_lines(mixture: Mixture, config: ChannelConfig) -> Iterable[str]:
    for _, records in mixture.by_channel:
        for url in sorted({record.base_url or "" for record in records}):
            members = ", ".join(f"{each.name} {each.version}" for each in records if each.base_url == url)
            yield f"{mixture.family} from {channel_name(url, config)}: {members}"


def _anaconda_terms(packages: Sequence[PackageRecord], config: ChannelConfig) -> list[Finding]:
    theirs = [record for record in packages if lineage(record.base_url, config) == DEFAULTS]
    if not theirs:
        return []
    count = "1 package is" if len(theirs) == 1 else f"{len(theirs)} packages are"
    return [
        Finding(
            id="mixed-channels",
            severity="note",
            message=f"{count} from Anaconda's default channels, for which commercial terms may apply",
            remedy="see Anaconda's terms of service, or make it anew from conda-forge",
            evidence=tuple(f"{record.name} {record.version} from {record.base_url}" for record in theirs),
        )
    ]


def _unknown_channel(packages: Sequence[PackageRecord]) -> list[Finding]:
    lost = [f"{record.name} {record.version}" for record in packages if record.base_url is None]
    if not lost:
        return []
    count = "the channel of 1 package" if len(lost) == 1 else f"the channel of {len(lost)} packages"
    return [
        Finding(
            id="unknown-channel",
            severity="note",
            message=f"{count} is unknown: {_some(lost)}",
            remedy="no export can say where to get them; `conda install` them again from a channel",
            evidence=tuple(lost),
        )
    ]


def _not_exportable(finding_id: str, what: str, distributions: Sequence[Distribution]) -> list[Finding]:
    if not distributions:
        return []
    names = _some([each.name for each in distributions])
    return [
        Finding(
            id=finding_id,
            severity="note",
            message=f"{what}, which no export can carry: {names}",
            remedy="keep its sources: they have to be installed by hand wherever this environment is made again",
            evidence=tuple(
                f"{each.name} {each.version} from {each.location or each.url or PYPI}" for each in distributions
            ),
        )
    ]


def _some(names: Sequence[str]) -> str:
    """Join the first few names and say how many more there are."""
    shown = ", ".join(names[:_NAMED])
    return f"{shown} and {len(names) - _NAMED} more" if len(names) > _NAMED else shown
