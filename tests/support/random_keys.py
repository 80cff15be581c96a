"""Somebody who presses keys at random: in every place, in every panel, while the terminal changes its size."""

from __future__ import annotations

import asyncio
import hashlib
import os
import random
import signal
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

from textual.pilot import Pilot

from condatui.actions.registry import ACTIONS
from condatui.app import CondatuiApp
from condatui_core.records.job import Job, Plan
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from support.pilots import screen_lines
from support.prefixes import FakePrefix
from support.removals import RemovalMachine

_PROCESSOR_SECONDS = 2.0
"""Processor time of this process after which a key that is not done with hangs: a busy machine does not lengthen it."""
_PATIENCE = 120.0
"""Seconds after which a key hangs that uses no processor time and waits for what never comes."""
_TYPED = "abz059-_=./~*' "
_ALWAYS = ("enter", "escape", "tab", "shift+tab", "space", "up", "down", "left", "right", "backspace", "delete")
_SELDOM = ("q", "ctrl+c", "R")
"""What leaves, and what measures everything anew: that takes long, and more keys meet the rest of the workbench."""
_BOUND = (key for each in ACTIONS for key in each.keys.split(","))
_KEYS = tuple(key for key in dict.fromkeys((*_BOUND, *_ALWAYS)) if key not in ("", *_SELDOM))
_OFTEN = ("enter", "enter", "enter", "escape", "space", "down")
"""What opens, confirms, leaves and chooses."""
_CONDA = """case "$*" in
*config*) cat <<'END'
{{"channel_alias": {{"scheme": "https", "location": "conda.anaconda.org", "name": ""}}, "custom_channels": {{}},
 "custom_multichannels": {{}}, "default_channels": [], "envs_dirs": ["{envs}"], "pkgs_dirs": ["{root}/pkgs"]}}
END
;;
*) echo "this conda knows nothing of that" >&2; exit 1 ;;
esac"""


@dataclass
class KeyWorld:
    """A home with a conda and a few environments, sound ones and others; all that the keys could reach lies there."""

    directory: Path
    submitted: list[Plan] = field(default_factory=list)
    """What was confirmed."""

    def __post_init__(self) -> None:
        self.machine = RemovalMachine(self.directory / "home")
        self.machine.conda(_CONDA.format(envs=self.machine.envs, root=self.machine.root))
        FakePrefix(self.machine.root).package("conda", "24.7.1")
        numpy = self.machine.cache("numpy")
        for name in ("alpha", "beta", "gamma-test", "prod"):
            prefix = self.machine.make(name, registered=name != "beta")
            prefix.python_package("httpx", "0.28.1")
            self.machine.install(prefix, numpy, copied=name == "prod")
        self.machine.make("damaged").write("conda-meta/bad-1.0-0.json", "{")
        (self.machine.envs / "half-made" / "conda-meta").mkdir(parents=True)
        (self.directory / "here").mkdir()

    def workbench(self) -> Workbench:
        """The real core on this home."""
        locations = Locations.of_user({"CONDATUI_HOME": str(self.directory / "own")}, self.machine.home)
        settings = Settings(conda=(str(self.machine.root / "bin/conda"),), usual_places=False, watch_seconds=0)
        environ = {"PATH": "/usr/bin:/bin", "HOME": str(self.machine.home)}
        workbench = Workbench(settings, locations, environ=environ, clock=lambda: datetime.now(timezone.utc))
        submit: Callable[[Plan], Job] = workbench.jobs.submit

        def submit_and_note(plan: Plan) -> Job:
            self.submitted.append(plan)
            return submit(plan)

        workbench.jobs.submit = submit_and_note  # type: ignore[method-assign]
        return workbench

    def manifests(self) -> dict[str, str]:
        """By prefix, what all its files hold."""
        return {str(path): _digest(path) for path in sorted(self.machine.envs.iterdir()) if path.name[0] != "."}

    def changed_unasked(self, before: dict[str, str]) -> list[str]:
        """The environments that are not as they were, and that nothing confirmed is about."""
        now = self.manifests()
        confirmed = repr([plan.request for plan in self.submitted])
        return [prefix for prefix, digest in before.items() if now.get(prefix) != digest and prefix not in confirmed]


@contextmanager
def processor_time(seconds: float) -> Iterator[None]:
    """Raise TimeoutError, with what ran then, if what is done inside uses more processor time of this process.

    It stops even what never comes back to the event loop.
    """
    hung: list[TimeoutError] = []

    def stop(_number: int, frame: FrameType | None) -> None:
        where = "".join(traceback.format_stack(frame, limit=12))
        hung.append(TimeoutError(f"{seconds} s of processor time used in\n{where}"))
        raise hung[0]

    former = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, former)
    if hung:  # what ran has caught it
        raise hung[0]


def _digest(directory: Path) -> str:
    """The names and contents of all files below a directory."""
    found = hashlib.sha256()
    for path in sorted(directory.rglob("*")):
        found.update(os.fsencode(path.relative_to(directory)) + b"\0")
        if path.is_symlink() or not path.is_file():
            continue
        found.update(path.read_bytes())
    return found.hexdigest()


@dataclass
class RandomWalk:
    """A number of keys from a seed; `pressed` says which they were."""

    world: KeyWorld
    seed: int
    keys: Sequence[str] = _KEYS
    """What is pressed most of the time."""
    pressed: list[str] = field(default_factory=list)
    opened: int = 0
    """How often the workbench was opened: some keys leave it."""

    async def press(self, keys: int) -> None:
        """Press so many keys; raises AssertionError with the last of them when something goes wrong."""
        chance = random.Random(self.seed)
        while len(self.pressed) < keys:
            app: CondatuiApp = CondatuiApp(self.world.workbench(), host="gpu07", clock=_now)
            self.opened += 1
            async with app.run_test(size=(100, 30), notifications=True) as pilot:
                while app.session.loading and app.return_code is None:
                    await pilot.pause(0.01)
                while len(self.pressed) < keys and app.return_code is None:
                    await self._step(app, pilot, chance)
            assert not app.failures, self._words(app, repr(app.failures))

    async def _step(self, app: CondatuiApp, pilot: Pilot[Any], chance: random.Random) -> None:
        if chance.random() < 0.02:
            size = chance.randint(40, 200), chance.randint(12, 55)
            self.pressed.append(f"{size[0]}×{size[1]}")
            done = pilot.resize_terminal(*size)
        else:
            some = chance.choices((self.keys, _TYPED, _OFTEN, _SELDOM), (70, 11, 18, 1))[0]
            self.pressed.append(chance.choice(some))
            done = pilot.press(self.pressed[-1])
        try:
            with processor_time(_PROCESSOR_SECONDS):
                await asyncio.wait_for(done, _PATIENCE)
        except Exception as error:
            raise AssertionError(self._words(app, repr(error))) from error
        assert not app.failures, self._words(app, repr(app.failures))

    def _words(self, app: CondatuiApp, what: str) -> str:
        screen = "\n".join(screen_lines(app)) if app.is_running else ""
        return f"seed {self.seed}, key {len(self.pressed)}: {what}\n{' '.join(self.pressed[-40:])}\n{screen}"


def _now() -> datetime:
    return datetime.now(timezone.utc)
