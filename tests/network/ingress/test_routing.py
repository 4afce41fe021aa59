import json

import msgspec
import pytest
import yaml

from podo.api.types.core_v1 import Secret, ServicePort
from podo.api.types.meta_v1 import ObjectMeta
from podo.api.types.networking_v1 import Ingress, IngressClass, IngressClassSpec
from podo.client.base import Key
from podo.network.haproxy.certificates import pem_of
from podo.network.ingress.routing import CONTROLLER, Route, is_ours, site_of
from tests.network.build import port, service
from tests.network.certificates import tls_secret

SERVICES = {
    Key("ns", "web"): service("web", namespace="ns", ports=[port(80), port(81, name="other")]),
    Key("ns", "grpc"): service(
        "grpc", namespace="ns", ports=[ServicePort(name="g", port=9000, app_protocol="kubernetes.io/h2c")]
    ),
}
SECRETS = {
    Key("ns", "tls"): tls_secret(),
    Key("ns", "empty"): Secret(),
}


def ingress(spec, *, name="i", created="2026-01-01T00:00:00Z", annotations=None):
    meta = {"name": name, "namespace": "ns", "creationTimestamp": created, "annotations": annotations or {}}
    return msgspec.json.decode(json.dumps({"metadata": meta, "spec": yaml.safe_load(spec)}), type=Ingress)


def rule(*paths, host="a.example"):
    """Each path is (path, type, service, port)."""
    backends = [
        {"path": p, "pathType": kind, "backend": {"service": {"name": s, "port": number}}}
        for p, kind, s, number in paths
    ]
    return json.dumps({"rules": [{"host": host, "http": {"paths": backends}}]})


def read(*ingresses):
    return site_of(ingresses, SERVICES.get, SECRETS.get)


def routes(*ingresses, host="a.example"):
    """(path, exact, backend's name)."""
    return [(r.path, r.exact, r.backend and r.backend.name) for r in read(*ingresses).hosts[host]]


def test_longer_paths_come_first_and_exact_ones_before_prefixes():
    made = ingress(
        rule(
            ("/", "Prefix", "web", {"number": 80}),
            ("/a/b", "Prefix", "web", {"number": 80}),
            ("/a", "Prefix", "web", {"number": 80}),
            ("/a", "Exact", "web", {"name": "other"}),
        )
    )
    assert routes(made) == [
        ("/a/b", False, "ns_web_http"),
        ("/a", True, "ns_web_other"),
        ("/a", False, "ns_web_http"),
        ("/", False, "ns_web_http"),
    ]


def test_a_slash_at_the_end_matters_only_to_exact_paths():
    made = ingress(rule(("/a/", "Prefix", "web", {"number": 80}), ("/b/", "Exact", "web", {"number": 80})))
    assert [(path, exact) for path, exact, _ in routes(made)] == [("/b/", True), ("/a", False)]


def test_of_two_that_claim_a_path_the_older_has_it():
    old = ingress(rule(("/", "Prefix", "web", {"number": 80})), name="z")
    new = ingress(rule(("/", "Prefix", "web", {"number": 81})), name="a", created="2026-02-01T00:00:00Z")
    assert routes(new, old) == [("/", False, "ns_web_http")]


def test_hosts_are_names_in_lower_case():
    assert list(read(ingress(rule(("/", "Prefix", "web", {"number": 80}), host="A.Example"))).hosts) == ["a.example"]


@pytest.mark.parametrize(
    ("name", "number", "problem"),
    [
        ("absent", {"number": 80}, "Service ns/absent does not exist"),
        ("web", {"number": 99}, "Service ns/web has no port 99"),
        ("web", {"name": "none"}, "Service ns/web has no port none"),
    ],
)
def test_what_is_not_there_is_told_and_leads_nowhere(name, number, problem):
    site = read(ingress(rule(("/", "Prefix", name, number))))
    assert site.problems == {Key("ns", "i"): [problem]}
    assert site.hosts["a.example"] == [Route("/", False, None)]


def test_a_port_says_whether_its_pods_speak_http_2():
    (route,) = read(ingress(rule(("/", "Prefix", "grpc", {"number": 9000})))).hosts["a.example"]
    assert route.backend.http2


def test_the_oldest_default_backend_counts():
    old = ingress("{defaultBackend: {service: {name: web, port: {number: 80}}}}")
    new = ingress(
        "{defaultBackend: {service: {name: web, port: {number: 81}}}}", name="a", created="2027-01-01T00:00:00Z"
    )
    assert read(new, old).default.name == "ns_web_http"
    assert [each.name for each in read(new, old).backends()] == ["ns_web_http"]


def test_certificates_come_from_secrets():
    (found,) = read(ingress("{tls: [{hosts: [A.example], secretName: tls}]}")).certificates
    assert (found.secret, found.hosts) == (Key("ns", "tls"), ("a.example",))
    assert found.pem == pem_of(tls_secret())


@pytest.mark.parametrize(
    ("name", "problem"),
    [("absent", "Secret ns/absent does not exist"), ("empty", "Secret ns/empty has no tls.crt and tls.key")],
)
def test_secrets_that_are_of_no_use_are_told(name, problem):
    site = read(ingress(f"{{tls: [{{secretName: {name}}}]}}"))
    assert (site.problems, site.certificates) == ({Key("ns", "i"): [problem]}, [])


CLASSES = {
    "podo": IngressClass(metadata=ObjectMeta(name="podo"), spec=IngressClassSpec(controller=CONTROLLER)),
    "nginx": IngressClass(metadata=ObjectMeta(name="nginx"), spec=IngressClassSpec(controller="k8s.io/ingress-nginx")),
}


@pytest.mark.parametrize(
    ("spec", "annotations", "ours"),
    [
        ("{ingressClassName: podo}", {}, True),
        ("{ingressClassName: nginx}", {}, False),
        ("{ingressClassName: gone}", {}, False),
        ("{}", {"kubernetes.io/ingress.class": "podo"}, True),
        ("{}", {}, False),
    ],
)
def test_whose_an_ingress_is(spec, annotations, ours):
    assert is_ours(ingress(spec, annotations=annotations), CLASSES) is ours
