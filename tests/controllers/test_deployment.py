"""How the controller acts on a cluster. Whole rollouts are scenarios: tests/scenarios/rollouts."""

import msgspec
import pytest

from podo.api.types.apps_v1 import Deployment, DeploymentStrategy, ReplicaSet
from podo.api.types.core_v1 import Pod
from podo.api.types.meta_v1 import LabelSelector
from podo.client.base import ADDED, WatchEvent, key_of
from podo.controllers.deployment import DeploymentController
from podo.controllers.deployment_revisions import DESIRED, HASH_LABEL, MAXIMUM, REVISION, ROLLBACK_TO
from podo.controllers.replicaset import ReplicaSetController
from tests.build import deployment, replica_set, template

RECREATE = DeploymentStrategy(type="Recreate")


@pytest.fixture(autouse=True)
def running(lab):
    lab.start(DeploymentController, ReplicaSetController)


async def conditions(lab, name: str = "web") -> dict[str, tuple[str, str, str]]:
    d = await lab.get(Deployment, name)
    return {c.type: (c.status, c.reason, c.message) for c in d.status.conditions}


async def test_it_makes_a_replica_set_of_its_template(lab):
    d = await lab.user.create(deployment(replicas=4))
    await lab.settle()
    (rs,) = await lab.all(ReplicaSet)
    mark = rs.metadata.labels[HASH_LABEL]
    assert rs.metadata.name == f"web-{mark}"
    assert rs.metadata.owner_references[0].uid == d.metadata.uid
    assert rs.spec.selector.match_labels == {"app": "web", HASH_LABEL: mark}
    assert rs.spec.template.metadata.labels == {"app": "web", HASH_LABEL: mark}
    assert rs.metadata.annotations == {REVISION: "1", DESIRED: "4", MAXIMUM: "5"}
    assert rs.spec.replicas == 4
    assert (await lab.get(Deployment, "web")).metadata.annotations == {REVISION: "1"}
    assert await lab.event_lines("ScalingReplicaSet") == [
        f"Normal ScalingReplicaSet web: Scaled up replica set {rs.metadata.name} from 0 to 4"
    ]


async def test_its_conditions_tell_of_a_rollout_from_its_begin_to_its_end(lab):
    await lab.user.create(deployment(replicas=1))
    await lab.settle()
    (rs,) = await lab.all(ReplicaSet)
    name = rs.metadata.name
    found = await conditions(lab)
    assert found["Available"] == (
        "False",
        "MinimumReplicasUnavailable",
        "Deployment does not have minimum availability.",
    )
    assert found["Progressing"] == ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    await lab.converge()
    found = await conditions(lab)
    assert found["Available"] == ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
    assert found["Progressing"] == (
        "True",
        "NewReplicaSetAvailable",
        f'ReplicaSet "{name}" has successfully progressed.',
    )


async def test_its_status_counts_and_says_what_it_has_seen(lab):
    await lab.user.create(deployment(replicas=2))
    await lab.converge()
    status = (await lab.get(Deployment, "web")).status
    assert (status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas) == (2, 2, 2, 2)
    assert (status.unavailable_replicas, status.observed_generation, status.terminating_replicas) == (None, 1, 0)


async def test_a_rollout_that_takes_too_long_is_said_to(lab):
    await lab.user.create(deployment(replicas=1, progress_deadline_seconds=60))
    await lab.settle()
    await lab.run_for(58)
    assert (await conditions(lab))["Progressing"][1] == "ReplicaSetUpdated"
    await lab.run_for(4)
    (rs,) = await lab.all(ReplicaSet)
    assert (await conditions(lab))["Progressing"] == (
        "False",
        "ProgressDeadlineExceeded",
        f'ReplicaSet "{rs.metadata.name}" has timed out progressing.',
    )
    await lab.converge()
    assert (await conditions(lab))["Progressing"][1] == "NewReplicaSetAvailable"


async def test_without_a_deadline_nothing_is_said_of_progress(lab):
    await lab.user.create(deployment(replicas=1, progress_deadline_seconds=2**31 - 1))
    await lab.converge()
    assert "Progressing" not in await conditions(lab)


async def test_a_pause_does_not_count_against_the_deadline(lab):
    d = await lab.user.create(deployment(replicas=1, progress_deadline_seconds=60))
    await lab.settle()
    await lab.change(d, paused=True)
    await lab.settle()
    assert (await conditions(lab))["Progressing"] == ("Unknown", "DeploymentPaused", "Deployment is paused")
    await lab.run_for(1000)
    await lab.change(d, paused=False)
    await lab.settle()
    assert (await conditions(lab))["Progressing"] == ("Unknown", "DeploymentResumed", "Deployment is resumed")
    await lab.run_for(30)
    assert (await conditions(lab))["Progressing"][1] == "DeploymentResumed"


async def test_paused_it_rolls_nothing_out_and_scales(lab):
    d = await lab.user.create(deployment(replicas=2))
    await lab.converge()
    await lab.change(d, paused=True, template=template(image="app:v2"))
    await lab.converge()
    assert len(await lab.all(ReplicaSet)) == 1
    await lab.change(d, replicas=5)
    await lab.converge()
    assert len(await lab.all(Pod)) == 5
    await lab.change(d, paused=False)
    await lab.converge()
    assert {p.spec.containers[0].image for p in await lab.all(Pod)} == {"app:v2"}


async def test_going_back_to_an_old_template_uses_its_replica_set_again(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.converge()
    (first,) = await lab.all(ReplicaSet)
    await lab.change(d, template=template(image="app:v2"))
    await lab.converge()
    await lab.change(d, template=template())
    await lab.converge()
    again = await lab.get(ReplicaSet, first.metadata.name)
    assert again.metadata.annotations[REVISION] == "3"
    assert again.metadata.annotations["deployment.kubernetes.io/revision-history"] == "1"
    assert again.spec.replicas == 1
    assert len(await lab.all(ReplicaSet)) == 2
    assert (await lab.get(Deployment, "web")).metadata.annotations[REVISION] == "3"


async def test_annotations_are_copied_to_the_new_replica_set_except_its_own_and_kubectls(lab):
    d = deployment(replicas=1)
    mine = {"kubernetes.io/change-cause": "first", "kubectl.kubernetes.io/last-applied-configuration": "{}"}
    await lab.user.create(msgspec.structs.replace(d, metadata=msgspec.structs.replace(d.metadata, annotations=mine)))
    await lab.settle()
    (rs,) = await lab.all(ReplicaSet)
    assert rs.metadata.annotations["kubernetes.io/change-cause"] == "first"
    assert "kubectl.kubernetes.io/last-applied-configuration" not in rs.metadata.annotations


async def test_a_new_min_ready_seconds_is_handed_on_without_a_rollout(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.converge()
    await lab.change(d, min_ready_seconds=5)
    await lab.settle()
    (rs,) = await lab.all(ReplicaSet)
    assert rs.spec.min_ready_seconds == 5


async def test_old_replica_sets_beyond_the_limit_are_deleted_oldest_first(lab):
    d = await lab.user.create(deployment(replicas=1, revision_history_limit=2))
    await lab.converge()
    for number in range(2, 6):
        await lab.change(d, template=template(image=f"app:v{number}"))
        await lab.converge()
        await lab.run_for(1)
    revisions = sorted(int(rs.metadata.annotations[REVISION]) for rs in await lab.all(ReplicaSet))
    assert revisions == [3, 4, 5]


async def test_the_rollback_annotation_of_old_clients_is_obeyed_once(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.converge()
    await lab.change(d, template=template(image="app:v2"))
    await lab.converge()
    now = await lab.get(Deployment, "web")
    await lab.change_meta(d, annotations=now.metadata.annotations | {ROLLBACK_TO: "0"})
    await lab.converge()
    after = await lab.get(Deployment, "web")
    assert ROLLBACK_TO not in after.metadata.annotations
    assert after.spec.template.spec.containers[0].image == "app:v1"
    assert 'Normal DeploymentRollback web: Rolled back deployment "web" to revision 1' in await lab.event_lines()


async def test_a_rollback_to_a_revision_that_is_gone_is_given_up(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.converge()
    await lab.change_meta(d, annotations={ROLLBACK_TO: "7"})
    await lab.converge()
    lines = await lab.event_lines("DeploymentRollbackRevisionNotFound")
    assert lines == ["Warning DeploymentRollbackRevisionNotFound web: Unable to find the revision to rollback to."]


async def test_one_that_selects_all_pods_does_nothing_but_say_so(lab):
    old = deployment(replicas=1, selector=LabelSelector())  # from before the API refused such
    old = msgspec.structs.replace(old, metadata=msgspec.structs.replace(old.metadata, resource_version="1", uid="u"))
    lab.informers.of(Deployment).apply(WatchEvent(ADDED, old))
    await lab.settle()
    assert await lab.all(ReplicaSet) == []
    assert (await lab.event_lines())[0].startswith("Warning SelectingAll web: This deployment is selecting all pods.")


async def test_recreate_starts_new_pods_only_when_the_old_ones_have_ended(lab):
    d = await lab.user.create(deployment(replicas=2, strategy=RECREATE))
    await lab.converge()
    for pod in await lab.all(Pod):
        await lab.change_meta(pod, finalizers=("example.com/hold",))
    await lab.change(d, template=template(image="app:v2"))
    await lab.settle()
    assert {p.spec.containers[0].image for p in await lab.all(Pod)} == {"app:v1"}
    assert all(p.metadata.deletion_timestamp for p in await lab.all(Pod))
    for pod in await lab.all(Pod):
        await lab.change_meta(pod, finalizers=())
    await lab.converge()
    assert {p.spec.containers[0].image for p in await lab.all(Pod)} == {"app:v2"}
    assert len(await lab.all(Pod)) == 2


async def test_a_matching_replica_set_without_owner_is_adopted(lab):
    await lab.user.create(replica_set("old", 1, template=template(image="app:v0")))
    await lab.converge()
    await lab.user.create(deployment(replicas=2))
    await lab.converge()
    old = await lab.get(ReplicaSet, "old")
    assert old.metadata.owner_references[0].name == "web"
    assert old.spec.replicas == 0
    assert len(await lab.all(Pod)) == 2


async def test_a_name_that_another_template_has_taken_is_avoided(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.settle()
    (rs,) = await lab.all(ReplicaSet)
    await lab.change_meta(d, finalizers=("example.com/hold",))
    name = rs.metadata.name
    await lab.user.delete(Deployment, key_of(d))
    await lab.user.delete(ReplicaSet, key_of(rs))
    await lab.user.create(replica_set(name, 0, app="other"))
    await lab.change_meta(d, finalizers=())
    await lab.user.create(deployment(replicas=1))
    await lab.run_for(5)
    again = await lab.get(Deployment, "web")
    assert again.status.collision_count == 1
    assert len(await lab.all(ReplicaSet)) == 2
    assert len(await lab.all(Pod, labels="app=web")) >= 1


async def test_when_it_is_being_deleted_only_its_status_is_kept(lab):
    d = await lab.user.create(deployment(replicas=1))
    await lab.converge()
    await lab.change_meta(d, finalizers=("example.com/hold",))
    await lab.user.delete(Deployment, key_of(d))
    await lab.change(d, replicas=3)
    await lab.converge()
    assert len(await lab.all(Pod)) == 1


async def test_a_thing_at_rest_is_left_alone(lab):
    d = await lab.user.create(deployment(replicas=2))
    await lab.converge()
    await lab.settle()
    before = (await lab.user.list(Pod)).resource_version
    for loop in lab.loops:
        loop.queue.add(key_of(d))
    await lab.settle()
    await lab.run_for(700)
    assert (await lab.user.list(Pod)).resource_version == before
