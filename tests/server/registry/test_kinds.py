"""What the strategies of the other kinds set, keep and warn about."""

import pytest

from ..validation.build import built
from .build import asked, created, rules, updated, warned

TEMPLATE = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}}
SELECTOR = {"matchLabels": {"a": "b"}}


def workload(kind, **spec):
    return built("apps/v1", kind, spec={"selector": SELECTOR, "template": TEMPLATE, **spec})


def test_a_namespace_is_held_by_its_controller():
    made = created(built("v1", "Namespace"))
    assert made["spec"]["finalizers"] == ["kubernetes"]
    assert made["status"] == {"phase": "Active"}
    assert updated(made, spec={})["spec"]["finalizers"] == ["kubernetes"]
    assert rules(made).held(made)
    rules(made).mark_deleted(made)
    assert made["status"]["phase"] == "Terminating"
    freed = updated(made, "finalize", spec={})
    assert not rules(freed).held(freed)


def test_a_secret_warns_of_keys_that_do_not_fit():
    made = created(built("v1", "Secret", type="kubernetes.io/tls", data={"tls.crt": "YQ==", "tls.key": "YQ=="}))
    assert warned(made) == ["tls: failed to find any PEM data in certificate input"]


def test_a_service_account_keeps_names_of_secrets_only():
    made = created(built("v1", "ServiceAccount", secrets=[{"name": "a", "kind": "Secret"}]))
    assert made["secrets"] == [{"name": "a"}]


def test_a_limit_range_without_a_name_is_named():
    made = created(built("v1", "LimitRange", metadata={"name": "", "uid": "u"}, spec={"limits": []}))
    assert made["metadata"]["name"] == "u"


def test_quotas_with_requests_above_limits_are_warned_about():
    made = created(built("v1", "ResourceQuota", spec={"hard": {"requests.cpu": "2", "limits.cpu": "1"}}))
    assert warned(made) == ["ResourceQuota requests.cpu (2) should be less than limits.cpu (1)"]


def test_a_deployment_counts_changes_of_annotations():
    old = created(workload("Deployment"))
    old["metadata"]["generation"] = 1
    assert updated(old, metadata={**old["metadata"], "annotations": {"a": "b"}})["metadata"]["generation"] == 2
    assert updated(old)["metadata"]["generation"] == 1


def test_a_daemon_set_numbers_its_template():
    old = created(workload("DaemonSet"))
    key = "deprecated.daemonset.template.generation"
    assert old["metadata"]["annotations"][key] == "1"
    spec = {**old["spec"], "template": {**TEMPLATE, "metadata": {"labels": {"a": "b", "c": "d"}}}}
    assert updated(old, spec=spec)["metadata"]["annotations"][key] == "2"


def test_a_stateful_set_may_keep_all_revisions():
    assert "negative value retains" in warned(created(workload("StatefulSet", revisionHistoryLimit=-1)))[0]


def test_a_job_gets_a_selector_that_no_other_has():
    made = created(built("batch/v1", "Job", metadata={"uid": "u"}, spec={"template": TEMPLATE}))
    assert made["spec"]["selector"]["matchLabels"] == {"batch.kubernetes.io/controller-uid": "u"}
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert labels["batch.kubernetes.io/job-name"] == labels["job-name"] == "x"
    own = built("batch/v1", "Job", spec={"template": TEMPLATE, "manualSelector": True, "selector": SELECTOR})
    assert created(own)["spec"]["selector"] == SELECTOR


def test_zones_in_schedules_are_warned_about():
    spec = {"schedule": "TZ=UTC * * * * *", "jobTemplate": {"spec": {"template": TEMPLATE}}}
    made = created(built("batch/v1", "CronJob", spec=spec))
    assert warned(made, made)[-1].startswith("cannot use TZ or CRON_TZ")


def test_a_certificate_request_says_who_asks():
    spec = {"request": "", "signerName": "a/b", "username": "somebody"}
    made = created(built("certificates.k8s.io/v1", "CertificateSigningRequest", spec=spec))
    assert made["spec"]["username"] == "jo"
    assert made["spec"]["groups"] == ["devs"]
    assert made["spec"]["extra"] == {"k": ["v"]}


def test_a_decision_about_a_certificate_is_dated_and_stays():
    old = built("certificates.k8s.io/v1", "CertificateSigningRequest", spec={"request": "", "signerName": "a/b"})
    approved = updated(old, "approval", status={"conditions": [{"type": "Approved", "status": "True"}]})
    assert approved["status"]["conditions"][0]["lastUpdateTime"] == "2026-01-01T00:00:00Z"
    changed = [{"type": "Approved", "status": "True", "reason": "other"}]
    assert "reason" not in updated(approved, "status", status={"conditions": changed})["status"]["conditions"][0]


def test_a_claim_names_the_source_of_its_data_twice():
    source = {"kind": "PersistentVolumeClaim", "name": "p"}
    made = created(built("v1", "PersistentVolumeClaim", spec={"dataSource": source}))
    assert made["spec"]["dataSourceRef"]["name"] == "p"
    assert made["status"] == {"phase": "Pending"}
    other = created(built("v1", "PersistentVolumeClaim", spec={"dataSource": {"kind": "Other", "name": "p"}}))
    assert "dataSource" not in other["spec"]


def test_a_volume_remembers_when_its_phase_changed():
    old = created(built("v1", "PersistentVolume", spec={"cephfs": {"monitors": ["a"]}}))
    old["status"]["lastPhaseTransitionTime"] = "2025-01-01T00:00:00Z"
    assert updated(old, "status", status={"phase": "Pending"})["status"] == old["status"]
    bound = updated(old, "status", status={"phase": "Bound"})["status"]
    assert bound["lastPhaseTransitionTime"] == "2026-01-01T00:00:00Z"
    assert warned(old) == ["spec.cephfs: deprecated in v1.28, non-functional in v1.31+"]


@pytest.mark.parametrize(
    ("spec", "start"),
    [
        ({"externalName": "a", "clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}, "spec.externalName is ignored"),
        ({"clusterIP": "None", "loadBalancerIP": "1.1.1.1"}, "spec.loadBalancerIP is ignored for headless"),
        ({"externalIPs": ["1.1.1.1"]}, "spec.externalIPs is deprecated"),
        ({"externalIPs": ["01.1.1.1"]}, "spec.externalIPs[0]: "),
        ({"trafficDistribution": "PreferClose"}, 'spec.trafficDistribution: "PreferClose" is deprecated'),
    ],
)
def test_services_are_warned_about_what_has_no_effect(spec, start):
    assert warned(created(built("v1", "Service", spec={"ports": [{"port": 1}], **spec})))[0].startswith(start)


def test_a_service_that_is_no_longer_balanced_forgets_its_ports():
    port = {"port": 1, "nodePort": 30000, "protocol": "TCP", "targetPort": 1}
    old = created(built("v1", "Service", spec={"type": "NodePort", "ports": [port]}))
    new = updated(old, spec={**old["spec"], "type": "ClusterIP"})
    assert "nodePort" not in new["spec"]["ports"][0]
    assert "externalTrafficPolicy" not in new["spec"]


def test_an_endpoint_slice_counts_changes_of_labels():
    old = created(built("discovery.k8s.io/v1", "EndpointSlice", addressType="IPv4", endpoints=[]))
    old["metadata"]["generation"] = 1
    assert updated(old, metadata={**old["metadata"], "labels": {"a": "b"}})["metadata"]["generation"] == 2


def test_nodes_bring_a_status():
    strategy = rules(built("v1", "Node"))
    assert not strategy.traits.drops_status
    made = created(built("v1", "Node", spec={"externalID": "e"}, status={"phase": "Running"}))
    assert made["status"]["phase"] == "Running"
    assert warned(made) == ["spec.externalID: this field is deprecated, and is unused by Kubernetes"]


def test_events_are_checked_by_the_group_they_are_sent_to():
    event = built("v1", "Event", involvedObject={"namespace": "ns"}, type="Normal")
    strategy = rules(event)
    assert not strategy.validate(event, asked())
    assert strategy.validate(event, asked(group="events.k8s.io"))


@pytest.mark.parametrize(
    ("obj", "start"),
    [
        (
            built("storage.k8s.io/v1", "CSIDriver", spec={"tokenRequests": [{"audience": "a"}]}),
            "spec.serviceAccountTokenInSecrets is unset",
        ),
        (
            built(
                "networking.k8s.io/v1",
                "NetworkPolicy",
                spec={"podSelector": {}, "ingress": [{"from": [{"ipBlock": {"cidr": "10.0.0.1/8"}}]}]},
            ),
            "spec.ingress[0].from[0].ipBlock.cidr: ",
        ),
        (
            built("networking.k8s.io/v1", "Ingress", metadata={"annotations": {"kubernetes.io/ingress.class": "x"}}),
            'annotation "kubernetes.io/ingress.class" is deprecated',
        ),
        (
            built("node.k8s.io/v1", "RuntimeClass", scheduling={"nodeSelector": {"beta.kubernetes.io/os": "a"}}),
            "scheduling.nodeSelector: deprecated",
        ),
        (
            built("resource.k8s.io/v1", "ResourceSlice", spec={"driver": "A"}),
            "spec.driver: driver names should be lowercase",
        ),
        (
            built("v1", "Endpoints", subsets=[{"addresses": [{"ip": "01.1.1.1"}]}]),
            "subsets[0].addresses[0].ip: ",
        ),
        (
            built(
                "storage.k8s.io/v1",
                "StorageClass",
                allowedTopologies=[{"matchLabelExpressions": [{"key": "beta.kubernetes.io/os", "values": ["a"]}]}],
            ),
            "allowedTopologies[0].matchLabelExpressions[0].key: deprecated",
        ),
    ],
)
def test_other_kinds_warn_too(obj, start):
    assert warned(created(obj))[0].startswith(start)


def test_a_template_may_say_an_impossible_grace_period_but_is_warned():
    template = {**TEMPLATE, "spec": {**TEMPLATE["spec"], "terminationGracePeriodSeconds": -1}}
    (text,) = warned(created(workload("Deployment", template=template)))
    assert text.startswith("spec.template.spec.terminationGracePeriodSeconds: must be >= 0")


def definition(*versions):
    return built("apiextensions.k8s.io/v1", "CustomResourceDefinition", spec={"names": {}, "versions": list(versions)})


def test_a_definition_remembers_which_versions_were_stored():
    made = created(definition({"name": "v1", "storage": True}))
    assert made["status"]["storedVersions"] == ["v1"]
    spec = {**made["spec"], "versions": [{"name": "v1"}, {"name": "v2", "storage": True}]}
    assert updated(made, spec=spec)["status"]["storedVersions"] == ["v1", "v2"]
    assert created(definition({"name": "v1"}))["status"]["storedVersions"] is None


def test_a_definition_warns_of_formats_that_nobody_knows():
    properties = {"a": {"type": "string", "format": "zz"}, "b": {"type": "integer", "format": "int32"}}
    schema = {"type": "object", "properties": properties, "not": {"format": "date-time"}}
    version = {"name": "v1", "storage": True, "schema": {"openAPIV3Schema": schema}}
    assert warned(created(definition(version))) == ['unrecognized format "zz"']


def test_stateful_sets_keep_the_number_of_pods_that_may_be_missing_only_where_it_was():
    rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2, "partition": 1}}
    old = workload("StatefulSet", updateStrategy=rolling)
    assert created(old)["spec"]["updateStrategy"]["rollingUpdate"] == {"partition": 1}
    assert updated(old)["spec"]["updateStrategy"]["rollingUpdate"] == {"maxUnavailable": 2, "partition": 1}
    assert "maxUnavailable" not in updated(created(old), spec=old["spec"])["spec"]["updateStrategy"]["rollingUpdate"]


def test_a_taint_of_a_device_says_since_when():
    devices = [{"name": "a", "taints": [{"key": "k", "effect": "NoExecute"}]}]
    spec = {"driver": "d", "nodeName": "n", "pool": {"name": "p"}, "devices": devices}
    made = created(built("resource.k8s.io/v1", "ResourceSlice", spec=spec))
    assert made["spec"]["devices"][0]["taints"][0]["timeAdded"] == "2026-01-01T00:00:00Z"
    later = [{"name": "a", "taints": [{"key": "k", "effect": "NoExecute", "timeAdded": "2025-01-01T00:00:00Z"}]}]
    kept = updated(made, spec=made["spec"] | {"devices": later})
    assert kept["spec"]["devices"][0]["taints"][0]["timeAdded"] == "2025-01-01T00:00:00Z"


def test_a_job_without_labels_has_those_of_its_pods():
    made = created(built("batch/v1", "Job", spec={"template": {"spec": TEMPLATE["spec"] | {"restartPolicy": "Never"}}}))
    labels = made["spec"]["template"]["metadata"]["labels"]
    bare = {key: value for key, value in made["metadata"].items() if key != "labels"}
    assert updated(made, metadata=bare)["metadata"]["labels"] == labels
    assert updated(made, "status", metadata=bare)["metadata"]["labels"] == labels
    assert updated(made, metadata=bare | {"labels": {"a": "b"}})["metadata"]["labels"] == {"a": "b"}


def test_a_change_of_status_leaves_the_number_of_a_template():
    made = created(workload("DaemonSet"))
    bare = {key: value for key, value in made["metadata"].items() if key != "annotations"}
    kept = updated(made, "status", metadata=bare)["metadata"]["annotations"]
    assert kept == {"deprecated.daemonset.template.generation": "1"}


def test_the_generation_of_a_priority_class_says_nothing():
    made = created(built("scheduling.k8s.io/v1", "PriorityClass", value=1))
    assert made["metadata"]["generation"] == 1
    assert updated(made, description="x")["metadata"]["generation"] == 1


def test_slices_lose_what_is_off_unless_they_had_it():
    attribute, mapping = {"string": "x", "strings": ["y"]}, {"cpu": {"capacityKey": "c"}}
    devices = [{"name": "a", "attributes": {"k": attribute}, "nodeAllocatableResourceMappings": mapping}]
    old = built("resource.k8s.io/v1", "ResourceSlice", spec={"driver": "d", "pool": {"name": "p"}, "devices": devices})
    assert created(old)["spec"]["devices"] == [{"name": "a", "attributes": {"k": {"string": "x"}}}]
    assert updated(old)["spec"]["devices"] == old["spec"]["devices"]
    assert updated(created(old), spec=old["spec"])["spec"] == created(old)["spec"]
