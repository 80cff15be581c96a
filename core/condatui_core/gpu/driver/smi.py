"""nvidia-smi, asked for fields: its banner changes from driver to driver."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence

from condatui_core.records.gpu import Device

_MIB = 1 << 20
_FIELDS = (
    "index",
    "uuid",
    "name",
    "driver_version",
    "memory.total",
    "memory.free",
    "mig.mode.current",
    "compute_mode",
    "compute_cap",
)
_OLDER = _FIELDS[:-1]
"""What a driver before 510 knows."""
_UNKNOWN_FIELD = "not a valid field"


def smi_argv(executable: str, *, older: bool = False) -> tuple[str, ...]:
    """The query; `older` is for drivers that do not know the compute capability."""
    fields = ",".join(_OLDER if older else _FIELDS)
    return (executable, f"--query-gpu={fields}", "--format=csv,noheader,nounits")


def is_too_new(text: str) -> bool:
    """Whether nvidia-smi says that it does not know one of the fields."""
    return _UNKNOWN_FIELD in text


def parse_smi(text: str) -> tuple[tuple[Device, ...], str]:
    """Read its answer: the devices, and the version of the driver; lines that are none are passed over."""
    rows = [row for row in csv.reader(text.splitlines(), skipinitialspace=True) if len(row) >= len(_OLDER)]
    return tuple(_devices(rows)), rows[0][3].strip() if rows else ""


def _devices(rows: Sequence[Sequence[str]]) -> Iterator[Device]:
    for row in rows:
        index, uuid, name, _, total, free, mig, mode, *capability = (each.strip() for each in row)
        if index.isdigit():
            yield Device(
                index=int(index),
                uuid=uuid,
                name=name,
                capability=_capability(capability[0]) if capability else None,
                memory_bytes=int(total) * _MIB if total.isdigit() else None,
                free_bytes=int(free) * _MIB if free.isdigit() else None,
                mig=mig == "Enabled",
                compute_mode="" if mode.startswith("[") else mode,
            )


def _capability(text: str) -> tuple[int, int] | None:
    major, _, minor = text.partition(".")
    return (int(major), int(minor)) if major.isdigit() and minor.isdigit() else None
