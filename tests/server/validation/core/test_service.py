"""Services: create and update."""

import pytest

from ..build import built, complaints, update_complaints

PORT = {"port": 80}
IP = {"clusterIP": "10.0.0.5", "clusterIPs": ["10.0.0.5"], "ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"}


def service(**spec):
    return built("v1", "Service", spec={"ports": [PORT], **IP} | spec)


def test_a_plain_service_is_good():
    assert complaints(service()) == []


def test_its_name_is_a_label():
    obj = service()
    obj["metadata"]["name"] = "1a"
    assert complaints(obj) == []
    obj["metadata"]["name"] = "a.b"
    assert complaints(obj) == ['metadata.name: Invalid value: "a.b": must not contain dots']


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"ports": []}, "spec.ports: Required value"),
        ({"type": "X"}, 'spec.type: Unsupported value: "X": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'),
        ({"sessionAffinity": "X"}, 'spec.sessionAffinity: Unsupported value: "X"'),
        ({"sessionAffinity": "ClientIP", "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": 0}}}, "spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 0"),
        ({"ports": [PORT, PORT]}, "spec.ports[0].name: Required value"),
        ({"ports": [{"port": 80, "nodePort": 30000}]}, "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"),
        ({"ports": [{"port": 0}]}, "spec.ports[0].port: Invalid value: 0"),
        ({"ports": [{"port": 1, "targetPort": "A"}]}, 'spec.ports[0].targetPort: Invalid value: "A"'),
        ({"type": "ExternalName"}, "spec.clusterIPs: Forbidden: may not be set for ExternalName services"),
        ({"type": "NodePort", "clusterIP": "None", "clusterIPs": ["None"]}, "spec.clusterIPs[0]: Invalid value: \"None\": may not be set to 'None' for NodePort services"),
        ({"externalIPs": ["127.0.0.1"]}, 'spec.externalIPs[0]: Invalid value: "127.0.0.1": may not be in the loopback range'),
        ({"externalTrafficPolicy": "Local"}, 'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'),
        ({"loadBalancerSourceRanges": ["x"]}, "spec.LoadBalancerSourceRanges: Forbidden"),
        ({"loadBalancerClass": "a/b"}, "spec.loadBalancerClass: Forbidden: may only be used when `type` is 'LoadBalancer'"),
        ({"internalTrafficPolicy": "X"}, "spec.internalTrafficPolicy: Unsupported value"),
        ({"trafficDistribution": "X"}, 'spec.trafficDistribution: Unsupported value: "X": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"'),
        ({"clusterIPs": []}, "spec.clusterIPs: Required value"),
        ({"clusterIPs": ["10.0.0.6"]}, 'spec.clusterIPs: Invalid value: ["10.0.0.6"]: first value must match `clusterIP`'),
        ({"ipFamilies": ["IPv6"]}, 'spec.clusterIPs[0]: Invalid value: "10.0.0.5": expected an IPv6 value as indicated by `ipFamilies[0]`'),
        ({"ipFamilies": ["IPv4", "IPv4"]}, 'spec.ipFamilies[1]: Duplicate value: "IPv4"'),
        ({"type": "LoadBalancer", "externalTrafficPolicy": "Local"}, "spec.healthCheckNodePort: Required value"),
        ({"selector": {"a": "-"}}, "spec.selector: Invalid value"),
    ],
)  # fmt: skip
def test_bad_services(spec, found):
    problems = complaints(service(**spec))
    assert any(p.startswith(found) for p in problems), problems


def test_a_port_stands_once_for_each_protocol():
    ports = [{"name": "a", "port": 80}, {"name": "b", "port": 80}, {"name": "c", "port": 80, "protocol": "UDP"}]
    (found,) = complaints(service(ports=ports))
    assert found.startswith('spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP"')


@pytest.mark.parametrize(
    ("new", "found"),
    [
        ({"clusterIP": "10.0.0.6", "clusterIPs": ["10.0.0.6"]}, ['spec.clusterIPs[0]: Invalid value: ["10.0.0.6"]: may not change once set']),
        ({"ipFamilies": ["IPv6"], "clusterIP": "fd00::1", "clusterIPs": ["fd00::1"]}, ['spec.clusterIPs[0]: Invalid value: ["fd00::1"]: may not change once set', 'spec.ipFamilies[0]: Invalid value: ["IPv6"]: may not change once set']),
        ({"selector": {"a": "b"}}, []),
    ],
)  # fmt: skip
def test_the_first_address_of_a_service_stays(new, found):
    assert update_complaints(service(**new), service()) == found


def test_the_status_has_addresses_only_with_a_balancer():
    new = service()
    new["status"] = {"loadBalancer": {"ingress": [{"ip": "1.2.3.4", "ipMode": "VIP"}]}}
    (found,) = update_complaints(new, service(), "status")
    assert found.endswith("may only be used when `spec.type` is 'LoadBalancer'")
