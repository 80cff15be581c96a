"""What a conda answered, and the JSON documents in it: sometimes two, sometimes with text before and between."""

from __future__ import annotations

import asyncio
import json
import re

from condatui_core.proc.runner import Answer

_START = re.compile(r'\{(?=\s*["}])|\[(?=\s*[]\["{\d\-tfn])')
"""An opening bracket and what may follow it in an object or an array."""
_DECODER = json.JSONDecoder()
_MOST_FAILURES = 1000
"""How many brackets may fail to open a document before the rest counts as junk."""
_LARGE = 1024 * 1024
"""Characters; parsing more than this would block the event loop noticeably, so it happens in a thread."""


class CondaAnswer(Answer, frozen=True, kw_only=True):
    """The answer of a command that ran to its end, with the JSON that it wrote."""

    documents: tuple[object, ...] = ()
    """The JSON documents in stdout, in order."""


async def with_documents(answer: Answer) -> CondaAnswer:
    """Parse the JSON that a command wrote; a long output is parsed in a thread."""
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
    """Find all JSON objects and arrays in the output of a process, and skip the text between them.

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
    """The document that begins at `start`, if there is one, and the index where it ends."""
    try:
        document, end = _DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        return (), error.pos
    except (ValueError, RecursionError):  # a number with thousands of digits, or arrays nested thousands deep
        return (), start
    return (document,), end
