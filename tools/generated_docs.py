"""`make docs`: what the pages of docs/ say and the code knows, written from the code between two markers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from layer_diagram import ROOT, Contracts, layer_diagram
from settings_table import settings_table


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page that is written from the code."""

    page: Path
    name: str
    make: Callable[[], str]

    def written_into(self, text: str) -> str:
        """The page with this part as it should be. Raises ValueError if its markers are not there."""
        begin, end = f"<!-- {self.name}: written by `make docs` -->\n", f"<!-- end of {self.name} -->\n"
        before, found, rest = text.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"{self.page} has no markers for {self.name}")
        return f"{before}{begin}\n{self.make()}\n\n{end}{after}"


def _layers() -> str:
    return layer_diagram(Contracts.read((ROOT / "pyproject.toml").read_text(encoding="utf-8")))


SECTIONS = (
    Section(ROOT / "docs" / "architecture.md", "layers", _layers),
    Section(ROOT / "docs" / "settings.md", "settings", settings_table),
)


def main() -> None:
    """Write every section into its page."""
    for section in SECTIONS:
        text = section.written_into(section.page.read_text(encoding="utf-8"))
        section.page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
