"""One request on its way through the audit log: an event at each stage that the policy wants."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol

import msgspec

from podo.api.timestamps import format_microtime
from podo.clock import Clock
from podo.server.answer import JSON, Answer
from podo.server.audit.policy import COMPLETE, NAMES, PANIC, RECEIVED, STARTED, Decision, Level, Policy
from podo.server.authentication.reviews import user_info
from podo.server.context import User
from podo.server.counting import Counter
from podo.server.http.request_info import RequestInfo

Object = dict[str, Any]
GONE = 499
"""The code of a request whose client went away before there was an answer."""
STATUS_FIELDS = ("status", "message", "reason", "details")


class Backend(Protocol):
    """Where events go. `put` neither waits nor fails."""

    def put(self, event: bytes) -> None:
        """Take one event, as JSON."""
        ...


class Received(NamedTuple):
    """What came in, before anyone looked at it."""

    id: str
    uri: str
    addresses: tuple[str, ...]
    agent: str
    at: datetime


class Auditor:
    """Begins a trail for each request that the policy wants recorded."""

    def __init__(self, policy: Policy, backends: Iterable[Backend], clock: Clock) -> None:
        self._policy, self._backends, self._clock = policy, tuple(backends), clock
        self.levels = Counter("apiserver_audit_level_total", "Requests, by how much of them is recorded.", "level")
        self.events = Counter("apiserver_audit_event_total", "Events that were given to the backends.")

    def begin(
        self, received: Received, user: User | None, info: RequestInfo, annotations: dict[str, str]
    ) -> "Trail | None":
        """Record the first stage. `annotations` may grow until the last; `user` None: nobody could be told."""
        decision = self._policy.decide(user, info)
        self.levels.add(NAMES[decision.level])
        if decision.level is Level.NONE:
            return None
        trail = Trail(self._emit, self._clock, decision, _event(received, user, info, decision.level), annotations)
        trail.emit(RECEIVED)
        return trail

    def lines(self) -> Iterator[str]:
        """The text form of Prometheus."""
        yield from self.levels.lines()
        yield from self.events.lines()

    def _emit(self, event: bytes) -> None:
        self.events.add()
        for backend in self._backends:
            backend.put(event)


class Trail:
    """The events of one request."""

    def __init__(self, put: Any, clock: Clock, decision: Decision, event: Object, annotations: dict[str, str]) -> None:
        self._put, self._clock, self._decision, self._event = put, clock, decision, event
        self._annotations, self._started = annotations, False

    def emit(self, stage: str) -> None:
        """Record a stage, unless the policy leaves it out."""
        if stage in self._decision.omitted:
            return
        event = self._event | {"stage": stage, "stageTimestamp": format_microtime(self._clock.now())}
        if self._annotations and stage != RECEIVED:
            event["annotations"] = self._annotations
        self._put(msgspec.json.encode(event))

    def impersonates(self, user: User, constraint: str = "") -> None:
        """The request acts as someone else, by the right to a verb that is for some requests only."""
        self._event["impersonatedUser"] = user_info(user)
        if constraint:
            self._event["authenticationMetadata"] = {"impersonationConstraint": constraint}

    def request(self, obj: Object) -> None:
        """What the client sent. It is taken as it is now, whatever becomes of it."""
        metadata = obj.get("metadata") or {}
        if (ref := self._event.get("objectRef")) is not None:
            for field in ("name", "namespace", "uid", "resourceVersion"):
                if not ref.get(field) and metadata.get(field):
                    ref[field] = metadata[field]
        if self._decision.level >= Level.REQUEST:
            self._event["requestObject"] = msgspec.Raw(msgspec.json.encode(self._cut(obj)))

    def patch(self, body: bytes) -> None:
        """The patch that the client sent."""
        if self._decision.level >= Level.REQUEST:
            self._event["requestObject"] = msgspec.Raw(_json_of(body))

    def started(self, code: int = 200) -> None:
        """The answer of a long request has begun."""
        self._event["responseStatus"] = {"metadata": {}, "code": code}
        self._started = True
        self.emit(STARTED)

    def complete(self, status: int, answer: Answer | None) -> None:
        """The answer is whole; None for a stream."""
        body = _body_of(answer)
        shown: Object = {"metadata": {}, "code": status}
        if body is not None and body.get("kind") == "Status" and body.get("apiVersion") == "v1":
            shown |= {field: body[field] for field in STATUS_FIELDS if body.get(field)}
        self._event["responseStatus"] = shown
        if self._decision.level >= Level.REQUEST_RESPONSE and body is not None:
            self._event["responseObject"] = self._cut(body)
        self.emit(COMPLETE)

    def gone(self) -> None:
        """The client is gone before the answer was whole; what it asked may have been done."""
        code = 200 if self._started else GONE
        self._event["responseStatus"] = {"metadata": {}, "message": "Connection closed early", "code": code}
        self.emit(COMPLETE)

    def panic(self, why: str) -> None:
        """A bug of ours ended the request."""
        status = {"metadata": {}, "status": "Failure", "message": why, "reason": "InternalError", "code": 500}
        self._event["responseStatus"] = status
        self.emit(PANIC)

    def _cut(self, obj: Object) -> Object:
        if not self._decision.omit_managed_fields:
            return obj
        shown = dict(obj)
        if isinstance(metadata := obj.get("metadata"), dict):
            shown["metadata"] = {name: value for name, value in metadata.items() if name != "managedFields"}
        if isinstance(items := obj.get("items"), list):
            shown["items"] = [self._cut(item) if isinstance(item, dict) else item for item in items]
        return shown


def _event(received: Received, user: User | None, info: RequestInfo, level: Level) -> Object:
    event: Object = {
        "kind": "Event",
        "apiVersion": "audit.k8s.io/v1",
        "level": NAMES[level],
        "auditID": received.id,
        "requestURI": received.uri,
        "verb": info.verb,
        "user": user_info(user) if user is not None else {},
        "sourceIPs": received.addresses,
        "userAgent": received.agent,
        "requestReceivedTimestamp": format_microtime(received.at),
    }
    if info.resource:
        ref = {
            "resource": info.resource,
            "namespace": info.namespace,
            "name": info.name,
            "apiGroup": info.group,
            "apiVersion": info.version,
            "subresource": info.subresource,
        }
        event["objectRef"] = {name: value for name, value in ref.items() if value}
    return event


def _json_of(body: bytes) -> bytes:
    """A patch as JSON: apply patches are YAML."""
    try:
        msgspec.json.decode(body)
    except msgspec.DecodeError:
        import yaml

        try:
            return msgspec.json.encode(yaml.safe_load(body))
        except (yaml.YAMLError, UnicodeDecodeError, TypeError):
            return msgspec.json.encode(body.decode(errors="replace"))
    return body


def _body_of(answer: Answer | None) -> Object | None:
    """The object in an answer."""
    if answer is None or not answer.body:
        return None
    media_type = answer.media_type.partition(";")[0]
    if media_type == "application/vnd.kubernetes.protobuf":
        from podo.server.protobuf import envelope

        try:
            return envelope.decode_any(bytes(answer.body))
        except (KeyError, ValueError):  # a list of a kind that has no message of its own
            return None
    if media_type != JSON:
        return None
    found = msgspec.json.decode(bytes(answer.body))
    return found if isinstance(found, dict) else None


def addresses_of(headers: Mapping[str, str], peer: str) -> tuple[str, ...]:
    """Where a request says that it came from, and, at the end, where it really came from."""
    found = [part.strip() for part in headers.get("X-Forwarded-For", "").split(",") if part.strip()]
    if (real := headers.get("X-Real-Ip", "").strip()) and real not in found:
        found.append(real)
    if peer and (not found or found[-1] != peer):
        found.append(peer)
    return tuple(found)
