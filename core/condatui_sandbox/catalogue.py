"""Read the packages of the sandbox from the table beside this file."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files

import msgspec
import yaml
from msgspec import Struct

from condatui_sandbox.layout import Interpreter


class CataloguePackage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One package of the table, for one interpreter."""

    name: str
    version: str
    build: str
    channel: str = ""
    """Such as `conda-forge` or `pkgs/main`."""
    subdir: str = "linux-64"
    depends: tuple[str, ...] = ()
    license: str = ""
    summary: str = ""
    dist: str = ""
    """The Python distribution it provides; empty if none."""
    module: str = ""
    """The module to import; by default the distribution's name with underscores."""
    libraries: tuple[str, ...] = ()
    """File names in `lib/`."""
    contents: str = ""
    """Its special contents: `python`, `pip`, `conda`, `torch`; empty for made-up contents."""
    cuda: str = ""
    """The CUDA version a torch was built for; empty for a CPU build."""
    archive: str = "conda"
    """The archive's suffix: `conda` or `tar.bz2`."""
    kb: int = 8
    """Kilobytes of its files."""
    files: int = 4
    """The number of Python files in the module."""

    @property
    def stem(self) -> str:
        """Name, version and build, as in file names."""
        return f"{self.name}-{self.version}-{self.build}"

    @property
    def file_name(self) -> str:
        """The archive's file name."""
        return f"{self.stem}.{self.archive}"

    @property
    def noarch_python(self) -> bool:
        """Whether conda installs its Python files into the site-packages of the environment's python."""
        return self.subdir == "noarch" and bool(self.dist)

    @property
    def build_number(self) -> int:
        """The number at the end of the build string; 0 if it has none."""
        parts = (part for part in reversed(self.build.split("_")) if part.isdigit())
        return int(next(parts, "0"))


def read_catalogue(interpreter: Interpreter, versions: Mapping[str, str]) -> tuple[CataloguePackage, ...]:
    """Read the table for an interpreter; `versions` fills its placeholders, such as `{conda}`."""
    table = files("condatui_sandbox").joinpath("catalogue.yaml").read_text(encoding="utf-8")
    channels: dict[str, list[dict[str, object]]] = yaml.safe_load(table)
    filled = {
        "{py}": f"py{interpreter.digits}",
        "{digits}": interpreter.digits,
        "{python}": interpreter.minor,
        "{full}": interpreter.version,
        **{f"{{{name}}}": version for name, version in versions.items()},
    }
    return tuple(_package(row, channel, filled, interpreter) for channel, rows in channels.items() for row in rows)


def _package(
    row: Mapping[str, object], channel: str, filled: Mapping[str, str], interpreter: Interpreter
) -> CataloguePackage:
    parsed = msgspec.convert({**row, "channel": channel}, CataloguePackage)
    noarch = parsed.subdir == "noarch" or parsed.build.startswith("pyh")
    depends: list[str] = []
    for spec in parsed.depends:
        depends += _python_bounds(interpreter, noarch=noarch) if spec == "python" else [_fill(spec, filled)]
    return msgspec.structs.replace(
        parsed,
        version=_fill(parsed.version, filled),
        build=_fill(parsed.build, filled),
        subdir="noarch" if noarch else parsed.subdir,
        depends=tuple(sorted(depends)),
        module=parsed.module or parsed.dist.replace("-", "_").lower(),
        summary=parsed.summary or f"The {parsed.dist or parsed.name} package",
    )


def _fill(text: str, filled: Mapping[str, str]) -> str:
    for place, value in filled.items():
        text = text.replace(place, value)
    return text


def _python_bounds(interpreter: Interpreter, *, noarch: bool) -> list[str]:
    if noarch:
        return ["python >=3.8"]
    major, minor = interpreter.minor.split(".")
    bounds = f"python >={interpreter.minor},<{major}.{int(minor) + 1}.0a0"
    return [bounds, f"python_abi {interpreter.minor}.* *_cp{interpreter.digits}"]
