"""The columns of place 1 keep their places while what they show is found out."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App, ComposeResult

from condatui.view_models.environments.filter_fields import Costs
from condatui.view_models.environments.rows import EnvironmentsModel
from condatui.view_models.glyphs import UNICODE
from condatui.view_models.gpu import GpuState
from condatui.widgets.virtual_table import VirtualTable
from condatui_core.records.disk import Cost
from condatui_core.records.environment import Environment
from support.gpu_facts import no_torch, result, static
from support.inventories import NOW, environment, finding, loaded, package, research
from support.pilots import screen_lines

READ = (
    loaded("hubmap-organ-segmentation-004", [package("numpy")], python="3.9.13", managed_bytes=61_000_000),
    research(),
)
NAMES = tuple(environment(each.name) for each in READ)
COSTS = {
    READ[0].prefix: Cost(total=61_000_000, frees=5_400_000, inodes=8_100),
    READ[1].prefix: Cost(total=4_100_000_000, frees=410_000_000, inodes=81_000),
}
GPUS = GpuState(results={READ[0].prefix: no_torch(READ[0].prefix), READ[1].prefix: result(READ[1].prefix, static())})


class _Table(App[None]):
    CSS = "VirtualTable { scrollbar-size: 0 0; }"

    def compose(self) -> ComposeResult:
        yield VirtualTable(UNICODE)


def _model(
    environments: Sequence[Environment], costs: Costs | None = None, gpus: GpuState | None = None
) -> EnvironmentsModel:
    return EnvironmentsModel(environments, now=NOW, costs=costs or {}, gpus=gpus or GpuState())


async def _headers(width: int, *models: EnvironmentsModel) -> list[str]:
    """The line of titles, with each model in turn."""
    app, headers = _Table(), []
    async with app.run_test(size=(width, 6)) as pilot:
        for model in models:
            app.query_one(VirtualTable).set_model(model)
            await pilot.pause()
            headers.append(screen_lines(app)[0])
    return headers


async def test_where_there_is_room_no_column_moves_while_the_facts_come() -> None:
    stages = (_model(NAMES), _model((READ[0], NAMES[1])), _model(READ), _model(READ, COSTS), _model(READ, COSTS, GPUS))
    headers = await _headers(160, *stages)
    assert set(headers) == {headers[0]}
    assert "gpu" in headers[0]


async def test_no_number_moves_where_there_is_room_for_numbers_alone() -> None:
    named, read, measured = await _headers(132, _model(NAMES), _model(READ), _model(READ, COSTS, GPUS))
    assert named.index("channels") == measured.index("channels")
    assert read == measured


async def test_what_is_kept_for_channels_goes_to_findings_that_need_it() -> None:
    long = finding(label="a package of conda was replaced by one of pip that is older")
    plain = loaded("plain", [package("numpy")], python="3.11.9", findings=(long,))
    looked_at = GpuState(results={plain.prefix: no_torch(plain.prefix)})
    headers = await _headers(120, _model((environment("plain"),)), _model((plain,)), _model((plain,), gpus=looked_at))
    starts = [header.index("findings") for header in headers]
    assert starts[0] == starts[1]  # until everything is known
    assert starts[2] < starts[1]


async def test_a_machine_without_gpu_frameworks_loses_their_column_once_that_is_known() -> None:
    without = GpuState(results={each.prefix: no_torch(each.prefix) for each in READ})
    looking, known = await _headers(160, _model(READ, COSTS), _model(READ, COSTS, without))
    assert "gpu" in looking
    assert looking.replace("gpu    ", "") == known
