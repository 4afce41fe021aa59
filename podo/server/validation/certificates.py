"""CertificateSigningRequests, and the APIServices of other servers."""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from podo.api import names
from podo.api.field_errors import duplicate, forbidden, invalid, not_supported, required
from podo.server.validation.differences import plain_difference
from podo.server.validation.fields import Errors, Object
from podo.server.validation.metadata import changed_meta, new_meta, plain_meta
from podo.server.validation.rules import Rules, Update
from podo.server.validation.signers import signer_name

USAGES = (
    *("any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment"),
    *("decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel"),
    *("ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime"),
    *("server auth", "signing", "timestamping"),
)
DECISIONS = ("Approved", "Denied")
FINAL = (*DECISIONS, "Failed")
LEGACY = "kubernetes.io/legacy-unknown"
EXPIRATION_MIN = 600
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----\r?\n(.*?)-----END \1-----", re.S)


@dataclass(frozen=True)
class Leniency:
    """What is tolerated because the stored request has it, and what the subresource may set."""

    both_decisions: bool = False
    repeated_types: bool = False
    empty_types: bool = False
    any_certificate: bool = False
    unknown_usages: bool = False
    repeated_usages: bool = False
    legacy_signer: bool = False


def create(obj: Object) -> Errors:
    """What is wrong with a new CertificateSigningRequest."""
    errs: Errors = []
    _request(errs, obj, Leniency())
    return errs


def _any_name(name: str) -> list[str]:
    return []


def _decoded(text: str) -> bytes:
    return base64.b64decode(text or "")


def _request(errs: Errors, obj: Object, lenient: Leniency) -> None:
    new_meta(errs, obj, namespaced=False, check=_any_name)
    spec, status = obj["spec"], obj["status"]
    if problem := _csr_problem(_decoded(spec.get("request", ""))):
        errs.append(invalid("spec.request", spec.get("request") or None, problem))
    usages = spec.get("usages", [])
    if not usages:
        errs.append(required("spec.usages"))
    for index, usage in enumerate(usages):
        if usage not in USAGES and not lenient.unknown_usages:
            errs.append(not_supported(f"spec.usages[{index}]", usage, USAGES))
    for index, usage in enumerate(usages):
        if usage in usages[:index] and not lenient.repeated_usages:
            errs.append(duplicate(f"spec.usages[{index}]", usage))
    signer = spec.get("signerName", "")
    if signer == LEGACY and not lenient.legacy_signer:
        message = "the legacy signerName is not allowed via this API version"
        errs.append(invalid("spec.signerName", signer, message))
    else:
        signer_name(errs, signer, "spec.signerName")
    seconds = spec.get("expirationSeconds")
    if seconds is not None and seconds < EXPIRATION_MIN:
        message = "may not specify a duration less than 600 seconds (10 minutes)"
        errs.append(invalid("spec.expirationSeconds", seconds, message))
    _conditions(errs, status.get("conditions", []), lenient)
    if not lenient.any_certificate and (problem := _certificate_problem(_decoded(status.get("certificate", "")))):
        errs.append(invalid("status.certificate", "<certificate data>", problem))


def _csr_problem(pem: bytes) -> str:
    block = _BLOCK.search(pem)
    if block is None or block[1] != b"CERTIFICATE REQUEST":
        return "PEM block type must be CERTIFICATE REQUEST"
    try:
        request = x509.load_pem_x509_csr(block[0])
    except ValueError:
        return "asn1: structure error: malformed certificate request"
    return "" if request.is_signature_valid else "x509: signature verification failed"


def _certificate_problem(pem: bytes) -> str:
    if not pem:
        return ""
    blocks = list(_BLOCK.finditer(pem))
    for block in blocks:
        kind, body = block[1].decode(), block[2]
        if kind != "CERTIFICATE":
            return f'only CERTIFICATE PEM blocks are allowed, found "{kind}"'
        if b":" in body:
            return "no PEM block headers are permitted"
        try:
            x509.load_pem_x509_certificate(block[0])
        except ValueError:
            return "x509: malformed certificate"
    return "" if blocks else "must contain at least one CERTIFICATE PEM block"


def _conditions(errs: Errors, conditions: list[Object], lenient: Leniency) -> None:
    path = "status.conditions"
    seen: set[str] = set()
    for index, condition in enumerate(conditions):
        where, kind, status = f"{path}[{index}]", condition["type"], condition["status"]
        if not kind and not lenient.empty_types:
            errs.append(required(f"{where}.type"))
        allowed = ("True",) if kind in FINAL else ("False", "True", "Unknown")
        if not status:
            errs.append(required(f"{where}.status"))
        elif status not in allowed:
            errs.append(not_supported(f"{where}.status", status, allowed))
        if kind in DECISIONS and set(DECISIONS) - {kind} <= seen and not lenient.both_decisions:
            errs.append(invalid(path, kind, "Approved and Denied conditions are mutually exclusive"))
        if kind in seen and not lenient.repeated_types:
            errs.append(duplicate(f"{where}.type", kind))
        seen.add(kind)


def _updater(*, decides: bool = False, issues: bool = False) -> Update:
    """The check of changes, by who may decide on requests or issue certificates."""

    def update(obj: Object, old: Object) -> Errors:
        errs: Errors = []
        _request(errs, obj, _leniency(obj, old))
        conditions, stored = (_by_type(o["status"].get("conditions", [])) for o in (obj, old))
        path = "status.conditions"
        for kind in FINAL:
            if len(conditions(kind)) < len(stored(kind)):
                errs.append(forbidden(path, f'updates may not remove a condition of type "{kind}"'))
        for kind in () if decides else DECISIONS:
            if len(conditions(kind)) > len(stored(kind)):
                errs.append(forbidden(path, f'updates may not add a condition of type "{kind}"'))
            elif len(conditions(kind)) == len(stored(kind)) and conditions(kind) != stored(kind):
                shown = plain_difference(stored(kind), conditions(kind))
                errs.append(forbidden(path, f'updates may not modify a condition of type "{kind}"\n{shown}'))
        certificate, before = (o["status"].get("certificate", "") for o in (obj, old))
        if certificate != before and not issues:
            errs.append(forbidden("status.certificate", "updates may not set certificate content"))
        elif certificate != before and before:
            errs.append(forbidden("status.certificate", "updates may not modify existing certificate content"))
        changed_meta(errs, obj, old)
        return errs

    return update


def _by_type(conditions: list[Object]) -> Callable[[str], list[Object]]:
    return lambda kind: [condition for condition in conditions if condition["type"] == kind]


def _leniency(obj: Object, old: Object) -> Leniency:
    types = [condition["type"] for condition in old["status"].get("conditions", ())]
    usages = old["spec"].get("usages", [])
    certificate, before = (o["status"].get("certificate", "") for o in (obj, old))
    return Leniency(
        both_decisions=set(DECISIONS) <= set(types),
        repeated_types=len(set(types)) < len(types),
        empty_types="" in types,
        any_certificate=certificate == before or bool(before and _certificate_problem(_decoded(before))),
        unknown_usages=not set(usages) <= set(USAGES),
        repeated_usages=len(set(usages)) < len(usages),
        legacy_signer=old["spec"].get("signerName") == LEGACY,
    )


def create_service(obj: Object) -> Errors:
    """What is wrong with an APIService."""
    errs: Errors = []
    spec = obj["spec"]
    group, version, service = spec.get("group", ""), spec.get("version", ""), spec.get("service")
    wanted = f"{version}.{group}"

    def name_errors(name: str) -> list[str]:
        problems = names.path_segment(name)
        return problems or ([] if name == wanted else [f'must be `spec.version+"."+spec.group`: "{wanted}"'])

    plain_meta(errs, obj, namespaced=False, check=name_errors)
    if not group and version != "v1":
        errs.append(required("spec.group", "only v1 may have an empty group and it better be legacy kube"))
    if group:
        errs += [invalid("spec.group", group, message) for message in names.dns1123_subdomain(group)]
    errs += [invalid("spec.version", version, message) for message in names.dns1035_label(version)]
    for key, most in (("groupPriorityMinimum", 20000), ("versionPriority", 1000)):
        if not 0 < spec.get(key, 0) <= most:
            errs.append(invalid(f"spec.{key}", spec.get(key, 0), f"must be positive and less than {most}"))
    bundle, insecure = spec.get("caBundle", ""), bool(spec.get("insecureSkipTLSVerify"))
    if service is None:
        if bundle:
            shown = f"{len(_decoded(bundle))} bytes"
            errs.append(invalid("spec.caBundle", shown, "local APIServices may not have a caBundle"))
        if insecure:
            message = "local APIServices may not have insecureSkipTLSVerify"
            errs.append(invalid("spec.insecureSkipTLSVerify", True, message))
        return errs
    for key in ("namespace", "name"):
        if not service.get(key):
            errs.append(required(f"spec.service.{key}"))
    port = service.get("port", 0)
    if problems := names.port_number(port):
        errs.append(invalid("spec.service.port", port, "port is not valid: " + ", ".join(problems)))
    if insecure and bundle:
        errs.append(invalid("spec.insecureSkipTLSVerify", True, "may not be true if caBundle is present"))
    return errs


def update_service(obj: Object, old: Object) -> Errors:
    """What is wrong with a changed APIService."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    return errs + create_service(obj)


def status_update_service(obj: Object, old: Object) -> Errors:
    """What is wrong with the changed status of an APIService."""
    errs: Errors = []
    changed_meta(errs, obj, old)
    for index, condition in enumerate(obj["status"].get("conditions", ())):
        if condition.get("status") not in ("True", "False", "Unknown"):
            path = f"status.conditions[{index}].status"
            errs.append(not_supported(path, condition.get("status", ""), ("True", "False", "Unknown")))
    return errs


TABLE: dict[tuple[str, str], Rules] = {
    ("certificates.k8s.io/v1", "CertificateSigningRequest"): Rules(
        create, _updater(), {"status": _updater(issues=True), "approval": _updater(decides=True)}
    ),
    ("apiregistration.k8s.io/v1", "APIService"): Rules(
        create_service, update_service, {"status": status_update_service}
    ),
}
