"""Exports as documents: environment.yml, and the same in JSON."""

from __future__ import annotations

import json
from typing import TypeAlias

from condatui_core.analyses.exports.holdings import Holdings
from condatui_core.printable import printable

_Dependency: TypeAlias = str | dict[str, list[str]]
_Section: TypeAlias = str | list[str] | list[_Dependency] | dict[str, str]


def yaml_text(held: Holdings) -> str:
    """Write environment.yml. What is pinned, for which it has no place, stands in comments above."""
    import yaml  # noqa: PLC0415 - only who exports pays for it

    class Indented(yaml.SafeDumper):
        """Indents lists below their key, as conda does."""

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - yaml asks
            super().increase_indent(flow, False)

    def dump(*, as_it_is: bool) -> str:
        return str(
            yaml.dump(
                _document(held),
                Dumper=Indented,
                sort_keys=False,
                default_flow_style=False,
                allow_unicode=as_it_is,
                width=10_000,
            )
        )

    text = dump(as_it_is=True)
    return "".join(pinned_comments(held)) + (text if _harmless(text) else dump(as_it_is=False))


def json_text(held: Holdings) -> str:
    """Write the same as JSON."""
    text = json.dumps(_document(held), indent=2, ensure_ascii=False)
    return (text if _harmless(text) else json.dumps(_document(held), indent=2)) + "\n"


def pinned_comments(held: Holdings) -> list[str]:
    """Say what is pinned in lines that are comments everywhere."""
    if not held.pinned:
        return []
    return ["# Pinned, in conda-meta/pinned:\n", *(f"#   {printable(each)}\n" for each in held.pinned)]


def _harmless(text: str) -> bool:
    """Whether nothing in a text turns the screen of a terminal upside down; otherwise it has to be escaped."""
    return all(line == printable(line) for line in text.splitlines())


def _document(held: Holdings) -> dict[str, _Section]:
    dependencies: list[_Dependency] = [*held.specs]
    if held.pip:
        dependencies.append({"pip": [*held.pip]})
    document: dict[str, _Section] = {
        "name": held.name,
        "channels": [*held.channels],
        "dependencies": dependencies,
    }
    if held.variables:
        document["variables"] = dict(held.variables)
    return document
