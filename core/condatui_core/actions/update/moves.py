"""What becomes of packages by an update: by conda, by pip, and by the removal of what is not needed any more."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from packaging.utils import canonicalize_name

from condatui_core.actions.pip_part import PipComing
from condatui_core.analyses.package_moves import Held, package_moves
from condatui_core.conda.parsers import Transaction
from condatui_core.records.job import PackageMove
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents


def moves_by_conda(
    contents: PrefixContents, transaction: Transaction, pruned: Collection[str] = ()
) -> tuple[PackageMove, ...]:
    """What a transaction does to each package of an environment, and the removal of others after it."""
    before = _packages(contents.packages)
    gone = {each.name for each in transaction.removed}.union(pruned)
    after = {name: held for name, held in before.items() if name not in gone}
    after |= {each.name: Held(each.version, each.build, each.base_url or "") for each in transaction.added}
    return package_moves(before, after, requested=contents.requested_names)


def moves_by_pip(contents: PrefixContents, coming: Sequence[PipComing]) -> tuple[PackageMove, ...]:
    """What pip does by what it installs; what of conda it puts its own in the place of is a move, not a new one."""
    there, after = _distributions(contents.distributions), {each.name: Held(each.version) for each in coming}
    before = {name: held for name, held in there.items() if name in after}
    return package_moves(before, after, requested={each.name for each in coming if each.asked}, pip=True)


def uninstalled(contents: PrefixContents, names: Collection[str]) -> tuple[PackageMove, ...]:
    """What becomes of the distributions that pip uninstalls."""
    there = _distributions(contents.pip_distributions)
    return package_moves({name: held for name, held in there.items() if name in names}, {}, pip=True)


def moves_between(before: PrefixContents, after: PrefixContents) -> tuple[PackageMove, ...]:
    """What has become of packages, of conda and of pip."""
    by_pip = _distributions(before.pip_distributions), _distributions(after.pip_distributions)
    return (
        *package_moves(_packages(before.packages), _packages(after.packages), requested=before.requested_names),
        *package_moves(*by_pip, pip=True),
    )


def _packages(records: Sequence[PackageRecord]) -> Mapping[str, Held]:
    return {each.name: Held(each.version, each.build, each.base_url or "") for each in records}


def _distributions(distributions: Sequence[Distribution]) -> dict[str, Held]:
    return {canonicalize_name(each.name): Held(each.version) for each in distributions}
