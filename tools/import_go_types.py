"""Read from Kubernetes' Go types how each field is spelled in errors and when it is left out of JSON.

`python tools/import_go_types.py STAGING` (the staging/src/k8s.io folder of a Kubernetes source tree) writes
podo/api/schema/encoding.json: for each type of the field tables, in the order of its Go struct, a row a field:
[JSON name, Go type, element's Go type or "", when it is written, embedding path]. When: "" always, "e" unless empty,
"z" unless zero. "p" is added for a pointer: its zero value is written. The embedding path names the structs that the
field comes through, "" for most.
"""

import json
import re
import sys
from pathlib import Path
from typing import NamedTuple

OUT = Path(__file__).parent.parent / "podo" / "api" / "schema"
GROUPS = {
    "meta.v1": "apimachinery/pkg/apis/meta/v1",
    "apiextensions.v1": "apiextensions-apiserver/pkg/apis/apiextensions/v1",
    "apiregistration.v1": "kube-aggregator/pkg/apis/apiregistration/v1",
}
IMPORTS = {"k8s.io/apimachinery/pkg/apis/meta/v1": "meta.v1", "k8s.io/apimachinery/pkg/types": "types"}
BASIC = {"string", "int32", "int64", "bool", "float64", "int", "byte", "uint16", "any", "interface{}"}
SPELLED = {"byte": "uint8", "any": "interface {}", "interface{}": "interface {}"}


class Row(NamedTuple):
    name: str
    go_type: str
    element: str
    when: str
    through: str


class Package:
    """The struct and named types of one Go package."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name, self.short = name, name.rpartition(".")[2]
        self.structs: dict[str, str] = {}
        self.named: dict[str, str] = {}
        self.imports: dict[str, str] = {}
        for path in folder.glob("*.go"):
            if not path.name.startswith(("zz_", "generated")) and not path.name.endswith("_test.go"):
                self._read(re.sub(r"(?s)//[^\n]*|/\*.*?\*/", "", path.read_text()))

    def _read(self, text: str) -> None:
        for alias, path in re.findall(r'(?m)^\s*(\w+)?\s*"(k8s\.io/[^"]+)"\s*$', text):
            parts = path.split("/")
            name = IMPORTS.get(path) or (".".join(parts[2:4]) if parts[1] == "api" else parts[-1])
            self.imports[alias or parts[-1]] = name
        for name, body in re.findall(r"(?ms)^type (\w+) struct \{$(.*?)^\}", text):
            self.structs[name] = body
        for name in re.findall(r"(?m)^type (\w+) struct \{\}$", text):
            self.structs[name] = ""
        for name, other in re.findall(r"(?m)^type (\w+) ([\w\[\]\.\*]+)\s*$", text):
            self.named[name] = other


def spelled(package: Package, expression: str) -> str:
    """A type expression as reflection spells it, pointers followed: `[]v1.Container`, `map[string]string`."""
    expression = expression.lstrip("*")
    if expression.startswith("[]"):
        return "[]" + starred(package, expression[2:])
    if expression.startswith("map["):
        key, _, value = expression[4:].partition("]")
        return f"map[{spelled(package, key)}]{starred(package, value)}"
    if expression in BASIC:
        return SPELLED.get(expression, expression)
    if "." in expression:
        alias, _, name = expression.partition(".")
        return f"{package.imports[alias].rpartition('.')[2]}.{name}"
    return f"{package.short}.{expression}"


def starred(package: Package, expression: str) -> str:
    return "*" * (len(expression) - len(expression.lstrip("*"))) + spelled(package, expression)


def element(packages: dict[str, Package], package: Package, expression: str) -> str:
    """How the type of a list's or map's elements is spelled; names of lists and maps are looked through."""
    expression = expression.lstrip("*")
    if expression.startswith("[]"):
        return spelled(package, expression[2:])
    if expression.startswith("map["):
        return spelled(package, expression.partition("]")[2])
    alias, _, name = expression.rpartition(".")
    home = packages.get(package.imports.get(alias, "")) if alias else package
    if home and name in home.named:
        return element(packages, home, home.named[name])
    return ""


def rows(packages: dict[str, Package], package: Package, struct: str, through: str = "") -> list[Row]:
    """The fields of a struct in order, embedded structs' in their places."""
    found: list[Row] = []
    for line in package.structs[struct].splitlines():
        match = re.match(r'\s*(?:(\w+)\s+)?([\w\[\]\.\*{}]+)\s+`(?:[^`]*\s)?json:"([^"]*)"', line)
        if not match:
            continue
        _, expression, tag = match.groups()
        name, *options = tag.split(",")
        if not name and ("inline" in options or not match[1]):
            alias, _, inner = expression.lstrip("*").rpartition(".")
            home = packages[package.imports[alias]] if alias else package
            found += rows(packages, home, inner, f"{through}{inner}.")
        elif name != "-":
            when = "e" if "omitempty" in options else ""
            when = "z" if "omitzero" in options else when
            when += "p" if expression.startswith("*") else ""
            found.append(Row(name, spelled(package, expression), element(packages, package, expression), when, through))
    return found


def main(staging: Path) -> None:
    """Write the table for every type of the field tables that is a Go struct."""
    tables = sorted(p.stem for p in OUT.glob("*.v*.json"))
    folders = {name: staging / GROUPS.get(name, f"api/{name.replace('.', '/')}") for name in tables}
    packages = {name: Package(name, folder) for name, folder in folders.items()}
    table = {
        f"{name}.{struct}": [list(row) for row in rows(packages, packages[name], struct)]
        for name in tables
        for struct in json.loads((OUT / f"{name}.json").read_text())
        if struct in packages[name].structs
    }
    lines = [f"{json.dumps(key)}: {json.dumps(value, separators=(',', ':'))}" for key, value in sorted(table.items())]
    (OUT / "encoding.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
