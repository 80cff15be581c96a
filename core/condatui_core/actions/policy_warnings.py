"""What the policy of the settings says of an environment that is about to be made."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from msgspec.structs import replace

from condatui_core.actions.protocol import JobContext
from condatui_core.analyses.policy_check import check_policy
from condatui_core.errors import CondatuiError
from condatui_core.policy_file import read_policy
from condatui_core.prefixes.probe import user_name
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, finding
from condatui_core.records.package import PackageRecord
from condatui_core.records.policy import Policy, Violation
from condatui_core.records.prefix import PrefixContents
from condatui_core.settings import expand_home

_MOST_LINES = 20


def policy_warnings(
    prefix: str,
    contents: PrefixContents,
    context: JobContext,
    *,
    whole: bool = True,
    coming: Sequence[PackageRecord] = (),
) -> Iterator[Finding]:
    """Warn of each rule of the policy that a new environment with these contents would not keep; blocks.

    Unless the contents are the `whole` records, licenses and what has to be there are not judged. `coming` are packages
    that a dry run adds to them: of these no licenses are judged.
    """
    if not context.settings.policy:
        return
    home = context.locations.home
    try:
        policy = read_policy(Path(expand_home(context.settings.policy, home)), home=home)
    except CondatuiError as error:
        yield finding("policy", "warning", error.in_one_line, error.advice, most=_MOST_LINES)
        return
    for broken in _broken_with(coming, policy if whole else _of_parts(policy), prefix, contents, context):
        message = f"The policy is against it: {broken.message}."
        evidence = (f"the policy's rule {broken.rule}", *broken.evidence)
        yield finding("policy", "warning", message, "", evidence, most=_MOST_LINES)


def packages_of(solved: Sequence[tuple[str, str, str, str | None]]) -> PrefixContents:
    """Contents of (name, version, build, base URL) that a dry run has found."""
    packages = (
        PackageRecord(name=name, version=version, build=build, base_url=url) for name, version, build, url in solved
    )
    return PrefixContents(packages=tuple(packages))


def _of_parts(policy: Policy) -> Policy:
    return replace(policy, allowed_licenses=(), forbidden_licenses=(), required_packages=())


_ABOUT_LICENSES = ("allowed_licenses", "forbidden_licenses")


def _broken_with(
    coming: Sequence[PackageRecord], policy: Policy, prefix: str, contents: PrefixContents, context: JobContext
) -> tuple[Violation, ...]:
    """The rules that are broken: those about licenses without what is coming, and all others with that."""
    if not coming:
        return _broken(policy, prefix, contents, context)
    names = {each.name for each in coming}
    packages = (*(each for each in contents.packages if each.name not in names), *coming)
    licenses = [each for each in _broken(policy, prefix, contents, context) if each.rule in _ABOUT_LICENSES]
    rest = replace(policy, allowed_licenses=(), forbidden_licenses=())
    return (*licenses, *_broken(rest, prefix, replace(contents, packages=packages), context))


def _broken(policy: Policy, prefix: str, contents: PrefixContents, context: JobContext) -> tuple[Violation, ...]:
    """The rules about the new environment, and those about all of its owner that are broken once it is there."""
    new = Environment(
        prefix=prefix,
        name=os.path.basename(prefix),
        owner=user_name(context.caller.euid),
        contents=contents,
        created=context.clock(),
    )
    others = tuple(each for each in context.inventory.environments if each.prefix != prefix)
    machine = replace(context.inventory, environments=(*others, new))
    rules = replace(policy, forbidden_findings=(), forbidden_gpu=(), max_bytes_per_user=None, max_inodes_per_user=None)
    return check_policy(rules, machine, now=context.clock(), prefixes=(prefix,)).violations
