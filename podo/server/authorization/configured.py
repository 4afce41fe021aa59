"""The authorizers that the server is told to ask, in order: by flags, or by an AuthorizationConfiguration."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from podo.client import kubeconfig
from podo.client.transport import Transport
from podo.clock import Clock
from podo.server.authorization.base import AllowAll, Authorizer, Decision, Verdict
from podo.server.authorization.webhook import Settings, WebhookAuthorizer
from podo.server.configuration_file import read
from podo.server.options import GuardOptions, OptionError, seconds

KIND = "AuthorizationConfiguration"
MODES = ("Node", "RBAC", "Webhook", "AlwaysAllow", "AlwaysDeny")
Close = Callable[[], Awaitable[None]]


class _Part(msgspec.Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What cannot have fields that it does not know."""


class Connection(_Part, frozen=True, kw_only=True):
    """Where a service is."""

    type: str
    kube_config_file: str = ""


class Condition(_Part, frozen=True, kw_only=True):
    """A CEL expression over `request`."""

    expression: str


class Webhook(_Part, frozen=True, kw_only=True):
    """A service."""

    connection_info: Connection
    failure_policy: str
    subject_access_review_version: str
    timeout: str
    authorized_ttl: str = msgspec.field(default="5m", name="authorizedTTL")
    unauthorized_ttl: str = msgspec.field(default="30s", name="unauthorizedTTL")
    cache_authorized_requests: bool = True
    cache_unauthorized_requests: bool = True
    match_condition_subject_access_review_version: str = ""
    match_conditions: tuple[Condition, ...] = ()


class Entry(_Part, frozen=True, kw_only=True):
    """One authorizer."""

    type: str
    name: str
    webhook: Webhook | None = None


class Configuration(_Part, frozen=True, kw_only=True):
    """The file."""

    kind: str
    api_version: str
    authorizers: tuple[Entry, ...]


@dataclass(frozen=True)
class DenyAll:
    """Nobody may do anything."""

    async def authorize(self, attempt: Any) -> Decision:
        return Decision(Verdict.NO_OPINION, "Everything is forbidden.")


def authorizers(
    options: GuardOptions, own: dict[str, Authorizer], clock: Clock
) -> tuple[list[Authorizer], list[Close]]:
    """In order, and what is to be closed at the end. `own` has Node and RBAC. Raises OptionError, OSError."""
    closing: list[Close] = []

    def asked(file: str, settings: Settings, conditions: tuple[Condition, ...] = ()) -> Authorizer:
        try:
            transport = Transport(kubeconfig.load(Path(file)), agent="podo")
        except kubeconfig.KubeconfigError as error:
            raise OptionError(str(error)) from error
        closing.append(transport.close)
        return WebhookAuthorizer(transport, settings, clock, compiled(conditions))

    others: dict[str, Authorizer] = own | {"AlwaysAllow": AllowAll(), "AlwaysDeny": DenyAll()}
    found: list[Authorizer] = []
    if options.authorization_config:
        for entry in load(Path(options.authorization_config)).authorizers:
            webhook = entry.webhook
            if webhook is None:
                found.append(others[entry.type])
            else:
                found.append(
                    asked(webhook.connection_info.kube_config_file, of(entry.name, webhook), webhook.match_conditions)
                )
        return found, closing
    for mode in options.authorization_mode.split(","):
        if mode not in MODES:
            raise OptionError(f"--authorization-mode {mode}: it is one of {', '.join(MODES)}")
        found.append(
            others[mode] if mode in others else asked(options.authorization_webhook_config_file, by_flags(options))
        )
    return found, closing


def modes(options: GuardOptions) -> tuple[str, ...]:
    """Which authorizers are asked, by type and in order. Raises OptionError, OSError."""
    if options.authorization_config:
        return tuple(entry.type for entry in load(Path(options.authorization_config)).authorizers)
    return tuple(options.authorization_mode.split(","))


def by_flags(options: GuardOptions) -> Settings:
    """How the service of the flags is asked."""
    return Settings(
        version=options.authorization_webhook_version,
        allowed_for=options.authorization_webhook_cache_authorized_ttl,
        refused_for=options.authorization_webhook_cache_unauthorized_ttl,
    )


def of(name: str, webhook: Webhook) -> Settings:
    """How a service of the file is asked. Raises OptionError."""
    try:
        return Settings(
            name=name,
            version=webhook.subject_access_review_version,
            allowed_for=seconds(webhook.authorized_ttl) if webhook.cache_authorized_requests else 0.0,
            refused_for=seconds(webhook.unauthorized_ttl) if webhook.cache_unauthorized_requests else 0.0,
            timeout=seconds(webhook.timeout),
            denies=webhook.failure_policy == "Deny",
        )
    except ValueError as error:
        raise OptionError(f"authorizer {name}: {error} is no time such as 30s") from error


def compiled(conditions: tuple[Condition, ...]) -> list[Any]:
    """The programs. Raises OptionError."""
    if not conditions:
        return []
    from podo.cel import identity

    try:
        environment = identity.review_environment()
        return [identity.compiled(environment, each.expression, identity.CONDITION) for each in conditions]
    except identity.IdentityError as error:
        raise OptionError(f"matchConditions: {error}") from error


def load(path: Path) -> Configuration:
    """The file's content. Raises OptionError, OSError."""
    found = read(path, Configuration, KIND)
    if problems := _problems(found):
        raise OptionError(f"{path}: {'; '.join(problems)}")
    return found


def _problems(found: Configuration) -> list[str]:
    problems = [] if found.authorizers else ["authorizers: at least one authorization mode must be defined"]
    names = [entry.name for entry in found.authorizers]
    for index, entry in enumerate(found.authorizers):
        where = f"authorizers[{index}]"
        if entry.type not in MODES:
            problems.append(f"{where}.type: unsupported value {entry.type!r}: supported are {', '.join(MODES)}")
        if names.count(entry.name) > 1:
            problems.append(f"{where}.name: {entry.name!r} is there more than once")
        if (entry.webhook is None) is (entry.type == "Webhook"):
            problems.append(f"{where}.webhook: required for type Webhook, and for no other")
        if (webhook := entry.webhook) is not None:
            if webhook.failure_policy not in ("NoOpinion", "Deny"):
                problems.append(f"{where}.webhook.failurePolicy: supported are NoOpinion, Deny")
            if webhook.subject_access_review_version not in ("v1", "v1beta1"):
                problems.append(f"{where}.webhook.subjectAccessReviewVersion: supported are v1, v1beta1")
            if webhook.connection_info.type != "KubeConfigFile" or not webhook.connection_info.kube_config_file:
                problems.append(f"{where}.webhook.connectionInfo: a KubeConfigFile is required")
    return problems
