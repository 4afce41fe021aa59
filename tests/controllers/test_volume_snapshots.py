import pytest

from podo.controllers.volume_snapshots import about
from podo.storage.group_snapshots import group_definitions
from podo.storage.snapshots import CONTENTS, SNAPSHOTS, VolumeSnapshot, definitions
from tests.build import meta


def test_events_name_a_snapshot():
    ref = about(VolumeSnapshot(metadata=meta("s", uid="u")))
    assert (ref.kind, ref.api_version, ref.namespace, ref.name, ref.uid) == (
        "VolumeSnapshot",
        "snapshot.storage.k8s.io/v1",
        "ns",
        "s",
        "u",
    )


BOTH = (*definitions(), *group_definitions())


@pytest.mark.parametrize("definition", [pytest.param(d, id=d["spec"]["names"]["kind"]) for d in BOTH])
def test_the_definitions_are_valid(definition):
    from podo.server.defaulting import default
    from podo.server.validation import validate_create

    version, kind = definition["apiVersion"], definition["kind"]
    default(version, kind, definition)
    assert [str(e) for e in validate_create(version, kind, definition)] == []


def test_the_kinds_are_those_of_the_definitions():
    served = {(d["spec"]["names"]["kind"], d["spec"]["names"]["plural"], d["spec"]["scope"]) for d in definitions()}
    assert ("VolumeSnapshot", "volumesnapshots", "Namespaced") in served
    assert (CONTENTS.resource.kind, CONTENTS.resource.plural, "Cluster") in served
    assert SNAPSHOTS.resource.api_version == "snapshot.storage.k8s.io/v1"


def test_groups_are_served_as_upstream_serves_them():
    found = {d["metadata"]["name"]: d["spec"]["versions"][0] for d in group_definitions()}
    assert found.keys() == {
        f"volumegroupsnapshot{end}.groupsnapshot.storage.k8s.io" for end in ("s", "contents", "classes")
    }
    assert {version["name"] for version in found.values()} == {"v1beta2"}
    with_status = {name.split(".")[0] for name, version in found.items() if "subresources" in version}
    assert with_status == {"volumegroupsnapshots", "volumegroupsnapshotcontents"}
