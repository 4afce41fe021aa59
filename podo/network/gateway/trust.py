"""Whom Gateways trust: the authorities of clients' certificates, and of Pods' (BackendTLSPolicy). Pure."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from podo.api.types.core_v1 import ConfigMap
from podo.client.base import Key
from podo.network.gateway.findings import ACCEPTED, RESOLVED, Finding
from podo.network.gateway.grants import Grants, Referrer
from podo.network.gateway.kinds import Gateway, Reference, Validation
from podo.network.gateway.plan import ClientCheck
from podo.network.haproxy.authorities import authorities_of
from podo.network.haproxy.certificates import CertificateProblem

INSECURE = "AllowInsecureFallback"
NONE_VALID = "NoValidCACertificate"
ConfigMaps = Callable[[Key], ConfigMap | None]


class Authorities(NamedTuple):
    """What could be read, in PEM; what could not, as (reason, words)."""

    pem: bytes = b""
    problem: tuple[str, str] | None = None


class Reasons(NamedTuple):
    """The words of a kind of object for references that lead nowhere."""

    missing: str = "InvalidCACertificateRef"
    kind: str = "InvalidCACertificateKind"


OF_LISTENERS = Reasons()


def authorities(
    refs: Iterable[Reference],
    namespace: str,
    config_map: ConfigMaps,
    *,
    permitted: Callable[[Key], bool] = lambda key: True,
    reasons: Reasons = OF_LISTENERS,
) -> Authorities:
    """The authorities that an object of `namespace` names."""
    pem, problem = b"", None
    for ref in refs:
        key = Key(ref.namespace or namespace, ref.name)
        if (ref.group, ref.kind) != ("", "ConfigMap"):
            problem = problem or (reasons.kind, f"an authority cannot be of {ref.group or 'core'}/{ref.kind}")
        elif not permitted(key):
            problem = problem or ("RefNotPermitted", f"no ReferenceGrant permits ConfigMap {key}")
        elif (found := config_map(key)) is None:
            problem = problem or (reasons.missing, f"ConfigMap {key} does not exist")
        else:
            try:
                pem += authorities_of(found)
            except CertificateProblem as error:
                problem = problem or (reasons.missing, f"ConfigMap {key} {error}")
    return Authorities(pem, problem)


class Checked(NamedTuple):
    """How a port checks clients, and what is wrong with that: conditions Accepted and ResolvedRefs, where they fail."""

    check: ClientCheck | None = None
    accepted: Finding | None = None
    resolved: Finding | None = None


def client_check(gateway: Gateway, port: int, grants: Grants, config_map: ConfigMaps) -> Checked:
    """How a Gateway checks the certificates of clients at a port where TLS ends."""
    validation = _validation(gateway, port)
    if validation is None:
        return Checked()
    namespace = gateway.metadata.namespace
    found = authorities(
        validation.ca_certificate_refs,
        namespace,
        config_map,
        permitted=lambda key: grants.permit(Referrer("Gateway", namespace), key, group="", kind="ConfigMap"),
    )
    resolved = Finding(RESOLVED, False, *found.problem) if found.problem else None
    if not found.pem:
        message = found.problem[1] if found.problem else "no authority is named"
        return Checked(None, Finding(ACCEPTED, False, NONE_VALID, message), resolved)
    return Checked(ClientCheck(found.pem, validation.mode != INSECURE), None, resolved)


def lets_strangers_in(gateway: Gateway) -> bool:
    """Whether clients need no valid certificate at some port that has authorities."""
    frontend = gateway.spec.tls.frontend if gateway.spec.tls else None
    if frontend is None:
        return False
    found = [frontend.default.validation, *(each.tls.validation for each in frontend.per_port)]
    return any(each is not None and each.mode == INSECURE for each in found)


def _validation(gateway: Gateway, port: int) -> Validation | None:
    frontend = gateway.spec.tls.frontend if gateway.spec.tls else None
    if frontend is None:
        return None
    own = next((each.tls for each in frontend.per_port if each.port == port), frontend.default)
    return own.validation
