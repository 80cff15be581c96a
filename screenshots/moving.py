"""The moving picture of the README: keys pressed one after the other, as a GIF and as a recording for asciinema."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image
from rich.console import Console

from condatui.app import CondatuiApp
from screenshots.png import draw_png


@dataclass(frozen=True, slots=True)
class Step:
    """A key, and how long what it leads to is looked at."""

    key: str
    says: str = ""
    """What the key is for; the title of the picture keeps that of the step before if there is none."""
    seconds: float = 0.3


@dataclass(frozen=True, slots=True)
class Frame:
    """What stood on the screen for some seconds."""

    svg: str
    ansi: str
    seconds: float


COLUMNS, ROWS = 112, 30
FIRST = Step("", "condatui", 2.5)
STEPS = (
    Step("3", "3 · what could go", 3.5),
    Step("f", "f · a goal", 0.7),
    *(Step(each) for each in "4G"),
    Step("enter", "4 GB are wanted: the least regrettable set that frees them", 4.0),
    Step("enter", "enter · the plan", 4.0),
    Step("enter", "enter · it runs beside everything else", 1.0),
    Step("4", "4 · what came of it", 3.0),
    Step("1", "1 · every environment is still there", 3.0),
    Step("j", "", 0.5),
    Step("d", "d · removes one, and keeps the way back", 3.5),
    Step("enter", "enter · gone", 2.0),
    Step("u", "u · brings it back, file for file", 3.5),
    Step("enter", "as it was", 3.5),
)
_PIXELS = 980
"""The width of the GIF."""


def frame(app: CondatuiApp, title: str, seconds: float) -> Frame:
    """Take what stands on the screen."""
    width, height = app.size
    console = Console(
        width=width, height=height, file=io.StringIO(), force_terminal=True, color_system="truecolor", record=True
    )
    console.print(app.screen._compositor.render_update(full=True, screen_stack=app._background_screens))
    assert isinstance(console.file, io.StringIO)
    ansi = console.file.getvalue()
    return Frame(svg=console.export_svg(title=title), ansi=ansi, seconds=seconds)


def write_gif(frames: Sequence[Frame], file: Path) -> None:
    """Draw the frames into one picture that starts again at its end."""
    images = []
    for each in frames:
        image = Image.open(io.BytesIO(draw_png(each.svg))).convert("RGB")
        size = (_PIXELS, round(image.height * _PIXELS / image.width))
        images.append(image.resize(size, Image.Resampling.LANCZOS).quantize(64, dither=Image.Dither.NONE))
    first, *rest = images
    milliseconds = [round(each.seconds * 1000) for each in frames]
    first.save(file, save_all=True, append_images=rest, duration=milliseconds, loop=0, optimize=True)


def write_cast(frames: Sequence[Frame], file: Path) -> None:
    """Write a recording in version 2 of asciinema's format."""
    lines: list[object] = [{"version": 2, "width": COLUMNS, "height": ROWS, "title": "condatui"}]
    at = 0.0
    for each in frames:
        lines.append((round(at, 2), "o", f"\x1b[H\x1b[2J{each.ansi}"))
        at += each.seconds
    lines.append((round(at, 2), "o", ""))
    file.write_text("".join(f"{json.dumps(each)}\n" for each in lines), encoding="utf-8")
