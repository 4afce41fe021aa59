"""Tables of objects (meta.k8s.io Table)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from podo.api.errors import BadRequest
from podo.api.resources import Column
from podo.clock import Clock
from podo.server.customresources.columns import cells as custom_cells
from podo.server.customresources.kind import CustomServed
from podo.server.descriptions.texts import of_columns
from podo.server.forms import META_GROUP, partial_head, partial_tail
from podo.server.registry.kinds import Served
from podo.server.strategy import Object
from podo.server.table import cluster
from podo.server.table.pods import PHASES
from podo.server.table.printers import ORDERS, PRINTERS
from podo.server.table.texts import Cells, age, name, spec, status
from podo.server.watchcache.entry import Entry

INCLUDES = ("", "None", "Metadata", "Object")
DEFAULT_COLUMNS = (Column(name="Name", format="name"), Column(name="Created At", type="date"))
SCALE_COLUMNS = (
    Column(name="Name"),
    Column(name="Desired", type="integer"),
    Column(name="Available", type="integer"),
    Column(name="Age"),
)


class PrinterTables:
    """Makes Tables with the printers of `printers.py`."""

    def __init__(self, clock: Clock) -> None:
        """`clock` tells ages."""
        self._clock = clock

    def table(
        self, served: Served, entries: Sequence[Entry], metadata: Object, *, include: str, version: str, columns: bool
    ) -> Object:
        """The Table. Raises BadRequest for an unknown `include`."""
        check_include(include)
        kind = (served.stored.group, served.stored.kind)
        if isinstance(served, CustomServed):
            return self._custom(served, entries, metadata, include, version, columns)
        shown = [(entry, entry.object()) for entry in entries]
        if (order := ORDERS.get(kind)) is not None:
            shown.sort(key=lambda pair: order(pair[1]))
        printer, now = PRINTERS.get(kind, cluster.created), self._clock.now()
        conditions = PHASES if kind == ("", "Pod") else {}
        rows = [
            _row(printer(obj, now), _object(served, entry, include, version), _conditions(obj, conditions))
            for entry, obj in shown
        ]
        definitions = column_definitions(served.resource.columns or DEFAULT_COLUMNS, kind[1]) if columns else None
        return _table(version, metadata, definitions, rows)

    def _custom(
        self,
        served: CustomServed,
        entries: Sequence[Entry],
        metadata: Object,
        include: str,
        version: str,
        columns: bool,
    ) -> Object:
        """The columns that the definition asks for."""
        resource, wanted, now = served.resource, served.version.additional_printer_columns, self._clock.now()
        rows = [
            _row(custom_cells(served.client_form(entry), wanted, now), _object(served, entry, include, version), None)
            for entry in entries
        ]
        definitions = column_definitions(resource.columns, f"{resource.kind}.{resource.group}") if columns else None
        return _table(version, metadata, definitions, rows)

    def below(self, obj: Object, *, include: str, version: str) -> Object:
        """The Table of an object of a subresource's own kind. Raises BadRequest for an unknown `include`."""
        check_include(include)
        metadata = obj.get("metadata") or {}
        scale = obj.get("kind") == "Scale"
        cells = scale_cells(obj, self._clock.now()) if scale else [metadata.get("name", ""), None]
        definitions = column_definitions(SCALE_COLUMNS if scale else DEFAULT_COLUMNS, obj.get("kind", ""))
        partial = {"kind": "PartialObjectMetadata", "apiVersion": f"{META_GROUP}/{version}", "metadata": metadata}
        included = None if include == "None" else obj if include == "Object" else partial
        listed = {"resourceVersion": metadata["resourceVersion"]} if "resourceVersion" in metadata else {}
        return _table(version, listed, definitions, [_row(cells, included, None)])


def check_include(include: str) -> None:
    """Raises BadRequest for a value that the parameter includeObject does not have."""
    if include not in INCLUDES:
        text = f"Invalid value: \"{include}\": must be 'Metadata', 'Object', 'None', or empty"
        raise BadRequest(f"Unable to convert to Table as requested: includeObject: {text}")


def column_definitions(columns: Sequence[Column], kind: str) -> list[Object]:
    """Columns as a Table of that kind has them."""
    texts = of_columns(kind)
    return [
        {
            "name": c.name,
            "type": c.type,
            "format": c.format,
            "description": texts.get(c.name, "") if c.description is None else c.description,
            "priority": c.priority,
        }
        for c in columns
    ]


def scale_cells(obj: Object, now: datetime) -> Cells:
    """Name, desired, available, age."""
    return [name(obj), spec(obj).get("replicas") or 0, status(obj).get("replicas") or 0, age(obj, now)]


def _table(version: str, metadata: Object, definitions: list[Object] | None, rows: list[Object]) -> Object:
    found: Object = {"kind": "Table", "apiVersion": f"{META_GROUP}/{version}", "metadata": metadata}
    return found | {"columnDefinitions": definitions, "rows": rows}


def _row(cells: Cells, obj: Any, conditions: list[Object] | None) -> Object:
    return {"cells": cells} | ({"conditions": conditions} if conditions else {}) | {"object": obj}


def _conditions(obj: Object, by_phase: Mapping[str, list[Object]]) -> list[Object] | None:
    return by_phase.get(status(obj).get("phase", "")) if by_phase else None


def _object(served: Served, entry: Entry, include: str, version: str) -> Any:
    if include == "None":
        return None
    if include == "Object":
        return served.client_form(entry)
    return msgspec.Raw(partial_head(version) + partial_tail(served, entry))
