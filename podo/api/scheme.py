"""Between typed objects and the wire: which resource a Struct class is, and its JSON."""

import re
from functools import cache
from importlib import import_module
from typing import Any, Protocol, TypeVar

import msgspec

from podo.api import resources, schema
from podo.api.resources import Resource
from podo.api.types.meta_v1 import ObjectMeta


class Object(Protocol):
    """What every kind has; generated Structs satisfy it."""

    @property
    def metadata(self) -> ObjectMeta: ...


T = TypeVar("T", bound=Object)


class PartialObject(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """Any object, seen only by its metadata: the type of resources that are found at run time."""

    metadata: ObjectMeta = ObjectMeta()
    api_version: str = ""
    kind: str = ""


@cache
def resource_of(cls: type[Any]) -> Resource:
    """The resource whose objects `cls` holds. Raises LookupError for a class that is no served kind."""
    package = cls.__module__.rpartition(".")[2].replace("_", ".")
    item = schema.package(package).get(cls.__name__)
    for group, version, kind in item.kinds if item else ():
        if found := resources.by_kind(group, version, kind):
            return found
    raise LookupError(f"{cls.__module__}.{cls.__name__} is no kind that the API serves")


def class_of(resource: Resource) -> type[Any]:
    """The Struct class of a built-in resource's objects; PartialObject for one without."""
    package = schema.package_of(resource.group, resource.version)
    try:
        module = import_module(f"podo.api.types.{package.replace('.', '_')}")
    except ModuleNotFoundError:
        return PartialObject
    found: type[Any] = getattr(module, resource.kind, PartialObject)
    return found


@cache
def name_of(cls: Any) -> tuple[str, str]:
    """(apiVersion, kind) of the objects of `cls`, also of those that are only posted to subresources: an Eviction.

    Raises LookupError for a class that is no kind.
    """
    package = cls.__module__.rpartition(".")[2].replace("_", ".")
    item = schema.package(package).get(cls.__name__)
    for group, version, kind in item.kinds if item else ():
        if version == package.rpartition(".")[2]:
            return f"{group}/{version}" if group else version, kind
    raise LookupError(f"{cls.__module__}.{cls.__name__} is no kind")


@cache
def _head(cls: Any) -> bytes:
    api_version, kind = name_of(cls)
    return b'{"kind":"%s","apiVersion":"%s"' % (kind.encode(), api_version.encode())


def encode(obj: Object) -> bytes:
    """The JSON of a typed object, with its kind and apiVersion."""
    body = msgspec.json.encode(obj)
    if isinstance(obj, PartialObject):
        return body
    return _head(type(obj)) + (b"," + body[1:] if body != b"{}" else b"}")


_NULL = re.compile(rb',"\w+":null|"\w+":null,')
"""A member that is null. Never part of a string either; one that is alone in its object stays, for the slow way."""
UNPROBED = b',"lastProbeTime":null'
"""In every condition of every Pod. Never part of a string, where its quotes would be escaped."""


@cache
def _decoder(cls: Any) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(cls)


def decode(cls: type[T], raw: bytes) -> T:
    """The typed object in `raw`. Unknown fields and nulls are ignored. A wrong type is a msgspec.ValidationError."""
    if UNPROBED in raw:
        raw = raw.replace(UNPROBED, b"")
    decoder: msgspec.json.Decoder[T] = _decoder(cls)
    try:
        return decoder.decode(raw)
    except msgspec.ValidationError:  # a null: of a moment that was not given, or a nil slice, as Go writes them
        pass
    try:
        return decoder.decode(_NULL.sub(b"", raw))
    except (msgspec.ValidationError, msgspec.DecodeError):
        return msgspec.convert(_without_nulls(msgspec.json.decode(raw)), cls)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value
