"""A check of an environment is no use of it: who has not used it for a year still has not."""

from __future__ import annotations

import os
from datetime import datetime, timedelta, timezone
from pathlib import Path

from condatui_core.gpu.check import GpuCheck
from condatui_core.prefixes.reader import PrefixReader
from condatui_core.records.environment import Environment, LastUsed
from condatui_core.records.gpu import Driver
from condatui_core.settings import Locations, Settings
from condatui_sandbox import Sandbox
from support.fake_torch import WORKING, real_environment

A_YEAR_AGO = datetime(2025, 5, 20, tzinfo=timezone.utc)


def now() -> datetime:
    return datetime.now(timezone.utc)


def tomorrow() -> datetime:
    return now() + timedelta(hours=20)


async def test_a_check_does_not_make_an_environment_look_used(sandbox: Sandbox, tmp_path: Path) -> None:
    prefix = real_environment(sandbox, tmp_path)
    WORKING.install(prefix)
    interpreter = prefix / "bin" / "perl"  # stands for what is run: where python lies depends on the machine
    interpreter.write_text("")
    for path in (prefix, *prefix.rglob("*")):
        os.utime(path, (A_YEAR_AGO.timestamp(), A_YEAR_AGO.timestamp()), follow_symlinks=False)
    locations = Locations(home=tmp_path, config=tmp_path, cache=tmp_path / "cache", state=tmp_path / "state")

    def last_used() -> LastUsed | None:
        return PrefixReader(locations.prefix_cache, now, own_uses=locations.own_uses).read(str(prefix)).last_used

    async def ask(_environ: object) -> Driver:
        return Driver()

    before = last_used()
    assert before is not None
    assert before.at.year == A_YEAR_AGO.year
    environment = Environment(name="env", prefix=str(prefix), last_used=before)
    environ = {"PATH": os.environ["PATH"]}
    check = GpuCheck(Settings(), locations, environ=environ, clock=now, ask_driver=ask, platform="linux")
    told = [each async for each in check.check([environment])]
    os.utime(interpreter, (now().timestamp(), A_YEAR_AGO.timestamp()))  # as the kernel notes it where it does

    assert told
    assert last_used() == before
    later = GpuCheck(Settings(), locations, environ=environ, clock=tomorrow, ask_driver=ask, platform="linux")
    assert [each async for each in later.check([environment])]
    assert last_used() == before, "the kernel notes only the first of several reads"
