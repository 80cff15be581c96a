"""An SVG of a terminal as a PNG, in a font that every machine gets with matplotlib."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import resvg_py

_FONT = "DejaVu Sans Mono"


def draw_png(svg: str) -> bytes:
    """Render a picture; its font becomes the one at hand."""
    fonts = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg.replace("Fira Code", _FONT).replace("arial", _FONT),
            font_files=[str(file) for file in sorted(fonts.glob("DejaVuSansMono*.ttf"))],
            skip_system_fonts=True,
        )
    )
