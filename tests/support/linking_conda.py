"""A conda that links packages from its cache at once: it solves nothing, but takes specs at their word.

Run as a program: `python linking_conda.py ROOT ARGUMENTS…`. The records that it writes are those of the other
environments of its root prefix.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any


def main(root: Path, arguments: Sequence[str]) -> None:
    """Do what the arguments say, or say what would be done."""
    prefix = Path(arguments[arguments.index("-p") + 1])
    if arguments[0] == "list":
        sys.stdout.write("".join(["@EXPLICIT\n", *(f"{each['url']}#{each['md5']}\n" for each in _records(prefix))]))
        return
    wanted = [*_of_file(arguments), *_of_specs(arguments)]
    going = [each for each in _records(prefix) if each["name"] in {name for name, *_ in wanted}]
    if "--dry-run" in arguments:
        added = [dict(zip(("name", "version", "build_string"), each, strict=True)) for each in wanted]
        removed = [{**each, "build_string": each["build"]} for each in going]
        sys.stdout.write(json.dumps({"success": True, "actions": {"LINK": added, "UNLINK": removed}}))
        return
    for record in going:
        _unlink(prefix, record)
    for package in wanted:
        _link(root, prefix, "-".join(package))
    with (prefix / "conda-meta/history").open("a") as history:
        history.write(f"==> 2026-05-01 12:00:00 <==\n# update specs: {[name for name, *_ in wanted]}\n")
    sys.stdout.write('{"success": true}')


def _of_specs(arguments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Name, version and build of each spec."""
    specs = arguments[arguments.index("--") + 1 :] if "--" in arguments else ()
    return (tuple(each.rpartition("::")[2].split("=")) for each in specs)


def _of_file(arguments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The same of each line of an explicit file."""
    if "--file" in arguments:
        lines = Path(arguments[arguments.index("--file") + 1]).read_text().split()
        names = (each.partition("#")[0].rpartition("/")[2].removesuffix(".conda") for each in lines[1:])
        yield from (tuple(each.rsplit("-", 2)) for each in names)


def _records(prefix: Path) -> Iterable[dict[str, Any]]:
    return [json.loads(each.read_bytes()) for each in prefix.glob("conda-meta/*.json")]


def _link(root: Path, prefix: Path, stem: str) -> None:
    record = next(root.glob(f"envs/*/conda-meta/{stem}.json"))
    package = root / "pkgs" / stem
    for path in json.loads(record.read_bytes())["files"]:
        target = prefix / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if package.is_dir():
            os.link(package / path, target)
        else:  # it is downloaded
            shutil.copy2(record.parents[1] / path, target)
    shutil.copyfile(record, prefix / "conda-meta" / record.name)


def _unlink(prefix: Path, record: Mapping[str, Any]) -> None:
    for path in record["files"]:
        (prefix / path).unlink()
    (prefix / "conda-meta" / f"{record['name']}-{record['version']}-{record['build']}.json").unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
