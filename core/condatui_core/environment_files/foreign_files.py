"""Recognize files of other tools, so that they can be named for what they are."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping

from msgspec import Struct

from condatui_core.errors import UsageError


class Foreign(Struct, frozen=True):
    """A kind of file that does not list what an environment contains."""

    what: str
    """With its article: `a pixi.toml`."""
    instead: str = ""
    """What to compare instead, a sentence."""


HINT = (
    "These can be read: an environment.yml, an explicit list, a list of specs or requirements, a conda-lock.yml, "
    "a pixi.lock, and the JSON that condatui or conda has written about an environment."
)


def foreign_error(found: Foreign, file: str) -> UsageError:
    """The error that names a file for what it is."""
    return UsageError(f"This is {found.what}: it does not describe one environment.", file, found.instead or HINT)


# By text


_TOML = re.compile(r"\[\[?[A-Za-z0-9_.\"' -]+\]\]?\s*(?:#.*)?$|[A-Za-z0-9_-]+\s*=\s*[\"'\[{\d]")
_LOCKS_IN_TOML = {"poetry.lock": "a poetry.lock", "uv.lock": "a uv.lock", "pdm.lock": "a pdm.lock"}
_PIXI = Foreign("a manifest of pixi", "Compare its pixi.lock, which lists what pixi installs.")


def foreign_text(text: str, file_name: str) -> Foreign | None:
    """Recognize a file that is neither a list nor YAML nor JSON; None if it may be one."""
    first = next((line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")), "")
    if first.startswith("<"):
        return Foreign("an SBOM in XML" if "cyclonedx" in text[:2000].lower() else "a file in XML or HTML")
    if first.startswith("SPDXVersion:"):
        return Foreign("an SBOM (SPDX)")
    if first.startswith("==> "):
        return Foreign("the history of an environment", "Compare the environment itself, by its name or prefix.")
    if re.match(r"(?:FROM|ARG)\s+\S+", first):
        return Foreign("a Dockerfile")
    return _toml(text, file_name) if _TOML.match(first) else None


def _toml(text: str, file_name: str) -> Foreign | None:
    name = os.path.basename(file_name).lower()
    if name in _LOCKS_IN_TOML or re.search(r"^\[\[package\]\]", text, re.MULTILINE):
        return Foreign(_LOCKS_IN_TOML.get(name, "a lock file in TOML"))
    if name == "pixi.toml" or re.search(r"^\[(?:workspace|tool\.pixi\b)", text, re.MULTILINE):
        return _PIXI
    if name == "pyproject.toml" or re.search(r"^\[(?:build-system|project)\]", text, re.MULTILINE):
        return Foreign("a pyproject.toml")
    if name == "pipfile":
        return Foreign("a Pipfile")
    return Foreign("a file in TOML") if name.endswith(".toml") or text.lstrip().startswith("[") else None


# By the keys of a document, JSON or YAML


_BY_KEYS: tuple[tuple[frozenset[str], Foreign], ...] = (
    (frozenset({"bomFormat"}), Foreign("an SBOM (CycloneDX)")),
    (frozenset({"spdxVersion"}), Foreign("an SBOM (SPDX)")),
    (frozenset({"env_specs"}), Foreign("a file of anaconda-project", "Export one of its environments to compare it.")),
    (frozenset({"includes", "dependencies"}), Foreign("a file of conda-devenv", "Compare what it renders.")),
    (frozenset({"inputs", "devenv"}), Foreign("a file of devenv")),
    (frozenset({"repodata_version"}), Foreign("the index of a channel (repodata)")),
    (frozenset({"paths_data", "name"}), Foreign("conda's record of one package")),
    (frozenset({"files", "name", "build", "depends"}), Foreign("conda's record of one package")),
    (frozenset({"package", "requirements"}), Foreign("a recipe of conda-build")),
    (frozenset({"recipe", "context"}), Foreign("a recipe of rattler-build")),
    (
        frozenset({"text", "notes", "packages"}),
        Foreign("an export with its notes", "Compare its text, saved as a file."),
    ),
    (frozenset({"environments", "installations"}), Foreign("a list of environments")),
    (frozenset({"envs"}), Foreign("a list of environments")),
    (frozenset({"columns", "rows"}), Foreign("a comparison")),
    (frozenset({"devDependencies"}), Foreign("a package.json of npm")),
    (frozenset({"lockfileVersion"}), Foreign("a lock file of npm")),
    (frozenset({"packages-dev"}), Foreign("a lock file of Composer")),
    (frozenset({"_meta", "default"}), Foreign("a Pipfile.lock")),
    (frozenset({"services"}), Foreign("a file of Docker Compose")),
    (frozenset({"jobs", "on"}), Foreign("a workflow of GitHub Actions")),
    (frozenset({"repos"}), Foreign("a file of pre-commit")),
    (frozenset({"apiVersion", "kind"}), Foreign("a manifest of Kubernetes")),
    (frozenset({"channel_alias"}), Foreign("a configuration of conda")),
    (frozenset({"channel_priority"}), Foreign("a configuration of conda")),
)


def foreign_document(document: Mapping[str, object], file_name: str) -> Foreign | None:
    """Recognize a document by its keys, the table from the top; None if it may describe an environment."""
    known = next((found for keys, found in _BY_KEYS if keys <= document.keys()), None)
    if known is not None:
        return known
    if isinstance(document.get("dependencies"), dict):
        return Foreign("a package.json of npm" if file_name.endswith(".json") else "a manifest of another tool")
    if document.keys() <= {"channels", "default_channels"} and document:
        return Foreign("a configuration of conda")
    return None
