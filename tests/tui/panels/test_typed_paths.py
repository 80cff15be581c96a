"""Paths that are typed into a form: where `~` leads, and where all others begin."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest

from condatui.panels.forms import FormPaths
from condatui.services.comparer import chosen_file
from condatui_core.errors import UsageError

ME = pwd.getpwuid(os.geteuid())
WHERE = FormPaths(home=Path("/given"), directory=Path("/work"))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("~/a.yml", "/given/a.yml"),
        (" ~/a b.yml ", "/given/a b.yml"),
        (f"~{ME.pw_name}/a.yml", os.path.join(ME.pw_dir, "a.yml")),
        ("~no-such-user/a.yml", "/work/~no-such-user/a.yml"),
        ("a.yml", "/work/a.yml"),
        ("/a.yml", "/a.yml"),
    ],
)
def test_an_export_goes_where_it_was_typed(typed: str, meant: str) -> None:
    assert WHERE.path(typed) == meant


def test_what_is_suggested_leads_back_to_its_directory() -> None:
    where = FormPaths(home=Path("/given"), directory=Path("/given/work"))
    assert where.path(where.suggested("a.yml")) == "/given/work/a.yml"


def test_a_comparison_goes_where_it_was_typed() -> None:
    assert chosen_file("~/a.md", Path("/given")) == Path("/given/a.md")
    assert chosen_file(f"~{ME.pw_name}/a.csv", Path("/given")) == Path(ME.pw_dir, "a.csv")
    with pytest.raises(UsageError):
        chosen_file("~", Path("/given"))
