"""Findings about whether the packages of an environment fit together: by the records, and by its files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from condatui_core.records.finding import Finding
from condatui_core.records.package import UnmetDependency
from condatui_core.records.prefix import FileFaults, PackageFaults, PrefixContents
from condatui_core.text import counted, shell_words, some_of

_NAMED = 3
"""The number of packages that a command names; the evidence has all of them."""


def consistency_findings(contents: PrefixContents, prefix: str) -> Iterator[Finding]:
    """The findings about dependencies that are not met, and pins that hold nothing."""
    if contents.unmet:
        lacking = list(dict.fromkeys(each.package for each in contents.unmet))
        command = conda_install(prefix, "--update-deps", *lacking[:_NAMED])
        yield Finding(
            id="unmet-dependencies",
            severity="warning",
            message=f"{_depend(len(lacking))} on what is not there: {some_of(lacking)}",
            remedy=f"`{command}` shows what it would change first",
            command=command,
            evidence=tuple(map(_line, contents.unmet)),
        )
    if pins := contents.malformed_pins:
        lines = [(each.line, each.name) for each in pins]
        yield Finding(
            id="malformed-pins",
            severity="warning",
            message=f"conda-meta/pinned may be wrong: {some_of([line for line, _ in lines])}",
            remedy="correct conda-meta/pinned: one spec a line, such as `numpy 1.26.*`",
            evidence=tuple(f"{line}: {f'{name} is not installed' if name else 'no spec'}" for line, name in lines),
        )


def conda_install(prefix: str, *arguments: str) -> str:
    """The command that lets conda install something into an environment, whichever one is active in the shell."""
    return shell_words(("conda", "install", "-p", prefix, *arguments))


def _depend(count: int) -> str:
    return counted(count, "package depends", "packages depend")


def file_findings(faults: FileFaults, prefix: str) -> Iterator[Finding]:
    """The findings about files of conda packages that are not there, or not as conda has installed them."""
    if faults.missing:
        yield _files("missing-files", f"{_count(faults.missing)} missing", faults.missing, prefix)
    if faults.altered:
        what = "not what conda has installed" if faults.by_checksum else "of another size or time than conda installed"
        yield _files("altered-files", f"{_count(faults.altered)} {what}", faults.altered, prefix)


def _files(finding_id: str, message: str, faults: Sequence[PackageFaults], prefix: str) -> Finding:
    command = conda_install(prefix, "--force-reinstall", *(each.spec for each in faults[:_NAMED]))
    others = ", the others likewise" if len(faults) > _NAMED else ""
    them = "it" if sum(len(each.paths) for each in faults) == 1 else "them"
    again = f"`{command}` puts {them} back{others}"
    linked = [each.dist_name for each in faults if each.linked]
    first = f"delete {some_of(linked)} from the package cache, which has the same content, then " if linked else ""
    return Finding(
        id=finding_id,
        severity="warning",
        message=f"{message}: {some_of([each.package for each in faults])}",
        remedy=f"{first}{again}",
        command="" if linked else command,
        evidence=tuple(_lines(faults)),
        source="file-check",
    )


def _lines(faults: Sequence[PackageFaults]) -> Iterator[str]:
    for each in faults:
        yield f"{each.package}: {some_of(each.paths)}"
        if each.linked:
            yield f"{some_of(each.linked)}: a hard link: the package cache or other environments have the same file"


def _count(faults: Sequence[PackageFaults]) -> str:
    return counted(sum(len(each.paths) for each in faults), "file of packages is", "files of packages are")


def _line(unmet: UnmetDependency) -> str:
    return f"{unmet.package} needs {unmet.needs}: {f'{unmet.has} is here' if unmet.has else 'it is not installed'}"
