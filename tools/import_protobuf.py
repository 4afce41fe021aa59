"""Turn the protobuf facts into podo/server/protobuf/messages.json.

`python tools/import_protobuf.py FACTS` (the folder that tools/import_facts.py reads), after that tool and
tools/import_go_types.py. For each message of a served package: JSON name → [number, type, how]. How: "" one, "p" one
that may be absent, "r" repeated, "m" a map with string keys, "i" a message whose members stand in the object itself.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any

SCHEMA = Path(__file__).parent.parent / "podo" / "api" / "schema"
OUT = Path(__file__).parent.parent / "podo" / "server" / "protobuf" / "messages.json"
PREFIXES = (
    "k8s.io.api.",
    "k8s.io.apiextensions_apiserver.pkg.apis.",
    "k8s.io.kube_aggregator.pkg.apis.",
    "k8s.io.apimachinery.pkg.apis.",
    "k8s.io.apimachinery.pkg.api.",
    "k8s.io.apimachinery.pkg.util.",
    "k8s.io.apimachinery.pkg.",
)
SCALARS = {"string", "bool", "int32", "int64", "double", "bytes"}
Row = list[Any]


def short(name: str) -> str:
    """`core.v1.Pod` for k8s.io.api.core.v1.Pod."""
    name = name.lstrip(".")
    prefix = next((p for p in PREFIXES if name.startswith(p)), "")
    return name.removeprefix(prefix)


def plain(name: str) -> str:
    """A name without case and signs, to find `x-kubernetes-map-type` by xKubernetesMapType."""
    return re.sub(r"[^a-z0-9]", "", name.lower())


class Importer:
    """Collects the messages that served types reach."""

    def __init__(self, facts: dict[str, dict[str, list[Any]]], encoding: dict[str, list[list[str]]]) -> None:
        self.facts = {short(name): (name, fields) for name, fields in facts.items()}
        self.encoding = encoding
        self.messages: dict[str, dict[str, Row]] = {}

    def add(self, name: str, rows: list[list[str]] | None = None) -> None:
        """Add a message, and those it refers to. `rows` are the Go fields among which its members are."""
        if name in self.messages or name not in self.facts:
            return
        self.messages[name] = found = {}
        full, fields = self.facts[name]
        rows = rows if rows is not None else self.encoding.get(name, [])
        for proto_name, (number, expression) in fields.items():
            how, inner = self._type(expression, full.rpartition(".")[0])
            row = next((r for r in rows if plain(r[0]) == plain(proto_name)), None)
            if row is None and rows and how == "" and inner not in SCALARS and self._inline(inner, rows):
                found[proto_name] = [number, inner, "i"]
                self.add(inner, rows)
                continue
            if how == "" and (inner == "bytes" or row is None or row[3].endswith("p")):
                how = "p" if row is not None or inner == "bytes" else ""
            found[row[0] if row else proto_name] = [number, inner, how]
            if inner not in SCALARS:
                self.add(inner)

    def _inline(self, inner: str, rows: list[list[str]]) -> bool:
        struct = inner.rpartition(".")[2]
        return any(f"{struct}." in r[4] for r in rows)

    def _type(self, expression: str, package: str) -> tuple[str, str]:
        """(how, type) of a field."""
        how, inner = "", expression
        if inner.startswith("repeated "):
            how, inner = "r", inner.removeprefix("repeated ")
        elif inner.startswith("map<"):
            how, inner = "m", inner.partition(", ")[2].removesuffix(">")
        if inner not in SCALARS and "." not in inner:
            inner = f"{package}.{inner}"
        return how, inner if inner in SCALARS else short(inner)


def main(facts: Path) -> None:
    """Write messages.json for every type of the field tables, and the envelope's."""
    encoding = json.loads((SCHEMA / "encoding.json").read_text())
    importer = Importer(json.loads((facts / "protobuf.json").read_text()), encoding)
    for path in sorted(SCHEMA.glob("*.v*.json")):
        for name in json.loads(path.read_text()):
            importer.add(f"{path.stem}.{name}")
    for name in ("runtime.Unknown", "meta.v1.PartialObjectMetadata", "meta.v1.PartialObjectMetadataList"):
        importer.add(name)
    importer.add("apidiscovery.v2.APIGroupDiscoveryList")
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in sorted(importer.messages.items())]
    OUT.write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
