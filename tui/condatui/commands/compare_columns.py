"""What the arguments of `condatui compare` mean: environments of this machine, or files that describe one."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from pathlib import Path

from condatui.commands.invocation import Invocation
from condatui.commands.reporting import say
from condatui_core.analyses.listings import environment_listing
from condatui_core.analyses.names import resolve
from condatui_core.conda.subdirs import native_subdir
from condatui_core.errors import UsageError
from condatui_core.printable import printable
from condatui_core.records.comparison import MOST_COLUMNS, Listing
from condatui_core.records.environment import Environment, Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.spec_files.reading import read_spec_file

_ENDINGS = (".yml", ".yaml", ".json", ".txt", ".lock")
"""Of files: an environment that is called so has to be there."""


class Columns:
    """The columns of a comparison by the words they were asked for with."""

    def __init__(self, invocation: Invocation, inventory: Inventory) -> None:
        self._cwd = invocation.cwd
        self._inventory = inventory

    def listings(self, texts: Sequence[str]) -> tuple[Listing, ...]:
        """List what each stands for.

        Raises UsageError for what cannot be found or read, for one alone, more than twenty, and the same twice.
        """
        if not 2 <= len(texts) <= MOST_COLUMNS:
            title = f"{len(texts)} are too many to compare." if texts[1:] else "Comparing takes two or more."
            raise UsageError(
                title, hint=f"Name 2 to {MOST_COLUMNS} environments or files; `condatui list` shows these."
            )
        places = [self.place(text) for text in texts]
        for index, place in enumerate(places):
            if place in places[:index]:
                first = texts[places.index(place)]
                detail = f"`{first}` and `{texts[index]}` are {place}"
                raise UsageError("An environment cannot be compared with itself.", detail)
        return tuple(map(self._listing, texts))

    def place(self, text: str) -> str:
        """The real path of what a word stands for, by which it is told apart."""
        file = self._file(text)
        return os.path.realpath(file) if file else self._environment(text).prefix

    def _listing(self, text: str) -> Listing:
        file = self._file(text)
        listing = self._of_file(file) if file else self._of_environment(self._environment(text))
        for line in listing.column.left_out:
            say(f"condatui: {text}: left out: {line}")
        return listing

    def _file(self, text: str) -> Path | None:
        """The file that is meant: an environment of that name comes first, unless it is written as a path."""
        path = Path(self._cwd, text)
        return path if path.exists() and not path.is_dir() and not self._is_name(text) else None

    def _is_name(self, text: str) -> bool:
        return os.sep not in text and any(each.name == text for each in self._inventory.environments)

    def _environment(self, text: str) -> Environment:
        if text.endswith(_ENDINGS) and not self._is_name(text):
            raise UsageError(f"There is no file `{printable(text)}`.", f"Looked for it in {printable(self._cwd)}")
        return resolve(self._inventory.environments, text, cwd=self._cwd, real_path=os.path.realpath)

    def _of_environment(self, environment: Environment) -> Listing:
        contents = environment.contents
        if contents is None or environment.state not in ("ok", "broken"):
            detail = f"{printable(environment.prefix)} is {environment.state}"
            raise UsageError(f"`{printable(environment.name)}` has nothing to compare.", detail)
        for problem in contents.problems:
            say(f"condatui: {problem.path}: {problem.reason}")
        config = self._inventory.channel_config(environment)
        return environment_listing(environment.prefix, environment.name, contents, config)

    def _of_file(self, file: Path) -> Listing:
        configs = [config for _, config in self._inventory.channel_configs]
        subdir = native_subdir(platform.system(), platform.machine())
        return read_spec_file(file, configs[0] if configs else ChannelConfig(), subdir)
