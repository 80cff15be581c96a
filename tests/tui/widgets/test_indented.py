from __future__ import annotations

from rich.console import Console
from rich.text import Text

from condatui.widgets.line import wrap_indented


def wrapped(text: str, width: int) -> list[str]:
    return [line.plain for line in wrap_indented(Text(text), Console(), width)]


def test_what_does_not_fit_goes_on_further_in() -> None:
    assert wrapped("a\n  $ conda install --file explicit.txt --yes\nb", 28) == [
        "a",
        "  $ conda install --file ",
        "    explicit.txt --yes",
        "b",
    ]


def test_words_without_an_end_are_broken_and_nothing_is_lost() -> None:
    lines = wrapped(f"    {'x' * 100}", 30)
    assert all(len(line) <= 30 for line in lines)
    assert "".join(line.strip() for line in lines) == "x" * 100


def test_styles_stay_where_they_were() -> None:
    (first, second) = wrap_indented(Text.assemble("aaa bbb ", ("ccc ddd eee fff ggg", "bold")), Console(), 22)
    assert first.plain.strip() == "aaa bbb ccc ddd eee"
    assert [second.plain[span.start : span.end].strip() for span in second.spans] == ["fff ggg"]


def test_an_empty_line_stays() -> None:
    assert wrapped("a\n\nb", 10) == ["a", "", "b"]
