"""In which form an answer goes out: what the client accepts, and what we have."""

from typing import NamedTuple

from podo.api.errors import NotAcceptable, UnsupportedMediaType
from podo.api.remembering import remembering

JSON, YAML, PROTOBUF = "application/json", "application/yaml", "application/vnd.kubernetes.protobuf"
OFFERED = (JSON, YAML, PROTOBUF)
LIST = ", ".join(OFFERED)
STREAMS = ", ".join((LIST, f"{JSON};stream=watch", f"{PROTOBUF};stream=watch"))
"""What is offered where there may be a watch."""
TABLE, PARTIAL, PARTIAL_LIST = "Table", "PartialObjectMetadata", "PartialObjectMetadataList"
META_VERSIONS = ("v1", "v1beta1")
AGGREGATED = {"g": "apidiscovery.k8s.io", "v": "v2", "as": "APIGroupDiscoveryList"}
"""The parameters by which a client asks for discovery in one answer."""


class Form(NamedTuple):
    """A media type, and what objects are turned into (`as_kind`: "" leaves them as they are)."""

    media_type: str
    as_kind: str = ""
    as_version: str = "v1"


PLAIN = Form(JSON)


@remembering(512)
def negotiate(accept: str, *, has_messages: bool = True, has_tables: bool = True, streams: bool = False) -> Form:
    """The first form, by the client's weights, that we have. Raises NotAcceptable.

    Objects of kinds that have no messages go out as protobuf only when they are turned into something else, and not
    everything can be made a Table (`has_tables`). Where there may be a watch (`streams`), a refusal says so.
    """
    if not accept.strip():
        return PLAIN
    clauses = sorted(map(_clause, accept.split(",")), key=lambda clause: -clause[1])
    known = False
    for media_type, _, parameters in clauses:
        if media_type not in OFFERED and media_type != "*/*":
            continue
        known = True
        form = _form(JSON if media_type == "*/*" else media_type, parameters)
        if form is None or (form.as_kind == TABLE and not has_tables):
            continue
        if form.media_type != PROTOBUF or _is_message(form, has_messages):
            return form
    if known:
        raise only_these()
    raise not_acceptable(STREAMS if streams else LIST)


def only_these() -> NotAcceptable:
    """The 406 for a client that accepts what we have, but not as we have it."""
    return NotAcceptable(f"only the following media types are accepted: {LIST}")


class DiscoveryForm(NamedTuple):
    """How discovery answers: in which media type, and whether with all groups in one (KEP-3352)."""

    media_type: str
    aggregated: bool = False


@remembering(128)
def negotiate_discovery(accept: str, *, may_aggregate: bool, any_type: bool = True) -> DiscoveryForm:
    """The first form, by the client's weights, that discovery has. Raises NotAcceptable.

    Only the documents of groups are there for who accepts `application/*` (`any_type`).
    """
    if not accept.strip():
        return DiscoveryForm(JSON)
    known = False
    for media_type, _, parameters in sorted(map(_clause, accept.split(",")), key=lambda clause: -clause[1]):
        if media_type not in OFFERED and media_type not in (("*/*", "application/*") if any_type else ("*/*",)):
            continue
        known = known or media_type != "application/*"
        chosen = media_type if media_type in OFFERED else JSON
        asked = {name: parameters[name] for name in AGGREGATED if name in parameters}
        if asked == AGGREGATED and may_aggregate:
            return DiscoveryForm(chosen, aggregated=True)
        if "as" not in parameters:
            return DiscoveryForm(chosen)
    if known:
        raise only_these()
    raise not_acceptable()


def accepts_json(accept: str) -> bool:
    """Whether a client takes JSON, where there is nothing else."""
    return not accept.strip() or any(_clause(text)[0] in (JSON, "*/*") for text in accept.split(","))


def _is_message(form: Form, has_messages: bool) -> bool:
    return form.as_kind != TABLE if form.as_kind else has_messages


@remembering(512)
def form_of_failures(accept: str) -> Form:
    """The form for a Status, which is never turned into anything: JSON, if the client accepts nothing we have."""
    clauses = (text for text in accept.split(",") if not _clause(text)[2].get("as"))
    try:
        return negotiate(",".join(clauses))
    except NotAcceptable:
        return PLAIN


def not_acceptable(offered: str = LIST) -> NotAcceptable:
    """The 406 for a client that accepts nothing we have."""
    error = NotAcceptable(f"406: Not Acceptable\n\nAvailable representations: {offered}")
    error.always_details = True
    return error


def _clause(text: str) -> tuple[str, float, dict[str, str]]:
    media_type, *rest = (part.strip() for part in text.split(";"))
    parameters = dict(part.partition("=")[::2] for part in rest)
    try:
        weight = float(parameters.get("q", "1"))
    except ValueError:
        weight = 1.0
    return media_type, weight, parameters


def _form(media_type: str, parameters: dict[str, str]) -> Form | None:
    kind = parameters.get("as", "")
    if not kind:
        return Form(media_type)
    version = parameters.get("v", "")
    if parameters.get("g") != "meta.k8s.io" or version not in META_VERSIONS:
        return None
    if kind not in (TABLE, PARTIAL, PARTIAL_LIST):
        return None
    return Form(media_type, kind, version)


@remembering(128)
def body_media_type(content_type: str) -> str:
    """The media type of a request's body. Raises UnsupportedMediaType."""
    name, *parameters = (part.strip() for part in content_type.split(";"))
    media_type = name.lower() or ("" if parameters else JSON)
    if media_type not in OFFERED or any(parameter and "=" not in parameter for parameter in parameters):
        raise unsupported()
    return media_type


def unsupported(offered: str = LIST) -> UnsupportedMediaType:
    """The 415 for a body of another type."""
    text = "the body of the request was in an unknown format - accepted media types include: "
    return UnsupportedMediaType(text + offered)
