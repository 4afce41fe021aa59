"""Webhook configurations, and the clients that they describe."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from podo.api import names
from podo.api.field_errors import duplicate, invalid, not_supported, required
from podo.server.validation.admission.expressions import match_conditions
from podo.server.validation.admission.matching import MATCH_POLICIES, rule
from podo.server.validation.domain_path import fully_qualified
from podo.server.validation.fields import Errors, Object
from podo.server.validation.metadata import object_meta
from podo.server.validation.selectors import has_bad_value, label_selector

FAILURE_POLICIES = ("Fail", "Ignore")
REINVOCATIONS = ("IfNeeded", "Never")
NO_SIDE_EFFECTS = ("None", "NoneOnDryRun")
SIDE_EFFECTS = ("None", "NoneOnDryRun", "Some", "Unknown")
VERSIONS = ("v1", "v1beta1")
FORM = "; desired format: https://host[/path]"
PORT = "port is not valid: "


@dataclass(frozen=True)
class Leniency:
    """What is tolerated because the stored object has it already."""

    same_conditions: bool = False
    side_effects: bool = False
    unknown_versions: bool = False
    repeated_names: bool = False
    bad_selectors: bool = False


STRICT = Leniency()


def create(obj: Object) -> Errors:
    """What is wrong with a new webhook configuration."""
    return _configuration(obj, STRICT)


def update(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed webhook configuration."""
    hooks, stored = obj.get("webhooks", []), old.get("webhooks", [])
    seen = [hook.get("name", "") for hook in stored]
    lenient = Leniency(
        same_conditions=[h.get("matchConditions") for h in hooks] == [h.get("matchConditions") for h in stored],
        side_effects=any(h.get("sideEffects") not in NO_SIDE_EFFECTS for h in stored),
        unknown_versions=any(
            versions and not set(versions) & set(VERSIONS)
            for versions in (h.get("admissionReviewVersions") for h in stored)
        ),
        repeated_names=len(set(seen)) < len(seen),
        bad_selectors=any(has_bad_value(h.get(key)) for h in stored for key in ("namespaceSelector", "objectSelector")),
    )
    return _configuration(obj, lenient)


def _configuration(obj: Object, lenient: Leniency) -> Errors:
    errs: Errors = []
    object_meta(errs, obj["metadata"], False)
    seen: set[str] = set()
    for index, hook in enumerate(obj.get("webhooks", ())):
        path, name = f"webhooks[{index}]", hook.get("name", "")
        _webhook(errs, hook, path, lenient)
        _versions(errs, hook.get("admissionReviewVersions") or [], f"{path}.admissionReviewVersions", lenient)
        if name and name in seen and not lenient.repeated_names:
            errs.append(duplicate(f"{path}.name", name))
        seen.add(name)
    return errs


def _webhook(errs: Errors, hook: Object, path: str, lenient: Leniency) -> None:
    fully_qualified(errs, f"{path}.name", hook.get("name", ""))
    for index, one in enumerate(hook.get("rules", ())):
        rule(errs, one, f"{path}.rules[{index}]")
    _word(errs, hook.get("failurePolicy"), f"{path}.failurePolicy", FAILURE_POLICIES)
    _word(errs, hook.get("matchPolicy"), f"{path}.matchPolicy", MATCH_POLICIES)
    allowed = SIDE_EFFECTS if lenient.side_effects else NO_SIDE_EFFECTS
    if hook.get("sideEffects") is None:
        errs.append(required(f"{path}.sideEffects", f"must specify one of {', '.join(allowed)}"))
    _word(errs, hook.get("sideEffects"), f"{path}.sideEffects", allowed)
    seconds = hook.get("timeoutSeconds")
    if seconds is not None and not 1 <= seconds <= 30:
        message = "the timeout value must be between 1 and 30 seconds"
        errs.append(invalid(f"{path}.timeoutSeconds", seconds, message))
    for key in ("namespaceSelector", "objectSelector"):
        label_selector(errs, hook.get(key), f"{path}.{key}", lenient_values=lenient.bad_selectors)
    _word(errs, hook.get("reinvocationPolicy"), f"{path}.reinvocationPolicy", REINVOCATIONS)
    client_config(errs, hook.get("clientConfig", {}), f"{path}.clientConfig")
    if not lenient.same_conditions:
        match_conditions(errs, hook.get("matchConditions", []), f"{path}.matchConditions")


def _word(errs: Errors, value: Any, path: str, allowed: tuple[str, ...]) -> None:
    if value is not None and value not in allowed:
        errs.append(not_supported(path, value, allowed))


def _versions(errs: Errors, versions: list[str], path: str, lenient: Leniency) -> None:
    if not versions:
        errs.append(required(path, f"must specify one of {', '.join(VERSIONS)}"))
        return
    seen: set[str] = set()
    for index, version in enumerate(versions):
        if version in seen:
            errs.append(invalid(f"{path}[{index}]", version, "duplicate version"))
            continue
        seen.add(version)
        errs += [invalid(f"{path}[{index}]", version, message) for message in names.dns1035_label(version)]
    if not seen & set(VERSIONS) and not lenient.unknown_versions:
        errs.append(invalid(path, versions, f"must include at least one of {', '.join(VERSIONS)}"))


def client_config(errs: Errors, config: Object, path: str) -> None:
    """Where a webhook is: at a URL, or a Service."""
    url, service = config.get("url"), config.get("service")
    if (url is None) == (service is None):
        errs.append(required(path, "exactly one of url or service is required"))
    elif url is not None:
        webhook_url(errs, url, f"{path}.url")
    elif service is not None:
        webhook_service(errs, service, f"{path}.service")


def webhook_url(errs: Errors, url: str, path: str) -> None:
    """The URL of a webhook."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        errs.append(required(path, f"url must be a valid URL: {error}{FORM}"))
        return
    if parts.scheme != "https":
        errs.append(invalid(path, parts.scheme, f"'https' is the only allowed URL scheme{FORM}"))
    user, _, host = parts.netloc.rpartition("@")
    if not host:
        errs.append(invalid(path, host, f"host must be specified{FORM}"))
    if user:
        errs.append(invalid(path, user, "user information is not permitted in the URL"))
    if parts.fragment:
        errs.append(invalid(path, parts.fragment, "fragments are not permitted in the URL"))
    if parts.query:
        errs.append(invalid(path, parts.query, "query parameters are not permitted in the URL"))


def webhook_service(errs: Errors, service: Object, path: str) -> None:
    """The Service of a webhook. Kubernetes looks at name and namespace in each other's place; so do we."""
    for key, other in (("name", "namespace"), ("namespace", "name")):
        if not service.get(other):
            errs.append(required(f"{path}.{key}"))
    port = service.get("port", 0)
    if problems := names.port_number(port):
        errs.append(invalid(f"{path}.port", port, PORT + ", ".join(problems)))
    text, where = service.get("path") or "/", f"{path}.path"
    if text == "/":
        return
    if text == "//":
        errs.append(invalid(where, text, "segment[0] may not be empty"))
        return
    if not text.startswith("/"):
        errs.append(invalid(where, text, "must start with a '/'"))
    for index, step in enumerate(text[1:].removesuffix("/").split("/")):
        if not step:
            errs.append(invalid(where, text, f"segment[{index}] may not be empty"))
            continue
        for message in names.dns1123_subdomain(step):
            errs.append(invalid(where, text, f"segment[{index}]: {message}"))
