"""Findings in a word or a line, where a table has no room for more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.text import Text

from condatui.view_models import tones
from condatui.view_models.signs import Signs
from condatui_core.printable import printable
from condatui_core.records.environment import Environment
from condatui_core.records.finding import Finding, Severity


def findings_label(findings: Sequence[Finding], signs: Signs) -> Text:
    """Each kind of finding once, by sign and id, in the order given: `✗ missing files ! pip over conda ×2`."""
    uses = Counter(finding.id for finding in findings)
    kinds: dict[str, Severity] = {finding.id: finding.severity for finding in reversed(findings)}
    label = Text()
    for kind, count in uses.items():
        severity = kinds[kind]
        words = kind.replace("-", " ") + (f" x{count}" if count > 1 else "")
        label.append(f"{' ' if label else ''}{signs.of(severity)} {printable(words)}", tones.tone(severity))
    return label


def gravest_message(environment: Environment, signs: Signs) -> Text:
    """What is wrong with an environment that is none any more, in a sentence."""
    if not environment.findings:
        return Text(environment.state, tones.ERROR)
    gravest = environment.findings[0]
    return Text(f"{signs.of(gravest.severity)} {printable(gravest.message)}", tones.tone(gravest.severity))
