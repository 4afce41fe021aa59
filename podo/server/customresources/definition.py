"""A CustomResourceDefinition as the server reads it: everything but the schemas, which are decoded when needed."""

import hashlib
from functools import cached_property
from typing import Any

import msgspec

from podo.server.strategy import Object
from podo.server.watchcache.entry import Entry

from .schema.defaults import fill
from .schema.pruning import drop_nulls, prune
from .schema.structural import Structural

GROUP, KIND, PLURAL = "apiextensions.k8s.io", "CustomResourceDefinition", "customresourcedefinitions"
FINALIZER = "customresourcecleanup.apiextensions.k8s.io"
ESTABLISHED, NAMES_ACCEPTED, TERMINATING = "Established", "NamesAccepted", "Terminating"


class _Part(msgspec.Struct, rename="camel", frozen=True):
    """A part of a definition; names are as in JSON."""


class Names(_Part, frozen=True):
    plural: str = ""
    singular: str = ""
    kind: str = ""
    list_kind: str = ""
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()


class PrinterColumn(_Part, frozen=True):
    name: str
    type: str
    json_path: str
    format: str = ""
    priority: int = 0
    description: str = ""


class SelectableField(_Part, frozen=True):
    json_path: str


class Scale(_Part, frozen=True):
    spec_replicas_path: str
    status_replicas_path: str
    label_selector_path: str = ""


class Subresources(_Part, frozen=True):
    status: dict[str, Any] | None = None
    scale: Scale | None = None


class Version(_Part, frozen=True):
    name: str
    served: bool = False
    storage: bool = False
    deprecated: bool = False
    deprecation_warning: str | None = None
    subresources: Subresources | None = None
    additional_printer_columns: tuple[PrinterColumn, ...] = ()
    selectable_fields: tuple[SelectableField, ...] = ()


class ServiceReference(_Part, frozen=True):
    namespace: str
    name: str
    port: int | None = None
    path: str = ""


class ClientConfig(_Part, frozen=True):
    url: str = ""
    service: ServiceReference | None = None
    ca_bundle: str = ""


class WebhookConversion(_Part, frozen=True):
    client_config: ClientConfig | None = None
    conversion_review_versions: tuple[str, ...] = ()


class Conversion(_Part, frozen=True):
    strategy: str = "None"
    webhook: WebhookConversion | None = None


class Spec(_Part, frozen=True):
    group: str
    scope: str
    names: Names
    versions: tuple[Version, ...]
    conversion: Conversion = Conversion()
    preserve_unknown_fields: bool = False


class Condition(_Part, frozen=True):
    type: str
    status: str


class Status(_Part, frozen=True):
    accepted_names: Names = Names()
    conditions: tuple[Condition, ...] | None = ()


class Metadata(_Part, frozen=True):
    name: str
    uid: str = ""
    deletion_timestamp: str = ""
    finalizers: tuple[str, ...] = ()


class _Definition(msgspec.Struct):
    metadata: Metadata
    spec: Spec
    status: Status = Status()


class _SpecOnly(msgspec.Struct):
    spec: msgspec.Raw


class _Schema(msgspec.Struct, rename={"schema": "openAPIV3Schema"}):
    schema: dict[str, Any] | None = None


class _SchemaVersion(msgspec.Struct):
    name: str
    schema: _Schema | None = None


class _Schemas(msgspec.Struct):
    versions: tuple[_SchemaVersion, ...]


class _WithSchemas(msgspec.Struct):
    spec: _Schemas


_decode = msgspec.json.Decoder(_Definition).decode
_decode_spec = msgspec.json.Decoder(_SpecOnly).decode
_decode_schemas = msgspec.json.Decoder(_WithSchemas).decode


class Definition:
    """One definition at one revision."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry
        found = _decode(b"{" + entry.tail)
        self.metadata, self.spec, self.status = found.metadata, found.spec, found.status
        self._structurals: dict[str, Structural] = {}

    @property
    def revision(self) -> int:
        return self.entry.revision

    def holds(self, type: str) -> bool:
        """Whether the condition is true."""
        return any(c.type == type and c.status == "True" for c in self.status.conditions or ())

    @property
    def served(self) -> bool:
        """Whether its resources are there: then their names are its own."""
        return self.holds(ESTABLISHED)

    @property
    def storage(self) -> Version:
        """The version in which objects are stored."""
        return next(version for version in self.spec.versions if version.storage)

    def meaning(self) -> tuple[bytes, Names, bool, bool]:
        """What decides how its resources are served: two definitions of equal meaning serve alike."""
        spec = _decode_spec(b"{" + self.entry.tail).spec
        return (
            hashlib.blake2b(spec, digest_size=16).digest(),
            self.status.accepted_names,
            self.served,
            self.holds(TERMINATING),
        )

    def structural(self, version: str) -> Structural:
        """The schema of a version, read when first asked for."""
        found = self._structurals.get(version)
        if found is None:
            found = self._structurals[version] = Structural(self.schemas[version])
        return found

    def restore(self, obj: Object, version: str) -> None:
        """Bring an object that is (or is to be) stored in a version into that version's form, in place."""
        if version not in self.schemas:
            return
        structural = self.structural(version)
        if not self.spec.preserve_unknown_fields:
            prune(obj, structural)
            drop_nulls(obj, structural)
        fill(obj, structural)

    @cached_property
    def schemas(self) -> dict[str, dict[str, Any]]:
        """The schema of each version; decoded when first asked for."""
        versions = _decode_schemas(b"{" + self.entry.tail).spec.versions
        return {v.name: v.schema.schema or {} if v.schema is not None else {} for v in versions}
