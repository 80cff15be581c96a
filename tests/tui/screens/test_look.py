"""What it looks like: a few pictures in text, and poor terminals."""

from __future__ import annotations

from textwrap import dedent

import pytest
from rich.cells import cell_len

from condatui.view_models import styles
from condatui.view_models.details.packages import PackagesModel
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.glyphs import UNICODE
from condatui_core.records.environment import Inventory
from condatui_core.records.installation import ChannelConfig
from condatui_core.settings import Settings
from support.fake_workbench import FakeWorkbench
from support.inventories import NOW, days_ago, environment, finding, inventory, loaded, package, research
from support.pilots import opened
from support.tiers import thorough

COLOURS = (styles.GOOD, styles.WARNING, styles.ERROR)


def machine() -> Inventory:
    base = loaded("base", [package("conda")], base=True, active=True, python="3.12.4", managed_bytes=412_000_000)
    orphan = environment("half-cloned", state="orphan", findings=(finding("orphan", "error", "A failed clone."),))
    return inventory(base, orphan, research(), loaded("zoo", last_used=days_ago(400, reliable=False)))


async def test_80_columns() -> None:
    async with opened(machine(), size=(80, 14)) as driver:
        await driver.press("end", "k", "space", "k")
        await driver.until(lambda: "─ res…ch ─" in driver.text)
        assert driver.text == dedent("""\
             1 envs 4 · 2 compare · 3 cleanup · 4 jobs · 5 restore   gpu07 · conda 26.7.1
               name▴        python   packages  channels    disk  frees  findings
               base ⌂►      3.12.4   1         –         ~412 M      …
               half-cloned  –        –         –              –      –  ✗ A failed clone.
            ▌● research     3.10.14  3+2       cf+pt     ~4.1 G      …  ! pip over conda
               zoo          –        0         –              –      –
            ─ Packages 5 ─ Channels 4 ─ Disk ─ Health 1 ─ GPU ─ History 2 ─ Slim ── res…ch ─
                name      version             build                     channel         size
            ▏≠  numpy     1.26.4 ≠ pip 2.0.1  py310hb13e2d6_0           conda-forge    1.0 K
             ▫  numpy     2.0.1                                         pypi            20 M
                python    3.10.14             h0_0                      conda-forge     60 M
             ▪  pytorch   2.5.1               py3.10_cuda1…udnn9.1.0_0  pytorch        4.0 G
             1 marked · ~4.1 GB by their records
             space mark  c compare  n clone  e export  p pack  d remove  t gpu  ? help""")


@pytest.mark.parametrize("size", [(60, 15), (160, 40), *thorough([((80, 24),)])])
async def test_with_ascii_signs_nothing_else_is_drawn(size: tuple[int, int]) -> None:
    workbench = FakeWorkbench(machine(), settings=Settings(watch_seconds=0, ascii=True))
    async with opened(workbench=workbench, size=size) as driver:
        for keys in (("j",), ("space", "s"), ("enter", "right_square_bracket"), ("question_mark",), ("escape", "at")):
            await driver.press(*keys)
            assert driver.text.isascii(), driver.text


WIDE = ("環境-最終版", "סביבה-ישנה", "مشروع", "cafe\u0301", "plain", "環境" * 20)


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_columns_line_up_below_names_of_every_script(size: tuple[int, int]) -> None:
    shown = [loaded(name, [package("numpy")], python="3.11.7", prefix=f"/envs/{name}") for name in WIDE]
    async with opened(inventory(*shown), size=size) as driver:
        rows = [line for line in driver.text.splitlines() if "3.11.7" in line]
        assert len(rows) == len(WIDE)
        assert len({cell_len(row[: row.index("3.11.7")]) for row in rows}) == 1
        assert all(cell_len(line) <= size[0] for line in driver.text.splitlines())
        (arabic,) = (row for row in rows if "مشروع" in row)
        assert "\u200eمشروع\u200e" in arabic


async def test_every_colour_of_a_row_stands_with_a_sign() -> None:
    """Without colours, as by NO_COLOR, nothing is lost: what is coloured begins with a sign of the help."""
    grave = loaded("grave", state="broken", findings=(finding("broken", "error", "It is broken."),))
    mild = loaded("mild", findings=tuple(finding(each, each) for each in ("error", "warning", "note")))
    model = EnvironmentsModel((research(), grave, mild, environment("b", state="orphan")), now=NOW)
    packages = PackagesModel(research(), ChannelConfig())
    cells = [
        *(cell for row in range(4) for cell in model.cells(row)),
        *(cell for row in range(5) for cell in packages.cells(row)),
    ]
    coloured = [
        cell.plain[span.start : span.end].strip() for cell in cells for span in cell.spans if span.style in COLOURS
    ]
    coloured += [cell.plain for cell in cells if cell.style in COLOURS]
    signs = {UNICODE.error, UNICODE.warning, UNICODE.note, UNICODE.replaced, UNICODE.alike}
    assert len(coloured) > 4
    assert all(text[0] in signs for text in coloured), coloured


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark", "ansi-light"])
async def test_every_theme_draws_the_cursor_apart(theme: str) -> None:
    workbench = FakeWorkbench(machine(), settings=Settings(watch_seconds=0, theme=theme))
    async with opened(workbench=workbench) as driver:
        table = driver.place.table
        under, other = (table.render_line(line)._segments[-1].style for line in (1, 2))
        assert under is not None
        assert other is not None
        assert under.bgcolor != other.bgcolor


async def test_nothing_is_animated_and_nothing_blinks() -> None:
    async with opened(machine()) as driver:
        await driver.press("slash")
        assert driver.app.animation_level == "none"
        assert driver.app.focused is not None
        assert not getattr(driver.app.focused, "cursor_blink", True)
