"""The parameters of requests: how Kubernetes reads them, and what it refuses (apimachinery's option types)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import parse_qsl

from podo.api.errors import APIError, BadRequest
from podo.api.field_errors import FieldError, forbidden, invalid_object, not_supported
from podo.api.selectors import SelectorError, parse_fields, parse_labels
from podo.server.metadata import manager_errors
from podo.server.registry.deleting import DeleteOptions, dry_run_errors, options_of
from podo.server.registry.failures import unclassified
from podo.server.registry.reading import ListOptions, decode_token
from podo.server.registry.selectable import Selectable
from podo.server.strategy import Object
from podo.server.watchcache.selection import Selection

EXACT, NOT_OLDER = "Exact", "NotOlderThan"
VALIDATIONS = ("", "Ignore", "Strict", "Warn")
MAX_INT = (1 << 63) - 1
DRY_RUN = "dryRun"
Query = Mapping[str, str]
NO_QUERY: Query = {}


def parse_query(text: str) -> dict[str, str]:
    """The parameters; of those that stand there more than once the first counts, but for dryRun: see `dry_runs`."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(text, keep_blank_values=True, errors="replace"):
        if name in found and name == DRY_RUN:
            value = f"{found.pop(name)}\n{value}"
        found.setdefault(name, value)
    return found


def dry_runs(query: Query) -> list[str]:
    """All values of the only parameter of which more than one counts."""
    return query[DRY_RUN].split("\n") if DRY_RUN in query else []


def flag(query: Query, name: str) -> bool:
    """Whether a boolean parameter is set: by anything but `false` and `0`."""
    return name in query and query[name].lower() not in ("false", "0")


def integer(query: Query, name: str) -> int | None:
    """The number that a parameter has, None where it is missing. Raises BadRequest."""
    text = query.get(name)
    if text is None:
        return None
    return parse_int(text)


def parse_int(text: str) -> int:
    """A 64-bit number, as strconv.ParseInt reads it. Raises BadRequest."""
    digits = text[1:] if text[:1] in ("+", "-") else text
    if not (digits.isascii() and digits.isdigit()):
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if abs(int(text)) > MAX_INT:
        raise BadRequest(f'strconv.ParseInt: parsing "{text}": value out of range')
    return int(text)


def _refuse(kind: str, errors: list[FieldError]) -> NoReturn:
    raise invalid_object("meta.k8s.io", kind, "", errors)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """The parameters of list, watch and deletecollection. `initial_events` is None where the client says nothing."""

    labels: str = ""
    fields: str = ""
    watch: bool = False
    bookmarks: bool = False
    revision: str = ""
    match: str = ""
    timeout: int | None = None
    limit: int = 0
    continue_token: str = ""
    initial_events: bool | None = None

    def list_options(self) -> ListOptions:
        """How to list. Raises BadRequest for a resourceVersion that is no number."""
        limit = max(self.limit, 0)
        if self.continue_token:
            decode_token(self.continue_token)
            if self.revision not in ("", "0"):
                raise BadRequest("specifying resource version is not allowed when using continue")
            return ListOptions(limit, self.continue_token)
        if not self.revision:
            return ListOptions(limit)
        try:
            revision = parse_revision(self.revision)
        except APIError as error:
            raise BadRequest(f"invalid resource version: {error}") from error
        if revision == 0:
            return ListOptions(0, "", 0)
        exact = self.match == EXACT or (not self.match and limit > 0)
        return ListOptions(limit, "", revision, exact)


def read_options(query: Query) -> ReadOptions:
    """The options of a list or a watch. Raises BadRequest and Invalid."""
    if not query:
        return _PLAIN
    return ReadOptions(
        labels=query.get("labelSelector", ""),
        fields=query.get("fieldSelector", ""),
        watch=flag(query, "watch"),
        bookmarks=flag(query, "allowWatchBookmarks"),
        revision=query.get("resourceVersion", ""),
        match=query.get("resourceVersionMatch", ""),
        timeout=integer(query, "timeoutSeconds"),
        limit=integer(query, "limit") or 0,
        continue_token=query.get("continue", ""),
        initial_events=flag(query, "sendInitialEvents") if "sendInitialEvents" in query else None,
    )


_PLAIN = ReadOptions()


def check_read_options(options: ReadOptions, *, watch: bool) -> None:
    """Refuse what contradicts itself. Raises Invalid."""
    errors = list(_watch_errors(options) if watch else _list_errors(options))
    if errors:
        _refuse("ListOptions", errors)


def _list_errors(options: ReadOptions) -> list[FieldError]:
    errors, match = [], options.match
    if match:
        if not options.revision:
            text = "resourceVersionMatch is forbidden unless resourceVersion is provided"
            errors.append(forbidden("resourceVersionMatch", text))
        if options.continue_token:
            errors.append(forbidden("resourceVersionMatch", _WITH_CONTINUE))
        if match not in (EXACT, NOT_OLDER):
            errors.append(not_supported("resourceVersionMatch", match, (EXACT, NOT_OLDER, "")))
        if match == EXACT and options.revision == "0":
            text = 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'
            errors.append(forbidden("resourceVersionMatch", text))
    if options.initial_events is not None:
        errors.append(forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
    return errors


_WITH_CONTINUE = "resourceVersionMatch is forbidden when continue is provided"


def _watch_errors(options: ReadOptions) -> list[FieldError]:
    errors, match = [], options.match
    if options.initial_events is not None and match != NOT_OLDER:
        text = f"sendInitialEvents requires setting resourceVersionMatch to {NOT_OLDER}"
        errors.append(forbidden("resourceVersionMatch", text))
    if match:
        if options.initial_events is None:
            text = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"
            errors.append(forbidden("resourceVersionMatch", text))
        if match != NOT_OLDER:
            errors.append(not_supported("resourceVersionMatch", match, (NOT_OLDER,)))
    if options.continue_token:
        errors.append(forbidden("resourceVersionMatch", _WITH_CONTINUE))
    return errors


def parse_revision(text: str) -> int:
    """A resourceVersion. Raises an unclassified APIError, as storage does."""
    if text.isascii() and text.isdigit() and int(text) < 1 << 64:
        return int(text)
    what = "value out of range" if text.isascii() and text.isdigit() else "invalid syntax"
    message = f'resourceVersion: Invalid value: "{text}": strconv.ParseUint: parsing "{text}": {what}'
    raise unclassified(message)


def selection_of(options: ReadOptions, namespace: str, selectable: Selectable) -> Selection:
    """What a list or a watch selects. Raises BadRequest."""
    if not options.labels and not options.fields:
        return Selection(namespace)
    try:
        labels = parse_labels(options.labels) if options.labels else None
        selector = parse_fields(options.fields) if options.fields else None
    except SelectorError as error:
        raise BadRequest(str(error)) from error
    if labels is not None and not labels.requirements:
        labels = None
    if selector is not None:
        selector = selectable.translated(selector) if selector.terms else None
    return Selection(namespace, labels, selector)


@dataclass(frozen=True, slots=True)
class WriteOptions:
    """The parameters of create, update and patch."""

    dry_run: bool = False
    manager: str = ""
    validation: str = "Warn"
    force: bool | None = None


_NO_OPTIONS = WriteOptions()


def write_options(query: Query, kind: str, needed: Sequence[FieldError] = ()) -> WriteOptions:
    """`kind` is that of the options (CreateOptions, …), which a refusal names. Raises Invalid.

    `needed` is what is wrong with them for other reasons.
    """
    if not query and not needed:
        return _NO_OPTIONS
    dry_run, manager = dry_runs(query), query.get("fieldManager", "")
    validation = query.get("fieldValidation", "")
    errors = dry_run_errors(dry_run)
    errors += needed
    errors += manager_errors(manager, "fieldManager")
    if validation not in VALIDATIONS:
        errors.append(not_supported("fieldValidation", validation, VALIDATIONS))
    if errors:
        _refuse(kind, errors)
    force = flag(query, "force") if "force" in query else None
    return WriteOptions(bool(dry_run), manager, validation or "Warn", force)


def delete_options(query: Query, body: Object | None) -> tuple[DeleteOptions, bool]:
    """How to delete, and whether to only pretend; a body stands before parameters. Raises Invalid, BadRequest."""
    return options_of(body if body is not None else _delete_query(query))


def _delete_query(query: Query) -> Object:
    found: Object = {}
    if "propagationPolicy" in query:
        found["propagationPolicy"] = query["propagationPolicy"]
    if "orphanDependents" in query:
        found["orphanDependents"] = flag(query, "orphanDependents")
    if "gracePeriodSeconds" in query:
        found["gracePeriodSeconds"] = integer(query, "gracePeriodSeconds")
    if DRY_RUN in query:
        found["dryRun"] = dry_runs(query)
    return found
