"""Guards: the blockers against changing an environment, or making one, by its state at this moment."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator, Sequence
from functools import partial

from msgspec.structs import replace

from condatui_core.actions.prefix_names import name_problem, prefix_problem
from condatui_core.actions.prefix_state import PrefixState, Use, observe
from condatui_core.actions.protocol import JobContext
from condatui_core.errors import NoCondaError, RefusedError
from condatui_core.prefixes.managers import managed_by
from condatui_core.prefixes.processes import running_processes
from condatui_core.prefixes.snapshot import PrefixSnapshot
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.installation import Installation, can_change
from condatui_core.remedy import Advice, FreeSpace, NameConda, Reload, RemoveEnvironment, Thaw
from condatui_core.restore_points.store import directory_of_points
from condatui_core.text import counted, format_apart, sanitize


async def observe_prefix(prefix: str, context: JobContext, *, installation: Installation | None = None) -> PrefixState:
    """Observe one prefix, in a thread; `installation` is the one whose conda would act on it, by default its own."""
    return (await observe_prefixes((prefix,), context, installation=installation))[0]


async def observe_prefixes(
    prefixes: Sequence[str], context: JobContext, *, installation: Installation | None = None
) -> tuple[PrefixState, ...]:
    """Observe several prefixes, in a thread; the processes of the machine are listed once for all of them."""
    return await asyncio.to_thread(partial(_observe_prefixes, prefixes, context, installation))


def blockers_to_change(
    observed: PrefixState,
    environment: Environment | None,
    context: JobContext,
    *,
    with_conda: bool = True,
    though_frozen: bool = False,
) -> tuple[Finding, ...]:
    """The blockers against changing or removing an environment.

    `with_conda` is False if condatui does it without conda, as with the remains of an environment; `though_frozen` is
    True if the user wants to change it although it is frozen.
    """
    name = environment.name if environment else observed.prefix
    if not observed.exists:
        return (blocker("not-an-environment", f"{name} is not there any more: {observed.prefix}", Reload()),)
    found = [
        *_kind_blockers(observed, name, though_frozen=though_frozen),
        *_manager_blockers(observed, name),
        *_permission_blockers(observed, name),
        *_use_blockers(observed, name),
    ]
    if with_conda:
        found += no_conda(context, environment)
        found += conda_busy(observed)
    return tuple(found)


def blockers_to_alter(
    observed: PrefixState, environment: Environment | None, context: JobContext, *, with_conda: bool = True
) -> tuple[Finding, ...]:
    """The blockers against altering an environment that stays: those against any change, frozen ones included."""
    found = blockers_to_change(observed, environment, context, with_conda=with_conda)
    name = sanitize(environment.name if environment else observed.prefix)
    return (*map(_of_what_stays, found), *blockers_if_precious(observed, name, precious_inside(observed, context)))


def _of_what_stays(found: Finding) -> Finding:
    """A blocker whose remedy is not that of a removal."""
    if not isinstance(found.remedy, Thaw):
        return found
    return replace(found, remedy=f"If you may thaw it, delete {found.remedy.file}.")


def blockers_if_precious(observed: PrefixState, name: str, holds: Sequence[str]) -> Iterator[Finding]:
    """The blocker against any change of a prefix that holds what must never go along with it."""
    if holds and not observed.root:  # of a base that is said anyway
        message = f"{name} holds {sanitize(holds[0])}."
        yield blocker("not-an-environment", message, "That is surely a mistake.", holds)


def precious_inside(observed: PrefixState, context: JobContext) -> tuple[str, ...]:
    """What must never go along with a prefix and lies in it: the home, a conda, a package cache, condatui's files."""
    precious = (
        str(context.caller.home),
        str(context.locations.state),
        str(context.locations.config),
        str(directory_of_points(context.settings, context.locations)),
        *(each.root_prefix for each in context.inventory.installations if each.root_prefix),
        *(cache for facts in context.conda_facts.values() for cache in facts.pkgs_dirs),
    )
    inside = observed.real.rstrip(os.sep) + os.sep
    real = ((each, os.path.realpath(each)) for each in precious)
    return tuple(each for each, path in real if path.startswith(inside) or path == observed.real)


def warnings_to_change(
    observed: PrefixState, environment: Environment | None, context: JobContext
) -> tuple[Finding, ...]:
    """What a user should know before an environment is changed or removed."""
    name = environment.name if environment else observed.prefix
    found = []
    others = observed.owner_uid not in (None, context.caller.euid)
    if others:
        found.append(finding("other-owner", "warning", f"{name} belongs to {observed.owner}.", "Have you asked?"))
    if environment and environment.project and not environment.manager:
        project = sanitize(environment.project)
        message = f"{name} is the environment of the project in {project}, which may expect it there."
        found.append(finding("project", "note", message))
    if working := [each for each in observed.uses if each.way == "works in it"]:
        message = f"{_count(working)} in {name} as the working directory."
        found.append(finding("in-use", "warning", message, "Leave it first.", evidence=_lines(working)))
    if observed.unseen:
        message = f"Whether processes of {', '.join(observed.unseen)} use {name} cannot be seen."
        found.append(finding("in-use", "note", message, "Only the names that they were started by can be seen."))
    return tuple(found)


def blockers_to_make(
    observed: PrefixState, context: JobContext, *, with_conda: bool = True, though_empty: bool = False
) -> tuple[Finding, ...]:
    """The blockers against making a new environment; `with_conda` is False if condatui makes it without one.

    `though_empty` says that an empty directory is there, which becomes the environment.
    """
    found = [*bad_name(observed, context), *(() if though_empty else target_taken(observed)), *owned_place(observed)]
    if though_empty or not observed.exists:
        found += _place_blockers(observed, context)
    if though_empty and not observed.writable:
        message = f"This user may not write into {sanitize(observed.prefix)}."
        found.append(blocker("not-writable", message, "Ask its owner."))
    elif not observed.exists:
        found += place_not_writable(observed)
    return (*found, *(conda_busy(observed) if with_conda else ()))


def unknown_to_conda(observed: PrefixState, name: str) -> Iterator[Finding]:
    """The blocker against letting conda change what it does not take for an environment."""
    if observed.exists and not observed.has_history:
        yield replace(no_environment(observed.prefix), message=f"{sanitize(name)} {_WITHOUT_RECORDS}")


_WITHOUT_RECORDS = "is no environment: it has no conda-meta/history, as a failed clone, creation or removal leaves it."


def no_environment(prefix: str) -> Finding:
    """The blocker against an action with what is no environment: what lies there, and what to do about it; blocks."""
    shown = sanitize(prefix)
    if os.path.isdir(prefix):
        return blocker("not-an-environment", f"{shown} {_WITHOUT_RECORDS}", RemoveEnvironment(prefix=prefix))
    if os.path.lexists(prefix):
        return blocker("not-an-environment", f"{shown} is no directory.", Reload())
    return blocker("not-an-environment", f"There is no environment at {shown}.", Reload())


def contents_blockers(snapshot: PrefixSnapshot, name: str) -> Sequence[Finding]:
    """The blockers against letting conda change the packages of an environment, by what it holds."""
    contents, shown, found = snapshot.contents, sanitize(name), []
    if replaced := contents.replaced:
        lines = [f"{each.package}: pip has {each.distribution} {each.pip_version}" for each in replaced]
        message = f"pip has replaced files of conda's packages in {shown}, which conda would take for its own."
        found.append(blocker("pip-over-conda", message, "Let pip uninstall them first.", map(sanitize, lines)))
    if unreadable := contents.unreadable:
        message = f"conda would stop at what it cannot read in {shown}."
        found.append(blocker("broken", message, "Repair it first.", (each.path for each in unreadable)))
    if outside := snapshot.symlinked_directories:
        message = f"Directories of packages in {shown} are links: conda would change what lies there."
        found.append(blocker("detour", message, "Put the directories in their place first.", map(sanitize, outside)))
    return found


def bytes_problem(needed: int | None, observed: PrefixState) -> tuple[Finding, ...]:
    """The blocker against writing `needed` bytes to the file system of a prefix, if they do not fit."""
    if needed is None or observed.free_bytes is None or needed <= observed.free_bytes:
        return ()
    wanted, free = format_apart(needed, observed.free_bytes)
    message = f"{wanted} are needed, {free} are free at {observed.place}."
    return (blocker("no-space", message, FreeSpace()),)


def no_conda(context: JobContext, environment: Environment | None) -> tuple[Finding, ...]:
    """The blocker against changing an environment with the conda that owns it, if there is none that can."""
    installation = context.installation(environment)
    if installation is None:
        return (blocker("no-conda", "No conda that works was found.", NameConda(why="none")),)
    if found := not_conda(installation):
        return found
    owner = environment.installation if environment else None
    if owner and owner != installation.root_prefix:
        message = f"{environment.name if environment else ''} belongs to the conda in {owner}, which cannot be used."
        return (blocker("no-conda", message, NameConda(why="unusable")),)
    return ()


def not_conda(installation: Installation) -> tuple[Finding, ...]:
    """The blocker against changing or making anything with an installation that is no conda."""
    if can_change(installation):
        return ()
    message = f"{installation.executable} is no conda but {installation.kind}, which loses what conda keeps."
    return (blocker("no-conda", message, NameConda(why="not-conda")),)


def conda_busy(observed: PrefixState) -> tuple[Finding, ...]:
    """The blocker against running conda while another conda changes something in the same installation."""
    if not observed.busy:
        return ()
    lines = tuple(map(str, observed.busy))
    return (blocker("conda-busy", f"Another conda is at work: {lines[0]}.", "Wait until it is done.", evidence=lines),)


def refuse(blockers: Iterable[Finding]) -> None:
    """Raise the first blocker, if there are any: NoCondaError if conda is missing or unusable, else RefusedError."""
    found = tuple(blockers)
    if not found:
        return
    first, *others = found
    detail = "\n".join((*first.evidence, *(each.message for each in others)))
    kind = NoCondaError if isinstance(first.remedy, NameConda) else RefusedError
    raise kind(first.message, detail, first.remedy)


def _observe_prefixes(
    prefixes: Sequence[str], context: JobContext, installation: Installation | None
) -> tuple[PrefixState, ...]:
    processes = running_processes(closely=True)
    roots = [each.root_prefix for each in context.inventory.installations if each.root_prefix]
    seen = []
    for prefix in prefixes:
        owner = installation or context.installation(context.environment(os.path.realpath(prefix)))
        seen.append(
            observe(
                prefix,
                caller=context.caller,
                roots=roots,
                root_prefix=owner.root_prefix if owner else "",
                processes=processes,
            )
        )
    return tuple(seen)


def _kind_blockers(observed: PrefixState, name: str, *, though_frozen: bool) -> Iterator[Finding]:
    if observed.root:
        yield blocker("base", f"{name} is the base of a conda, without which none of its environments can be changed.")
    if observed.active:
        yield blocker("active", f"{name} is active in this shell.", "Leave it first: conda deactivate.")
    if observed.frozen is not None and not though_frozen:
        why = f": {observed.frozen}" if observed.frozen else "."
        yield blocker("frozen", f"{name} is frozen{why}", Thaw(file=f"{observed.real}/conda-meta/frozen"))
    if not observed.directory and not observed.symlink:
        yield blocker("not-an-environment", f"{observed.prefix} is no directory.")


def _manager_blockers(observed: PrefixState, name: str) -> Iterator[Finding]:
    if manager := managed_by(observed.real):
        of = f" for {sanitize(manager.project)}" if manager.project else ""
        advice = manager.advice
        yield blocker("managed-by", f"{manager.tool} manages {name}{of}.", f"{advice[0].upper()}{advice[1:]}.")


def owned_place(observed: PrefixState) -> Iterator[Finding]:
    """The blocker against making an environment where another tool keeps those that it has made."""
    manager = managed_by(observed.real)
    if manager and manager.tool != "conda-express":  # that one is a conda, whose environments lie there
        of = f" of {sanitize(manager.project)}" if manager.project else ""
        message = f"{sanitize(observed.prefix)} is where {manager.tool} keeps environments{of}."
        yield blocker("managed-by", message, "Choose another place.")


def _permission_blockers(observed: PrefixState, name: str) -> Iterator[Finding]:
    if observed.directory and not observed.writable:
        whose = f", which belongs to {observed.owner}" if observed.owner else ""
        yield blocker("not-writable", f"This user may not change {name}{whose}.", "Ask its owner.")


def _use_blockers(observed: PrefixState, name: str) -> Iterator[Finding]:
    using = [each for each in observed.uses if each.way != "works in it"]
    if using:
        verb = "uses" if len(using) == 1 else "use"
        yield blocker("in-use", f"{_count(using)} {verb} {name}.", "End them first.", evidence=_lines(using))


def bad_name(observed: PrefixState, context: JobContext) -> Iterator[Finding]:
    """The blocker against the name of a new environment, if conda could not use it."""
    directory, name = os.path.split(observed.prefix)
    if problem := prefix_problem(observed.prefix):
        message = f"`{observed.prefix}` cannot be the path of an environment: it {problem}."
        yield blocker("bad-name", message, "Choose another.")
    elif _is_envs_dir(directory, context) and (problem := name_problem(name)):
        yield blocker("bad-name", f"`{name}` cannot be the name of an environment: it {problem}.", "Choose another.")


def target_taken(observed: PrefixState, remedy: Advice = "Choose another name.") -> Iterator[Finding]:
    """The blocker against a path that is taken already."""
    if not observed.exists:
        return
    if observed.symlink and not observed.directory:
        what = f"is a link to {observed.real}, where nothing is"
    elif observed.symlink:
        what = f"is a link to {observed.real}"
    elif observed.has_conda_meta:
        what = "is an environment already"
    else:
        what = "is there already, and is no environment" if observed.directory else "is a file"
    yield blocker("target-exists", f"{observed.prefix} {what}: nothing is ever replaced.", remedy)


def _place_blockers(observed: PrefixState, context: JobContext) -> Iterator[Finding]:
    if observed.inside:
        message = f"{observed.prefix} would lie inside the environment {observed.inside}."
        yield blocker("inside-environment", message, "Choose a place outside of it.")
    for facts in context.conda_facts.values():
        for cache in facts.pkgs_dirs:
            if observed.prefix.startswith(os.path.normpath(cache) + os.sep):
                yield blocker("bad-name", f"{observed.prefix} would lie in the package cache.", "Choose another place.")


def place_not_writable(observed: PrefixState) -> Iterator[Finding]:
    """The blocker if this user may not make an environment in its directory."""
    if not os.path.isdir(observed.place):
        yield blocker("no-directory", f"{observed.place} is no directory.", "Choose another place.")
    elif not observed.place_writable:
        yield blocker("not-writable", f"This user may not make anything in {observed.place}.", "Choose another place.")


def _is_envs_dir(directory: str, context: JobContext) -> bool:
    known = {os.path.normpath(each) for facts in context.conda_facts.values() for each in facts.envs_dirs}
    return directory in known or os.path.realpath(directory) in known or os.path.basename(directory) == "envs"


def _count(uses: Sequence[Use]) -> str:
    return str(uses[0].process) if len(uses) == 1 else counted(len(uses), "process", "processes")


def _lines(uses: Sequence[Use]) -> tuple[str, ...]:
    return tuple(map(str, uses))
