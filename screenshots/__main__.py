"""`make screenshots`: build the sandbox, press keys, write what stands on the screen as SVG and PNG."""

from __future__ import annotations

import asyncio
import re
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from condatui.app import CondatuiApp
from condatui_core.gpu.check import GpuCheck
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox, build_sandbox
from screenshots.moving import COLUMNS, FIRST, ROWS, STEPS, Frame, frame, write_cast, write_gif
from screenshots.png import draw_png
from screenshots.scenes import SCENES, Scene
from screenshots.steady_runner import SteadyRunner
from screenshots.world import ask_driver, furnish

_HERE = Path(__file__).parent
_HOST = "gpu07"


def main() -> None:
    """Draw every scene anew."""
    # Not below the repository: paths are on the pictures, and should look the same wherever they are drawn.
    # Made anew: everything in it is so many days old on the day on which it is made.
    sandbox = build_sandbox(Path(tempfile.gettempdir()) / "condatui-screenshots", rebuild=True, report=print)
    furnish(sandbox)
    now = datetime.now(timezone.utc)
    for scene in SCENES:
        svg = asyncio.run(_draw(scene, sandbox, now))
        (_HERE / f"{scene.name}.svg").write_text(svg, encoding="utf-8")
        (_HERE / f"{scene.name}.png").write_bytes(draw_png(svg))
        print(f"{scene.name}: {scene.columns} × {scene.rows}")
    frames = asyncio.run(_play(sandbox))
    write_gif(frames, _HERE / "moving.gif")
    write_cast(frames, _HERE / "moving.cast")
    print(f"moving: {len(frames)} frames")
    shutil.rmtree(sandbox.directory)


async def _draw(scene: Scene, sandbox: Sandbox, now: datetime) -> str:
    """Open the workbench, wait until all is read, press the keys, and take the picture."""
    app = _open(sandbox, lambda: now)
    async with app.run_test(size=(scene.columns, scene.rows)) as pilot:
        await _settle(app, pilot)
        for key in scene.keys:
            await pilot.press(key)
            await _settle(app, pilot)
        return _stable(app.export_screenshot(title="condatui"))


async def _play(sandbox: Sandbox) -> list[Frame]:
    """Open the workbench, and take a picture after each key of the moving picture."""
    app, title = _open(sandbox, lambda: datetime.now(timezone.utc)), FIRST.says  # what is undone is told by its time
    async with app.run_test(size=(COLUMNS, ROWS)) as pilot:
        await _settle(app, pilot)
        frames = [frame(app, title, FIRST.seconds)]
        for step in STEPS:
            await pilot.press(step.key)
            await _settle(app, pilot)
            title = step.says or title
            frames.append(frame(app, title, step.seconds))
    return frames


def _open(sandbox: Sandbox, clock: Callable[[], datetime]) -> CondatuiApp:
    """The workbench on the sandbox, on a machine with a GPU."""
    settings = Settings(usual_places=False, watch_seconds=0)
    environ, locations = sandbox.environ, Locations.of_user(sandbox.environ, sandbox.home)
    runner = SteadyRunner(clock)
    workbench = Workbench(settings, locations, environ=environ, clock=clock, runner=runner)
    runner.log = workbench.log
    workbench.gpu = GpuCheck(settings, locations, environ=environ, clock=clock, ask_driver=ask_driver)
    return CondatuiApp(workbench, host=_HOST, clock=clock)


async def _settle(app: CondatuiApp, pilot: Pilot[None]) -> None:
    """Wait until all is read and measured, no job is at work, and nobody is busy any more."""
    while True:
        with suppress(WorkerCancelled):  # a newer one has taken its place
            await app.workers.wait_for_complete([each for each in app.workers if each.group not in ("watch", "load")])
        await pilot.pause(0.15)  # the details follow when the cursor rests
        session = app.session
        measured = session.disk is not None and session.disk.complete
        busy = any(each.group != "watch" and not each.is_finished for each in app.workers)
        if measured and session.inventory.complete and not (session.loading or session.jobs_at_work or busy):
            return


def _stable(svg: str) -> str:
    """Without the number that makes each picture's names unique, so that an unchanged screen is an unchanged file."""
    return re.sub(r"terminal-\d+-", "terminal-", svg)


if __name__ == "__main__":
    main()
