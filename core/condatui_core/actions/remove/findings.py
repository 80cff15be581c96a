"""What one should know before an environment is removed, and what stands against it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from condatui_core.actions.guards import blockers_if_precious, blockers_to_change, warnings_to_change
from condatui_core.actions.half_made import used_since
from condatui_core.actions.protocol import JobContext
from condatui_core.actions.remove.inspect import RemovalTarget
from condatui_core.actions.remove.kernels import kernel_findings
from condatui_core.actions.set_aside import how_to_put_back
from condatui_core.records.finding import Finding, blocker, finding
from condatui_core.records.kernel import Reference
from condatui_core.records.request import RemoveRequest
from condatui_core.remedy import AcceptSize, Reload, RepairMarks, Unkeep, WithoutRestorePoint
from condatui_core.text import counted, format_bytes, sanitize, some_of


def blockers_of(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> tuple[Finding, ...]:
    """What stands against the removal of this one."""
    return tuple(_blockers(target, request, context))


def _blockers(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    observed, name = target.observed, sanitize(target.name)
    if target.kind == "nothing":
        yield blocker("not-an-environment", f"There is nothing at {name}, and no conda knows of it.", Reload())
        return
    if target.kind == "link" and not observed.place_writable:
        yield blocker("not-writable", f"This user may not delete anything in {observed.place}.", "Ask its owner.")
    if target.kind == "link":
        return
    yield from _keep_blockers(target, request, context)
    if target.kind == "missing":
        return
    # What was never finished on a machine without a conda, such as an unpacked archive, goes without one, too.
    own_work = target.unused and not context.inventory.installations
    with_conda = target.kind == "environment" and not own_work
    yield from blockers_to_change(
        observed, target.environment, context, with_conda=with_conda, though_frozen=request.override_frozen
    )
    yield from blockers_if_precious(observed, name, target.holds)
    if not observed.place_writable:
        yield blocker("not-writable", f"This user may not delete anything in {observed.place}.", "Ask its owner.")
    yield from _content_blockers(target, request)


def _keep_blockers(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    """The blocker against removing what the user keeps, or may keep: the marks cannot be read."""
    if request.override_kept:
        return
    if is_kept(target, context):
        yield blocker("kept", _kept_words(target, context), Unkeep(prefix=target.observed.real))
    elif context.inventory.marks_unknown:
        message = f"Whether {sanitize(target.name)} is one that stays is not known: the keep marks cannot be read."
        file = str(context.locations.keep_file)
        yield blocker("keep-unreadable", message, RepairMarks(file=file), (sanitize(file),))


def is_kept(target: RemovalTarget, context: JobContext) -> bool:
    """Whether the user keeps what goes; a link to it may go."""
    return target.kind != "link" and context.inventory.marks.mark_of(target.observed.real) is not None


def _kept_words(target: RemovalTarget, context: JobContext) -> str:
    mark = context.inventory.marks.mark_of(target.observed.real)
    note = f" ({sanitize(mark.note)})" if mark and mark.note else ""
    return f"{sanitize(target.name)} is kept{note}."


def _content_blockers(target: RemovalTarget, request: RemoveRequest) -> Iterator[Finding]:
    content, name = target.content, sanitize(target.name)
    if content.environments:
        message = f"{name} holds other environments: {sanitize(content.environments[0])}."
        yield blocker("holds-environments", message, "Remove or move those first.", content.environments)
    if content.mounts:
        message = f"Another file system is mounted in {name}: {sanitize(content.mounts[0])}."
        yield blocker("holds-mount", message, "Unmount it first.", content.mounts)
    if request.restore_point and (content.unreadable or content.problem):
        lines = content.unreadable or (content.problem,)
        message = f"Something in {name} cannot be read, so that no restore point can be made: {sanitize(lines[0])}."
        yield blocker("not-readable", message, WithoutRestorePoint(), lines)


def warnings_of(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    """What one should know of this one."""
    name = sanitize(target.name)
    yield from _unfinished(target)
    if request.override_kept and is_kept(target, context):
        yield finding("kept", "warning", _kept_words(target, context))
    if target.kind == "link":
        message = f"{name} is a link: it goes, and {sanitize(target.observed.real)} stays as it is."
        yield finding("symlink", "note", message)
        return
    if target.kind == "missing":
        yield finding("missing", "note", f"{name} is not there: conda forgets it, and nothing else happens.")
        return
    yield from warnings_to_change(target.observed, target.environment, context)
    yield from _of_what_goes(target, request)
    yield from _outside(target, context)
    yield from kernel_findings(name, target.kernels, going=request.with_kernels)
    if not target.known:
        yield finding("not-an-environment", "warning", f"{name} was no environment, by all that is known of it.")
    yield from _of_the_way_back(target, request, context)


def _of_what_goes(target: RemovalTarget, request: RemoveRequest) -> Iterator[Finding]:
    """What is special about the directory that goes: links to it and in it, and that it is frozen."""
    name = sanitize(target.name)
    if aliases := target.environment.aliases if target.environment else ():
        message = f"{sanitize(aliases[0])} leads to {name}, and will lead nowhere."
        yield finding("symlink", "note", message, evidence=aliases)
    if target.observed.frozen is not None and request.override_frozen:
        yield finding("frozen", "warning", f"{name} is frozen: {sanitize(target.observed.frozen)}")
    if linked := tuple(map(sanitize, target.content.symlinked_directories)):
        message = f"{linked[0]} of {name} is behind a link: conda would delete what lies there."
        remedy = "condatui deletes the link, and what lies elsewhere stays as it is."
        yield finding("detour", "note", message, remedy, linked)


def _of_the_way_back(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> Iterator[Finding]:
    """What a restore point will not hold, or will hold beyond expectation; or why none is made."""
    content, name = target.content, sanitize(target.name)
    if target.unused:
        yield finding("half-made", "note", f"{name} was never finished: what it was made of is where it was.")
        return
    if not request.restore_point:
        yield finding("no-restore-point", "warning", f"{name} cannot be brought back: no restore point is made.")
        return
    if is_over_limit(target, request, context):
        message = f"{name} holds {format_bytes(content.kept_bytes)} that conda could not put back."
        limit = AcceptSize(limit_bytes=context.settings.restore_point_bytes)
        yield finding("restore-point-large", "warning", message, limit)
    if content.gone:
        gone = counted(len(content.gone), f"package of {name} is", f"packages of {name} are")
        message = f"{gone} in no package cache any more: the files are kept too."
        yield finding("no-cache", "warning", message, evidence=content.gone)
    if content.lost:
        things = counted(len(content.lost), "thing cannot come back as it is", "things cannot come back as they are")
        message = f"Of {name}, {things}: {sanitize(content.lost[0])}."
        yield finding("not-kept", "warning", message, evidence=content.lost)


def _unfinished(target: RemovalTarget) -> Iterator[Finding]:
    name = sanitize(target.name)
    if target.set_aside:
        message = f"A removal of {name} did not come to its end: what it has set aside is still there."
        remedy = f"To put it back: {sanitize(how_to_put_back(target.set_aside[0]))}. To delete it, remove that path."
        yield finding("set-aside", "warning", message, remedy, map(sanitize, target.set_aside))
    if came := target.content.came:
        begun = "was never finished" if target.half_made else "is being removed"
        message = f"{name} {begun}, and {used_since(came, target.path)}."
        yield finding("used-since", "warning", message, evidence=map(sanitize, came))


def _outside(target: RemovalTarget, context: JobContext) -> Iterator[Finding]:
    """What conda would do beside deleting, and condatui does not."""
    content, name = target.content, sanitize(target.name)
    if content.scripts:
        message = f"Packages of {name} have scripts that conda runs when it removes them: condatui does not run them."
        remedy = "Read them first: run them by hand if they undo something elsewhere."
        yield finding("unlink-scripts", "note", message, remedy, map(sanitize, content.scripts))
    if content.menus:
        message = f"Packages of {name} have made menu entries, which stay."
        remedy = "Delete these." if target.shortcuts else "Delete those that these files describe."
        lines = map(sanitize, target.shortcuts or content.menus)
        yield finding("menu", "note", message, remedy, lines)
    if target.references:
        places = [_place(each, context) for each in target.references]
        message = f"{name} is named elsewhere, which stays as it is: {some_of(places)}."
        yield finding("named-elsewhere", "note", message, evidence=map(_line, target.references))


def _place(reference: Reference, context: JobContext) -> str:
    """Where a line names an environment, in a few words: `~/.bashrc line 12`."""
    home = os.path.join(str(context.caller.home), "")
    file = f"~/{reference.file[len(home) :]}" if reference.file.startswith(home) else reference.file
    return f"{sanitize(file)} line {reference.line}"


def _line(reference: Reference) -> str:
    return f"{sanitize(reference.file)}:{reference.line}: {reference.text}"


def is_over_limit(target: RemovalTarget, request: RemoveRequest, context: JobContext) -> bool:
    """Whether its restore point would be larger than the settings allow."""
    large = target.content.kept_bytes > context.settings.restore_point_bytes
    return large and request.restore_point and target.kind in ("environment", "remains")
