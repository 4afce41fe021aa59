"""Bodies in YAML. The reader, and the library below it, are imported when the first such body comes: few ever do."""

from typing import Any


class YAMLError(ValueError):
    """The body is not YAML, or cannot be JSON; the message is go-yaml's."""


def parse(body: bytes) -> tuple[Any, list[str]]:
    """(the value as `json_text.parse` gives it, what repeated members strict validation reports). Raises YAMLError."""
    from . import yaml_text

    return yaml_text.parse(body)


def complaint(repeated: list[str]) -> str:
    """Repeated members as one finding."""
    return "yaml: unmarshal errors:\n" + "\n".join(f"  {line}" for line in repeated)
