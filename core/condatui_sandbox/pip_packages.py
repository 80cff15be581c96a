"""Create the wheels and projects that pip installs in the sandbox, without any index."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

from condatui_sandbox.layout import Interpreter, Layout, run_process
from condatui_sandbox.packages import MadeDistribution, PackageFile, dist_info, module_files

NEW_NUMPY = "2.0.2"
"""The version of numpy with which pip replaces conda's."""

_FROM_INDEX = (("einops", "0.8.0"), ("timm", "1.0.12"), ("lightning-utilities", "0.11.9"))
_FROM_GIT = ("trl", "0.13.0.dev0")
_FROM_WHEEL = ("lab-metrics", "0.3.1")
_FROM_DIRECTORY = "labtools"
_EDITABLE = "segtools"
_GIT_ORIGIN = {
    "url": "https://github.com/huggingface/trl.git",
    "vcs_info": {"vcs": "git", "requested_revision": "main", "commit_id": "5239b9462dd5a3ac6b2ba6d2d1e4f4a1b5ee6d4b"},
}

_PROJECT = """\
[project]
name = "{name}"
version = "0.4.0"

[build-system]
requires = []
build-backend = "backend"
backend-path = ["build"]
"""

_BACKEND = '''\
"""A build backend without dependencies: one module, one wheel."""

import zipfile
from pathlib import Path

NAME = "{name}"
INFO = "{name}-0.4.0.dist-info"


def _wheel(directory, files):
    files[INFO + "/METADATA"] = "Metadata-Version: 2.1\\nName: {name}\\nVersion: 0.4.0\\n"
    files[INFO + "/WHEEL"] = "Wheel-Version: 1.0\\nGenerator: backend\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n"
    files[INFO + "/RECORD"] = "".join(name + ",,\\n" for name in [*files, INFO + "/RECORD"])
    wheel = NAME + "-0.4.0-py3-none-any.whl"
    with zipfile.ZipFile(Path(directory) / wheel, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return wheel


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {{NAME + ".py": Path("src", NAME + ".py").read_text()}})


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return _wheel(wheel_directory, {{NAME + ".pth": str(Path("src").resolve()) + "\\n"}})
'''


def write_pip_sources(layout: Layout) -> None:
    """Write everything that pip will install."""
    for name, version in (*_FROM_INDEX, _FROM_GIT, ("numpy", NEW_NUMPY)):
        _write_wheel(_wheels(layout), name, version)
    _write_wheel(layout.sources, *_FROM_WHEEL)
    for name in (_FROM_DIRECTORY, _EDITABLE):
        _write_project(layout.sources / name, name)


def install_mixture(prefix: Path, layout: Layout, interpreter: Interpreter) -> None:
    """Install packages of every origin that pip knows: an index, git, a wheel, a directory, an editable project."""
    wheel = layout.sources / _wheel_name(*_FROM_WHEEL)
    names = [f"{name}=={version}" for name, version in (*_FROM_INDEX, _FROM_GIT)]
    projects = [str(layout.sources / _FROM_DIRECTORY), "--editable", str(layout.sources / _EDITABLE)]
    _pip_install(prefix, layout, *names, str(wheel), *projects)
    _claim_git_origin(prefix / interpreter.site_packages)


def replace_numpy(prefix: Path, layout: Layout) -> None:
    """Let pip replace conda's numpy, as `pip install -U` does without conda noticing."""
    _pip_install(prefix, layout, f"numpy=={NEW_NUMPY}")


def _pip_install(prefix: Path, layout: Layout, *arguments: str) -> None:
    options = ["--quiet", "--no-index", "--no-deps", "--no-cache-dir", "--disable-pip-version-check"]
    options += ["--root-user-action=ignore", "--find-links", str(_wheels(layout))]
    run_process([str(prefix / "bin" / "python"), "-m", "pip", "install", *options, *arguments], layout)


def _claim_git_origin(site_packages: Path) -> None:
    """Write the file that pip writes after an install from git, which would need a network."""
    name, version = _FROM_GIT
    folder = site_packages / MadeDistribution(name, version).folder
    (folder / "direct_url.json").write_text(json.dumps(_GIT_ORIGIN), encoding="utf-8")
    with (folder / "RECORD").open("a", encoding="utf-8") as record:
        record.write(f"{folder.name}/direct_url.json,,\n")


def _wheels(layout: Layout) -> Path:
    return layout.directory / "wheels"


def _wheel_name(name: str, version: str) -> str:
    return f"{name.replace('-', '_')}-{version}-py3-none-any.whl"


def _write_wheel(directory: Path, name: str, version: str) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    module = name.replace("-", "_")
    files: list[PackageFile] = list(module_files("", module, version, count=12, size=96 * 1024))
    info = dist_info(MadeDistribution(name, version, installer=""), "", files)
    with zipfile.ZipFile(directory / _wheel_name(name, version), "w") as archive:
        for file in (*files, *info):
            archive.writestr(file.path.lstrip("/"), file.content)


def _write_project(directory: Path, name: str) -> None:
    texts = {
        "pyproject.toml": _PROJECT.format(name=name),
        "build/backend.py": _BACKEND.format(name=name),
        f"src/{name}.py": f'"""{name}."""\n\n__version__ = "0.4.0"\n',
    }
    for path, text in texts.items():
        file = directory / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
