"""What the server's own parts do is recorded, too."""

import msgspec
import pytest

from podo.api.errors import Conflict, Forbidden, NotFound
from podo.api.types.core_v1 import ConfigMap, Namespace
from podo.api.types.meta_v1 import ObjectMeta
from podo.client.base import MERGE_PATCH, Key, Patch
from podo.server.audit.policy import Policy, Rule
from podo.server.audit.trail import Auditor
from podo.server.authorization.default_set import default_access, install_access
from podo.server.bootstrap.objects import bootstrap
from podo.server.core import account, component


class Log:
    """A `Backend` that keeps events."""

    def __init__(self):
        self.events = []

    def put(self, event):
        self.events.append(msgspec.json.decode(event))


@pytest.fixture
async def log(core, client):
    await client.create(Namespace(metadata=ObjectMeta(name="ns")))
    kept = Log()
    policy = Policy(rules=(Rule(level="Request"),), omit_stages=("RequestReceived",))
    core.recorder.auditor = Auditor(policy, [kept], core.clock)
    return kept


@pytest.fixture
def own(core):
    return core.client(component("kube-controller-manager"), manager="kube-controller-manager")


def config(**data):
    return ConfigMap(metadata=ObjectMeta(namespace="ns", name="c"), data=data)


async def test_audit_evasion_what_controllers_do_is_in_the_log_under_their_name(log, own):
    made = await own.create(config(a="1"))
    await own.update(msgspec.structs.replace(made, data={"a": "2"}))
    await own.patch(ConfigMap, Key("ns", "c"), Patch(media_type=MERGE_PATCH, body={"data": {"a": "3"}}))
    await own.delete(ConfigMap, Key("ns", "c"))
    assert [event["verb"] for event in log.events] == ["create", "update", "patch", "delete"]
    assert {event["user"]["username"] for event in log.events} == {"system:kube-controller-manager"}
    assert [event["responseStatus"]["code"] for event in log.events] == [201, 200, 200, 200]
    create, update, patch, _ = log.events
    assert create["requestURI"] == "/api/v1/namespaces/ns/configmaps"
    assert update["requestURI"] == "/api/v1/namespaces/ns/configmaps/c"
    assert create["objectRef"]["name"] == "c"
    assert (create["requestObject"]["data"], patch["requestObject"]) == ({"a": "1"}, {"data": {"a": "3"}})


async def test_what_fails_is_recorded_with_the_reason(log, own):
    with pytest.raises(NotFound):
        await own.delete(ConfigMap, Key("ns", "none"))
    made = await own.create(config())
    await own.update(msgspec.structs.replace(made, data={"a": "1"}))
    with pytest.raises(Conflict):
        await own.update(msgspec.structs.replace(made, data={"a": "2"}))
    missing, _, _, late = log.events
    assert (missing["responseStatus"]["code"], missing["responseStatus"]["reason"]) == (404, "NotFound")
    assert late["responseStatus"]["reason"] == "Conflict"


async def test_without_a_policy_nothing_is_recorded(core, log, own):
    core.recorder.auditor = None
    await own.create(config())
    assert log.events == []


async def test_the_decision_about_a_controller_is_in_the_log_with_its_reason(core, log):
    install_access(core, default_access(core.cache, core.catalog))
    await bootstrap(core, service_cidr="10.96.0.0/16", port=6443)
    publisher = core.client(account("root-ca-cert-publisher"), manager="kube-controller-manager")
    await core.cache.consistent()
    log.events.clear()
    await publisher.create(config(a="1"))
    with pytest.raises(Forbidden):
        await publisher.delete(ConfigMap, Key("ns", "c"))
    create, delete = log.events
    assert create["user"]["username"] == "system:serviceaccount:kube-system:root-ca-cert-publisher"
    assert create["user"]["groups"][0] == "system:serviceaccounts"
    assert create["annotations"]["authorization.k8s.io/decision"] == "allow"
    assert "system:controller:root-ca-cert-publisher" in create["annotations"]["authorization.k8s.io/reason"]
    assert (delete["responseStatus"]["code"], delete["annotations"]["authorization.k8s.io/decision"]) == (403, "forbid")
