"""Byte code that holds with one mtime of its source and not with another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from condatui_core.prefixes.bytecode import holds_otherwise

SIZE, NOW, THEN = 5000, 1_600_000_000, 1_500_000_000
_CACHED, _BESIDE = "__pycache__/module.cpython-{}.pyc", "module.pyc"


def _words(*numbers: int) -> bytes:
    return b"".join(each.to_bytes(4, "little") for each in numbers)


HEADERS: dict[str, tuple[str, Callable[[int], bytes]]] = {
    "Python 3.12": (_CACHED.format(312), lambda time: _words(1, 0, time, SIZE)),
    "optimized": (_CACHED.format("312.opt-1"), lambda time: _words(1, 0, time, SIZE)),
    "Python 3.6": (_CACHED.format(36), lambda time: _words(1, time, SIZE, 0xE3)),
    "Python 2.7": (_BESIDE, lambda time: _words(1, time, 0x63)),
}


@pytest.mark.parametrize("python", HEADERS)
@pytest.mark.parametrize(("stated", "expected"), [(NOW, True), (THEN, True), (NOW + 1, False)])
def test_byte_code_that_begins_or_ceases_to_hold(python: str, stated: int, expected: bool, tmp_path: Path) -> None:
    path, header = HEADERS[python]
    compiled, source = tmp_path / path, str(tmp_path / "module.py")
    compiled.parent.mkdir(exist_ok=True)
    compiled.write_bytes(header(stated) + b"code")
    assert holds_otherwise(source, (NOW * 10**9, THEN * 10**9), size=SIZE) is expected
    assert not holds_otherwise(source, (NOW * 10**9, NOW * 10**9 + 5), size=SIZE)
    assert not holds_otherwise(str(tmp_path / "module.so"), (NOW * 10**9, THEN * 10**9), size=SIZE)


def test_byte_code_by_hash_or_of_another_size_or_source_does_not_matter(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / _CACHED.format(310)).write_bytes(_words(1, 1, NOW, SIZE))
    (tmp_path / _CACHED.format(311)).write_bytes(_words(1, 0, NOW, SIZE + 1))
    (tmp_path / "__pycache__/modules.cpython-312.pyc").write_bytes(_words(1, 0, NOW, SIZE))
    assert not holds_otherwise(str(tmp_path / "module.py"), (NOW * 10**9, THEN * 10**9), size=SIZE)
