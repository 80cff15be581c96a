"""What an environment consists of as a bill of materials: CycloneDX 1.6 in JSON, made by the library of CycloneDX.

The library is an extra: importing this module raises ModuleNotFoundError without it.
"""

# A decorator of the library hides from pyright what its classes take; mypy, which reads past it, checks the calls.
# pyright: reportCallIssue=false, reportAttributeAccessIssue=false

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timezone
from urllib.parse import quote
from uuid import NAMESPACE_URL, UUID, uuid5

from cyclonedx.exception.model import InvalidUriException
from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, Property, XsUri
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.dependency import Dependency
from cyclonedx.model.license import DisjunctiveLicense, License, LicenseAcknowledgement, LicenseExpression
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.spdx import fixup_id, is_supported_id
from msgspec import Struct
from packageurl import PackageURL

from condatui_core.analyses.channels import channel_label
from condatui_core.analyses.licenses import names_in
from condatui_core.analyses.needs import Node
from condatui_core.analyses.parts import Part, needs_between, parts_of, roots_of
from condatui_core.records.environment import Environment
from condatui_core.records.installation import ChannelConfig
from condatui_core.records.package import Distribution, PackageRecord
from condatui_core.records.prefix import PrefixContents
from condatui_core.text import sanitize, strip_credentials

_ROOT = "environment"
"""The reference of the environment itself."""
_NOT_YET = datetime(1970, 1, 1, tzinfo=timezone.utc)
_ARCHIVES = {".conda": "conda", ".tar.bz2": "tar.bz2", ".whl": "whl"}
"""What package URLs call the kinds of archives."""


class Subject(Struct, frozen=True, kw_only=True):
    """An environment that was read, and what its bill states beside its parts."""

    environment: Environment
    contents: PrefixContents
    config: ChannelConfig
    """Which names its channels have."""
    version: str
    """condatui's."""


def bill_of_materials(subject: Subject, *, at: datetime) -> str:
    """The bill of an environment; but for the time that it states, the same environment gives the same text."""
    text = JsonV1Dot6(_bom(subject)).output_as_string()
    document = json.loads(text)  # the library takes seconds to write a large one, so it does that once
    document["serialNumber"] = uuid5(NAMESPACE_URL, text).urn
    document["metadata"]["timestamp"] = at.astimezone(timezone.utc).isoformat(timespec="seconds")
    return f"{json.dumps(document, indent=2)}\n"


def _bom(subject: Subject) -> Bom:
    """Everything but the time and the serial number."""
    contents = subject.contents
    parts = parts_of(contents)
    components = {each.node: _component(each, subject) for each in parts}
    root = Component(
        name=sanitize(subject.environment.name.rpartition("/")[2]),  # outside of envs directories it is the whole path
        type=ComponentType.APPLICATION,
        bom_ref=_ROOT,
        properties=tuple(_unread(subject)),
    )
    needs = needs_between(contents, parts)
    roots = roots_of(needs, (Node("conda", each) for each in contents.requested_names))
    return Bom(
        serial_number=UUID(int=0),
        metadata=BomMetaData(timestamp=_NOT_YET, component=root, tools=ToolRepository(components=[_tool(subject)])),
        components=components.values(),
        dependencies=[_dependency(root, roots, components), *_dependencies(needs, components)],
    )


def _unread(subject: Subject) -> Iterator[Property]:
    """What the bill lacks, because it could not be read."""
    for each in subject.contents.unreadable:
        path = each.path.removeprefix(f"{subject.environment.prefix}/")
        yield _property("incomplete", f"{path}: {each.reason}")


def _tool(subject: Subject) -> Component:
    return Component(name="condatui", version=subject.version, type=ComponentType.APPLICATION)


def _dependencies(needs: Mapping[Node, Iterable[Node]], components: Mapping[Node, Component]) -> Iterator[Dependency]:
    yield from (_dependency(components[node], found, components) for node, found in needs.items())


def _dependency(component: Component, needs: Iterable[Node], components: Mapping[Node, Component]) -> Dependency:
    return Dependency(component.bom_ref, [Dependency(components[each].bom_ref) for each in needs])


# Components


def _component(part: Part, subject: Subject) -> Component:
    record, distribution = part.record, part.distribution
    return Component(
        name=sanitize(part.name),
        version=sanitize(part.version),
        type=ComponentType.LIBRARY,
        bom_ref=sanitize(f"{part.source}:{part.node.name}"),
        purl=_purl(part, subject.config),
        hashes=_hashes(record or distribution),
        licenses=_licenses(record.license) if record else (),
        external_references=_places(record, distribution),
        properties=_properties(part, subject.contents.requested_names),
    )


def _purl(part: Part, config: ChannelConfig) -> PackageURL | None:
    """The package URL by which scanners know it; None for what no index or channel has."""
    qualifiers: dict[str, str] = {}
    if part.record:
        qualifiers = _qualifiers(part.record, config)
    elif part.distribution and part.distribution.origin == "url" and part.distribution.url:
        qualifiers = {"download_url": _clean_url(part.distribution.url)}
    name = sanitize(part.node.name)
    if not part.published or not name.strip("/"):
        return None
    return PackageURL(part.source, name=name, version=sanitize(part.version), qualifiers=qualifiers)


def _qualifiers(record: PackageRecord, config: ChannelConfig) -> dict[str, str]:
    archive = next((word for ending, word in _ARCHIVES.items() if record.file_name.endswith(ending)), "")
    channel = channel_label(record.base_url, config) if record.base_url else ""
    stated = {"build": record.build, "channel": channel, "subdir": record.subdir, "type": archive}
    return {name: sanitize(value) for name, value in stated.items() if value}


def _hashes(stated: PackageRecord | Distribution | None) -> Iterator[HashType]:
    """The checksums of the archive that it came in."""
    if isinstance(stated, PackageRecord) and re.fullmatch("[0-9a-fA-F]{32}", stated.md5):
        yield HashType(alg=HashAlgorithm.MD5, content=stated.md5)
    if stated and re.fullmatch("[0-9a-fA-F]{64}", stated.sha256):
        yield HashType(alg=HashAlgorithm.SHA_256, content=stated.sha256)


def _places(record: PackageRecord | None, distribution: Distribution | None) -> Iterator[ExternalReference]:
    """Where it was downloaded from, if that can be told without naming a directory of this machine."""
    stated = record or distribution
    url = _clean_url(stated.url or "") if stated else ""
    if "://" not in url or url.startswith("file:"):
        return
    kind = ExternalReferenceType.DISTRIBUTION
    if distribution and distribution.origin == "vcs":
        url, kind = f"{distribution.vcs}+{url}@{quote(distribution.revision)}", ExternalReferenceType.VCS
    try:
        yield ExternalReference(type=kind, url=XsUri(url))
    except InvalidUriException:  # a record that is wrong in this one thing is as good as before
        return


def _clean_url(url: str) -> str:
    """A URL without credentials, and without its query, which may be a signature."""
    place = re.split("[?#]", url, maxsplit=1)[0]
    return quote(strip_credentials(place), safe="%/:=&~+!$,;@()*", errors="surrogateescape")


def _properties(part: Part, requested: frozenset[str]) -> Iterator[Property]:
    by_conda = part.source == "conda" or part.shipped_by
    yield _property("installer", "conda" if by_conda else "pip")
    if part.source == "conda" and part.name in requested:
        yield _property("requested", "true")
    if part.replaced_by:
        yield _property("replaced-by", f"{part.replaced_by.source}:{part.replaced_by.name}")
    if part.distribution and part.distribution.origin != "index":
        yield _property("origin", part.distribution.origin)


def _property(name: str, value: str) -> Property:
    return Property(name=f"condatui:{name}", value=sanitize(value))


# Licenses


_LICENSE_REF = re.compile(r"(DocumentRef-[\w.-]+:)?LicenseRef-[A-Za-z0-9.-]+", re.ASCII)


def _licenses(text: str) -> Iterator[License]:
    """What a record states: by its id in SPDX's list, as an expression of SPDX, or else by the words in the record."""
    stated = sanitize(" ".join(text.split()))
    declared = LicenseAcknowledgement.DECLARED
    if known := fixup_id(stated):
        yield DisjunctiveLicense(id=known, acknowledgement=declared)
    elif stated and all(map(_is_spdx, names_in(stated))):
        yield LicenseExpression(stated, acknowledgement=declared)
    elif stated:
        yield DisjunctiveLicense(name=stated, acknowledgement=declared)


def _is_spdx(name: str) -> bool:
    """Whether the part of an expression between AND and OR is as SPDX has it."""
    license_id, exception, exception_id = name.partition(" WITH ")
    if exception and not is_supported_id(exception_id):
        return False
    return bool(_LICENSE_REF.fullmatch(license_id)) or is_supported_id(license_id.removesuffix("+"))
