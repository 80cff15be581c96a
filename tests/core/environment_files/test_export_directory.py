"""A directory of exports: names of files, how condatui knows its own, and the index."""

from __future__ import annotations

import json
import os

import pytest

from condatui_core.environment_files.export import ExportText, check_file_name
from condatui_core.environment_files.export_directory import (
    Index,
    file_content,
    file_names,
    index_row,
    is_own_file,
    merged_index,
    read_index,
)
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.prefix import PrefixContents
from condatui_core.records.request import ExportFormat
from support.inventories import package, pip_package

FORMATS: tuple[ExportFormat, ...] = ("yaml", "json", "explicit", "requirements", "conda-lock")


def _names(*prefixes: str, form: ExportFormat = "yaml") -> list[str]:
    environments = [Environment(prefix=each, name=os.path.basename(each)) for each in prefixes]
    names = file_names(environments, form)
    assert list(names) == sorted(prefixes)
    assert len({each.casefold() for each in names.values()}) == len(prefixes)
    assert names == file_names(reversed(environments), form)
    return [names[each] for each in prefixes]


def test_a_file_has_the_name_of_its_environment() -> None:
    assert _names("/opt/conda/envs/nlp", "/opt/conda/envs/vision") == ["nlp.yml", "vision.yml"]


def test_environments_of_one_name_are_told_apart_by_where_they_lie() -> None:
    assert _names("/a/conda/envs/nlp", "/a/mamba/envs/nlp", "/a/conda/envs/x") == [
        "conda-nlp.yml",
        "mamba-nlp.yml",
        "x.yml",
    ]
    assert _names("/a/work/env", "/b/work/env") == ["a-work-env.yml", "b-work-env.yml"]
    assert _names("/a/NLP", "/b/nlp") == ["a-NLP.yml", "b-nlp.yml"]
    assert _names("/a/b/c", "/a/b-c", "/x/c") == ["a-b-c-2.yml", "a-b-c.yml", "x-c.yml"]


def test_what_says_nothing_is_named_by_the_directory_above_it_too() -> None:
    assert _names("/home/ada/work/segmentation/env", "/home/ada/lab/.pixi/envs/default", "/home/ada/nlp/.venv") == [
        "segmentation-env.yml",
        "lab-default.yml",
        "nlp-.venv.yml",
    ]
    assert _names("/a/work/env", "/b/work/env", "/c/other/env") == ["a-work-env.yml", "b-work-env.yml", "other-env.yml"]
    assert _names("/env") == ["env.yml"]


def test_bases_are_told_apart_by_their_installations() -> None:
    bases = [Environment(prefix=each, name="base", base=True) for each in ("/a/conda", "/a/mamba")]
    assert list(file_names(bases, "yaml").values()) == ["conda-base.yml", "mamba-base.yml"]
    assert list(file_names(bases[:1], "yaml").values()) == ["base.yml"]


def test_what_no_file_may_be_called_is_made_safe_and_stays_distinct() -> None:
    assert _names("/e/a b", "/e/-rf", "/e/.venv", "/e/caf\udce9", "/e/größe", "/e/a|b") == [
        "e-a_b.yml",
        "rf.yml",
        "e-.venv.yml",
        "caf_.yml",
        "größe.yml",
        "e-a_b-2.yml",
    ]
    one, two = _names(f"/e/{'長' * 70}a", f"/e/{'長' * 70}b")
    assert max(len(each.encode()) for each in (one, two)) < 150


@pytest.mark.parametrize("form", FORMATS)
def test_no_name_stands_for_a_file_of_another_kind(form: ExportFormat) -> None:
    for name in _names("/e/conda-lock", "/e/package", "/e/x.conda-lock", "/e/meta", "/e/requirements", form=form):
        check_file_name(name, form)


@pytest.mark.parametrize("form", FORMATS)
def test_condatui_knows_what_it_has_written(form: ExportFormat) -> None:
    text = json.dumps({"name": "größe", "channels": [], "dependencies": []}, indent=2, ensure_ascii=False) + "\n"
    assert is_own_file(file_content(ExportText(text=text if form == "json" else "a=1.0\n"), form))
    assert is_own_file(Index().text().encode())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "name: x\n",
        "# Written by hand\n",
        "{}",
        "[" * 100_000,
        '{"name": "x", "channels": [], "dependencies": []}',
        json.dumps({"name": "x", "channels": [], "dependencies": [], "prefix": "/x"}, indent=2) + "\n",
    ],
)
def test_condatui_does_not_take_for_its_own_what_others_wrote(text: str) -> None:
    assert not is_own_file(text.encode())


def _row(name: str, file: str, *packages: str) -> str:
    contents = PrefixContents(packages=tuple(map(package, packages)), distributions=(pip_package("einops"),))
    return index_row(Environment(prefix=f"/e/{name}", name=name), contents, ChannelConfig(), file)


def test_an_index_is_read_as_it_was_written_whatever_its_names() -> None:
    rows = {each: _row(f"a|b [{each}](x) <b>", each, "python") for each in ("größe.yml", "a_b.yml", "x-2.yml")}
    index = Index(rows, {"old.yml": _row("old", "old.yml")})
    assert read_index(index.text()) == index
    assert Index(dict(reversed(rows.items())), index.gone).text() == index.text()


def test_rows_of_other_formats_stay_and_those_of_lost_files_go() -> None:
    former = Index({each: _row(each, each) for each in ("a.yml", "b.yml", "c.yml", "a.json")})
    exists = frozenset({"a.yml", "b.yml", "a.json"})
    new = {"a.yml": _row("a.yml", "a.yml", "numpy")}
    part = merged_index(former, new, "yaml", complete=False, exists=exists)
    assert (list(part.gone), sorted(part.present), part.present["a.yml"]) == (
        [],
        ["a.json", "a.yml", "b.yml"],
        new["a.yml"],
    )
    whole = merged_index(former, new, "yaml", complete=True, exists=exists)
    assert (sorted(whole.present), list(whole.gone)) == (["a.json", "a.yml"], ["b.yml"])
    back = merged_index(whole, {"b.yml": _row("b", "b.yml")}, "yaml", complete=False, exists=exists)
    assert (sorted(back.present), list(back.gone)) == (["a.json", "a.yml", "b.yml"], [])
