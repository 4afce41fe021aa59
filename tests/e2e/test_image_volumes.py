"""A Pod reads the files of another image."""

import pytest

from tests.e2e.manifests import pod

pytestmark = pytest.mark.e2e


def test_files_of_an_image_are_there_whole_and_in_part_but_cannot_be_written(kubectl):
    volume = {"name": "site", "image": {"reference": "hello:v2", "pullPolicy": "IfNotPresent"}}
    mounts = [{"name": "site", "mountPath": "/site"}, {"name": "site", "mountPath": "/tools", "subPath": "bin"}]
    kubectl.apply(pod("reader", volumes=[volume], container={"volumeMounts": mounts}))
    kubectl.ready("pod/reader")
    assert "busybox" in kubectl("exec", "reader", "--", "ls", "/site/bin")
    assert "busybox" in kubectl("exec", "reader", "--", "ls", "/tools")
    assert "Read-only file system" in kubectl.refusal("exec", "reader", "--", "touch", "/site/new")
    kubectl("delete", "pod", "reader", "--now")


def test_an_image_that_nobody_has_is_told(kubectl):
    volume = {"name": "site", "image": {"reference": "nowhere:v1", "pullPolicy": "Never"}}
    mounts = [{"name": "site", "mountPath": "/site"}]
    kubectl.apply(pod("waiting", volumes=[volume], container={"volumeMounts": mounts}))
    kubectl.wait("jsonpath={.status.containerStatuses[0].state.waiting.reason}=ContainerCreating", "pod/waiting")
    with kubectl.start("get", "events", "--watch", "--field-selector=involvedObject.name=waiting") as events:
        events.expect("is not present with pull policy of Never")
