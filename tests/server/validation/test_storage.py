"""Volumes, claims and the kinds of storage.k8s.io."""

import pytest

from .build import built, complaints, update_complaints
from .cases import bad_paths, bad_update_paths, changed

STORAGE = "storage.k8s.io/v1"
SECRET = {"name": "s", "namespace": "n"}
VOLUME = built(
    "v1",
    "PersistentVolume",
    spec={
        "capacity": {"storage": "1Gi"},
        "accessModes": ["ReadWriteOnce"],
        "csi": {"driver": "d.e", "volumeHandle": "h", "nodePublishSecretRef": SECRET},
    },
)
CLAIM = built(
    "v1",
    "PersistentVolumeClaim",
    spec={"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
)


def cluster(kind, **rest):
    obj = built(STORAGE, kind, **rest)
    obj["metadata"].pop("namespace", None)
    return obj


CLASS = cluster("StorageClass", provisioner="a.b/c", parameters={"a": "b"})
ATTRIBUTES = cluster("VolumeAttributesClass", driverName="a.b", parameters={"a": "b"})
CAPACITY = built(STORAGE, "CSIStorageCapacity", storageClassName="c", capacity="1Gi")
DRIVER = cluster("CSIDriver", spec={"tokenRequests": [{"audience": "a"}]})
NODE = cluster("CSINode", spec={"drivers": [{"name": "d", "nodeID": "n", "topologyKeys": ["a/b"]}]})
ATTACHMENT = cluster(
    "VolumeAttachment", spec={"attacher": "a.b", "nodeName": "n", "source": {"persistentVolumeName": "v"}}
)
GOOD = [VOLUME, CLAIM, CLASS, ATTRIBUTES, CAPACITY, DRIVER, NODE, ATTACHMENT]


@pytest.mark.parametrize("obj", GOOD, ids=lambda o: o["kind"])
def test_plain_ones_are_good(obj):
    assert complaints(obj) == []
    assert bad_update_paths(obj, "metadata.labels", {"a": "b"}) == []


def sourced(**source):
    return {**{k: v for k, v in VOLUME["spec"].items() if k != "csi"}, **source}


@pytest.mark.parametrize(
    ("spec", "bad"),
    [
        (sourced(), "spec"),
        (sourced(hostPath={"path": ""}), "spec.hostPath.path"),
        (sourced(hostPath={"path": "/a"}, nfs={"server": "s", "path": "/"}), "spec.nfs"),
        (
            sourced(hostPath={"path": "/"}, persistentVolumeReclaimPolicy="Recycle"),
            "spec.persistentVolumeReclaimPolicy",
        ),
        (sourced(local={"path": "/a"}), "spec.nodeAffinity"),
        (sourced(local={"path": ""}, nodeAffinity={}), "spec.local.path"),
        (sourced(local={"path": "../a"}, nodeAffinity={}), "spec.nodeAffinity.required"),
        (sourced(glusterfs={"endpoints": "e", "path": "p", "endpointsNamespace": ""}), "spec.glusterfs.endpoint"),
        (sourced(cinder={"volumeID": "v", "secretRef": {"name": "s"}}), "spec.cinder.secretRef.namespace"),
        (sourced(azureFile={"secretName": "s", "shareName": "s", "secretNamespace": ""}), "spec.azureFile.secretN"),
        (sourced(iscsi={"targetPortal": "t", "iqn": "x", "lun": 1}), "spec.iscsi.iqn"),
        (sourced(csi={"driver": "", "volumeHandle": ""}), "spec.csi.driver"),
        (sourced(csi={"driver": "d", "volumeHandle": "h", "nodeExpandSecretRef": {}}), "spec.csi.nodeExpandSecretRef"),
        (sourced(csi=VOLUME["spec"]["csi"], accessModes=[]), "spec.accessModes"),
        (sourced(csi=VOLUME["spec"]["csi"], accessModes=["ReadWriteOncePod", "ReadOnlyMany"]), "spec.accessModes"),
        (sourced(csi=VOLUME["spec"]["csi"], capacity={}), "spec.capacity"),
        (sourced(csi=VOLUME["spec"]["csi"], capacity={"storage": "0"}), "spec.capacity[storage]"),
        (sourced(csi=VOLUME["spec"]["csi"], volumeMode="X"), "spec.volumeMode"),
        (sourced(csi=VOLUME["spec"]["csi"], volumeAttributesClassName=""), "spec.volumeAttributesClassName"),
        (sourced(nfs={"server": "s", "path": "/"}, volumeAttributesClassName="a"), "spec.csi"),
    ],
)
def test_bad_volumes(spec, bad):
    obj = built("v1", "PersistentVolume", spec=spec)
    assert any(found.startswith(bad) for found in bad_paths(obj))


def test_the_source_of_a_volume_stays_but_for_the_secret_to_expand_it():
    assert bad_update_paths(VOLUME, "spec.csi.volumeHandle", "other") == ["spec.persistentvolumesource"]
    assert bad_update_paths(VOLUME, "spec.csi.controllerExpandSecretRef", SECRET) == []
    assert bad_update_paths(VOLUME, "spec.volumeMode", "Block") == ["volumeMode"]


def affine(key):
    terms = [{"matchExpressions": [{"key": key, "operator": "In", "values": ["a"]}]}]
    return {"required": {"nodeSelectorTerms": terms}}


def test_where_a_volume_is_stays_but_for_names_of_labels():
    old = changed(VOLUME, "spec.nodeAffinity", affine("beta.kubernetes.io/os"))
    assert bad_update_paths(old, "spec.nodeAffinity", affine("kubernetes.io/os")) == []
    assert bad_update_paths(old, "spec.nodeAffinity", affine("a")) == ["nodeAffinity"]


BOUND = changed(CLAIM, "status.phase", "Bound")


@pytest.mark.parametrize(
    ("old", "path", "value", "bad"),
    [
        (CLAIM, "spec.accessModes", ["ReadOnlyMany"], ["spec"]),
        (CLAIM, "spec.resources.requests.storage", "2Gi", ["spec"]),
        (CLAIM, "spec.volumeName", "v", []),
        (CLAIM, "spec.storageClassName", "c", []),
        (BOUND, "spec.resources.requests.storage", "2Gi", []),
        (BOUND, "spec.volumeAttributesClassName", "a", []),
        (changed(BOUND, "status.capacity", {"storage": "1Gi"}), "spec.resources.requests.storage", "1Mi", None),
        (BOUND, "spec.volumeMode", "Block", ["spec", "volumeMode"]),
    ],
)
def test_what_may_change_in_a_claim(old, path, value, bad):
    found = bad_update_paths(old, path, value)
    assert found == (["spec.resources.requests.storage"] if bad is None else bad)


@pytest.mark.parametrize(
    ("path", "value", "bad"),
    [
        ("status.capacity", {"storage": "-1"}, "status.capacity[storage]"),
        ("status.allocatedResources", {"cpu": "1"}, "status.allocatedResources"),
        ("status.allocatedResources", {"storage": "-1"}, "status.allocatedResources[storage]"),
        ("status.allocatedResourceStatuses", {"storage": "X"}, "status.allocatedResourceStatuses"),
    ],
)
def test_the_status_of_a_claim_is_looked_at(path, value, bad):
    assert bad_update_paths(CLAIM, path, value, "status") == [bad]


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (CLASS, "provisioner", "", "provisioner"),
        (CLASS, "provisioner", "-", "provisioner"),
        (CLASS, "parameters", {"": "x"}, "parameters"),
        (CLASS, "parameters", {"a": "x" * 300000}, "parameters"),
        (CLASS, "parameters", {str(i): "" for i in range(513)}, "parameters"),
        (CLASS, "reclaimPolicy", "Recycle", "reclaimPolicy"),
        (CLASS, "volumeBindingMode", "X", "volumeBindingMode"),
        (CLASS, "allowedTopologies", [{"matchLabelExpressions": [{"key": "a"}]}], "allowedTopologies[0].matchLabelE"),
        (CLASS, "allowedTopologies", [{}, {}], "allowedTopologies[1].matchLabelExpressions"),
        (ATTRIBUTES, "parameters", None, "parameters"),
        (ATTRIBUTES, "driverName", "", "driverName"),
        (CAPACITY, "storageClassName", "A", "storageClassName"),
        (CAPACITY, "capacity", "-1", "capacity"),
        (DRIVER, "spec.attachRequired", None, "spec.attachedRequired"),
        (DRIVER, "spec.fsGroupPolicy", "X", "spec.fsGroupPolicy"),
        (DRIVER, "spec.volumeLifecycleModes", ["X"], "spec.volumeLifecycleModes"),
        (DRIVER, "spec.tokenRequests", [{"audience": "a"}] * 2, "spec.tokenRequests[1].audience"),
        (DRIVER, "spec.tokenRequests.0.expirationSeconds", 5, "spec.tokenRequests[0].expirationSeconds"),
        (DRIVER, "spec.tokenRequests.0.expirationSeconds", 2**33, "spec.tokenRequests[0].expirationSeconds"),
        (DRIVER, "spec.nodeAllocatableUpdatePeriodSeconds", 5, "spec.nodeAllocatableUpdatePeriodSeconds"),
        (DRIVER, "spec", {"serviceAccountTokenInSecrets": True}, "spec.serviceAccountTokenInSecrets"),
        (NODE, "spec.drivers.0.name", "", "spec.drivers[0].name"),
        (NODE, "spec.drivers.0.nodeID", "", "spec.drivers[0].nodeID"),
        (NODE, "spec.drivers.0.nodeID", "x" * 257, "spec.drivers[0].nodeID"),
        (NODE, "spec.drivers.0.allocatable", {"count": -1}, "spec.drivers[0].allocatable.count"),
        (NODE, "spec.drivers.0.topologyKeys", ["a", "a", ""], "spec.drivers[0]"),
        (ATTACHMENT, "spec.attacher", "-", "spec.attacher"),
        (ATTACHMENT, "spec.nodeName", "A", "spec.nodeName"),
        (ATTACHMENT, "spec.source", {}, "spec.source"),
        (ATTACHMENT, "spec.source.persistentVolumeName", "", "spec.source.persistentVolumeName"),
        (ATTACHMENT, "spec.source.inlineVolumeSpec", {}, "spec.source"),
        (ATTACHMENT, "spec.source", {"inlineVolumeSpec": {"hostPath": {"path": "/"}}}, "spec.source.inlineVolumeSpec"),
        (ATTACHMENT, "status.attachError", {"message": "x" * 1025}, "status.attachError.message"),
        (ATTACHMENT, "status.attachError", {"errorCode": -1}, "status.attachError.errorCode"),
    ],
)
def test_bad_kinds_of_storage(obj, path, value, bad):
    assert any(found.startswith(bad) for found in bad_paths(changed(obj, path, value)))


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (CLASS, "parameters", {}, "parameters"),
        (CLASS, "provisioner", "a.b/d", "provisioner"),
        (ATTRIBUTES, "driverName", "a.c", "driverName"),
        (ATTRIBUTES, "parameters", {"a": "c"}, "parameters"),
        (CAPACITY, "storageClassName", "d", "storageClassName"),
        (CAPACITY, "nodeTopology", {}, "nodeTopology"),
        (DRIVER, "spec.attachRequired", False, "spec.attachedRequired"),
        (NODE, "spec.drivers.0.nodeID", "m", "spec.drivers"),
        (ATTACHMENT, "spec.nodeName", "m", "spec"),
    ],
)
def test_what_stays(obj, path, value, bad):
    assert bad_update_paths(obj, path, value) == [bad]


def test_mount_options_by_annotation_are_for_old_kinds_of_volumes():
    noted = {"annotations": {"volume.beta.kubernetes.io/mount-options": "ro"}}
    spec = {key: value for key, value in VOLUME["spec"].items() if key != "csi"}
    nfs = built("v1", "PersistentVolume", metadata=noted, spec=spec | {"nfs": {"server": "s", "path": "/"}})
    csi = built("v1", "PersistentVolume", metadata=noted, spec=VOLUME["spec"])
    assert complaints(nfs) == []
    assert bad_paths(csi) == ["metadata.annotations.volume.beta.kubernetes.io/mount-options"]


def test_topologies_that_say_nothing_count_as_repeated():
    term = {"matchLabelExpressions": [{"key": "a", "values": ["b"]}]}
    assert bad_paths(cluster("StorageClass", provisioner="a.b/c", allowedTopologies=[term])) == []
    empty = cluster("StorageClass", provisioner="a.b/c", allowedTopologies=[{}])
    assert bad_paths(empty) == ["allowedTopologies[0].matchLabelExpressions"]


def test_a_volume_without_capacity_shows_that_there_was_none():
    spec = {key: value for key, value in VOLUME["spec"].items() if key != "capacity"}
    assert 'spec.capacity: Unsupported value: null: supported values: "storage"' in complaints(
        built("v1", "PersistentVolume", spec=spec)
    )


def test_an_inline_volume_has_the_defaults_of_its_kind():
    source = {"inlineVolumeSpec": {"accessModes": ["ReadWriteOnce"], "azureDisk": {"diskName": "d", "diskURI": "x"}}}
    inline = cluster("VolumeAttachment", spec={"attacher": "a.b", "nodeName": "n", "source": source})
    assert inline["spec"]["source"]["inlineVolumeSpec"]["azureDisk"]["cachingMode"] == "ReadWrite"
    assert "spec.source.inlineVolumeSpec.azureDisk.diskURI" in bad_paths(inline)


@pytest.mark.parametrize(
    ("obj", "path", "value", "bad"),
    [
        (CLASS, "allowedTopologies", [{}], ["allowedTopologies[0].matchLabelExpressions"]),
        (CLASS, "reclaimPolicy", "x", ["reclaimPolicy", "reclaimPolicy"]),
        (CAPACITY, "storageClassName", "", ["storageClassName", "storageClassName"]),
    ],
)
def test_what_changes_must_be_as_good_as_what_is_new(obj, path, value, bad):
    assert bad_update_paths(obj, path, value) == bad


def test_what_is_wrong_with_a_changed_volume_is_found_twice():
    assert bad_update_paths(VOLUME, "spec.accessModes", None) == ["spec.accessModes", "spec.accessModes"]


def test_an_empty_affinity_is_shown_in_full():
    bound = changed(VOLUME, "spec.nodeAffinity", {"required": {"nodeSelectorTerms": [{"matchExpressions": []}]}})
    texts = update_complaints(changed(bound, "spec.nodeAffinity", {}), bound)
    assert any(text.startswith('nodeAffinity: Invalid value: {"Required":null}: field is immutable') for text in texts)
