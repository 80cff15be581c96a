"""The layers of the code as a diagram and tables, made from the import contracts in pyproject.toml."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli

ROOT = Path(__file__).parents[1]
_SIBLING = re.compile(r"\s*[|:]\s*")


@dataclass(frozen=True, slots=True)
class Layers:
    """A contract of layers: inside a package, a layer may import those below it and none above."""

    name: str
    containers: tuple[str, ...]
    layers: tuple[str, ...]
    """Top first. `|` stands between siblings that may not import each other, `:` where they may."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """A contract that keeps some packages from importing others."""

    name: str
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    exceptions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contracts:
    """All that `lint-imports` checks, in the order of pyproject.toml."""

    layers: tuple[Layers, ...]
    forbidden: tuple[Forbidden, ...]

    @staticmethod
    def read(text: str) -> Contracts:
        """Take the contracts out of the text of a pyproject.toml. Raises KeyError for one of another kind."""
        entries: list[dict[str, Any]] = tomli.loads(text)["tool"]["importlinter"]["contracts"]
        return Contracts(
            layers=tuple(
                Layers(each["name"], tuple(each["containers"]), tuple(each["layers"]))
                for each in entries
                if each["type"] == "layers"
            ),
            forbidden=tuple(
                Forbidden(
                    each["name"],
                    tuple(each["source_modules"]),
                    tuple(each["forbidden_modules"]),
                    tuple(each.get("ignore_imports", ())),
                )
                for each in entries
                if each["type"] != "layers"
            ),
        )


def layer_diagram(contracts: Contracts) -> str:
    """Draw the packages of the wheel as a Mermaid flowchart, and what holds inside and between them as tables."""
    return "\n\n".join((_flowchart(contracts.layers), _inner_table(contracts.layers), _forbidden_table(contracts)))


def _flowchart(contracts: Sequence[Layers]) -> str:
    """The import packages, the workbench above the core; an arrow means *may import*."""
    whole = sorted((each for each in contracts if "." not in each.containers[0]), key=lambda each: each.containers)
    lines = ["```mermaid", "flowchart TD"]
    for each in whole:
        lines += _subgraph(each)
    ends = [_node(each, at) for each, at in zip(whole, (len(each.layers) - 1 for each in whole), strict=True)]
    starts = [_node(each, 0) for each in whole]
    lines += [f"  {end} --> {start}" for end, start in zip(ends, starts[1:], strict=False)]
    return "\n".join((*lines, "```"))


def _subgraph(contract: Layers) -> Iterator[str]:
    package = contract.containers[0]
    yield f'  subgraph {package}["{package}: {contract.name}"]'
    for number, layer in enumerate(contract.layers):
        yield f'    {_node(contract, number)}["{_spelled(layer)}"]'
    nodes = (_node(contract, number) for number in range(len(contract.layers)))
    yield f"    {' --> '.join(nodes)}"
    yield "  end"


def _node(contract: Layers, number: int) -> str:
    return f"{contract.containers[0]}_{number}"


def _inner_table(contracts: Sequence[Layers]) -> str:
    rows = (
        (_codes(each.containers), " → ".join(_spelled(layer) for layer in each.layers))
        for each in contracts
        if "." in each.containers[0]
    )
    return _table(("inside", "layers, the one that may import all the others first"), rows)


def _forbidden_table(contracts: Contracts) -> str:
    rows = ((each.name, _codes(each.sources), _never(each)) for each in contracts.forbidden)
    return _table(("rule", "these", "never import"), rows)


def _never(contract: Forbidden) -> str:
    spared = f" (except {_codes(contract.exceptions)})" if contract.exceptions else ""
    return _codes(contract.targets) + spared


def _spelled(layer: str) -> str:
    """Siblings beside each other; one in brackets is only in some of the packages that the contract is about."""
    names = _SIBLING.split(layer)
    return " · ".join(f"{name[1:-1]} (where there is one)" if name.startswith("(") else name for name in names)


def _codes(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = (head, ["---"] * len(head), *rows)
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
