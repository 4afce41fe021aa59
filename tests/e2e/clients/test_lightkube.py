"""lightkube: a small client with typed models and server-side apply."""

import pytest
from lightkube import ApiError, Client, KubeConfig
from lightkube.models.apps_v1 import DeploymentSpec
from lightkube.models.autoscaling_v1 import ScaleSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.core_v1 import ConfigMap, Pod
from lightkube.types import CascadeType, PatchType

from tests.e2e.manifests import deployment, pod

pytestmark = pytest.mark.e2e


@pytest.fixture
def lightkube(kubeconfig, kubectl):
    settings = KubeConfig.from_file(str(kubeconfig))
    return Client(config=settings.get(), namespace=kubectl.namespace, field_manager="lightkube-test")


def test_a_deployment_from_creation_to_deletion(lightkube):
    made = lightkube.create(Deployment.from_dict(deployment("web")))
    assert made.metadata.uid
    lightkube.wait(Deployment, "web", for_conditions=["Available"])
    lightkube.replace(Deployment.Scale(metadata=ObjectMeta(name="web"), spec=ScaleSpec(replicas=2)), name="web")
    for event, seen in lightkube.watch(Deployment, server_timeout=40):
        if event != "DELETED" and seen.status.readyReplicas == 2:
            break
    assert len(list(lightkube.list(Pod, labels={"app": "web"}))) == 2
    lightkube.delete(Deployment, "web", cascade=CascadeType.FOREGROUND)
    for event, _ in lightkube.watch(Deployment, server_timeout=40):
        if event == "DELETED":
            break
    with pytest.raises(ApiError) as missing:
        lightkube.get(Deployment, "web")
    assert missing.value.status.reason == "NotFound"


def test_objects_are_applied_and_patched(lightkube):
    lightkube.apply(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "1"}))
    lightkube.patch(ConfigMap, "a", {"data": {"l": "2"}}, patch_type=PatchType.MERGE)
    lightkube.apply(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "3"}))
    assert lightkube.get(ConfigMap, "a").data == {"k": "3", "l": "2"}
    with pytest.raises(ApiError, match="conflict"):
        lightkube.apply(ConfigMap(metadata=ObjectMeta(name="a"), data={"k": "4"}), field_manager="other")
    lightkube.set(ConfigMap, "a", labels={"seen": "yes"})
    assert [c.metadata.name for c in lightkube.list(ConfigMap, labels={"seen": "yes"})] == ["a"]


def test_a_typed_model_with_a_wrong_value_is_refused(lightkube):
    wrong = Deployment.from_dict(deployment("web"))
    assert isinstance(wrong.spec, DeploymentSpec)
    wrong.spec.replicas = -1
    with pytest.raises(ApiError, match="must be greater than or equal to 0"):
        lightkube.create(wrong)


def test_logs_are_followed(lightkube):
    lightkube.create(Pod.from_dict(pod("a", "echo one; echo two", restartPolicy="Never")))
    lightkube.wait(Pod, "a", for_conditions=["PodScheduled"])
    for _, seen in lightkube.watch(Pod, server_timeout=40):
        if seen.status.phase in ("Running", "Succeeded"):
            break
    assert list(lightkube.log("a", follow=True)) == ["one\n", "two\n"]
