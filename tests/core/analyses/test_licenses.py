"""License expressions, and whether what is under them may be used."""

from __future__ import annotations

import pytest

from condatui_core.analyses.licenses import may_be_used


@pytest.mark.parametrize(
    ("expression", "allowed"),
    [
        ("MIT", True),
        ("GPL-3.0-only", False),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("MIT and BSD 3-clause", True),
        ("GPL-3.0-only OR MIT AND BSD 3-clause", True),
        ("(GPL-3.0-only OR MIT) AND BSD 3-clause", True),
        ("(GPL-3.0-only OR MIT) AND GPL-2.0-only", False),
        ("GPL-3.0-only WITH GCC-exception-3.1", False),
        ("(MIT", False),
        ("MIT OR", False),
        ("", False),
        ("(" * 5000 + "MIT", False),
    ],
)
def test_and_needs_both_and_or_leaves_the_choice(expression: str, allowed: bool) -> None:
    """What is no expression is one license by that whole name."""
    assert may_be_used(expression, {"MIT", "BSD 3-clause"}.__contains__) is allowed


def test_a_license_with_an_exception_is_one_of_its_own() -> None:
    assert may_be_used("GPL-3.0-only WITH GCC-exception-3.1 AND MIT", lambda name: name != "GPL-3.0-only")
