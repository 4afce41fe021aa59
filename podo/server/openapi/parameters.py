"""The parameters of operations."""

from collections.abc import Mapping
from typing import NamedTuple


class Parameter(NamedTuple):
    """A parameter; `place` is query or path."""

    name: str
    type: str
    place: str = "query"


def _sorted(*names: tuple[str, str]) -> tuple[Parameter, ...]:
    return tuple(Parameter(name, type) for name, type in sorted(names))


PRETTY = Parameter("pretty", "string")
NAME, NAMESPACE = Parameter("name", "string", "path"), Parameter("namespace", "string", "path")
PATH = Parameter("path", "string", "path")
_DRY_RUN, _MANAGER, _VALIDATION = ("dryRun", "string"), ("fieldManager", "string"), ("fieldValidation", "string")
_SELECTION = (
    ("continue", "string"),
    ("fieldSelector", "string"),
    ("labelSelector", "string"),
    ("limit", "integer"),
    ("resourceVersion", "string"),
    ("resourceVersionMatch", "string"),
    ("sendInitialEvents", "boolean"),
    ("timeoutSeconds", "integer"),
)
_DELETION = (
    _DRY_RUN,
    ("gracePeriodSeconds", "integer"),
    ("ignoreStoreReadErrorWithClusterBreakingPotential", "boolean"),
    ("orphanDependents", "boolean"),
    ("propagationPolicy", "string"),
)
LIST = _sorted(("allowWatchBookmarks", "boolean"), ("watch", "boolean"), *_SELECTION)
WRITE = _sorted(_DRY_RUN, _MANAGER, _VALIDATION)
PATCH = _sorted(_DRY_RUN, _MANAGER, _VALIDATION, ("force", "boolean"))
DELETE = _sorted(*_DELETION)
DELETE_COLLECTION = _sorted(*_DELETION, *_SELECTION)

_STREAMS = (("container", "string"), ("stderr", "boolean"), ("stdin", "boolean"), ("stdout", "boolean"))
OF_CONNECTIONS: Mapping[str, tuple[Parameter, ...]] = {
    "attach": _sorted(*_STREAMS, ("tty", "boolean")),
    "exec": _sorted(*_STREAMS, ("tty", "boolean"), ("command", "string")),
    "portforward": _sorted(("ports", "integer")),
    "proxy": _sorted(("path", "string")),
}
LOG = _sorted(
    ("container", "string"),
    ("follow", "boolean"),
    ("insecureSkipTLSVerifyBackend", "boolean"),
    ("limitBytes", "integer"),
    ("previous", "boolean"),
    ("sinceSeconds", "integer"),
    ("stream", "string"),
    ("tailLines", "integer"),
    ("timestamps", "boolean"),
)
