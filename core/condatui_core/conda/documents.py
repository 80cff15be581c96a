"""The JSON documents in what conda writes: sometimes two of them, sometimes with words before and between."""

from __future__ import annotations

import json
import re

_START = re.compile(r'\{(?=\s*["}])|\[(?=\s*[]\["{\d\-tfn])')
"""An opening bracket after which an object or an array may well go on."""
_DECODER = json.JSONDecoder()
_MOST_FAILURES = 1000
"""How many brackets may turn out to open nothing before the rest counts as junk."""


def parse_documents(output: bytes | bytearray) -> tuple[object, ...]:
    """Find all JSON objects and arrays in the bytes that a process wrote; what lies between them is left out.

    Never raises, and takes linear time on junk. Bytes that are no UTF-8 become surrogates, as os.fsdecode makes them.
    """
    # Under a terminal, conda separates progress objects by NUL and ends lines by CR LF; JSON has neither inside.
    text = output.decode("utf-8", "surrogateescape").replace("\0", "\n").replace("\r", "\n")
    documents: list[object] = []
    position = failures = scanned = 0
    while failures < _MOST_FAILURES and scanned <= 4 * len(text) and (start := _START.search(text, position)):
        found, end = _document_at(text, start.start())
        if found:
            documents.append(*found)
            position = end
        else:
            position = start.end()
            failures += 1
            scanned += end - start.start()
    return tuple(documents)


def _document_at(text: str, start: int) -> tuple[tuple[object, ...], int]:
    """The one document that begins here, if there is one, and how far it was read."""
    try:
        document, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return (), error.pos
    except (ValueError, RecursionError):  # a number of thousands of digits, arrays in thousands of arrays
        return (), start
    return (document,), end
