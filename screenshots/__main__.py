"""`make screenshots`: build the sandbox, press keys, write what stands on the screen as SVG and PNG."""

from __future__ import annotations

import asyncio
import re
import tempfile
from datetime import datetime, timezone
from pathlib import Path

from textual.pilot import Pilot

from condatui.app import CondatuiApp
from condatui_core.settings import Locations, Settings
from condatui_core.workbench import Workbench
from condatui_sandbox import Sandbox, build_sandbox
from screenshots.png import draw_png
from screenshots.scenes import SCENES, Scene
from screenshots.steady_runner import SteadyRunner

_HERE = Path(__file__).parent
_HOST = "gpu07"


def main() -> None:
    """Draw every scene anew."""
    # Not below the repository: paths are on the pictures, and should look the same wherever they are drawn.
    # Made anew: everything in it is so many days old on the day on which it is made.
    sandbox = build_sandbox(Path(tempfile.gettempdir()) / "condatui-screenshots", rebuild=True, report=print)
    now = datetime.now(timezone.utc)
    for scene in SCENES:
        svg = asyncio.run(_draw(scene, sandbox, now))
        (_HERE / f"{scene.name}.svg").write_text(svg, encoding="utf-8")
        (_HERE / f"{scene.name}.png").write_bytes(draw_png(svg))
        print(f"{scene.name}: {scene.columns} × {scene.rows}")


async def _draw(scene: Scene, sandbox: Sandbox, now: datetime) -> str:
    """Open the workbench, wait until all is read, press the keys, and take the picture."""
    settings = Settings(usual_places=False, watch_seconds=0)
    locations = Locations.of_user(sandbox.environ, sandbox.home)
    runner = SteadyRunner(lambda: now)
    workbench = Workbench(settings, locations, environ=sandbox.environ, clock=lambda: now, runner=runner)
    runner.log = workbench.log
    app = CondatuiApp(workbench, host=_HOST, clock=lambda: now)
    async with app.run_test(size=(scene.columns, scene.rows)) as pilot:
        await _settle(app, pilot)
        for key in scene.keys:
            await pilot.press(key)
            await _settle(app, pilot)
        return _stable(app.export_screenshot(title="condatui"))


async def _settle(app: CondatuiApp, pilot: Pilot[None]) -> None:
    """Wait until all is read and measured, no job is at work, and nobody is busy any more."""
    while True:
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
