"""Make a definitions.json from the published definitions of an API that is made of custom resources.

    python tools/short_definitions.py TARGET FOLDER…

TARGET is podo/network/gateway/definitions.json, FOLDER then config/crd/standard of a release of the Gateway API; or it
is podo/network/policy/definitions.json, with config/crd/standard of releases 0.1.8 and 0.2.0 of network-policy-api.
Only facts are taken: names, types, limits, rules. No prose. A part that occurs more than once is written once, under
`parts`, and stands elsewhere as {"$": its number}; versions that are not served are left out.
"""

import json
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import yaml

WORTH = 60  # a part that is shorter stays where it is


def without_prose(node: Any) -> Any:
    """The same without descriptions; a field of that name stays."""
    if isinstance(node, dict):
        return {k: without_prose(v) for k, v in node.items() if k != "description" or not isinstance(v, str)}
    return [without_prose(each) for each in node] if isinstance(node, list) else node


def definition(found: dict[str, Any]) -> dict[str, Any]:
    """What is told of a definition."""
    spec = found["spec"]
    versions = [each for each in spec["versions"] if each["served"]]
    return {"annotations": found["metadata"]["annotations"], "spec": spec | {"versions": versions}}


def text(node: Any) -> str:
    return json.dumps(node, sort_keys=True, separators=(",", ":"))


def parts_of(node: Any) -> Iterator[str]:
    """Every object in it, as text."""
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from parts_of(each)
    if isinstance(node, dict):
        yield text(node)


class Sharing:
    """Writes each part that occurs often once."""

    def __init__(self, counts: Counter[str]) -> None:
        self._often = {part for part, count in counts.items() if count > 1 and len(part) > WORTH}
        self._numbers: dict[str, str] = {}
        self.parts: dict[str, Any] = {}

    def share(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.share(each) for each in node]
        if not isinstance(node, dict):
            return node
        if (whole := text(node)) not in self._often:
            return {key: self.share(value) for key, value in node.items()}
        if whole not in self._numbers:
            made = {key: self.share(value) for key, value in node.items()}
            self._numbers[whole] = number = str(len(self.parts))
            self.parts[number] = made
        return {"$": self._numbers[whole]}


def main(target: Path, folders: Sequence[Path]) -> None:
    files = (file for folder in folders for file in sorted(folder.glob("*.yaml")))
    documents = (each for file in files for each in yaml.safe_load_all(file.read_text()))
    found = [without_prose(definition(d)) for d in documents if d and d["kind"] == "CustomResourceDefinition"]
    sharing = Sharing(Counter(parts_of(found)))
    shared = sharing.share(found)
    lines = [f"{json.dumps(number)}:{text(part)}" for number, part in sharing.parts.items()]
    body = ",\n".join(text(each) for each in shared)
    target.write_text('{"parts":{\n' + ",\n".join(lines) + '\n},"definitions":[\n' + body + "\n]}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), [Path(each) for each in sys.argv[2:]])
