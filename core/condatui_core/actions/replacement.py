"""One file that takes the place of another one under all its names, or under none if something comes between."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from condatui_core.fs.places import Place


@dataclass(frozen=True, slots=True)
class Replacement:
    """A file that takes the places of another one; every method raises OSError."""

    new: int
    """The inode number of the file that takes them."""
    old: int
    """The inode number of the file that has them."""
    places: tuple[tuple[Place, str], ...]
    """Each place with the temporary name that is used beside it."""
    _taken: list[Place] = field(default_factory=list)

    def take(self, place: Place, temporary: str) -> None:
        """Let the new file, which has the temporary name, take a place; the old one has that name afterwards.

        Raises OSError, ESTALE if one of the two was replaced meanwhile.
        """
        if place.inode(temporary) != self.new:
            place.unlink(temporary)  # what was linked here was something else already
            raise OSError(errno.ESTALE, "it was replaced meanwhile", place.path)
        place.exchange(temporary, self.old)
        self._taken.append(place)

    def put_back(self) -> None:
        """Let all places have their own file again, and delete the temporary names."""
        for place, temporary in self.places:
            if place in self._taken:
                with _unless_replaced():
                    place.exchange(temporary, self.new)
            if place.inode(temporary) == self.new:  # anything else has no other name that is known
                place.unlink(temporary)
        self._taken.clear()

    def finish(self) -> None:
        """Delete what has lost its places."""
        for place, temporary in self.places:
            place.unlink(temporary)


@contextmanager
def _unless_replaced() -> Iterator[None]:
    """Whoever has deleted or replaced a file meanwhile has decided what becomes of it."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ESTALE, errno.ENOENT):
            raise
