"""A restore point of an environment that stays: consistent, cheap, and with its reason."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.actions.checkpoint import make_checkpoint, subject_of
from condatui_core.actions.restore.listing import restore_points
from condatui_core.errors import RefusedError
from condatui_core.records.restore_point import Occasion
from condatui_core.restore_points import create
from condatui_core.restore_points.archive import write_archive
from support.plain_work import PlainWork
from support.removals import RemovalMachine
from support.sandboxes import manifest


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


async def test_it_leaves_the_environment_alone_and_says_why_it_was_made(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    machine.install(prefix, machine.cache("libx", size=600_000))
    before, context = manifest(prefix.path), machine.context()
    occasion = Occasion(change="update", like="/envs/nlp-base")
    made = make_checkpoint(subject_of(str(prefix), context, occasion), context, PlainWork(), limited=True)
    assert manifest(prefix.path) == before
    assert [each.name for each in made.point.needed] == ["libx"], "what conda can put back is not stored"
    (summary,) = await restore_points(context)
    assert (summary.id, summary.occasion, summary.exists) == (made.point.id, occasion, True)
    assert summary.why == "before an update to be like nlp-base"
    assert summary.bytes < 100_000


async def test_it_is_refused_if_the_environment_changes_meanwhile(
    machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = machine.make("nlp")

    def write_meanwhile(*arguments: object) -> dict[str, str]:
        digests = write_archive(*arguments)  # type: ignore[arg-type]
        prefix.write("came.txt", "meanwhile")
        return digests

    monkeypatch.setattr(create, "write_archive", write_meanwhile)
    context = machine.context()
    subject = subject_of(str(prefix), context, Occasion(change="request"))
    with pytest.raises(RefusedError, match="is being changed right now"):
        make_checkpoint(subject, context, PlainWork(), limited=True)
    assert machine.point_ids() == []


async def test_it_is_refused_if_it_is_larger_than_agreed(machine: RemovalMachine) -> None:
    prefix = machine.make("nlp")
    prefix.write("data.bin", os.urandom(5000))
    context = machine.context(restore_point_bytes=1000)
    subject = subject_of(str(prefix), context, Occasion(change="update", like="/envs/base"))
    with pytest.raises(RefusedError, match="that conda could not put back") as refused:
        make_checkpoint(subject, context, PlainWork(), limited=True)
    assert refused.value.advice == "Plan it again, and it asks."
    assert machine.point_ids() == []
    assert make_checkpoint(subject, context, PlainWork(), limited=False).point.id in machine.point_ids()
