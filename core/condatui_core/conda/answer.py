"""What a conda answered, and the JSON documents in it: sometimes two, sometimes with words before and between."""

from __future__ import annotations

import asyncio
import json
import re

from condatui_core.proc.runner import Answer

_START = re.compile(r'\{(?=\s*["}])|\[(?=\s*[]\["{\d\-tfn])')
"""An opening bracket after which an object or an array may well go on."""
_DECODER = json.JSONDecoder()
_MOST_FAILURES = 1000
"""How many brackets may turn out to open nothing before the rest counts as junk."""
_LARGE = 1024 * 1024
"""Characters that would keep the event loop busy for long enough to be felt."""


class CondaAnswer(Answer, frozen=True, kw_only=True):
    """What came of a command that ran to its end, with the JSON that it wrote."""

    documents: tuple[object, ...] = ()
    """The JSON documents in stdout, in order."""


async def with_documents(answer: Answer) -> CondaAnswer:
    """Parse what a command wrote; much of it in a thread."""
    if len(answer.stdout) < _LARGE:
        documents = parse_documents(answer.stdout)
    else:
        documents = await asyncio.to_thread(parse_documents, answer.stdout)
    return CondaAnswer(
        argv=answer.argv,
        exit_code=answer.exit_code,
        stdout=answer.stdout,
        stderr=answer.stderr,
        milliseconds=answer.milliseconds,
        documents=documents,
    )


def parse_documents(output: str) -> tuple[object, ...]:
    """Find all JSON objects and arrays in what a process wrote; what lies between them is left out.

    Never raises, and takes linear time on junk.
    """
    # Under a terminal, conda separates progress objects by NUL and ends lines by CR LF; JSON has neither inside.
    text = output.replace("\0", "\n").replace("\r", "\n")
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
