"""Environments, the downward API, DNS, hosts and security settings of containers."""

import base64

import msgspec
import pytest

from podo.api.types.core_v1 import ConfigMap, ResourceFieldSelector, Secret, Service
from podo.node.images.base import ImageConfig
from podo.node.runtime.config import DNSConfig, ProfileType
from podo.node.worker import dns, hosts
from podo.node.worker.environment import (
    ConfigurationError,
    EnvironmentSources,
    environment,
    expand,
    references,
    service_variables,
)
from podo.node.worker.fields import FieldContext, UnknownField, pod_field, resource_field
from podo.node.worker.pull_secrets import credentials_for
from podo.node.worker.security import security
from tests.node.build import UID, pod, spec_of
from tests.node.fakes import facts

CONTEXT = FieldContext(host_ips=("10.245.0.2",), pod_ips=("10.244.0.2", "fd00::2"), allocatable={"cpu": "2"})
MAP = msgspec.convert({"metadata": {"name": "m"}, "data": {"A": "1", "b-c": "2", "bad=key": "3"}}, ConfigMap)
SECRET = msgspec.convert({"metadata": {"name": "s"}, "data": {"P": base64.b64encode(b"word").decode()}}, Secret)
SOURCES = EnvironmentSources({"m": MAP, "gone": None}, {"s": SECRET, "gone": None})


def variables(env=(), env_from=(), sources=SOURCES, **spec):
    made = spec_of(env=list(env), envFrom=list(env_from))
    return dict(environment(pod(**spec), made, sources, CONTEXT))


def from_(kind, **ref):
    return {"name": "X", "valueFrom": {kind: ref}}


EXPANSIONS = [
    ("$(A)", "1"),
    ("a$(A)b", "a1b"),
    ("$$(A)", "$(A)"),
    ("$$$(A)", "$1"),
    ("$(NO)", "$(NO)"),
    ("$A", "$A"),
    ("$(A", "$(A"),
    ("$$", "$"),
]


@pytest.mark.parametrize(("text", "result"), EXPANSIONS)
def test_expansion(text, result):
    assert expand(text, {"A": "1"}) == result


def test_later_variables_see_earlier_ones():
    env = [{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)$(C)"}, {"name": "C", "value": "3"}]
    assert variables(env)["B"] == "1$(C)"


def test_whole_objects_give_what_can_be_a_name():
    found = variables(env_from=[{"configMapRef": {"name": "m"}, "prefix": "P_"}, {"secretRef": {"name": "s"}}])
    assert found == {"P_A": "1", "P_b-c": "2", "P": "word"}


def test_own_variables_win_over_whole_objects():
    assert variables([{"name": "A", "value": "mine"}], [{"configMapRef": {"name": "m"}}])["A"] == "mine"


REFUSED = [
    (from_("configMapKeyRef", name="gone", key="A"), 'configmap "gone" not found'),
    (from_("configMapKeyRef", name="m", key="Z"), "couldn't find key Z in ConfigMap default/m"),
    (from_("secretKeyRef", name="gone", key="A"), 'secret "gone" not found'),
    (from_("secretKeyRef", name="s", key="Z"), "couldn't find key Z in Secret default/s"),
]


@pytest.mark.parametrize(("variable", "message"), REFUSED)
def test_what_is_missing_is_said(variable, message):
    with pytest.raises(ConfigurationError) as caught:
        variables([variable])
    assert str(caught.value) == message


@pytest.mark.parametrize(("variable", "message"), REFUSED)
def test_unless_it_is_optional(variable, message):
    ((kind, ref),) = variable["valueFrom"].items()
    assert "X" not in variables([from_(kind, **ref, optional=True)])


def test_references_name_all_objects():
    made = spec_of(env=[r for r, _ in REFUSED], envFrom=[{"configMapRef": {"name": "other"}}])
    assert references(made) == ({"gone", "m", "other"}, {"gone", "s"})


def service(name, namespace="default", ip="10.96.0.1", *ports):
    ports = ports or ({"port": 443, "name": "https", "protocol": "TCP"},)
    body = {"metadata": {"name": name, "namespace": namespace}, "spec": {"clusterIP": ip, "ports": list(ports)}}
    return msgspec.convert(body, Service)


def test_services_are_told_as_docker_links():
    found = service_variables(pod(), [service("kubernetes")])
    assert found == {
        "KUBERNETES_SERVICE_HOST": "10.96.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBERNETES_SERVICE_PORT_HTTPS": "443",
        "KUBERNETES_PORT": "tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP": "tcp://10.96.0.1:443",
        "KUBERNETES_PORT_443_TCP_PROTO": "tcp",
        "KUBERNETES_PORT_443_TCP_PORT": "443",
        "KUBERNETES_PORT_443_TCP_ADDR": "10.96.0.1",
    }


def test_only_services_of_the_namespace_and_the_api_count():
    services = [service("kubernetes"), service("web", "other"), service("db-1", "default"), service("x", ip="None")]
    assert {n.partition("_SERVICE")[0] for n in service_variables(pod(), services) if "SERVICE_HOST" in n} == {
        "KUBERNETES",
        "DB_1",
    }
    without = service_variables(pod(enableServiceLinks=False), services)
    assert {n for n in without if n.endswith("_HOST")} == {"KUBERNETES_SERVICE_HOST"}


# The downward API

FIELDS = [
    ("metadata.name", "web"),
    ("metadata.namespace", "default"),
    ("metadata.uid", UID),
    ("metadata.labels['app']", "x"),
    ("metadata.labels['none']", ""),
    ("metadata.labels", 'app="x"\nb="q\\"\\n"'),
    ("spec.nodeName", "node-1"),
    ("spec.serviceAccountName", "default"),
    ("status.podIP", "10.244.0.2"),
    ("status.podIPs", "10.244.0.2,fd00::2"),
    ("status.hostIP", "10.245.0.2"),
]


@pytest.mark.parametrize(("path", "value"), FIELDS)
def test_fields(path, value):
    wanted = pod(meta={"labels": {"app": "x", "b": 'q"\n'}}, serviceAccountName="default")
    assert pod_field(wanted, path, CONTEXT) == value


def test_an_unknown_field_is_refused():
    with pytest.raises(UnknownField, match=r"unsupported fieldPath: spec\.x"):
        pod_field(pod(), "spec.x", CONTEXT)


RESOURCES = [
    ("limits.cpu", "", "1"),
    ("limits.cpu", "1m", "500"),
    ("limits.memory", "1Mi", "65"),
    ("requests.memory", "", "1000"),
    ("requests.cpu", "1m", "0"),
]


@pytest.mark.parametrize(("resource", "divisor", "value"), RESOURCES)
def test_resources_are_rounded_up(resource, divisor, value):
    made = spec_of(resources={"limits": {"cpu": "500m", "memory": "64.5Mi"}, "requests": {"memory": "1000"}})
    assert resource_field(pod(), made, ResourceFieldSelector(resource=resource, divisor=divisor), CONTEXT) == value


def test_a_missing_limit_is_what_the_node_can_give():
    assert resource_field(pod(), spec_of(), ResourceFieldSelector(resource="limits.cpu"), CONTEXT) == "2"


def test_a_missing_limit_is_the_pods_own_before_the_nodes():
    made = pod(resources={"limits": {"cpu": "1", "memory": "2Mi"}})
    for resource, divisor, value in (("limits.cpu", "", "1"), ("limits.memory", "1Mi", "2")):
        ref = ResourceFieldSelector(resource=resource, divisor=divisor)
        assert resource_field(made, spec_of(), ref, CONTEXT) == value


def from_file(**more):
    return {"name": "V", "valueFrom": {"fileKeyRef": {"volumeName": "v", "path": "f", "key": "K"} | more}}


def test_a_variable_can_come_from_a_file_of_a_volume(tmp_path):
    (tmp_path / "f").write_text("K='from the file'")
    sources = EnvironmentSources(volumes={"v": tmp_path})
    assert variables([from_file()], sources=sources)["V"] == "from the file"
    assert "V" not in variables([from_file(key="OTHER", optional=True)], sources=sources)


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"volumeName": "other"}, 'cannot find the volume "other" referenced by FileKeyRef'),
        ({"path": "none", "optional": True}, "couldn't parse env file"),
        ({"key": "OTHER"}, 'environment variable key "OTHER" not found in file'),
    ],
)
def test_a_file_that_does_not_serve_is_told(tmp_path, more, why):
    (tmp_path / "f").write_text("K='x'")
    with pytest.raises(ConfigurationError, match=why):
        variables([from_file(**more)], sources=EnvironmentSources(volumes={"v": tmp_path}))


# resolv.conf and hosts

NODE = DNSConfig(("192.0.2.1",), ("example.com",), ("timeout:1",))
CLUSTER = ("10.96.0.10",)
SEARCHES = ("default.svc.cluster.local", "svc.cluster.local", "cluster.local", "example.com")
POLICIES = [
    ({}, DNSConfig(CLUSTER, SEARCHES, ("ndots:5",))),
    ({"dnsPolicy": "Default"}, NODE),
    ({"hostNetwork": True}, NODE),
    ({"hostNetwork": True, "dnsPolicy": "ClusterFirstWithHostNet"}, DNSConfig(CLUSTER, SEARCHES, ("ndots:5",))),
    (
        {"dnsPolicy": "None", "dnsConfig": {"nameservers": ["1.1.1.1"], "options": [{"name": "ndots", "value": "2"}]}},
        DNSConfig(("1.1.1.1",), (), ("ndots:2",)),
    ),
    (
        {"dnsConfig": {"nameservers": ["1.1.1.1", "10.96.0.10"], "options": [{"name": "ndots", "value": "2"}]}},
        DNSConfig((*CLUSTER, "1.1.1.1"), SEARCHES, ("ndots:2",)),
    ),
]


@pytest.mark.parametrize(("spec", "expected"), POLICIES)
def test_dns_policies(spec, expected):
    assert dns.pod_dns(pod(**spec), NODE, CLUSTER, "cluster.local") == expected


def test_the_nodes_own_file_is_read(tmp_path):
    path = tmp_path / "resolv.conf"
    path.write_text("# x\nnameserver 192.0.2.1\nsearch example.com\noptions timeout:1\n")
    assert dns.read(path) == NODE
    assert dns.read(tmp_path / "none") == DNSConfig()


def test_the_hosts_file_has_the_pod_and_its_aliases():
    wanted = pod(subdomain="sub", hostAliases=[{"ip": "1.2.3.4", "hostnames": ["a", "b"]}])
    text = hosts.hosts_file(wanted, ("10.244.0.2",), "cluster.local", "")
    assert text.startswith("# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n")
    assert "10.244.0.2\tweb.sub.default.svc.cluster.local\tweb\n" in text
    assert text.endswith("\n# Entries added by HostAliases.\n1.2.3.4\ta\tb\n")


def test_with_the_nodes_network_the_hosts_file_is_the_nodes():
    text = hosts.hosts_file(pod(hostNetwork=True), ("10.245.0.2",), "cluster.local", "127.0.0.1 localhost\n")
    assert text == "# Kubernetes-managed hosts file (host network).\n127.0.0.1 localhost\n"


NAMES = [
    ({}, "web"),
    ({"hostname": "h"}, "h"),
    ({"hostname": "h", "subdomain": "s", "setHostnameAsFQDN": True}, "h.s.default.svc.cluster.local"),
    ({"hostnameOverride": "other.example"}, "other.example"),
]


@pytest.mark.parametrize(("spec", "name"), NAMES)
def test_host_names(spec, name):
    assert hosts.kernel_hostname(pod(**spec), "cluster.local") == name


def test_a_long_name_is_cut():
    assert hosts.hostname(pod(meta={"name": "a" * 62 + "-b"})) == "a" * 62


# Security


def test_a_containers_settings_win_over_its_pods(tmp_path):
    made = spec_of(securityContext={"runAsUser": 5, "capabilities": {"add": ["CAP_NET_ADMIN"], "drop": ["ALL"]}})
    wanted = pod(securityContext={"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4, 3]})
    found = security(wanted, made, ImageConfig(), facts(tmp_path))
    assert (found.run_as_user, found.run_as_group, found.supplemental_groups) == (5, 2, (3, 4))
    assert (found.add_capabilities, found.drop_capabilities) == (("NET_ADMIN",), ("ALL",))
    assert found.seccomp.type is ProfileType.RUNTIME_DEFAULT


def test_privileged_is_unconfined(tmp_path):
    found = security(pod(), spec_of(securityContext={"privileged": True}), ImageConfig(), facts(tmp_path))
    assert found.privileged
    assert found.seccomp.type is ProfileType.UNCONFINED
    assert found.masked_paths == ()


NON_ROOT = [
    ({"runAsUser": 0}, "", "container's runAsUser breaks non-root policy"),
    ({}, "", "container has runAsNonRoot and image will run as root"),
    ({}, "0:0", "container has runAsNonRoot and image will run as root"),
    ({}, "nobody", "container has runAsNonRoot and image has non-numeric user (nobody)"),
    ({"runAsUser": 7}, "", ""),
    ({}, "7", ""),
]


@pytest.mark.parametrize(("own", "image_user", "complaint"), NON_ROOT)
def test_run_as_non_root(own, image_user, complaint, tmp_path):
    made, image = spec_of(securityContext=own | {"runAsNonRoot": True}), ImageConfig(user=image_user)
    if complaint:
        with pytest.raises(ConfigurationError) as caught:
            security(pod(), made, image, facts(tmp_path))
        assert str(caught.value).startswith(complaint)
    else:
        security(pod(), made, image, facts(tmp_path))


# Pull secrets


def pull_secret(**auths):
    config = base64.b64encode(msgspec.json.encode({"auths": auths})).decode()
    return msgspec.convert({"data": {".dockerconfigjson": config}}, Secret)


AUTH = {"auth": base64.b64encode(b"me:secret").decode()}
FITS = [
    ("registry.example/app:v1", "registry.example", True),
    ("registry.example/app:v1", "https://registry.example/v1/", True),
    ("registry.example:5000/app", "registry.example", False),
    ("registry.example/team/app", "registry.example/team", True),
    ("registry.example/other/app", "registry.example/team", False),
    ("registry.example/teams/app", "registry.example/team", False),
    ("a.example/app", "*.example", True),
    ("a.b.example/app", "*.example", False),
    ("nginx", "https://index.docker.io/v1/", True),
    ("nginx", "registry.example", False),
]


@pytest.mark.parametrize(("image", "entry", "fits"), FITS)
def test_which_credentials_fit_an_image(image, entry, fits):
    found = credentials_for(image, [pull_secret(**{entry: AUTH})])
    assert (found is not None) == fits
    if found:
        assert (found.username, found.password) == ("me", "secret")


def test_the_longest_path_wins():
    other = {"username": "team", "password": "x"}
    found = credentials_for("r.example/team/app", [pull_secret(**{"r.example": AUTH, "r.example/team": other})])
    assert found is not None
    assert found.username == "team"
