"""What each sign in a place means, for its help."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from condatui.view_models.glyphs import Glyphs

_ENVIRONMENTS = (
    ("mark", "marked"),
    ("base", "the base environment of an installation, whose conda manages others"),
    ("active", "active in the shell that condatui was started from"),
    ("frozen", "frozen: conda refuses to change it"),
    ("kept", "kept: it stays, and nothing proposes it for removal"),
    ("baseline", "the baseline, which new environments are cloned from"),
    ("read_only", "you may not write in it"),
    ("alias", "before a name: it is listed through this symlink too"),
    ("error", "a finding that is an error; in the column gpu: does not compute"),
    ("warning", "a warning; in the column gpu: stands against it elsewhere than in the environment"),
    ("note", "a note"),
    ("good", "in the column gpu: a test run has computed, with the CUDA version of the build"),
    ("alike", "before a name: alike to that environment, by so many of their packages"),
    ("approximately", "before a size: by the records, the disk is not measured yet; before an age: weak evidence"),
    ("at_least", "before a size: something could not be read, so it is at least so much"),
    ("nothing", "there is none"),
    ("unread", "not read, measured or checked yet"),
    ("requested", "in Packages: asked for by the user"),
    ("pip", "in Packages: installed by pip"),
    ("replaced", "in Packages: pip has put its files in place of those of conda"),
)
_COMPARE = (
    ("mark", "the reference, which the other columns are compared with"),
    ("newer", "a newer version than in the reference"),
    ("older", "an older version than in the reference"),
    ("other", "the same version in another build or from another channel"),
    ("added", "only this column has it, not the reference"),
    ("minus", "the reference has it, this column does not"),
    ("requested", "asked for by the user"),
    ("nothing", "it is not there"),
)
_CLEANUP = (
    ("mark", "chosen"),
    ("alike", "alike environments: before the one that stays, with the others below it"),
    ("older", "an older version than the keeper has; before a size: to download"),
    ("newer", "a newer version than the keeper has"),
    ("other", "the same version from another channel"),
    ("warning", "stays, for this reason"),
    ("nothing", "nothing"),
    ("unread", "not measured yet"),
)
_JOBS = (
    ("active", "at work, or being cancelled"),
    ("unread", "waits for its turn"),
    ("good", "done"),
    ("error", "failed"),
    ("nothing", "cancelled"),
    ("warning", "interrupted"),
    ("remedy", "the way out"),
)
_RESTORE = (
    ("mark", "marked"),
    ("good", "everything to bring it back is on this machine"),
    ("warning", "some packages have to be downloaded first"),
    ("nothing", "something is at its place, so there is nothing to bring back"),
    ("error", "damaged: it cannot be used"),
)
_SIGNS: Mapping[str, Sequence[tuple[str, str]]] = MappingProxyType(
    {
        "environments": _ENVIRONMENTS,
        "compare": _COMPARE,
        "cleanup": _CLEANUP,
        "jobs": _JOBS,
        "restore": _RESTORE,
    }
)
"""By place, (field of Glyphs, meaning) pairs."""


def legend(place: str, glyphs: Glyphs) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The signs of a place with their meanings, under a title; empty for a place without signs."""
    signs = [(getattr(glyphs, name), meaning) for name, meaning in _SIGNS.get(place, ())]
    return {"What the signs mean": signs} if signs else {}
