"""Pods: what is refused, where, and in which words."""

import pytest

from ..build import built, complaints, container_problems, pod, pod_problems


def test_a_plain_pod_is_good():
    assert pod_problems() == []


def test_a_rich_pod_is_good():
    container = {
        "name": "c",
        "image": "nginx:1",
        "ports": [{"name": "http", "containerPort": 80, "hostPort": 80}],
        "env": [
            {"name": "A", "value": "b"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['a']"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu", "divisor": "1m"}}},
        ],
        "envFrom": [{"configMapRef": {"name": "m"}, "prefix": "X_"}],
        "resources": {"limits": {"cpu": "1", "hugepages-2Mi": "4Mi"}, "requests": {"cpu": "500m"}},
        "volumeMounts": [{"name": "v", "mountPath": "/v", "subPath": "a/b", "readOnly": True}],
        "livenessProbe": {"httpGet": {"port": "http"}},
        "lifecycle": {"preStop": {"sleep": {"seconds": 3}}},
        "securityContext": {"runAsUser": 1, "capabilities": {"add": ["NET_ADMIN"]}},
    }
    spec = {
        "containers": [container],
        "initContainers": [
            {"name": "s", "image": "i", "restartPolicy": "Always", "startupProbe": {"exec": {"command": ["a"]}}}
        ],
        "volumes": [{"name": "v", "projected": {"sources": [{"secret": {"name": "s"}}]}}],
        "tolerations": [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 1}],
        "topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule"}],
        "dnsConfig": {"nameservers": ["1.2.3.4"], "searches": ["a_b.c."]},
        "hostAliases": [{"ip": "1.2.3.4", "hostnames": ["a.b"]}],
    }
    assert pod_problems(**spec) == []


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({"name": ""}, "name: Required value"),
        ({"name": "A"}, 'name: Invalid value: "A": a lowercase RFC 1123 label'),
        ({"image": ""}, "image: Required value"),
        ({"image": " i"}, 'image: Invalid value: " i": must not have leading or trailing whitespace'),
        ({"ports": [{"containerPort": 0}]}, "ports[0].containerPort: Required value"),
        ({"ports": [{"containerPort": 1, "protocol": "X"}]}, 'ports[0].protocol: Unsupported value: "X": supported values: "SCTP", "TCP", "UDP"'),
        ({"env": [{"name": "a=b"}]}, 'env[0].name: Invalid value: "a=b": a valid environment variable'),
        ({"env": [{"name": "A", "valueFrom": {}}]}, 'env[0].valueFrom: Invalid value: "": must specify one of'),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "spec.x"}}}]}, "env[0].valueFrom.fieldRef.fieldPath: Invalid value"),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "status.phase"}}}]}, "env[0].valueFrom.fieldRef.fieldPath: Unsupported value"),
        ({"envFrom": [{}]}, 'envFrom: Invalid value: "": must specify one of: `configMapRef` or `secretRef`'),
        ({"volumeMounts": [{"name": "v", "mountPath": "/v"}]}, 'volumeMounts[0].name: Not found: "v"'),
        ({"imagePullPolicy": "X"}, 'imagePullPolicy: Unsupported value: "X": supported values: "Always", "IfNotPresent", "Never"'),
        ({"terminationMessagePolicy": "X"}, "terminationMessagePolicy: Unsupported value"),
        ({"resources": {"requests": {"cpu": "2"}, "limits": {"cpu": "1"}}}, 'resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1'),
        ({"resources": {"requests": {"cpu": "-1"}}}, 'resources.requests[cpu]: Invalid value: "-1": must be greater than or equal to 0'),
        ({"resources": {"limits": {"foo": "1"}}}, 'resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified'),
        ({"resources": {"limits": {"a.b/c": "1500m"}}}, 'resources.limits[a.b/c]: Invalid value: "1500m": must be an integer'),
        ({"resources": {"limits": {"hugepages-2Mi": "2Mi"}}}, "resources: Forbidden: HugePages require cpu or memory"),
        ({"resources": {"claims": [{"name": "x"}]}}, 'resources.claims[0]: Not found: "x": must be one of the names in pod.spec.resourceClaims which is empty'),
        ({"livenessProbe": {}}, "livenessProbe: Required value: must specify a handler type"),
        ({"livenessProbe": {"exec": {}}}, "livenessProbe.exec.command: Required value"),
        ({"livenessProbe": {"tcpSocket": {"port": 0}}}, "livenessProbe.tcpSocket.port: Invalid value: 0: must be between 1 and 65535, inclusive"),
        ({"livenessProbe": {"tcpSocket": {"port": 1}, "successThreshold": 2}}, "livenessProbe.successThreshold: Invalid value: 2: must be 1"),
        ({"readinessProbe": {"tcpSocket": {"port": 1}, "terminationGracePeriodSeconds": 1}}, "readinessProbe.terminationGracePeriodSeconds: Invalid value: 1: must not be set for readinessProbes"),
        ({"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}}, "lifecycle.preStop.sleep: Invalid value: 31"),
        ({"lifecycle": {"preStop": {"exec": {"command": ["a"]}, "sleep": {"seconds": 1}}}}, "lifecycle.preStop.sleep: Forbidden: may not specify more than 1 handler type"),
        ({"securityContext": {"runAsUser": -1}}, "securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive"),
        ({"securityContext": {"seccompProfile": {"type": "Localhost"}}}, "securityContext.seccompProfile.localhostProfile: Required value"),
        ({"securityContext": {"privileged": True, "allowPrivilegeEscalation": False}}, "securityContext: Invalid value"),
        ({"resizePolicy": [{"resourceName": "gpu", "restartPolicy": "NotRequired"}]}, 'resizePolicy: Unsupported value: "gpu"'),
        ({"restartPolicyRules": [{"action": "Restart"}]}, "restartPolicy: Required value: must specify restartPolicy when restart rules are used"),
    ],
)  # fmt: skip
def test_bad_containers(fields, found):
    problems = container_problems(**fields)
    assert any(p.startswith(f"spec.containers[0].{found}") for p in problems), problems


@pytest.mark.parametrize(
    ("spec", "found"),
    [
        ({"containers": []}, "containers: Required value"),
        ({"containers": [{"name": "c", "image": "i"}] * 2}, 'containers[1].name: Duplicate value: "c"'),
        ({"initContainers": [{"name": "c", "image": "i"}]}, 'initContainers[0].name: Duplicate value: "c"'),
        ({"initContainers": [{"name": "i", "image": "i", "lifecycle": {}}]}, "initContainers[0].lifecycle: Forbidden"),
        ({"ephemeralContainers": [{"name": "e", "image": "i"}]}, "ephemeralContainers: Forbidden: cannot be set on create"),
        ({"restartPolicy": "X"}, 'restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"'),
        ({"dnsPolicy": "None"}, "dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None"),
        ({"dnsConfig": {"nameservers": ["x"]}}, 'dnsConfig.nameservers[0]: Invalid value: "x": must be a valid IP address'),
        ({"nodeSelector": {"a b": "c"}}, 'nodeSelector: Invalid value: "a b"'),
        ({"activeDeadlineSeconds": 0}, "activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive"),
        ({"hostname": "a.b"}, 'hostname: Invalid value: "a.b": must not contain dots'),
        ({"hostnameOverride": "a", "hostNetwork": True}, "hostnameOverride: Forbidden: may not be specified when hostNetwork is true"),
        ({"tolerations": [{"key": "a", "operator": "X"}]}, 'tolerations[0].operator: Unsupported value: "X"'),
        ({"tolerations": [{"value": "a"}]}, 'tolerations[0].operator: Invalid value: "": operator must be Exists'),
        ({"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {}}}}, "affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms: Required value"),
        ({"affinity": {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{}]}}}, "affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].topologyKey: Required value: can not be empty"),
        ({"topologySpreadConstraints": [{"maxSkew": 0, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"}]}, "topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero"),
        ({"os": {"name": "beos"}}, 'os: Unsupported value: "beos": supported values: "linux", "windows"'),
        ({"os": {"name": "windows"}, "hostPID": True}, "hostPID: Forbidden: cannot be set for a windows pod"),
        ({"schedulingGates": [{"name": "a"}], "nodeName": "n"}, "nodeName: Forbidden: cannot be set until all schedulingGates have been cleared"),
        ({"shareProcessNamespace": True, "hostPID": True}, "securityContext.shareProcessNamespace: Invalid value: true"),
        ({"securityContext": {"sysctls": [{"name": "net.a", "value": "1"}]}, "hostNetwork": True}, "securityContext.sysctls[0].name: Invalid value"),
        ({"hostUsers": False, "hostPID": True}, "HostPID: Forbidden: when `hostUsers` is false"),
        ({"resourceClaims": [{"name": "a"}]}, "resourceClaims[0]: Invalid value"),
        ({"resources": {"limits": {"gpu": "1"}}}, 'resources.limits[gpu]: Invalid value: "gpu"'),
        ({"overhead": {"cpu": "-1"}}, 'overhead.limits[cpu]: Invalid value: "-1"'),
        ({"preemptionPolicy": "X"}, 'preemptionPolicy: Unsupported value: "X": supported values: "PreemptLowerPriority", "Never"'),
    ],
)  # fmt: skip
def test_bad_pods(spec, found):
    problems = pod_problems(**spec)
    assert any(p.startswith(f"spec.{found}") for p in problems), problems


@pytest.mark.parametrize(
    ("volume", "found"),
    [
        ({"emptyDir": {"sizeLimit": "-1"}}, "emptyDir.sizeLimit: Forbidden"),
        ({"hostPath": {"path": "/a/../b"}}, "hostPath.path: Invalid value"),
        ({"hostPath": {"path": "/a", "type": "X"}}, "hostPath.type: Unsupported value"),
        ({"secret": {}}, "secret.secretName: Required value"),
        ({"secret": {"secretName": "s", "defaultMode": 512}}, "secret.defaultMode: Invalid value: 512"),
        ({"configMap": {"name": "m", "items": [{"key": "k", "path": "../a"}]}}, "configMap.items[0].path: Invalid value"),
        ({"nfs": {"server": "s", "path": "a"}}, 'nfs.path: Invalid value: "a": must be an absolute path'),
        ({"iscsi": {"targetPortal": "p", "iqn": "x", "lun": 0}}, 'iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa'),
        ({"gcePersistentDisk": {}}, "persistentDisk.pdName: Required value"),
        ({"persistentVolumeClaim": {"claimName": ""}}, "persistentVolumeClaim.claimName: Required value"),
        ({"csi": {"driver": ""}}, "csi.driver: Required value"),
        ({"ephemeral": {}}, "ephemeral.volumeClaimTemplate: Required value"),
        ({"projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 1}}]}}, "projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1"),
        ({"downwardAPI": {"items": [{"path": "a"}]}}, "downwardAPI: Required value: one of fieldRef and resourceFieldRef is required"),
        ({"image": {}}, "image.reference: Required value"),
        ({"emptyDir": {}, "hostPath": {"path": "/"}}, "hostPath: Forbidden: may not specify more than 1 volume type"),
        ({"fc": {}}, "fc.targetWWNs: Required value"),
        ({"rbd": {"image": "i", "monitors": []}}, "rbd.monitors: Required value"),
    ],
)  # fmt: skip
def test_bad_volumes(volume, found):
    problems = pod_problems(volumes=[{"name": "v", **volume}])
    assert any(p.startswith(f"spec.volumes[0].{found}") for p in problems), problems


def test_two_volumes_have_two_names():
    volumes = [{"name": "v", "emptyDir": {}}] * 2
    assert pod_problems(volumes=volumes) == ['spec.volumes[1].name: Duplicate value: "v"']


def test_host_ports_are_unique_among_containers():
    containers = [{"name": n, "image": "i", "ports": [{"containerPort": 80, "hostPort": 80}]} for n in "ab"]
    assert pod_problems(containers=containers) == ['spec.containers[1].ports[0].hostPort: Duplicate value: "TCP//80"']


def test_a_token_needs_a_service_account():
    sources = [{"serviceAccountToken": {"path": "t"}}]
    found = pod_problems(serviceAccountName="", volumes=[{"name": "v", "projected": {"sources": sources}}])
    assert found == [
        "spec.volumes[0].projected.sources[0].serviceAccountToken: Forbidden: "
        "must not be specified when serviceAccountName is not set"
    ]


@pytest.mark.parametrize(
    ("annotations", "found"),
    [
        ({"kubernetes.io/config.mirror": "x"}, "must set spec.nodeName if mirror pod annotation is set"),
        ({"controller.kubernetes.io/pod-deletion-cost": "01"}, "must be a 32bit integer"),
        ({"seccomp.security.alpha.kubernetes.io/pod": "x"}, "must be a valid seccomp profile"),
        ({"container.apparmor.security.beta.kubernetes.io/d": "unconfined"}, "container not found"),
        ({"container.apparmor.security.beta.kubernetes.io/c": "x"}, 'invalid AppArmor profile name: "x"'),
    ],
)
def test_annotations_that_mean_something_are_checked(annotations, found):
    obj = pod()
    obj["metadata"]["annotations"] = annotations
    (problem,) = complaints(obj)
    assert problem.endswith(found)


def test_an_old_annotation_must_not_contradict_the_field():
    obj = pod(securityContext={"seccompProfile": {"type": "RuntimeDefault"}})
    obj["metadata"]["annotations"] = {"seccomp.security.alpha.kubernetes.io/pod": "unconfined"}
    assert complaints(obj) == [
        "spec.securityContext.seccompProfile.type: Forbidden: seccomp type in annotation and field must match"
    ]


def test_errors_come_in_the_order_of_the_spec():
    found = pod_problems(volumes=[{"name": "A"}], containers=[{"name": "", "image": "i"}], dnsPolicy="X")
    assert [p.partition(":")[0] for p in found] == [
        "spec.volumes[0].name",
        "spec.containers[0].name",
        "spec.dnsPolicy",
    ]


def test_templates_are_checked_like_pods_but_for_what_only_pods_need():
    template = {"spec": {"containers": [{"name": "c", "image": " i "}], "restartPolicy": "X"}}
    found = complaints(built("v1", "PodTemplate", template=template))
    assert found == [
        'template.spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never"'
    ]
