"""What was chosen, and the request for it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from msgspec.structs import replace

from condatui_core.records.cleanup import CleanupCandidate, CleanupChoice, CleanupKind
from condatui_core.records.job import LeftOut
from condatui_core.records.request import (
    CLEANABLES,
    Cleanable,
    CleanRequest,
    CleanupPart,
    CleanupRequest,
    CloneRequest,
    CreateRequest,
    KernelsRequest,
    LeftoversRequest,
    MergeRequest,
    RelinkRequest,
    RemoveRequest,
    Request,
)


def choice_of(chosen: Iterable[CleanupCandidate]) -> CleanupChoice:
    """Sum up what was chosen; what goes as a whole needs no merge, and nothing deleted from it before."""
    chosen = tuple(chosen)
    prefixes = _paths(chosen, "environment")
    caches: dict[str, list[Cleanable]] = {}
    for each in chosen:
        if each.part:
            parts = caches.setdefault(each.path, [])
            parts += (part for part in (each.part, *each.also) if part not in parts)
    merges = {each.path: each.instead for each in chosen if each.kind == "merge" and each.path not in prefixes}
    leftovers = _paths(chosen, "leftovers")
    return CleanupChoice(
        prefixes=prefixes,
        cleaned=tuple((path, tuple(parts)) for path, parts in caches.items()),
        kernels=_paths(chosen, "kernel"),
        leftovers=tuple(each for each in leftovers if each not in prefixes and each not in merges),
        merges=tuple(merges.items()),
        relinks=tuple(each.prefixes for each in chosen if each.kind == "relink"),
    )


def _paths(chosen: Iterable[CleanupCandidate], kind: str) -> tuple[str, ...]:
    return tuple(each.path for each in chosen if each.kind == kind)


def parts_of(choice: CleanupChoice) -> tuple[CleanupPart, ...]:
    """The requests for a choice; caches come last, since a removal of environments leaves more entries unneeded."""
    return tuple(_parts(choice))


def request_of(choice: CleanupChoice) -> CleanupRequest | CleanupPart | None:
    """The one request for a choice; None if nothing is chosen.

    Of several things it is one cleanup, whose plan leaves out those that something stands against.
    """
    parts = parts_of(choice)
    things = (choice.relinks, choice.merges, choice.prefixes, choice.leftovers, choice.kernels, choice.cleaned)
    return CleanupRequest(parts=parts) if sum(map(len, things)) > 1 else next(iter(parts), None)


def _parts(choice: CleanupChoice) -> Iterator[CleanupPart]:
    gone = choice.gone
    for prefixes in choice.relinks:  # nothing is removed by it, so it comes first
        yield RelinkRequest(prefixes=tuple(each for each in prefixes if each not in gone), leaving_out=gone)
    for member, keeper in choice.merges:
        yield MergeRequest(keeper=keeper, member=member)
    if choice.prefixes:
        yield RemoveRequest(prefixes=choice.prefixes)
    if choice.leftovers:
        yield LeftoversRequest(prefixes=choice.leftovers)
    if choice.kernels:
        yield KernelsRequest(paths=choice.kernels)
    together: dict[tuple[Cleanable, ...], list[str]] = {}
    for path, parts in choice.cleaned:
        together.setdefault(tuple(part for part in CLEANABLES if part in parts), []).append(path)
    # uv locks its cache while it is emptied: the walk that all caches share has to come after that.
    for what, paths in sorted(together.items(), key=lambda each: "uv" not in each[0]):
        yield CleanRequest(pkgs_dirs=tuple(paths), what=what, removed_before=choice.prefixes)


# What a plan has left out


_KINDS: Mapping[type[Request], CleanupKind] = MappingProxyType(
    {RemoveRequest: "environment", LeftoversRequest: "leftovers", KernelsRequest: "kernel", MergeRequest: "merge"}
)


def why_left_out(candidate: CleanupCandidate, left_out: Iterable[LeftOut]) -> str:
    """Why a plan has left a chosen candidate out; empty if it has not."""
    return next((each.blockers[0].message for each in left_out if _is_in(candidate, each.request)), "")


def _is_in(candidate: CleanupCandidate, request: Request) -> bool:
    if isinstance(request, CleanRequest):
        return candidate.part in request.what and candidate.path in request.pkgs_dirs
    if isinstance(request, RelinkRequest):
        return candidate.kind == "relink" and not set(request.prefixes).isdisjoint(candidate.prefixes)
    return _KINDS.get(type(request)) == candidate.kind and candidate.path in _worked_on(request)


# What running jobs work on


def without_going(
    found: Iterable[CleanupCandidate],
    at_work: Sequence[Request | CleanupPart | CleanupRequest],
    prefixes: Collection[str] = (),
) -> tuple[CleanupCandidate, ...]:
    """Block the candidates that running requests delete or create: a clone is incomplete until its job has ended.

    `prefixes` are what else they work on: what their plans name, and what they have set aside from there.
    """
    parts = [part for each in at_work for part in (each.parts if isinstance(each, CleanupRequest) else (each,))]
    going = {*prefixes, *(path for each in parts for path in _worked_on(each))}
    cleaned = {
        (path, part)
        for each in parts
        if isinstance(each, CleanRequest)
        for path in each.pkgs_dirs
        for part in each.what
    }
    return tuple(
        replace(each, blocked="a job works on it", at_work=True)
        if each.path in going or (each.path, each.part) in cleaned
        else each
        for each in found
    )


def _worked_on(request: Request | CleanupPart) -> tuple[str, ...]:
    if isinstance(request, (RemoveRequest, LeftoversRequest)):
        return request.prefixes
    if isinstance(request, MergeRequest):
        return request.member, request.keeper
    if isinstance(request, KernelsRequest):
        return request.paths
    return (request.target,) if isinstance(request, (CloneRequest, CreateRequest)) else ()
