"""Print the results of GPU checks for people."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from condatui.cli.invocation import Invocation
from condatui.cli.pages.tables import Printer
from condatui.view_models import styles
from condatui.view_models.format import spell_age
from condatui.view_models.glyphs import Glyphs
from condatui.view_models.gpu import advice, gpu_sign, gpu_tone, machine_line
from condatui.view_models.table import TableColumn
from condatui_core.records.environment import Environment
from condatui_core.records.gpu import Driver, FrameworkResult, GpuResult
from condatui_core.text import counted, sanitize

_Row = tuple[Environment, GpuResult, FrameworkResult]


class _Results:
    """One row for each framework of each environment."""

    columns = (
        TableColumn("class", "", 1),
        TableColumn("name", "name", 60, flexible=True),
        TableColumn("framework", "framework", 30, priority=1),
        TableColumn("build", "built for", 9, priority=2),
        TableColumn("checked", "checked", 9, priority=3),
        TableColumn("verdict", "verdict", 200, flexible=True, cut="end"),
    )

    def __init__(self, rows: Sequence[_Row], now: datetime, glyphs: Glyphs) -> None:
        self._rows = rows
        self._now = now
        self._glyphs = glyphs

    def __len__(self) -> int:
        return len(self._rows)

    def key(self, index: int) -> str:
        environment, _, framework = self._rows[index]
        return f"{environment.prefix} {framework.framework}"

    def cells(self, index: int) -> tuple[Text, ...]:
        environment, result, framework = self._rows[index]
        verdict = framework.verdict
        installed = verdict.kind != "absent"
        untried = verdict.kind == "works" and verdict.preliminary
        return (
            Text("" if untried else gpu_sign(verdict.kind, self._glyphs), gpu_tone(verdict.kind)),
            Text(sanitize(environment.name)),
            Text(sanitize(f"{framework.framework} {framework.version}".strip()) if installed else ""),
            Text(sanitize(f"CUDA {framework.build_cuda}") if framework.build_cuda else ""),
            Text(spell_age(result.at, self._now) if result.from_cache else "", styles.DIM),
            Text(sanitize(verdict.message), gpu_tone(verdict.kind)),
        )


def print_gpu(
    invocation: Invocation, driver: Driver, checked: Sequence[tuple[Environment, GpuResult]], *, everything: bool
) -> None:
    """Print the machine in one line, a row for each framework, and what to do about those that do not work.

    Without `everything`, environments without a framework are only counted.
    """
    printer = Printer(ascii_only=invocation.settings.ascii)
    rows = [(environment, result, each) for environment, result in checked for each in (result.main, *result.others)]
    shown = [row for row in rows if everything or row[2].verdict.kind != "absent"]
    printer.text(machine_line(driver, printer.glyphs))
    if shown:
        printer.text(Text())
        printer.table(_Results(shown, invocation.clock(), printer.glyphs))
    for lines, names in _advice(shown, printer.glyphs, everything=everything):
        printer.text(Text(f"\n{', '.join(names)}", styles.STRONG))
        printer.text(Text("\n").join(Text("  ").append_text(line) for line in lines))
    if left := len(rows) - len(shown):
        others = counted(left, "environment has", "environments have")
        printer.text(Text(f"\n{others} none of these frameworks.", styles.DIM))


def _advice(rows: Sequence[_Row], glyphs: Glyphs, *, everything: bool) -> list[tuple[list[Text], list[str]]]:
    """Complete verdicts with what to do, and the environments that they concern."""
    helped: dict[str, tuple[list[Text], list[str]]] = {}
    for environment, _, framework in rows:
        verdict = framework.verdict
        lines = [Text(sanitize(verdict.message)), *advice(verdict, glyphs, evidence=everything)]
        if everything or (verdict.kind != "works" and len(lines) > 1):
            _, names = helped.setdefault("\n".join(line.plain for line in lines), (lines, []))
            names.append(sanitize(environment.name))
    return list(helped.values())
