"""conda's word counts for nothing: it says too much, nothing, or what is not so, and the disk decides."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from condatui_core.actions.remove import perform as remove_perform
from condatui_core.actions.remove import plan as remove_plan
from condatui_core.actions.remove import recover as remove_recover
from condatui_core.actions.restore import perform as restore_perform
from condatui_core.actions.restore import plan as restore_plan
from condatui_core.actions.restore import recover as restore_recover
from condatui_core.errors import CondatuiError
from condatui_core.records.job import Outcome
from condatui_core.records.request import RemoveRequest, RestoreRequest
from support.plain_work import PlainWork
from support.prefixes import FakePrefix
from support.removals import RemovalMachine, cannot_set_aside
from support.tiers import thorough

_ERROR = (
    r"""printf '{"exception_name": "CondaMultiError", "error": "Multiple Errors Encountered.", "errors": []}\n\n'"""
)
_SUCCESS = """printf '{"success": true}'"""
_SAYINGS = {
    "nothing": "true",
    "an error and then success": f"{_ERROR}; {_SUCCESS}",
    "an error": _ERROR,
    "garbage": r"printf '\0\377\376 {\n[1, 2'; printf 'WARNING\n' >&2",
    "more than anybody reads": "yes '{' | head -c 3000000",
}
_LINK = """if [ "$1" = install ]; then
    mkdir -p "$3/lib" "$3/conda-meta"
    ln {package}/lib/libx.so "$3/lib/"
    cp {records}/*.json "$3/conda-meta/"
fi"""


@pytest.fixture
def machine(tmp_path: Path) -> RemovalMachine:
    return RemovalMachine(tmp_path)


async def removed(machine: RemovalMachine, prefix: FakePrefix) -> Outcome:
    request, context = RemoveRequest(prefixes=(str(prefix),)), machine.context()
    return await remove_perform.perform(await remove_plan.plan(request, context), request, context, PlainWork())


@pytest.mark.parametrize("saying", _SAYINGS.values(), ids=_SAYINGS)
async def test_what_was_not_put_back_is_not_back(machine: RemovalMachine, saying: str, tmp_path: Path) -> None:
    prefix = machine.make("nlp")
    package = machine.cache("libx")
    machine.install(prefix, package)
    records = tmp_path / "records"
    records.mkdir()
    for file in prefix.meta.glob("*.json"):
        (records / file.name).write_bytes(file.read_bytes())
    (point,) = (await removed(machine, prefix)).restore_points
    machine.conda(saying)
    request, context = RestoreRequest(id=point), machine.context()
    plan = await restore_plan.plan(request, context)
    with pytest.raises(CondatuiError):
        await restore_perform.perform(plan, request, context, PlainWork())
    assert not os.path.lexists(prefix.path) or not (prefix.path / "notes").exists()
    after = await restore_recover.recover(plan, request, "link", context)
    assert after.state != "done"
    if isinstance(after.way_out, RemoveRequest):
        await remove_perform.perform(
            await remove_plan.plan(after.way_out, context), after.way_out, context, PlainWork()
        )
    machine.conda(f"{_LINK.format(package=package, records=records)}\n{saying}")
    back = await restore_perform.perform(plan, request, context, PlainWork())
    assert back.findings == ()
    assert (prefix.path / "notes/todo.txt").read_text() == "of nlp"


@pytest.mark.parametrize("number", [60, *thorough([300])])
async def test_many_at_once(machine: RemovalMachine, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Of each, what is told is its own."""
    names = [f"e{each:03}" for each in range(number)]
    prefixes = {name: str(machine.make(name)) for name in names}
    stay = names[20:30]
    cannot_set_aside(monkeypatch, "e02.")
    request = RemoveRequest(prefixes=tuple(prefixes.values()), restore_point=False)
    context = machine.context()
    plan = await remove_plan.plan(request, context)
    title = (f"Remove {number} environments", (), f"remove {number}")
    assert (plan.title, plan.blockers, plan.confirm) == title
    outcome = await remove_perform.perform(plan, request, context, PlainWork())
    assert sorted(os.listdir(machine.envs)) == stay
    assert outcome.message.startswith(f"{number - 10} environments were removed")
    assert outcome.message.endswith(" 10 were not.")
    after = await remove_recover.recover(plan, request, "remove", context)
    left = [prefixes[each] for each in stay]
    assert (after.state, after.way_out) == ("half", RemoveRequest(prefixes=tuple(left)))
    assert machine.registry.read_text().splitlines() == left
