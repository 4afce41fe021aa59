"""The field tables: what every built-in type consists of. The single source for types, decoding, patches and OpenAPI.

One JSON file a package (`core.v1.json`), made by tools/import_facts.py and read when first asked for. A type is named
`package.Type`: `core.v1.Pod`, `meta.v1.ObjectMeta`.
"""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

SCALARS = frozenset(
    {"string", "int32", "int64", "double", "bool", "bytes", "time", "microtime", "quantity", "intorstring"}
)
FREE_FORM = frozenset(  # their JSON is whatever the user wrote
    {"rawextension", "fieldsv1", "json"}
    | {"jsonschemapropsorarray", "jsonschemapropsorbool", "jsonschemapropsorstringarray"}
)


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a type.

    `type` is a scalar, a free-form name, or a type name; `shape` says whether the field holds one of it (""), a "list",
    a "map" with string keys, or a "map of lists".
    """

    type: str
    shape: str = ""
    required: bool = False
    number: int = 0  # in the protobuf message; 0: not in it
    list_type: str = ""  # "", atomic, set, map
    keys: tuple[str, ...] = ()  # of a list of type map
    merge_key: str = ""  # of strategic merge patch
    strategy: tuple[str, ...] = ()  # merge, replace, retainKeys
    atomic: bool = False  # a map or struct that has one owner as a whole
    enum: tuple[str, ...] = ()


class TypeSchema(msgspec.Struct, frozen=True, kw_only=True):
    """One type: its fields by their JSON names."""

    name: str = ""
    fields: dict[str, Field] = {}
    kinds: tuple[tuple[str, str, str], ...] = ()  # (group, version, kind), of a type that is a kind
    atomic: bool = False
    unions: list[dict[str, Any]] = []


FOLDER = Path(__file__).parent


@cache
def package(name: str) -> dict[str, TypeSchema]:
    """The types of a package such as `core.v1`, by their short names. Raises FileNotFoundError for an unknown one."""
    types = msgspec.json.decode((FOLDER / f"{name}.json").read_bytes(), type=dict[str, TypeSchema])
    return {key: msgspec.structs.replace(value, name=f"{name}.{key}") for key, value in types.items()}


@cache
def type_of(name: str) -> TypeSchema:
    """The type with the full name `core.v1.Pod`. Raises KeyError if there is none."""
    package_name, _, short = name.rpartition(".")
    return package(package_name)[short]


def packages() -> list[str]:
    """The names of all packages, sorted."""
    return sorted(p.stem for p in FOLDER.glob("*.v*.json"))


@cache
def _known() -> frozenset[str]:
    return frozenset(packages())


def package_of(group: str, version: str) -> str:
    """The package that holds the kinds of a group: `rbac.v1` for rbac.authorization.k8s.io/v1."""
    return f"{group.partition('.')[0] or 'core'}.{version}"


@cache
def type_for(group: str, version: str, kind: str) -> TypeSchema:
    """The type of a kind. Raises KeyError if no such kind is built in."""
    if (group, kind) == ("", "DeleteOptions"):
        return type_of("meta.v1.DeleteOptions")
    name = package_of(group, version)
    if name not in _known():  # it may be anything that a client sent, no name of a file for one
        raise KeyError(f"{group}/{version} {kind}")
    return package(name)[kind]
