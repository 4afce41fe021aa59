"""Certificate requests, API services, access reviews."""

import base64
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from podo.server.validation.reviews import review_errors

from .build import built, complaints, update_complaints
from .cases import bad_paths, bad_update_paths, changed

KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "jo")])


def encoded(pem):
    return base64.b64encode(pem).decode()


REQUEST = encoded(
    x509.CertificateSigningRequestBuilder().subject_name(NAME).sign(KEY, SHA256()).public_bytes(Encoding.PEM)
)
START = datetime(2026, 1, 1, tzinfo=UTC)
CERTIFICATE = encoded(
    x509.CertificateBuilder(NAME, NAME, KEY.public_key(), 1, START, START + timedelta(1))
    .sign(KEY, SHA256())
    .public_bytes(Encoding.PEM)
)


def cluster(api_version, kind, **rest):
    obj = built(api_version, kind, **rest)
    obj["metadata"].pop("namespace", None)
    return obj


SPEC = {"request": REQUEST, "signerName": "a.b/c", "usages": ["client auth"]}
CSR = cluster("certificates.k8s.io/v1", "CertificateSigningRequest", spec=SPEC)


def condition(kind, status="True"):
    return {"type": kind, "status": status}


def test_a_plain_request_is_good():
    assert complaints(CSR) == []
    assert bad_update_paths(CSR, "metadata.labels", {"a": "b"}) == []


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("spec.request", "", ["spec.request"]),
        (
            "spec.request",
            encoded(b"-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----"),
            None,
        ),
        ("spec.usages", [], ["spec.usages"]),
        ("spec.usages", ["x"], ["spec.usages[0]"]),
        ("spec.usages", ["any", "any"], ["spec.usages[1]"]),
        ("spec.signerName", "kubernetes.io/legacy-unknown", ["spec.signerName"]),
        ("spec.expirationSeconds", 5, ["spec.expirationSeconds"]),
        ("status.conditions", [condition("Approved"), condition("Denied")], ["status.conditions"]),
        ("status.conditions", [condition("Approved", "False")], ["status.conditions[0].status"]),
        ("status.conditions", [condition("", "")], ["status.conditions[0].type", "status.conditions[0].status"]),
        ("status.conditions", [condition("X"), condition("X")], ["status.conditions[1].type"]),
        ("status.certificate", encoded(b"x"), ["status.certificate"]),
        ("status.certificate", REQUEST, ["status.certificate"]),
    ],
)
def test_bad_requests(path, value, bad):
    found = bad_paths(changed(CSR, path, value))
    assert found == bad if bad else found == ["spec.request"]


def test_who_may_decide_and_who_may_issue():
    approved = [condition("Approved")]
    assert bad_update_paths(CSR, "status.conditions", approved, "approval") == []
    assert bad_update_paths(CSR, "status.conditions", approved, "status") == ["status.conditions"]
    assert bad_update_paths(CSR, "status.certificate", CERTIFICATE, "status") == []
    assert bad_update_paths(CSR, "status.certificate", CERTIFICATE) == ["status.certificate"]
    issued = changed(changed(CSR, "status.certificate", CERTIFICATE), "status.conditions", approved)
    assert bad_update_paths(issued, "status.certificate", CERTIFICATE + "AA==", "status")[-1] == "status.certificate"
    assert bad_update_paths(issued, "status.conditions", [], "approval") == ["status.conditions"]
    reworded = [{**approved[0], "reason": "r"}]
    assert "may not modify" in update_complaints(changed(issued, "status.conditions", reworded), issued)[0]


SERVICE = cluster(
    "apiregistration.k8s.io/v1",
    "APIService",
    metadata={"name": "v1.g"},
    spec={
        "group": "g",
        "version": "v1",
        "groupPriorityMinimum": 5,
        "versionPriority": 5,
        "service": {"namespace": "n", "name": "s", "port": 443},
    },
)


def test_a_plain_service_is_good():
    assert complaints(SERVICE) == []
    assert bad_update_paths(SERVICE, "metadata.labels", {"a": "b"}) == []


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("metadata.name", "x", "metadata.name"),
        ("metadata.name", "a/b", "metadata.name"),
        ("spec.group", "", "metadata.name"),
        ("spec.group", "A", "spec.group"),
        ("spec.version", "", "spec.version"),
        ("spec.groupPriorityMinimum", 0, "spec.groupPriorityMinimum"),
        ("spec.versionPriority", 1001, "spec.versionPriority"),
        ("spec.service.name", "", "spec.service.name"),
        ("spec.service.port", 0, "spec.service.port"),
        ("spec", {**SERVICE["spec"], "insecureSkipTLSVerify": True, "caBundle": "AA=="}, "spec.insecureSkipTLSVerify"),
        ("spec", {**SERVICE["spec"], "service": None, "caBundle": "AA=="}, "spec.caBundle"),
        ("spec", {**SERVICE["spec"], "service": None, "insecureSkipTLSVerify": True}, "spec.insecureSkipTLSVerify"),
    ],
)
def test_bad_services(path, value, bad):
    assert bad in bad_paths(changed(SERVICE, path, value))


def test_the_status_of_a_service_is_looked_at():
    conditions = [{"type": "Available", "status": "X"}]
    assert bad_update_paths(SERVICE, "status.conditions", conditions, "status") == ["status.conditions[0].status"]


ASKED = {"verb": "get", "resource": "pods", "namespace": "ns"}


def review(kind, **spec):
    obj = built("authorization.k8s.io/v1", kind, spec=spec)
    obj["metadata"] = {"namespace": "ns"} if kind.startswith("Local") else {}
    return obj


def refused(obj):
    return [error.field for error in review_errors(obj["kind"], obj)]


@pytest.mark.parametrize(
    ("obj", "bad"),
    [
        (review("SubjectAccessReview", user="jo", resourceAttributes=ASKED), []),
        (review("SelfSubjectAccessReview", nonResourceAttributes={"path": "/", "verb": "get"}), []),
        (review("LocalSubjectAccessReview", user="jo", resourceAttributes=ASKED), []),
        (review("SubjectAccessReview"), ["spec.resourceAttributes", "spec.user"]),
        (
            review("SelfSubjectAccessReview", resourceAttributes=ASKED, nonResourceAttributes={"path": "/"}),
            ["spec.nonResourceAttributes"],
        ),
        (
            review("LocalSubjectAccessReview", user="jo", nonResourceAttributes={"path": "/"}),
            ["spec.nonResourceAttributes"],
        ),
        (
            review("LocalSubjectAccessReview", user="jo", resourceAttributes={**ASKED, "namespace": "other"}),
            ["spec.resourceAttributes.namespace"],
        ),
    ],
)
def test_reviews(obj, bad):
    assert refused(obj) == bad


@pytest.mark.parametrize(
    ("selector", "bad"),
    [
        ({}, ["requirements"]),
        ({"rawSelector": "a", "requirements": [{"key": "a", "operator": "Exists"}]}, ["rawSelector"]),
        ({"requirements": [{"key": "a", "operator": "In"}]}, ["requirements[0].values"]),
        ({"requirements": [{"key": "a", "operator": "Exists", "values": ["b"]}]}, ["requirements[0].values"]),
    ],
)
@pytest.mark.parametrize("kind", ["fieldSelector", "labelSelector"])
def test_selectors_in_reviews(kind, selector, bad):
    obj = review("SelfSubjectAccessReview", resourceAttributes={**ASKED, kind: selector})
    assert refused(obj) == [f"spec.resourceAttributes.{kind}.{one}" for one in bad]


def test_a_review_has_no_metadata():
    obj = deepcopy(review("SelfSubjectAccessReview", resourceAttributes=ASKED))
    obj["metadata"] = {"name": "n"}
    assert refused(obj) == ["metadata"]
